"""Figures of facts: what is drawn is what is in the frame."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest

from interp.evals.checkpoint_tables import accuracy_of, pairs_of, right_in_languages
from interp.evals.wrong_answers import mode_counts
from interp.figures.fact_accuracy import dumbbell
from interp.figures.fact_consistency import pair_maps, right_histogram
from interp.figures.fact_flips import UNBALANCED, flip_bars
from interp.figures.fact_ways import way_bars
from interp.figures.marks import checkpoint_marks

LANGUAGES = ("en", "ar", "bn")
LABELS = ["base", "sft", "grpo"]
MARKS = checkpoint_marks({label: label for label in LABELS})


@pytest.fixture(scope="module")
def correct() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    found = {label: (rng.random((80, 3)) < 0.5).astype(float) for label in LABELS}
    found["sft"][:40, 1] = 1.0  # gained in Arabic
    return found


@pytest.fixture(scope="module")
def accuracy(correct: dict[str, np.ndarray]) -> pd.DataFrame:
    return accuracy_of(correct, "base", LANGUAGES, draws=100)


def named(figure: go.Figure, name: str) -> go.Scatter:
    (found,) = [trace for trace in figure.data if trace.name == name]
    return found


def test_dumbbell_draws_every_accuracy_with_its_interval(accuracy: pd.DataFrame) -> None:
    figure = dumbbell(
        accuracy, LABELS, ["bn", "en", "ar"], "base", title="T", marks=MARKS, chance=0.25,
        signs={("sft", "ar"): "●"}, evidence={("sft", "ar"): "+0.2 <b>: beyond"},
    )  # fmt: skip
    assert list(figure.layout.yaxis.ticktext) == ["bn", "en", "ar"]
    assert figure.layout.xaxis.range[0] == 0 and figure.layout.xaxis.range[1] > 1
    own = accuracy[accuracy["label"] == "sft"].reset_index(drop=True)
    trace = named(figure, "sft")
    assert list(trace.x) == own["accuracy"].tolist()
    np.testing.assert_allclose(np.array(trace.error_x.arrayminus), own["accuracy"] - own["ci_low"])
    np.testing.assert_allclose(np.array(trace.error_x.array), own["ci_high"] - own["accuracy"])
    rows = {lang: at for at, lang in enumerate(["bn", "en", "ar"])}
    assert [round(y) for y in trace.y] == [rows[point[0]] for point in trace.customdata]
    assert trace.marker.symbol == MARKS["sft"].symbol
    # its line goes from the base's accuracy to its own
    line = named(figure, "base to sft")
    base = accuracy[accuracy["label"] == "base"]["accuracy"].tolist()
    assert list(line.x[::3]) == base and list(line.x[1::3]) == own["accuracy"].tolist()
    signs = named(figure, "verdict on sft")
    assert list(signs.text) == ["●"] and signs.x[0] > 1 and round(signs.y[0]) == 2
    said = {point[0]: text for text, point in zip(trace.hovertext, trace.customdata, strict=True)}
    ar = said["ar"]
    assert "compared: +0.2 &lt;b&gt;: beyond" in ar and "minus base +" in ar
    assert figure.layout.shapes[0].x0 == 0.25
    (head,) = [one for one in figure.layout.annotations if one.text == "verdicts"]
    assert head.x > signs.x[0]


def test_dumbbell_of_one_checkpoint_and_of_nothing(accuracy: pd.DataFrame) -> None:
    own = accuracy[accuracy["label"] == "base"]
    figure = dumbbell(own, ["base"], LANGUAGES, "base", title="T", marks=MARKS)
    assert [trace.name for trace in figure.data] == ["base"] and not figure.layout.shapes
    assert not figure.layout.annotations
    nothing = dumbbell(
        own.assign(accuracy=np.nan), ["base"], LANGUAGES, "base", title="T", marks=MARKS
    )
    assert not nothing.data and "no fact" in nothing.layout.annotations[0].text


def test_histogram_counts_every_fact_once(correct: dict[str, np.ndarray]) -> None:
    frame = right_in_languages(correct, draws=100)
    figure = right_histogram(frame, LABELS, title="T", marks=MARKS)
    bars = [trace for trace in figure.data if trace.type == "bar"]
    assert [sum(bar.y) for bar in bars] == [80, 80, 80]
    for bar, label in zip(bars, LABELS, strict=True):
        number = correct[label].sum(1)
        assert list(bar.y) == [int((number == k).sum()) for k in range(4)]
        assert f"{number.mean():.2f} languages" in bar.name and "80 facts" in bar.name
        assert bar.marker.pattern.shape in (MARKS[label].pattern, None)
    expected = named(figure, "base if languages erred independently")
    assert sum(expected.y) == pytest.approx(80)
    assert figure.layout.yaxis.rangemode == "tozero"
    assert not right_histogram(frame.iloc[:0], LABELS, title="T", marks=MARKS).data


def test_pair_maps_share_a_scale_and_hand_back_the_pair(correct: dict[str, np.ndarray]) -> None:
    frame = pairs_of(correct, None, "base", LANGUAGES, "clc", draws=100)
    figure = pair_maps(frame, LABELS, LANGUAGES, title="T", name="clc")
    maps = [trace for trace in figure.data if trace.type == "heatmap"]
    assert len(maps) == 3 and all(trace.coloraxis == "coloraxis" for trace in maps)
    both = (correct["sft"][:, 0] == 1) & (correct["sft"][:, 2] == 1)
    either = (correct["sft"][:, 0] == 1) | (correct["sft"][:, 2] == 1)
    z = np.array(maps[1].z, float)
    assert z[0, 2] == z[2, 0] == pytest.approx(both.sum() / either.sum())
    assert np.isnan(np.diag(z)).all()
    cells = [trace for trace in figure.data if trace.name == "cells"][1]
    at = list(map(list, cells.customdata)).index(["bn", "en"])
    assert (cells.x[at], cells.y[at]) == (0, 2) and "sft" in cells.hovertext[at]


def test_pair_differences_are_centred_and_dotted(correct: dict[str, np.ndarray]) -> None:
    frame = pairs_of(correct, None, "base", LANGUAGES, "given", draws=100)
    figure = pair_maps(frame, ["sft", "grpo"], LANGUAGES, title="T", column="delta", name="Δ given")
    axis = figure.layout.coloraxis
    assert axis.cmin == -axis.cmax
    dots = np.array(figure.data[0].text, object)
    own = frame[frame["label"] == "sft"]
    sure = own[(own["delta_low"] > 0) | (own["delta_high"] < 0)]
    assert len(sure) and (dots == "·").sum() == len(sure)
    assert dots[0, 1] == "·"  # Arabic, given English: planted
    assert not pair_maps(frame.iloc[:0], ["sft"], LANGUAGES, title="T").data


def test_flips_go_up_and_down(accuracy: pd.DataFrame) -> None:
    figure = flip_bars(accuracy, ["sft", "grpo"], LANGUAGES, "base", title="T", marks=MARKS)
    own = accuracy[accuracy["label"] == "sft"].set_index("lang")
    gained, lost = named(figure, "sft: gained"), named(figure, "sft: lost")
    assert list(gained.y) == own["gained"].tolist()
    assert list(lost.y) == [-n for n in own["lost"]]
    assert list(lost.customdata[1]) == ["sft", "ar", "lost"]
    assert gained.text[1] == UNBALANCED and own.loc["ar", "p_adjusted"] < 0.05
    ticks = figure.layout.yaxis
    assert 0 in ticks.tickvals and "-" not in "".join(ticks.ticktext)
    assert min(ticks.tickvals) <= min(lost.y) and max(ticks.tickvals) >= max(gained.y)
    nothing = flip_bars(
        accuracy[accuracy["label"] == "base"], ["sft"], LANGUAGES, "base", title="T", marks=MARKS
    )
    assert not nothing.data


def test_ways_add_up_to_one() -> None:
    cells = np.array([["right", "<b>"], ["other", "right"], ["right", None]], object)
    frame = mode_counts({"base": cells}, ("en", "ar"), ("right", "<b>", "other"))
    figure = way_bars(frame, ["base"], ("en", "ar"), ("right", "<b>", "other"), title="T")
    assert [trace.name for trace in figure.data] == ["right", "<b>", "other"]
    total = np.sum([trace.x for trace in figure.data], axis=0)
    np.testing.assert_allclose(total, 1)
    assert figure.layout.xaxis.range == (0, 1) and figure.layout.barmode == "stack"
    assert figure.data[0].x[0] == pytest.approx(2 / 3)
    assert "&lt;b&gt;" in figure.data[1].hovertemplate
    assert not way_bars(frame, ["nosuch"], ("en",), ("right",), title="T").data
