"""Charts of the logit lens: what is drawn where, from frames made by hand."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from interp.figures.lens import rank_trajectories, top_token_grid
from interp.figures.lens_groups import group_ribbons
from interp.figures.lens_languages import crossover_medians, language_shares
from interp.figures.lens_pairs import log_rank_pairs
from interp.figures.lens_sets import language_levels, rank_ribbons, share_lines
from interp.figures.marks import checkpoint_marks
from interp.figures.tokens import is_bytes, isolated, phrase, plotly_text, token_label

MARKS = checkpoint_marks({"base": "base", "<b>x</b>": "grpo"})
LABELS = list(MARKS)


def ranks() -> pd.DataFrame:
    """Ranks 0-based: the target's fall from 2 to 0, English's rise, in both checkpoints."""
    rows = []
    for label in LABELS:
        for depth, spot in ((0.0, "0"), (0.5, "1 mid"), (1.0, "1")):
            for role, rank in (("target", 2 - 2 * depth), ("en", 2 * depth)):
                rows.append((label, role, depth, spot, f" {role}", -1.0, rank))
    return pd.DataFrame(
        rows, columns=["label", "role", "depth", "spot", "token", "logprob", "rank"]
    )


def tops() -> pd.DataFrame:
    rows = []
    for label in LABELS:
        for depth, spot in ((0.0, "0"), (0.5, "1 mid"), (1.0, "1")):
            if (label, spot) == ("base", "1 mid"):
                continue
            for place in (1, 2):
                answer = "target" if (spot, place) == ("1", 1) else ""
                rows.append((label, depth, spot, place, "<a>", 0.5 / place, answer))
    return pd.DataFrame(
        rows, columns=["label", "depth", "spot", "place", "token", "probability", "answer"]
    )


def drawn(figure, name: str):
    (trace,) = [one for one in figure.data if one.name == name]
    return trace


def test_trajectories_are_ranks_plus_one_in_a_panel_each():
    figure = rank_trajectories(
        ranks(), tops(), MARKS, title="t", crossovers={"base": 1.0, "<b>x</b>": math.inf}
    )
    target, english = (drawn(figure, f"base {role} answer") for role in ("target", "English"))
    assert list(target.x) == [0, 0.5, 1] and list(target.y) == [3, 2, 1]
    assert list(english.y) == [1, 2, 3]
    assert (target.line.dash, english.line.dash) == ("solid", "dash")
    assert target.line.color == MARKS["base"].colour and target.marker.symbol == "circle"
    assert english.marker.symbol == "circle-open"
    other = drawn(figure, "<b>x</b> target answer")
    assert (target.xaxis, other.xaxis) == ("x", "x2") and other.line.color != target.line.color
    assert [list(one) for one in target.customdata] == [["0"], ["1 mid"], ["1"]]
    assert figure.layout.yaxis.autorange == "reversed" and figure.layout.yaxis2.matches == "y"
    assert figure.layout.yaxis.type == "log"
    texts = [one.text for one in figure.layout.annotations]
    assert texts[:2] == ["base", "&lt;b&gt;x&lt;/b&gt;"]
    assert texts[2:] == ["crossover 1", "no crossover: English ahead at the end"]
    assert figure.layout.shapes[0].x0 == figure.layout.shapes[0].x1 == 1


def test_hover_lists_the_likeliest_tokens_escaped():
    figure = rank_trajectories(ranks(), tops(), MARKS, title="t", log=False)
    hover = drawn(figure, "<b>x</b> target answer").hovertext[0]
    assert hover.endswith("1. &lt;a&gt; 50.0%<br>2. &lt;a&gt; 25.0%")
    assert "&lt;b&gt;x&lt;/b&gt;, layer 0" in hover and "␣target: rank 3 (36.79%)" in hover
    assert figure.layout.yaxis.type == "linear"
    assert not any("cross" in one.text for one in figure.layout.annotations)


def test_legend_names_roles_once():
    figure = rank_trajectories(ranks(), tops(), MARKS, title="t")
    named = [one.name for one in figure.data if one.showlegend is not False]
    assert named == ["target answer", "English answer"]


def test_grid_keeps_equal_tokens_apart_and_gaps_empty():
    figure = top_token_grid(tops(), LABELS, title="t")
    heat = next(one for one in figure.data if one.type == "heatmap")
    assert np.array(heat.text).tolist() == [
        ["&lt;a&gt;", "&lt;a&gt;"],
        ["", "&lt;a&gt;"],
        ["&lt;a&gt; ✓", "&lt;a&gt; ✓"],
    ]
    assert np.isnan(heat.z[1][0]) and heat.z[0][0] == 0.5
    assert (heat.zmin, heat.zmax) == (0, 1)
    assert list(figure.layout.yaxis.ticktext) == ["0", "1 mid", "1"]
    assert list(figure.layout.xaxis.ticktext) == ["base", "&lt;b&gt;x&lt;/b&gt;"]
    cells = drawn(figure, "cells")
    places = {
        (x, y): spot for x, y, (spot,) in zip(cells.x, cells.y, cells.customdata, strict=True)
    }
    assert places == {(0, 0): "0", (0, 2): "1", (1, 0): "0", (1, 1): "1 mid", (1, 2): "1"}
    assert "2. &lt;a&gt; 25.0%" in cells.hovertext[0]


def test_ribbons_hold_the_quartiles():
    frame = pd.DataFrame(
        {
            "label": "base", "role": "target", "layer": [1, 0], "n": 7, "q25": [0.0, 3],
            "median": [1.0, 4], "q75": [2.0, 9],
        }
    )  # fmt: skip
    figure = rank_ribbons(frame, MARKS, title="t")
    assert list(drawn(figure, "base target answer").y) == [5, 2]
    band = drawn(figure, "interval")
    assert list(band.x) == [0, 1, 1, 0] and list(band.y) == [10, 3, 1, 4]
    assert band.fillcolor == MARKS["base"].band()
    assert "7 facts" in drawn(figure, "base target answer").hovertext[0]


def test_shares_have_a_panel_each_and_one_legend():
    frame = pd.DataFrame(
        [
            ("base", "b", 0, 9, 0.5, 0.25, 0.75),
            ("base", "a", 0, 9, 0.1, 0.0, 0.2),
            ("<b>x</b>", "b", 0, 9, 0.4, 0.3, 0.5),
        ],
        columns=["label", "statistic", "layer", "n", "share", "low", "high"],
    )
    figure = share_lines(frame, MARKS, ("a", "absent", "b"), title="t")
    own = [one for one in figure.data if one.name != "interval"]
    assert [(one.name, one.xaxis, list(one.y), one.showlegend) for one in own] == [
        ("base", "x", [0.1], True),
        ("base", "x2", [0.5], False),
        ("<b>x</b>", "x2", [0.4], True),
    ]
    assert figure.layout.yaxis.range[0] <= 0 and figure.layout.yaxis.range[1] >= 1


def test_levels_have_intervals_and_verdicts_at_the_edge():
    frame = pd.DataFrame(
        [
            ("zh", "base", 0.2, 0.1, 0.4, "", "", "level"),
            ("de", "base", 0.3, 0.2, 0.5, "", "", "level"),
            ("zh", "<b>x</b>", 0.6, 0.5, 0.9, "beyond noise", "●", "<i>e</i>"),
        ],
        columns=["lang", "label", "value", "low", "high", "verdict", "sign", "evidence"],
    )
    figure = language_levels(frame, MARKS, ["de", "zh"], title="t", x="share", percent=True)
    base, other = drawn(figure, "base"), drawn(figure, "<b>x</b>")
    assert [round(y) for y in base.y] == [1, 0] and [round(y) for y in other.y] == [1]
    assert base.y[0] < other.y[0]
    assert list(other.error_x.array) == [pytest.approx(0.3)]
    assert list(other.error_x.arrayminus) == [pytest.approx(0.1)]
    verdicts = drawn(figure, "<b>x</b> verdicts")
    assert [one.strip() for one in verdicts.text] == ["● beyond noise"] and list(verdicts.x) == [
        0.9
    ]
    assert not drawn(figure, "base verdicts").x
    assert [list(one) for one in base.customdata] == [["zh"], ["de"]]
    assert "&lt;i&gt;e&lt;/i&gt;" in other.hovertext[0]
    assert list(figure.layout.yaxis.ticktext) == ["de", "zh"]
    assert figure.layout.xaxis.tickformat == ".0%"


@pytest.mark.parametrize("draw", [
    lambda frame: rank_trajectories(frame.reindex(columns=ranks().columns), tops(), MARKS, title="t"),
    lambda frame: top_token_grid(frame.reindex(columns=tops().columns), LABELS, title="t"),
    lambda frame: rank_ribbons(frame.reindex(columns=["label"]), MARKS, title="t"),
    lambda frame: share_lines(frame.reindex(columns=["statistic"]), MARKS, ["a"], title="t"),
    lambda frame: language_levels(
        frame.reindex(columns=["label"]), MARKS, [], title="t", x="x", percent=False
    ),
])  # fmt: skip
def test_nothing_to_draw_is_said(draw):
    figure = draw(pd.DataFrame())
    assert not figure.data and figure.layout.annotations[0].text and figure.layout.title.text == "t"


def test_tokens_as_labels():
    assert token_label(" sea\n") == "␣sea↵" and token_label("") == "∅"
    assert token_label("<E6 97>") == "<E6 97>"
    assert token_label("abcdef", most=4) == "abc…"
    assert token_label(" بحر") == "\u2068␣بحر\u2069"
    assert plotly_text("<b>&") == "&lt;b&gt;&amp;"
    assert plotly_text("$x$") == "&#36;x&#36;"  # no formula
    assert isolated("sea") == "sea" and isolated("بحر") == "\u2068بحر\u2069"
    assert phrase(" the\nsea ") == "the sea" and phrase("abcdef", most=4) == "abc…"
    assert phrase("") == "∅" and phrase("البحر", most=3) == "\u2068ال…\u2069"
    known = {"<E6 97>": True, "<0x0A>": True, "<s>": False, "E6": False, "<E6 9>": False}
    assert {text: is_bytes(text) for text in known} == known


def test_levels_that_were_not_judged_have_no_verdict():
    frame = pd.DataFrame(
        {
            "lang": ["zh"], "label": ["base"], "value": [0.5], "low": [0.4], "high": [0.6],
            "verdict": [""], "sign": [""], "evidence": ["0.5"],
        }
    )  # fmt: skip
    figure = language_levels(frame, MARKS, ["zh"], title="t", x="share", percent=True)
    assert list(drawn(figure, "base").x) == [0.5]
    assert list(drawn(figure, "base verdicts").x) == []


def test_pairs_are_log_ranks_with_the_likeliest_on_top():
    frame = ranks().rename(columns={"depth": "layer"}).assign(example="(a) <i>x</i>")
    frame = pd.concat([frame, frame.assign(example="(b) y")])
    figure = log_rank_pairs(frame, ["(a) <i>x</i>", "(b) y"], LABELS, title="t")
    target, below = (one for one in figure.data if one.name == "base target answer")
    assert list(target.y) == pytest.approx([math.log(3), math.log(2), 0])
    assert (target.xaxis, below.xaxis) == ("x", "x3")
    lower, upper = figure.layout.yaxis.range
    assert lower > math.log(3) and upper < 0
    axes = [figure.layout[name] for name in ("yaxis", "yaxis2", "yaxis3", "yaxis4")]
    assert {tuple(axis.range) for axis in axes} == {(lower, upper)}  # one axis for all
    heads = [one.text for one in figure.layout.annotations]
    assert heads[1] == "(a) &lt;i&gt;x&lt;/i&gt;<br>&lt;b&gt;x&lt;/b&gt;"
    named = [(one.name, one.line.dash) for one in figure.data if one.showlegend is not False]
    assert named == [("target answer", "solid"), ("English answer", "dash")]
    assert "rank 3" in target.hovertext[0] and "␣target" in target.hovertext[0]


def test_groups_have_a_row_each_on_one_axis():
    one = {"role": "target", "n": 7, "q25": 0.0, "median": 1.0, "q75": 2.0}
    frame = pd.DataFrame(
        [{**one, "label": label, "group": group, "layer": layer}
         for label in LABELS for group in ("seen", "unseen") for layer in (0, 1)]
    )  # fmt: skip
    figure = group_ribbons(frame, ["unseen", "seen", "absent"], MARKS, title="t")
    heads = [one.text for one in figure.layout.annotations]
    assert heads[0] == "base: unseen" and heads[3] == "&lt;b&gt;x&lt;/b&gt;: seen"
    assert len(heads) == 4
    lines = [one for one in figure.data if one.name == "base target answer"]
    assert [one.yaxis for one in lines] == ["y", "y3"] and list(lines[0].y) == [2, 2]
    axes = [figure.layout[name] for name in ("yaxis", "yaxis2", "yaxis3", "yaxis4")]
    assert {axis.type for axis in axes} == {"log"}
    assert len([axis for axis in axes if axis.matches]) == 3


def test_languages_have_a_panel_each_and_one_legend():
    frame = pd.DataFrame(
        [(lang, label, layer, 9, 0.5, 0.25, 0.75)
         for lang in ("de", "es", "fr", "pt", "id") for label in LABELS for layer in (0, 1)],
        columns=["lang", "label", "layer", "n", "share", "low", "high"],
    )  # fmt: skip
    languages = ["zh", "de", "es", "fr", "pt", "id"]
    figure = language_shares(frame, MARKS, languages, title="t", y="y")
    assert [one.text for one in figure.layout.annotations] == languages[1:]
    assert [one.name for one in figure.data if one.showlegend] == LABELS
    assert figure.layout.yaxis.range[0] < 0 and figure.layout.yaxis.range[1] > 1
    assert "50.0% [25.0%, 75.0%] of 9 facts" in drawn_all(figure, "base")[0].hovertext[0]
    shown = [figure.layout[f"xaxis{n}"].showticklabels for n in (2, 3, 4)]
    assert all(shown)  # nothing stands below these three
    assert figure.layout.xaxis8.visible is False
    assert len(figure.layout.shapes) >= 5


def drawn_all(figure, name: str):
    return [one for one in figure.data if one.name == name]


def test_medians_that_are_not_reached_stand_apart():
    frame = pd.DataFrame(
        [("de", "base", 3.0, 2.0, math.inf, 9, 8), ("zh", "base", math.inf, 5.0, math.inf, 9, 8),
         ("zh", "<b>x</b>", 1.0, math.nan, math.nan, 1, 8)],
        columns=["lang", "label", "value", "low", "high", "n", "last"],
    )  # fmt: skip
    figure = crossover_medians(frame, MARKS, ["zh", "de"], title="t")
    base = drawn(figure, "base")
    never = base.x[1]
    assert base.x[0] == 3 and never > 8
    assert list(base.error_x.arrayminus) == [1, never - 5]
    assert list(base.error_x.array) == [never - 3, 0]
    assert list(base.marker.symbol) == ["circle", "circle-open"]
    axis = figure.layout.xaxis
    assert axis.ticktext[-1] == "not reached" and axis.tickvals[-1] == never
    assert axis.range[0] <= 0 and axis.range[1] > never
    assert "not reached [layer 5, not reached]" in base.hovertext[1]
    assert "&lt;b&gt;x" in drawn(figure, "<b>x</b>").hovertext[0]
    assert list(figure.layout.yaxis.ticktext) == ["zh", "de"]


@pytest.mark.parametrize("draw", [
    lambda: log_rank_pairs(
        pd.DataFrame(columns=["role", "rank"]), ["a"], LABELS, title="t"
    ),
    lambda: group_ribbons(pd.DataFrame(columns=["label", "group"]), ["a"], MARKS, title="t"),
    lambda: language_shares(pd.DataFrame(columns=["lang"]), MARKS, ["de"], title="t", y="y"),
    lambda: crossover_medians(pd.DataFrame(columns=["label"]), MARKS, ["de"], title="t"),
])  # fmt: skip
def test_no_frame_is_said(draw):
    figure = draw()
    assert not figure.data and figure.layout.annotations[0].text
