"""Figures of training logs: raw points and smoothed lines, and gaps that stay open."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from interp.figures.marks import checkpoint_marks
from interp.figures.training import (
    MOST_COLUMNS,
    MOST_DOTS,
    MOST_ON_LINE,
    MOST_ON_SHORT_LINE,
    SAMPLED_DOTS,
    language_map,
    metric_curves,
    thinned,
)
from interp.train_curves import curves
from tests.training_logs.studies import rows_of

MARKS = checkpoint_marks({"sft": "sft", "grpo": "grpo"})


@pytest.fixture(scope="module")
def logs() -> dict[str, pd.DataFrame]:
    return {
        "sft": rows_of().fillna({"lang": ""}),
        "grpo": rows_of(lift=0.1, reward=True).fillna({"lang": ""}),
    }


def test_lines_end_at_gaps_over_all_raw_points(logs: dict[str, pd.DataFrame]) -> None:
    frame = curves(logs, ["loss", "reward"], smoothing="running mean", width=3)
    figure = metric_curves(
        frame, ["sft", "grpo"], ["loss", "reward"], title="T", marks=MARKS, x="step"
    )
    kinds = [(trace.name, trace.mode, trace.xaxis) for trace in figure.data]
    assert kinds == [
        ("sft", "markers", "x"), ("sft", "lines", "x"), ("grpo", "markers", "x"),
        ("grpo", "lines", "x"), ("grpo", "markers", "x2"), ("grpo", "lines", "x2"),
    ]  # fmt: skip
    own = frame[(frame["label"] == "sft") & (frame["metric"] == "loss")]
    raw, line = figure.data[0], figure.data[1]
    assert list(raw.y) == own["value"].tolist() and raw.marker.opacity < 0.5
    gap = np.flatnonzero(np.isnan(np.array(line.y, float)))
    assert len(gap) == 1 and line.connectgaps is False
    assert (line.x[gap[0] - 1], line.x[gap[0] + 1]) == (20, 41)
    assert list(np.array(line.y, float)[~np.isnan(line.y)]) == own["smoothed"].tolist()
    assert list(raw.customdata[3]) == ["sft", 4]
    assert line.line.dash == MARKS["sft"].dash
    assert [trace.showlegend for trace in figure.data] == [False, True, False, True, False, False]
    assert [one.text for one in figure.layout.annotations] == ["loss", "reward"]


def test_unsmoothed_points_are_not_faint(logs: dict[str, pd.DataFrame]) -> None:
    frame = curves(logs, ["loss"])
    figure = metric_curves(frame, ["sft"], ["loss"], title="T", marks=MARKS, x="step")
    assert figure.data[0].marker.opacity > 0.5
    nothing = metric_curves(frame, ["base"], ["loss"], title="T", marks=MARKS, x="step")
    assert not nothing.data


def test_panels_of_languages_share_their_axis(logs: dict[str, pd.DataFrame]) -> None:
    frame = curves(logs, ["correct"], languages=["en", "ar", "bn"])
    figure = metric_curves(
        frame, ["sft"], ["en", "ar", "bn"], title="T", marks=MARKS, x="s", by="lang", columns=3,
        same_y=True,
    )  # fmt: skip
    assert figure.layout.yaxis2.matches == "y" and figure.layout.xaxis3.title.text == "s"
    assert [trace.y[0] for trace in figure.data[::2]] == pytest.approx([0.001, 0.101, 0.201])


def test_long_series_are_thinned_and_lines_keep_the_ends_of_their_pieces() -> None:
    n = MOST_DOTS * 5
    steps = np.arange(n)
    frame = pd.DataFrame(
        {
            "label": "sft", "metric": "loss", "lang": "", "step": steps, "x": steps,
            "value": 1.0, "smoothed": steps.astype(float), "piece": (steps >= 1001).astype(int),
        }
    )  # fmt: skip
    short = frame.iloc[:MOST_DOTS].assign(metric="kl")
    every = -(-n // SAMPLED_DOTS)
    assert thinned(pd.concat([short, frame])) == (every, -(-n // MOST_ON_LINE))
    assert thinned(short) == (1, 2) and thinned(frame.iloc[:0]) == (1, 1)
    figure = metric_curves(
        pd.concat([short, frame]), ["sft"], ["loss", "kl"], title="T", marks=MARKS, x="step"
    )
    dots, line, few, _ = figure.data
    assert list(dots.x) == list(range(0, n, every)) and len(few.x) == MOST_DOTS
    y = np.array(line.y, float)
    assert np.isnan(y).sum() == 1 and len(y) <= MOST_ON_LINE + 4
    (gap,) = np.flatnonzero(np.isnan(y))
    assert (line.x[gap - 1], line.x[gap + 1], line.x[0], line.x[-1]) == (1000, 1001, 0, n - 1)
    assert list(dots.customdata[1]) == ["sft", every]


def test_many_panels_have_fewer_dots_and_shorter_lines() -> None:
    codes = [f"l{k}" for k in range(12)]
    for n, dots_of in ((300, 3), (1500, 50)):
        steps = np.arange(n)
        frame = pd.concat(
            pd.DataFrame(
                {
                    "label": "sft", "metric": "m", "lang": code, "step": steps, "x": steps,
                    "value": 0.0, "smoothed": steps.astype(float), "piece": 0,
                }
            )
            for code in codes
        )  # fmt: skip
        line_of = -(-n // MOST_ON_SHORT_LINE)
        assert thinned(frame, 4) == (dots_of, line_of)
        figure = metric_curves(
            frame, ["sft"], codes, title="T", marks=MARKS, x="s", by="lang", columns=4
        )
        dots, line = figure.data[-2:]
        assert list(dots.x) == list(range(0, n, dots_of))
        assert list(line.x) == sorted({*range(0, n, line_of), n - 1})


def test_map_leaves_gaps_white(logs: dict[str, pd.DataFrame]) -> None:
    frame = curves({"grpo": logs["grpo"]}, ["correct"], languages=["en", "ar", "bn"])
    figure = language_map(frame, ["bn", "en"], title="T", x="step", name="correct")
    drawn, cells = figure.data
    z, x = np.array(drawn.z, float), np.array(drawn.x, float)
    assert np.isnan(z[:, (x > 20) & (x < 41)]).all() and ((x > 20) & (x < 41)).sum() == 2
    np.testing.assert_allclose(z[0, x == 60], 0.1 + 0.2 + 0.06)
    assert list(figure.layout.yaxis.ticktext) == ["bn", "en"]
    at = [list(one) for one in cells.customdata].index(["grpo", 60])
    assert cells.x[at] == 60
    assert not language_map(frame, ["fr"], title="T", x="step", name="correct").data


def test_map_of_many_steps_averages_neighbours() -> None:
    n = MOST_COLUMNS * 2
    frame = pd.DataFrame(
        {
            "label": "sft", "metric": "m", "lang": "en", "step": np.arange(n), "x": np.arange(n),
            "value": 0.0, "smoothed": np.arange(n, dtype=float), "piece": 0,
        }
    )  # fmt: skip
    figure = language_map(frame, ["en"], title="T", x="step", name="m")
    assert len(figure.data[0].x) == MOST_COLUMNS
    assert list(figure.data[0].z[0][:2]) == [0.5, 2.5]
