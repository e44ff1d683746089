"""The charts of language neurons: what is drawn where, and what a click hands back."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from interp.figures.marks import checkpoint_marks
from interp.figures.neuron_counts import (
    MOST_BARS,
    MOST_HATCHED,
    language_bars,
    layer_bars,
    layer_grid,
)
from interp.figures.neuron_map import entropy_scatter
from interp.figures.one_neuron import firing_dots, neuron_path
from interp.figures.verdicts import SIGNS
from interp.stats.verdict import BEYOND, NOT_ENOUGH

MARKS = checkpoint_marks({"base": "base", "sft": "sft", "grpo": "grpo"})
NAN = math.nan


def bars() -> pd.DataFrame:
    rows = [
        ("en", "base", 30, 25.0, 40.0, 1000.0, False, ""),
        ("en", "sft", 12, 10.0, 13.0, 1000.0, False, BEYOND),
        ("sw", "base", 5, NAN, NAN, 90.0, True, ""),
        ("sw", "sft", 4, NAN, NAN, NAN, False, NOT_ENOUGH),
    ]
    names = ["lang", "label", "value", "low", "high", "tokens", "few_tokens", "verdict"]
    return pd.DataFrame(rows, columns=names)


def test_bars_from_zero_with_intervals_signs_and_a_badge() -> None:
    figure = language_bars(bars(), MARKS, title="T", y="neurons")
    drawn = {trace.name: trace for trace in figure.data if trace.type == "bar"}
    assert list(drawn) == ["base", "sft"]
    assert list(drawn["base"].y) == [30, 5] and list(drawn["base"].x) == [0, 1]
    assert drawn["sft"].marker.color == MARKS["sft"].colour
    assert drawn["base"].error_y.array[0] == 10 and drawn["base"].error_y.arrayminus[0] == 5
    assert list(figure.layout.xaxis.ticktext) == ["en", "sw<br>few tokens"]
    assert figure.layout.yaxis.rangemode == "tozero" and figure.layout.yaxis.type != "log"
    signs = next(trace for trace in figure.data if trace.name == "sft: verdict")
    assert list(signs.text) == [SIGNS[BEYOND], SIGNS[NOT_ENOUGH]]
    # above the interval where there is one, else above the bar, and in the bar's own place
    assert list(signs.y) == [13.0, 4.0] and signs.offsetgroup == drawn["sft"].offsetgroup
    assert "tokens: 90 (few)" in drawn["base"].hovertext[1]
    assert (
        "[25, 40]" in drawn["base"].hovertext[0] and "tokens: not said" in drawn["sft"].hovertext[1]
    )
    assert "base: verdict" not in {trace.name for trace in figure.data}


def test_shares_are_percent() -> None:
    frame = bars().assign(value=[0.5, 0.25, 1.0, NAN], low=NAN, high=NAN)
    figure = language_bars(frame, MARKS, title="T", y="share", percent=True)
    assert figure.layout.yaxis.tickformat == ".0%"
    assert "50.0%" in figure.data[0].hovertext[0]
    sft = next(trace for trace in figure.data if trace.name == "sft")
    assert np.isnan(sft.y[1]) and "–" in sft.hovertext[1]


def layers() -> pd.DataFrame:
    rows = [
        (lang, label, layer, 10 * place + layer)
        for place, lang in enumerate(("en", "de", "es", "fr", "ar"))
        for label, depth in (("base", 4), ("sft", 3))
        for layer in range(depth)
    ]
    return pd.DataFrame(rows, columns=["lang", "label", "layer", "value"])


@pytest.mark.parametrize("shared", [True, False])
def test_a_panel_per_language(shared: bool) -> None:
    languages = ["en", "de", "es", "fr", "ar"]
    figure = layer_grid(layers(), languages, MARKS, title="T", y="neurons", shared=shared)
    titles = [one.text for one in figure.layout.annotations]
    assert titles[:5] == languages and titles[5:] == ["layer (from 0)", "neurons"]
    assert len(list(figure.select_xaxes())) == 5, "no panel without a language"
    assert len(figure.data) == 10 and sum(bool(trace.showlegend) for trace in figure.data) == 2
    arabic = [trace for trace in figure.data if trace.xaxis == "x5"]
    assert list(arabic[0].y) == [40, 41, 42, 43] and list(arabic[1].y) == [40, 41, 42]
    assert all(axis.rangemode == "tozero" for axis in figure.select_yaxes())
    tied = [axis.matches for axis in figure.select_yaxes()]
    assert any(tied) == shared
    assert figure.layout.legend.y < 0, "the legend covers no bar"


def test_many_bars_are_not_hatched() -> None:
    few = pd.concat([layers()] * (MOST_HATCHED // len(layers())))
    for frame, hatched in ((few, True), (pd.concat([few, layers()]), False)):
        figure = layer_grid(frame, ["en", "ar"], MARKS, title="T", y="neurons")
        own = {trace.name: trace.marker for trace in figure.data}
        assert {name: mark.color for name, mark in own.items()} == {
            name: MARKS[name].colour for name in own
        }
        assert any(mark.pattern.shape for mark in own.values()) == hatched


def test_where_bars_would_be_hairlines_there_are_steps() -> None:
    for depth, kind in ((MOST_BARS // 2, "bar"), (MOST_BARS // 2 + 1, "scatter")):
        rows = [
            ("en", label, layer, layer % 7) for label in ("base", "sft") for layer in range(depth)
        ]
        frame = pd.DataFrame(rows, columns=["lang", "label", "layer", "value"])
        figure = layer_grid(frame, ["en"], MARKS, title="T", y="neurons")
        assert {trace.type for trace in figure.data} == {kind}
        for trace in figure.data:
            assert list(trace.y) == [layer % 7 for layer in range(depth)]
        if kind == "scatter":
            assert {trace.line.shape for trace in figure.data} == {"hvh"}
            assert len({(trace.line.color, trace.line.dash) for trace in figure.data}) == 2
        assert figure.layout.yaxis.rangemode == "tozero"


def test_a_click_on_a_layer() -> None:
    frame = layers().query("lang == 'ar'")
    figure = layer_bars(frame, MARKS, title="T", y="neurons", window=(1, 2), layer=3)
    base = figure.data[0]
    assert base.customdata[3] == [3, "base"] or list(base.customdata[3]) == [3, "base"]
    window, line = figure.layout.shapes
    assert (window.x0, window.x1) == (0.5, 2.5) and line.x0 == 3
    bare = layer_bars(frame, MARKS, title="T", y="neurons")
    assert not bare.layout.shapes


def points() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "layer": [0, 1, 2, 3],
            "neuron": [7, 8, 9, 10],
            "entropy": [2.0, 0.1, 0.2, 0.3],
            "peak": [0.9, 0.01, 0.5, 0.02],
            "top": ["en", "ar", "de", "ar"],
            "selected": [False, True, True, True],
            "langs": ["", "ar", "de", "ar de"],
        }
    )


def test_the_scatter_tells_three_kinds_by_colour_and_shape() -> None:
    figure = entropy_scatter(points(), "ar", title="T", chosen=(2, 9), log_x=True)
    not_selected, others, own, ring = figure.data
    assert {trace.type for trace in (not_selected, others, own)} == {"scattergl"}
    assert list(own.y) == [0.1, 0.3] and list(others.y) == [0.2] and list(not_selected.y) == [2.0]
    looks = {(trace.marker.color, trace.marker.symbol) for trace in (not_selected, others, own)}
    assert len({colour for colour, _ in looks}) == len({symbol for _, symbol in looks}) == 3
    assert [list(one) for one in own.customdata] == [[1, 8], [3, 10]]
    assert list(ring.x) == [0.5] and ring.customdata is None
    assert figure.layout.xaxis.type == "log" and "(2)" in own.name
    assert list(own.text) == ["ar", "ar"] and list(own.hovertext) == ["ar", "ar de"]
    assert "fires most in %{text}: %{x" in own.hovertemplate
    assert "selected for %{hovertext}" in own.hovertemplate
    assert "not selected" in not_selected.hovertemplate and not_selected.hovertext is None
    unringed = entropy_scatter(points(), "a", title="T", chosen=(0, 0))
    assert len(unringed.data) == 3 and unringed.layout.xaxis.type == "linear"
    assert len(unringed.data[2].x) == 0, "a language is a code, not a part of one"


def test_firing_rows_keep_their_intervals() -> None:
    frame = pd.DataFrame(
        {
            "label": ["base", "base", "sft"],
            "lang": ["en", "ar", "ar"],
            "n_active": [1, 50, 40],
            "n_tokens": [100, 100, 100],
            "p": [0.01, 0.5, 0.4],
            "low": [0.0, 0.4, 0.3],
            "high": [0.05, 0.6, 0.5],
        }
    )
    figure = firing_dots(frame, ["en", "ar"], MARKS, title="T")
    base, sft = figure.data
    assert list(base.x) == [0.01, 0.5] and base.error_x.arrayminus[0] == pytest.approx(0.01)
    assert base.error_x.array[1] == pytest.approx(0.1)
    assert base.y[1] < 1 < sft.y[0], "two checkpoints stand beside each other in a row"
    assert list(figure.layout.yaxis.ticktext) == ["en", "ar"]
    assert figure.layout.yaxis.range[0] > figure.layout.yaxis.range[1], "the first is on top"
    assert figure.layout.xaxis.rangemode == "tozero"
    assert "50 of 100 tokens" in base.hovertext[1]


def test_a_path_in_steps() -> None:
    frame = pd.DataFrame(
        {
            "step": [0, 0, 100, 100],
            "label": ["base", "base", "sft-step-100", "sft-step-100"],
            "lang": ["en", "ar"] * 2,
            "p": [0.1, 0.5, 0.0, 0.0],
            "low": [0.05, 0.4, 0.0, 0.0],
            "high": [0.2, 0.6, 0.1, 0.1],
            "entropy": [0.4, 0.4, math.inf, math.inf],
            "selected": ["ar", "ar", "", ""],
        }
    )
    figure = neuron_path(frame, ["en", "ar"], "ar", title="T")
    english, arabic, entropy = figure.data
    assert list(arabic.x) == [0, 100] and list(arabic.y) == [0.5, 0.0]
    assert arabic.line.width > english.line.width and arabic.error_y.visible
    assert not english.error_y.visible and english.line.dash != arabic.line.dash
    assert entropy.y[0] == 0.4 and np.isnan(entropy.y[1]), "a dead neuron has no entropy"
    assert list(entropy.marker.symbol) == ["diamond", "circle-open"]
    assert list(figure.layout.xaxis2.ticktext) == ["base<br>step 0", "sft-step-100<br>step 100"]
    assert "never fires, not selected" in entropy.hovertext[1] and "inf" not in entropy.hovertext[1]
    longer = pd.concat([frame, frame.iloc[2:].assign(step=150, label="sft")])
    figure = neuron_path(longer, ["en", "ar"], "ar", title="T", unplaced=["sft"])
    assert list(figure.layout.xaxis2.ticktext) == ["base<br>step 0", "100", "sft<br>end"]


def test_nothing_to_draw_is_said() -> None:
    none = pd.DataFrame(columns=bars().columns)
    for figure in (
        language_bars(none, MARKS, title="T", y="n"),
        layer_grid(layers().iloc[:0], ["en"], MARKS, title="T", y="n"),
        layer_bars(layers().iloc[:0], MARKS, title="T", y="n"),
        entropy_scatter(points().iloc[:0], "ar", title="T"),
        firing_dots(pd.DataFrame(), [], MARKS, title="T"),
        neuron_path(pd.DataFrame(), [], "ar", title="T"),
    ):
        assert figure.layout.title.text == "T" and figure.layout.annotations[0].text
