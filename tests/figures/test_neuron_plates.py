"""The charts that only the plates of language neurons draw."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from interp.figures.language_panels import whole_steps
from interp.figures.layer_nulls import null_rows
from interp.figures.marks import checkpoint_marks
from interp.figures.neuron_depth import depth_grid
from interp.figures.neuron_points import evidence_dots, language_points
from interp.figures.neuron_sets import set_bars
from interp.stats.verdict import BEYOND, NOT_ENOUGH, WITHIN

MARKS = checkpoint_marks({"base": "base", "sft": "sft", "grpo": "grpo"})
NAN = math.nan


def test_points_stand_on_a_logarithmic_axis_that_has_a_place_for_nought() -> None:
    names = ["lang", "label", "value", "few_tokens"]
    rows = [("en", "base", 900, False), ("en", "sft", 1000, False), ("sw", "base", 0, True)]
    figure = language_points(pd.DataFrame(rows, columns=names), MARKS, title="T", y="n")
    base, sft = figure.data
    assert figure.layout.yaxis.type == "log" and {one.mode for one in figure.data} == {"markers"}
    ticks = dict(zip(figure.layout.yaxis.ticktext, figure.layout.yaxis.tickvals, strict=True))
    assert ticks["0"] == base.y[1] and 0 < ticks["0"] < ticks["1"] == 1 and ticks["1,000"] == 1000
    low, high = (10**end for end in figure.layout.yaxis.range)
    assert low < ticks["0"] and high > 1000
    assert base.x[0] < 0 < sft.x[0] and base.x[1] < 1 < 1.5
    assert list(figure.layout.xaxis.ticktext) == ["en", "sw<br>few tokens"]
    assert base.hovertext[1] == "base, sw: 0"
    some = language_points(pd.DataFrame(rows[:2], columns=names), MARKS, title="T", y="n")
    assert "0" not in some.layout.yaxis.ticktext


def evidence() -> pd.DataFrame:
    rows = [
        ("en", "sft", 10.0, 5.0, 20.0, 4.0, BEYOND, "<b>"),
        ("en", "grpo", 1.0, -1.0, 2.0, 4.0, WITHIN, "a"),
        ("sw", "sft", -3.0, NAN, NAN, NAN, NOT_ENOUGH, "b"),
        ("sw", "grpo", NAN, NAN, NAN, NAN, "", "c"),
    ]
    names = ["place", "label", "value", "low", "high", "floor", "verdict", "said"]
    return pd.DataFrame(rows, columns=names)


def test_dots_are_filled_beyond_noise_and_have_their_signs() -> None:
    figure = evidence_dots(evidence(), ["en", "sw"], MARKS, title="T", x="%", kind="difference")
    named = {trace.name: trace for trace in figure.data if trace.x is not None and len(trace.x)}
    sft = named["sft"]
    assert list(sft.marker.symbol) == [MARKS["sft"].symbol, f"{MARKS['sft'].symbol}-open"]
    assert sft.marker.color == MARKS["sft"].colour and list(sft.x) == [10, -3]
    assert sft.error_x.array[0] == 10 and sft.error_x.arrayminus[0] == 5
    assert sft.y[0] < 0 < named["grpo"].y[0] and sft.hovertext[0] == "&lt;b&gt;"
    signs = named["sft: verdict"]
    assert [text.strip() for text in signs.text] == ["●", "?"] and list(signs.x) == [20, -3]
    assert len(named["grpo: verdict"].x) == 1, "no sign where there is no value"
    (floor, *_) = [trace for trace in figure.data if trace.type == "bar"]
    assert floor.base[0] == -4 and floor.x[0] == 8
    assert figure.layout.shapes[0].x0 == 0
    assert {BEYOND, WITHIN, f"? {NOT_ENOUGH}"} <= {trace.name for trace in figure.data}
    assert figure.layout.yaxis.range[0] > figure.layout.yaxis.range[1], "the first row is on top"


def test_no_difference_is_0_of_a_distance_and_1_of_a_likeness() -> None:
    frame = evidence().assign(value=[0.5, 0.2, 0.0, NAN], low=NAN, high=NAN, floor=0.1)
    far = evidence_dots(frame, ["en", "sw"], MARKS, title="T", x="D", kind="distance")
    assert far.layout.shapes[0].x0 == 0 and -0.05 < far.layout.xaxis.range[0] < 0
    assert far.data[0].base[0] == 0 and far.data[0].x[0] == 0.1
    alike = evidence_dots(frame, ["en", "sw"], MARKS, title="T", x="J", kind="likeness")
    assert alike.layout.shapes[0].x0 == 1 and alike.layout.xaxis.range[0] == 0
    assert (alike.data[0].base[0], alike.data[0].x[0]) == (0.1, 0.9)


def test_curves_of_one_scale_with_the_final_layers_marked() -> None:
    frame = pd.DataFrame(
        {
            "lang": ["en"] * 4 + ["ar"] * 4, "label": ["base", "base", "sft", "sft"] * 2,
            "depth": [1, 2] * 4, "value": [0.1, 1, 0.2, 1, 0.3, 1, NAN, NAN],
        }
    )  # fmt: skip
    figure = depth_grid(
        frame, ["en", "ar"], MARKS, title="T", x="layers", y="share", whole=True, final=1
    )
    assert len(figure.data) == 4 and sum(bool(one.showlegend) for one in figure.data[:3]) == 2
    assert figure.data[3].name == "the final layers"
    assert figure.data[3].line.color == figure.layout.shapes[0].line.color
    assert {axis.dtick for axis in figure.select_xaxes()} == {1}, "there is no half a layer"
    assert figure.data[1].line.dash == MARKS["sft"].dash and figure.data[2].xaxis == "x2"
    assert [shape.x0 for shape in figure.layout.shapes] == [1, 1]
    assert all(axis.range == (0, 1.04) for axis in figure.select_yaxes())
    assert figure.layout.legend.y < 0
    relative = depth_grid(
        frame.assign(depth=frame["depth"] / 2), ["en"], MARKS, title="T", x="x", y="y"
    )
    assert relative.layout.xaxis.dtick is None
    part = depth_grid(frame[frame["value"] < 1], ["en"], MARKS, title="T", x="l", y="s")
    assert part.layout.yaxis.range[1] < 0.4 and not part.layout.shapes


def test_titles_of_axes_are_shorter_than_one_row_of_panels_is_high() -> None:
    frame = pd.DataFrame({"lang": ["en"], "label": ["base"], "depth": [1], "value": [1.0]})
    figure = depth_grid(frame, ["en"], MARKS, title="T", x="l", y="share of the language's neurons")
    (title,) = [one for one in figure.layout.annotations if one.text.startswith("share")]
    assert title.font.size * 0.6 * len(title.text) < figure.layout.height - 50
    panels = figure.layout.height - figure.layout.margin.t - figure.layout.margin.b
    assert -figure.layout.legend.y * panels > 55, "below the title of the x axis"
    assert [whole_steps(most) for most in (1, 4, 7, 27, 31, 79)] == [1, 1, 2, 10, 10, 20]


def test_the_kept_part_ends_at_the_jaccard_index() -> None:
    rows = [
        ("sft", "en", 60, 20, 20, 100, 0.7, BEYOND, "x"),
        ("sft", "sw", 0, 0, 0, 0, NAN, "", "y"),
        ("grpo", "en", 90, 5, 5, 100, NAN, "", "z"),
    ]
    names = ["label", "place", "kept", "gained", "lost", "union", "floor", "verdict", "said"]
    figure = set_bars(pd.DataFrame(rows, columns=names), ["sft", "grpo"], ["en", "sw"], title="T")
    own = {trace.name: trace for trace in figure.data if trace.xaxis == "x"}
    assert [list(own[part].x) for part in ("kept", "gained", "lost")] == [[0.6], [0.2], [0.2]]
    assert list(own["kept"].y) == [0] and list(own["kept"].text) == ["60"]
    assert list(own["two measurements of the base share so much"].x) == [0.7]
    assert figure.layout.barmode == "stack" and figure.layout.xaxis.range == (0, 1.08)
    assert [one.text.strip() for one in figure.layout.annotations][:2] == ["sft", "grpo"]
    assert "●" in [text.strip() for trace in figure.data for text in (trace.text or ())]


def test_a_null_and_what_was_found_in_it() -> None:
    bins = pd.DataFrame(
        {"label": "sft", "start": [0.0, 0.1, 0.2], "width": 0.1, "count": [5, 2, 0]}
    )
    values = [{"label": "sft", "observed": 0.4, "usual": 0.15, "units": "blocks"}]
    figure = null_rows(bins, values, MARKS, title="T")
    bars, usual, observed = figure.data
    assert np.allclose(bars.x, [0.05, 0.15, 0.25]) and list(bars.y) == [5, 2, 0]
    assert list(usual.x) == [0.15] * 2 and list(observed.x) == [0.4] * 2
    assert observed.line.color == MARKS["sft"].colour and observed.name == "sft: D = 0.4000"
    assert figure.layout.xaxis.range[0] == 0 and figure.layout.xaxis.range[1] > 0.4
    assert figure.layout.annotations[0].text == "sft: blocks exchanged"


def test_nothing_to_draw_is_said() -> None:
    none = pd.DataFrame(columns=["lang", "label", "value", "few_tokens", "union", "depth"])
    blank = evidence().assign(value=NAN)
    for figure in (
        language_points(none, MARKS, title="T", y="n"),
        evidence_dots(blank, ["en"], MARKS, title="T", x="x", kind="difference"),
        depth_grid(none, ["en"], MARKS, title="T", x="x", y="y"),
        set_bars(none, ["sft"], ["en"], title="T"),
        null_rows(none, [], MARKS, title="T"),
    ):
        assert figure.layout.title.text == "T" and figure.layout.annotations[0].text
