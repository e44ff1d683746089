"""Forest plot, null histogram and steps: what is drawn where, and how a verdict is told."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest

from interp.comparison.trajectory import trajectories
from interp.evidence.places import at_place, choices, ordered_places, thinned, with_places
from interp.figures.evidence import forest, null_histogram, over_steps
from interp.figures.marks import checkpoint_marks
from interp.stats.verdict import BEYOND, NOT_ENOUGH, WITHIN

MARKS = checkpoint_marks({"sft": "sft", "grpo": "grpo"})


def row(**changes: Any) -> dict[str, Any]:
    made: dict[str, Any] = {
        "base": "base", "label": "sft", "analysis": "lape", "statistic": "neurons",
        "kind": "difference", "lang": "en", "other_lang": None, "layer": None, "head": None,
        "value": 3.0, "signed_value": 3.0, "ci_low": 1.0, "ci_high": 5.0, "base_value": 10.0,
        "label_value": 13.0, "noise_floor": 2.0, "p": 0.01, "p_adjusted": 0.02, "verdict": BEYOND,
        "reason": "exceeds", "n": 64, "unit": "blocks", "behind": 30, "design": "paired",
        "notes": "", "base_run": "b", "label_run": "s", "seed": 0, "method": "m",
    }  # fmt: skip
    return {**made, **changes}


def rows(*each: dict[str, Any]) -> pd.DataFrame:
    return with_places(pd.DataFrame([row(**changes) for changes in each]))


def of_kind(kind: str) -> pd.DataFrame:
    levels = {"base_value": np.nan, "label_value": np.nan} if kind != "difference" else {}
    return rows(
        {"kind": kind, "value": 0.3, "noise_floor": 0.2, **levels},
        {"kind": kind, "value": 0.1, "noise_floor": 0.4, "lang": "ar", "verdict": WITHIN, **levels},
        {"kind": kind, "value": 0.5, "noise_floor": np.nan, "lang": None, "verdict": NOT_ENOUGH,
         "ci_low": np.nan, "ci_high": np.nan, **levels},
    )  # fmt: skip


def trace(figure: go.Figure, name: str) -> Any:
    (found,) = [one for one in figure.data if one.name == name]
    return found


def drawn(frame: pd.DataFrame, by: str = "language", **options: Any) -> go.Figure:
    marks = {label: MARKS[label] for label in ("sft", "grpo") if label in set(frame["label"])}
    return forest(frame, ordered_places(frame, by), marks, title="t", x="x", **options)


@pytest.mark.parametrize(
    ("kind", "spans"),
    [
        ("difference", [(-0.2, 0.2), (-0.4, 0.4)]),
        ("distance", [(0, 0.2), (0, 0.4)]),
        ("likeness", [(0.2, 1), (0.4, 1)]),
    ],
)
def test_the_noise_floor_is_where_no_difference_lies(
    kind: str, spans: list[tuple[float, float]]
) -> None:
    figure = drawn(of_kind(kind))
    band = trace(figure, "noise floor")
    found = [(at, at + width) for at, width in zip(band.base, band.x, strict=True)]
    assert np.array(found[:2]) == pytest.approx(np.array(spans))
    assert np.isnan(band.x[2])  # no floor, no band
    zero = [one for one in figure.layout.shapes if one.x0 == one.x1]
    assert [one.x0 for one in zero] == [1 if kind == "likeness" else 0]


def test_verdicts_are_told_by_shape_and_colour_and_all_together_stands_apart() -> None:
    figure = drawn(of_kind("distance"))
    points = trace(figure, "sft: value")
    assert list(points.marker.symbol) == ["square", "square-open", "square-open"]
    assert list(points.text) == ["", "", "?"]
    blue = MARKS["sft"].colour
    assert list(points.marker.color)[:2] == [blue, blue] and points.marker.color[2] != blue
    assert list(figure.layout.yaxis.ticktext) == ["en", "ar", "all together"]
    at = list(figure.layout.yaxis.tickvals)
    assert at[2] - at[1] > at[1] - at[0]
    assert at[1] < figure.layout.shapes[-1].y0 < at[2]
    top, bottom = figure.layout.yaxis.range[1], figure.layout.yaxis.range[0]
    assert top < at[0] and bottom > at[2]  # reversed: the first place is on top
    assert [list(map(str, one)) for one in points.customdata] == [["en", ""], ["ar", ""], ["", ""]]


def test_intervals_are_drawn_as_they_are_and_none_is_made_up() -> None:
    line = trace(drawn(of_kind("distance")), "sft: 95 % interval")
    x = np.array(line.x, float).reshape(3, 3)
    assert (
        x[:2, :2].tolist() == [[1, 5], [1, 5]] and np.isnan(x[:, 2]).all() and np.isnan(x[2]).all()
    )
    y = np.array(line.y, float).reshape(3, 3)
    assert (y == y[:, :1]).all()


def test_checkpoints_stand_side_by_side_within_a_row() -> None:
    frame = rows({}, {"label": "grpo", "value": -1.0, "verdict": WITHIN})
    figure = drawn(frame)
    first, second = trace(figure, "sft: value"), trace(figure, "grpo: value")
    assert first.y[0] < 0 < second.y[0] and second.y[0] - first.y[0] < 0.5
    assert (
        second.marker.symbol[0] == "diamond-open" and second.marker.color[0] == MARKS["grpo"].colour
    )
    shown = [one.name for one in figure.data if one.showlegend is not False]
    assert shown == [
        "noise floor",
        "sft",
        "grpo",
        "beyond noise",
        "within noise",
        "? not enough data",
    ]


def test_the_hover_holds_the_evidence_and_escapes_it() -> None:
    frame = rows({"label": "sft", "notes": "<b>x</b> & y", "lang": "ar"})
    text = trace(drawn(frame), "sft: value").hovertext[0]
    for part in ("ar · sft against base", "10 → 13", "+3 [1, 5]", "noise floor 2", "p 0.02",
                 "beyond noise", "64 blocks, paired, 30 behind it", "&lt;b&gt;x&lt;/b&gt; &amp; y"):  # fmt: skip
        assert part in text, part
    assert "<b>" not in text


def test_nothing_to_draw_is_said() -> None:
    figure = forest(rows({}).iloc[:0], [], MARKS, title="t", x="x")
    assert not figure.data and "no row" in figure.layout.annotations[0].text


def test_places_are_named_and_the_layer_of_a_distance_is_none() -> None:
    frame = rows(
        {"kind": "distance", "layer": 5}, {"layer": 5}, {"lang": "ar", "other_lang": "bn"},
        {"layer": 3, "head": 4}, {"lang": None, "layer": 2}, {"lang": None},
    )  # fmt: skip
    assert list(frame["place"]) == [
        "en", "en layer 5", "ar with bn", "en layer 3 head 4", "layer 2", "all together",
    ]  # fmt: skip
    there = choices(frame)
    assert there["ar"] == ("with bn",) and there["bn"] == ("with ar",)
    assert there["en"] == ("", "layer 5", "layer 3 head 4") and there[""] == ("layer 2", "")
    assert list(at_place(frame, "bn", "with ar").index) == [2]
    assert list(at_place(frame, "ar", "with bn").index) == [2]
    assert list(at_place(frame, None, "").index) == [5]
    assert list(at_place(frame, "en", "layer 5").index) == [1]


def test_orders() -> None:
    frame = rows(
        {"lang": None, "value": 9.0},
        {"lang": "bn", "value": -5.0, "verdict": WITHIN},
        {"lang": "en", "value": 1.0},
        {"lang": "ar", "value": np.nan, "verdict": NOT_ENOUGH},
        {"lang": "de", "value": 2.0},
    )
    assert ordered_places(frame, "language") == ["en", "de", "ar", "bn", "all together"]
    assert ordered_places(frame, "value") == ["bn", "de", "en", "ar", "all together"]
    assert ordered_places(frame, "verdict") == ["de", "en", "bn", "ar", "all together"]
    # alike is near: the least alike comes first
    alike = rows(*({"lang": lang, "kind": "likeness", "value": value}
                   for lang, value in (("en", 0.9), ("de", 0.1))))  # fmt: skip
    assert ordered_places(alike, "value") == ["de", "en"]
    assert thinned(["a", "b", "c", "all together"], 2) == ["a", "b", "all together"]


def test_the_null_marks_the_observed_d_and_the_95_percent_point() -> None:
    values = np.linspace(0, 0.1, 200)
    figure = null_histogram(values, 0.3, 0.095, MARKS["grpo"], title="t", what="relabellings")
    assert list(figure.data[0].x) == list(values)
    usual, observed = figure.data[1:]
    assert set(usual.x) == {0.095} and usual.line.dash == "dash" and "95 %" in usual.name
    assert set(observed.x) == {0.3} and observed.line.color == MARKS["grpo"].colour
    assert "0.3" in observed.name
    low, high = figure.layout.xaxis.range
    assert low == 0 and high > 0.3  # neither line is cut off
    nothing = null_histogram([], 0.3, float("nan"), MARKS["grpo"], title="t", what="relabellings")
    assert not nothing.data and nothing.layout.annotations


def test_steps_in_order_with_interval_and_floor() -> None:
    frame = trajectories(
        rows(
            {"label": "grpo-step-1000", "value": 4.0, "verdict": BEYOND},
            {"label": "grpo-step-200", "value": 1.0, "ci_low": 0.0, "verdict": WITHIN},
            {"label": "grpo", "value": 9.0},
        )
    )
    marks = checkpoint_marks({"grpo": "grpo"})
    figure = over_steps(frame, marks, title="t", y="y")
    line = trace(figure, "grpo")
    assert list(line.x) == [200, 1000] and list(line.y) == [1, 4]
    assert list(line.marker.symbol) == ["diamond-open", "diamond"]
    ribbon, floor = trace(figure, "grpo: 95 % interval"), trace(figure, "grpo: noise floor")
    assert list(ribbon.x) == [200, 1000, 1000, 200] and list(ribbon.y) == [0, 1, 5, 5]
    assert list(floor.y) == [-2, -2, 2, 2]
    assert "step 200" in line.hovertext[0]
