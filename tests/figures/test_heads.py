"""Figures of heads: where cells, clicks, marks and words end up."""

import numpy as np
import pandas as pd
import pytest

from interp.figures.ablation_matrix import ablation_matrices
from interp.figures.attention import attention_map, visible
from interp.figures.head_lines import layer_lines
from interp.figures.head_scale import weakened_dots
from interp.figures.head_sets import changed_heads, jaccard_dots, layer_profiles, overlap_maps
from interp.figures.heads import cell_side, grid, head_map, head_multiples, panel_places
from interp.figures.marks import checkpoint_marks
from interp.figures.one_head import head_scores, set_effects

MARKS = checkpoint_marks({"base": "base", "sft": "sft"})


def cells(label="base", lang="en", shape=(2, 3), start=0.0):
    layer, head = np.indices(shape).reshape(2, -1)
    values = start + np.arange(layer.size, dtype=float)
    return pd.DataFrame(
        {"label": label, "lang": lang, "layer": layer, "head": head, "value": values}
    )


def maps_of(figure):
    return {trace.name: trace for trace in figure.data if trace.type == "heatmap"}


def clickable_of(figure):
    return [trace for trace in figure.data if trace.name == "cells"]


def test_a_grid_is_layer_by_head_and_gaps_are_no_numbers():
    frame = cells().sample(frac=1, random_state=0).iloc[:5]
    values = grid(frame)
    assert values.shape == (2, 3) and np.isnan(values).sum() == 1
    for row in frame.itertuples():
        assert values[row.layer, row.head] == row.value


def several(labels=("base", "sft"), languages=("en", "ar")):
    start = iter(range(0, 1000, 10))
    return pd.concat(
        [cells(label, lang, start=next(start)) for label in labels for lang in languages]
    )


def test_small_maps_hold_their_own_values():
    figure = head_multiples(several(), ["base", "sft"], ["en", "ar"], title="t", unit="score")
    found = maps_of(figure)
    assert list(found) == ["en · base", "ar · base", "en · sft", "ar · sft"]
    np.testing.assert_array_equal(np.asarray(found["ar · sft"].z), [[30, 31, 32], [33, 34, 35]])
    assert found["ar · sft"].text[1][2] == "1.2" and "%{text}" in found["ar · sft"].hovertemplate
    assert figure.layout.title.text == "t"


def test_small_maps_do_not_cover_each_other():
    languages = ["en", "de", "es", "fr", "pt", "id", "ru"]
    frame = several(languages=languages)
    figure = head_multiples(frame, ["base", "sft"], languages, title="t", unit="score")
    taken = set()
    for trace in maps_of(figure).values():
        own = {
            (round(trace.y0 + layer), round(trace.x0 + head, 3))
            for layer in range(2)
            for head in range(3)
        }
        assert not own & taken
        taken |= own
    notes = figure.layout.annotations
    for name, trace in maps_of(figure).items():
        lang, label = name.split(" · ")
        # its language above it, its checkpoint beside its row
        assert [n.text for n in notes if (n.x, n.y) == (trace.x0 - 0.5, trace.y0 - 0.6)] == [lang]
        assert [n.text for n in notes if n.textangle and n.y == trace.y0 + 0.5] == [label]
    first, last = figure.layout.yaxis.range
    assert first > last  # layer 0 at the top
    assert all(last < trace.y0 and trace.y0 + 2 <= first + 0.5 for trace in figure.data)


def test_seventh_language_begins_a_new_row():
    languages = ["en", "de", "es", "fr", "pt", "id", "ru"]
    shapes = {("base", lang): (2, 3) for lang in languages} | {("sft", "en"): (4, 3)}
    places = panel_places(["base", "sft"], languages, shapes)
    assert places["base", "ru"][1] == places["base", "en"][1] == 0
    assert places["base", "ru"][0] >= places["sft", "en"][0] + 4
    assert ("sft", "ru") not in places


def test_one_scale_for_all_or_one_each():
    frame = several()
    shared = head_multiples(frame, ["base", "sft"], ["en", "ar"], title="t", unit="score")
    assert (shared.layout.coloraxis.cmin, shared.layout.coloraxis.cmax) == (0, 35)
    assert {trace.coloraxis for trace in shared.data} == {"coloraxis"}
    assert {"en", "ar"} <= {note.text for note in shared.layout.annotations}
    own = head_multiples(
        frame, ["base", "sft"], ["en", "ar"], title="t", unit="score", own_scale=True
    )
    assert [(trace.zmin, trace.zmax) for trace in own.data] == [
        (0, 5),
        (10, 15),
        (20, 25),
        (30, 35),
    ]


def test_differences_are_centred_on_zero():
    frame = several()
    frame["value"] -= 5  # from -5 to 30
    figure = head_multiples(
        frame, ["base", "sft"], ["en", "ar"], title="t", unit="u", diverging=True
    )
    assert (figure.layout.coloraxis.cmin, figure.layout.coloraxis.cmax) == (-30, 30)
    scale = figure.layout.coloraxis.colorscale
    assert (
        scale[0][1] == "rgb(103,0,31)" and scale[-1][1] == "rgb(5,48,97)"
    )  # red falls, blue rises


def test_ranks_are_bright_where_they_are_small():
    figure = head_map(cells(), title="t", unit="rank", reverse=True)
    assert figure.data[0].reversescale
    assert not head_map(cells(), title="t", unit="score").data[0].reversescale


def test_equal_and_missing_values_are_drawn():
    frame = cells().assign(value=3.0)
    assert head_map(frame, title="t", unit="u").data[0].zmax > 3
    frame.loc[:, "value"] = np.nan
    assert head_map(frame, title="t", unit="u", diverging=True).data[0].zmax > 0


def test_dots_lie_in_their_panels_cell():
    beyond = pd.DataFrame(
        {"label": ["sft", "sft"], "lang": ["ar", "xx"], "layer": [1, 0], "head": [2, 0]}
    )
    figure = head_multiples(
        several(), ["base", "sft"], ["en", "ar"], title="t", unit="u", beyond=beyond
    )
    dots = next(trace for trace in figure.data if trace.name == "beyond noise")
    panel = maps_of(figure)["ar · sft"]
    assert list(dots.x) == [panel.x0 + 2] and list(dots.y) == [panel.y0 + 1]


def test_a_click_on_a_cell_hands_its_place_back():
    figure = head_map(cells(), title="t", unit="score", chosen=(1, 0))
    (target,) = clickable_of(figure)
    assert figure.data[-1] is target  # above everything, or a mark would take the click
    for x, y, data in zip(target.x, target.y, target.customdata, strict=True):
        assert list(data) == [y, x]
    assert len(target.x) == 6
    assert figure.layout.hoverdistance == -1
    assert target.marker.size < cell_side(32) / 2  # no two overlap, however narrow the page
    assert target.hovertext[5] == "layer 1, head 2<br>score: 5"
    assert figure.data[0].hoverinfo == "skip"
    frame = figure.layout.shapes[0]
    assert (frame.x0, frame.x1, frame.y0, frame.y1) == (-0.5, 0.5, 0.5, 1.5)
    assert figure.layout.yaxis.range[0] > figure.layout.yaxis.range[1]


def test_a_head_that_is_not_there_is_not_framed():
    assert not head_map(cells(), title="t", unit="u", chosen=(5, 0)).layout.shapes


def test_rings_and_dots_are_named():
    figure = head_map(
        cells(), title="t", unit="u", rings=[(0, 1)], ring_name="top 5 %", dots=[(1, 2)]
    )
    ring, dot = (
        next(t for t in figure.data if t.name == name) for name in ("top 5 %", "beyond noise")
    )
    assert (list(ring.x), list(ring.y)) == ([1], [0]) and (list(dot.x), list(dot.y)) == ([2], [1])
    assert ring.showlegend and dot.showlegend and ring.marker.color != dot.marker.color


def test_nothing_to_draw_says_so():
    nothing = cells().iloc[:0]
    pairs = pd.DataFrame(columns=["label", "lang", "other_lang", "percent", "layer"])
    for figure in (
        head_map(nothing, title="t", unit="u"),
        head_multiples(nothing, ["base"], ["en"], title="t", unit="u"),
        overlap_maps(pairs, ["base"], ["en"], title="t", unit="%"),
        layer_profiles(pairs, ["base"], ["en"], title="t"),
        changed_heads(pairs, ["base"], ["en"], title="t"),
        jaccard_dots(pairs, ["en"], title="t", marks=MARKS),
        head_scores(pairs, ["en"], title="t", marks=MARKS),
        set_effects(pairs, ["en"], title="t"),
        layer_lines(pairs, ["base"], ["en"], title="t"),
        weakened_dots(
            pairs.reindex(columns=["label", "lang", "fell_raw", "fell_share"]),
            ["base"],
            ["en"],
            title="t",
            marks=MARKS,
        ),
        ablation_matrices(pairs, ["base"], ["en"], title="t", unit="u"),
        attention_map(np.zeros((0, 0)), [], title="t"),
    ):
        assert figure.layout.title.text == "t" and not figure.data
        assert len(figure.layout.annotations[0].text) > 10


def overlaps():
    rows = [
        (label, a, b, 100.0 if a == b else value)
        for label, value in (("base", 40.0), ("sft", 60.4))
        for a in ("en", "ar")
        for b in ("en", "ar")
    ]
    return pd.DataFrame(rows, columns=["label", "lang", "other_lang", "percent"])


def test_overlaps_are_printed_on_one_scale_and_clicked_as_a_pair():
    figure = overlap_maps(
        overlaps(), ["base", "sft"], ["en", "ar"], title="t", unit="%", chosen=("en", "ar")
    )
    base, sft = maps_of(figure).values()
    assert [list(row) for row in sft.text] == [["100", "60"], ["60", "100"]]
    np.testing.assert_array_equal(np.asarray(base.z), [[100, 40], [40, 100]])
    assert (figure.layout.coloraxis.cmin, figure.layout.coloraxis.cmax) == (0, 100)
    targets = clickable_of(figure)
    assert [list(data) for data in targets[1].customdata] == [
        ["sft", "en", "en"], ["sft", "en", "ar"], ["sft", "ar", "en"], ["sft", "ar", "ar"],
    ]  # fmt: skip
    assert list(targets[1].x) == [0, 1, 0, 1] and list(targets[1].y) == [0, 0, 1, 1]
    assert len(figure.layout.shapes) == 4  # both orders in both panels


def test_a_change_of_overlap_shows_its_sign_and_its_verdict():
    frame = overlaps().query("label == 'sft' and lang != other_lang").assign(percent=[-20.0, 0.2])
    beyond = pd.DataFrame({"label": ["sft"], "lang": ["en"], "other_lang": ["ar"]})
    figure = overlap_maps(
        frame, ["sft"], ["en", "ar"], title="t", unit="points", diverging=True, beyond=beyond
    )
    (drawn,) = maps_of(figure).values()
    assert [list(row) for row in drawn.text] == [["", "-20"], ["0", ""]]
    assert (figure.layout.coloraxis.cmin, figure.layout.coloraxis.cmax) == (-20, 20)
    dots = next(trace for trace in figure.data if trace.name == "beyond noise")
    assert sorted((round(y), round(x)) for x, y in zip(dots.x, dots.y, strict=True)) == [
        (0, 1),
        (1, 0),
    ]


def test_layers_are_columns_and_languages_rows():
    frame = pd.DataFrame(
        {
            "label": "base", "lang": ["en", "en", "ar", "ar"], "layer": [0, 1, 0, 1],
            "percent": [25.0, 75.0, 100.0, 0.0],
        }
    )  # fmt: skip
    beyond = pd.DataFrame({"label": ["base", "base"], "lang": ["ar", "zz"], "layer": [1, 0]})
    figure = layer_profiles(frame, ["base"], ["ar", "en"], title="t", beyond=beyond)
    (drawn,) = maps_of(figure).values()
    np.testing.assert_array_equal(np.asarray(drawn.z), [[100, 0], [25, 75]])
    assert list(figure.layout.yaxis.ticktext) == ["ar", "en"]
    assert figure.layout.coloraxis.cmin == 0
    (target,) = clickable_of(figure)
    assert [list(data) for data in target.customdata][1] == ["base", "en", 1]
    dots = next(trace for trace in figure.data if trace.name.startswith("differs"))
    assert [(round(x), round(y)) for x, y in zip(dots.x, dots.y, strict=True)] == [(1, 0)]


def changes():
    return pd.DataFrame(
        {
            "label": ["base", "base", "sft"], "lang": ["en", "ar", "en"], "stable": [3, 4, 0],
            "lost": [1, 0, 4], "gained": [1, 0, 4], "jaccard": [0.6, 1.0, 0.0], "chance": 0.07,
        }
    )  # fmt: skip


def test_changes_are_stacked_from_zero():
    figure = changed_heads(changes(), ["base", "sft"], ["ar", "en"], title="t")
    assert figure.layout.barmode == "stack"
    assert figure.layout.xaxis.range[0] == 0 and figure.layout.xaxis2.range[0] == 0
    bars = {(bar.name, bar.xaxis): bar for bar in figure.data}
    assert list(bars["lost", "x2"].x) == [4] and list(bars["stable", "x"].x) == [3, 4]
    assert [list(one) for one in bars["stable", "x"].customdata] == [["base", "en"], ["base", "ar"]]
    patterns = {bar.marker.pattern.shape for bar in figure.data}
    assert len(patterns) == 3  # told by more than colour
    assert sum(bool(bar.showlegend) for bar in figure.data) == 3
    assert list(figure.layout.yaxis.categoryarray) == ["ar", "en"]


def test_likeness_stands_beside_chance():
    figure = jaccard_dots(changes(), ["ar", "en"], title="t", marks=MARKS)
    base, sft = figure.data
    assert list(base.x) == [0.6, 1.0] and [round(y) for y in base.y] == [1, 0]
    assert (sft.marker.symbol, sft.marker.color) == (MARKS["sft"].symbol, MARKS["sft"].colour)
    assert figure.layout.shapes[0].x0 == pytest.approx(0.07)
    assert figure.layout.xaxis.range[0] == 0
    assert base.y[0] != sft.y[0]  # equal values do not cover each other


def test_one_head_with_and_without_intervals():
    frame = pd.DataFrame(
        {
            "label": ["base", "sft"], "lang": "ar", "score": [2.0, 5.0], "ci_low": [1.5, np.nan],
            "ci_high": [3.0, np.nan], "rank": [1.0, 2.0], "of": 32, "share": [3.0, 4.0],
        }
    )  # fmt: skip
    figure = head_scores(frame, ["en", "ar"], title="t", marks=MARKS)
    base, sft = figure.data
    assert (base.error_x.arrayminus[0], base.error_x.array[0]) == (0.5, 1.0)
    assert (sft.error_x.arrayminus[0], sft.error_x.array[0]) == (0, 0)
    assert base.y[0] != sft.y[0] and round(base.y[0]) == 0
    assert list(figure.layout.yaxis.ticktext) == ["ar"]
    assert figure.layout.xaxis.rangemode == "tozero"


def test_a_sets_effect_stands_beside_its_controls():
    frame = pd.DataFrame(
        {
            "lang": ["ar", "ar", "en"], "kind": ["heads", "random", "heads"], "draws": [1, 5, 1],
            "delta_nll": [2.0, 0.1, 1.0], "ci_low": [1.0, 0.0, 0.5], "ci_high": [3.0, 0.2, 1.5],
        }
    )  # fmt: skip
    figure = set_effects(frame, ["en", "ar"], title="t")
    own, random = figure.data
    assert own.name == "the language's own set" and "5 draws" in random.name
    assert list(own.x) == [2.0, 1.0] and [round(y) for y in own.y] == [1, 0]
    assert own.error_x.array[0] == 1.0
    assert figure.layout.shapes[0].x0 == 0


def test_equal_tokens_stay_apart_and_markup_is_text():
    tokens = ["a", "a", "<script>alert(1)</script>", "", " \n"]
    weights = np.tril(np.ones((5, 5))) / np.arange(1, 6)[:, None]
    figure = attention_map(weights, tokens, title="t")
    (drawn,) = figure.data
    assert drawn.x is None and np.asarray(drawn.z).shape == (5, 5)
    assert list(figure.layout.xaxis.tickvals) == [0, 1, 2, 3, 4]
    assert list(figure.layout.yaxis.ticktext[:2]) == ["a", "a"]
    assert list(figure.layout.xaxis.ticktext[3:]) == ["⋯", "·↵"]
    everything = figure.to_json()
    assert "<script" not in everything and "\\u003cscript" not in everything
    assert drawn.customdata[2][0][0] == "&lt;script&gt;alert(1)&lt;/script&gt; (token 2)"
    assert drawn.customdata[2][0][1] == "a (token 0)"  # query first, then key
    assert drawn.zmin == 0 and figure.layout.yaxis.range[0] > figure.layout.yaxis.range[1]
    assert "%{customdata[0]}" in drawn.hovertemplate.split("reads")[0]


def test_spaces_of_a_token_are_visible():
    assert visible(" the\t") == "·the⇥" and visible("") == "⋯" and visible("বাংলা") == "বাংলা"


def test_long_tokens_are_cut_on_the_axis_only():
    figure = attention_map(np.ones((1, 1)), ["x" * 40], title="t")
    assert len(figure.layout.xaxis.ticktext[0]) == 14
    assert figure.data[0].customdata[0][0][0] == "x" * 40 + " (token 0)"


def test_right_to_left_tokens_begin_at_their_right_end():
    figure = attention_map(np.ones((3, 3)), [" بحر", " sea", "12"], title="t")
    assert list(figure.layout.yaxis.ticktext) == ["\u2067·بحر\u2069", "·sea", "12"]


def test_rows_are_named_once_and_numbers_are_printed_where_they_fit():
    """32 layers of three checkpoints side by side leave no room for a number in a cell."""
    rows = [
        (label, "en", layer, 3.0)
        for label, depth in (("base", 32), ("sft", 12), ("grpo", 32))
        for layer in range(depth)
    ]
    frame = pd.DataFrame(rows, columns=["label", "lang", "layer", "percent"])
    beyond = pd.DataFrame({"label": ["grpo"], "lang": ["en"], "layer": [31]})
    crowded = layer_profiles(frame, ["base", "sft", "grpo"], ["en"], title="t", beyond=beyond)
    (dot,) = [one for one in crowded.data if "beyond" in (one.name or "") and len(one.x)]
    assert (list(dot.x), list(dot.y)) == ([31], [0]), "in its cell, where no number stands"
    roomy = layer_profiles(frame, ["sft"], ["en"], title="t")
    assert all(one.text is None for one in crowded.data if one.type == "heatmap")
    assert roomy.data[0].text[0][0] == "3"
    named = [axis.showticklabels for axis in crowded.select_yaxes()]
    assert named == [None, False, False]


def test_a_scale_per_checkpoint_and_the_ends_of_own_scales():
    frame = several()
    each = head_multiples(
        frame, ["base", "sft"], ["en", "ar"], title="t", unit="u", scale_per_label=True
    )
    scales = [each.layout.coloraxis, each.layout.coloraxis2]
    for scale, label in zip(scales, ("base", "sft"), strict=True):
        values = frame.loc[frame["label"] == label, "value"]
        assert (scale.cmin, scale.cmax) == (values.min(), values.max())
        assert scale.colorbar.title.text.startswith(f"{label}<br>")
    assert scales[0].colorbar.y - scales[1].colorbar.y == pytest.approx(0.5), "not on each other"
    assert [trace.coloraxis for trace in each.data] == [
        "coloraxis",
        "coloraxis",
        "coloraxis2",
        "coloraxis2",
    ]
    own = head_multiples(
        frame, ["base", "sft"], ["en", "ar"], title="t", unit="u", own_scale=True, diverging=True
    )
    assert {"en ±5", "ar ±35"} <= {note.text for note in own.layout.annotations}
    assert own.layout.margin.r > each.layout.margin.r, "room for the names of the rows"


def test_red_is_a_rise_where_asked_for():
    ours = head_map(cells(), title="t", unit="u", diverging=True).data[0]
    paper = head_map(cells(), title="t", unit="u", diverging=True, reverse=True).data[0]
    assert not ours.reversescale and paper.reversescale
    assert ours.colorscale == paper.colorscale and ours.zmax == paper.zmax


def test_stable_and_changed_are_stacked_to_the_size_of_the_set():
    frame = changes()[["label", "lang", "stable"]].assign(changed=changes()["lost"])
    figure = changed_heads(frame, ["base"], ["en", "ar"], title="t", kinds=("stable", "changed"))
    assert [bar.name for bar in figure.data] == ["stable", "changed"]
    np.testing.assert_array_equal(
        np.asarray(figure.data[0].x) + np.asarray(figure.data[1].x), [4, 4]
    )
    assert figure.data[0].marker.color != figure.data[1].marker.color


def test_lines_are_told_apart_and_points_do_not_cover_each_other():
    codes = [f"l{n}" for n in range(12)]
    rows = [("base", lang, layer, 50.0) for lang in codes for layer in range(3)]
    rows += [("sft", lang, layer, 10.0) for lang in codes[:1] for layer in range(3)]
    frame = pd.DataFrame(rows, columns=["label", "lang", "layer", "percent"])
    figure = layer_lines(frame, ["base", "sft", "none"], codes, title="t")
    first = [trace for trace in figure.data if trace.yaxis == "y"]
    looks = {(one.line.color, one.line.dash, one.marker.symbol) for one in first}
    assert len(looks) == 12 and len({one.marker.symbol for one in first}) == 12
    at_one = sorted(one.x[1] for one in first)
    assert len({*at_one}) == 12 and at_one[0] > 0.5 and at_one[-1] < 1.5, "nearer to no other layer"
    assert [trace.name for trace in figure.data if trace.showlegend] == codes, "each named once"
    assert (
        figure.layout.yaxis.range == figure.layout.yaxis2.range
        and figure.layout.yaxis.range[0] <= 0
    )


def test_what_weakens_raw_and_as_a_share_is_joined():
    frame = pd.DataFrame(
        {
            "label": "sft", "lang": ["en", "ar", "bn"], "ratio": [0.5, 1.0, np.nan],
            "fell_raw": [100.0, 40.0, np.nan], "fell_share": [48.0, 45.0, np.nan],
        }
    )  # fmt: skip
    figure = weakened_dots(frame, ["base", "sft"], ["ar", "en", "bn"], title="t", marks=MARKS)
    line, raw, share = figure.data
    assert list(raw.x) == [100, 40] and list(share.x) == [48, 45]
    assert list(raw.y) == list(share.y) == [1, 0]
    assert list(line.x)[:2] == [100, 48] and np.isnan(line.x[2])
    assert raw.marker.symbol.endswith("-open") and share.marker.symbol == MARKS["sft"].symbol
    assert figure.layout.xaxis.range == (-2, 102) and figure.layout.shapes[0].x0 == 50
    assert list(figure.layout.yaxis.ticktext) == ["ar", "en"]


def effects():
    rows = [("base", a, b, v) for (a, b), v in {
        ("en", "en"): 2.0, ("en", "ar"): 0.5, ("ar", "en"): 1.0, ("ar", "ar"): 3.0, ("ar", "bn"): 0.1,
    }.items()]  # fmt: skip
    frame = pd.DataFrame(rows, columns=["label", "source_lang", "lang", "value"])
    return frame.assign(text=frame["value"].astype(str), hover="h", dotted=frame["value"] > 2.5)


def test_effects_stand_by_set_and_text_with_the_diagonal_framed():
    figure = ablation_matrices(
        effects(), ["base", "none"], ["ar", "en", "bn"], title="t", unit="u", dot="sure"
    )
    drawn, dots = figure.data
    np.testing.assert_array_equal(np.asarray(drawn.z), [[3, 1, 0.1], [0.5, 2, np.nan]])
    assert [list(row) for row in drawn.text][1] == ["0.5", "2.0", ""]
    assert list(figure.layout.yaxis.ticktext) == ["ar", "en"] and list(
        figure.layout.xaxis.ticktext
    ) == ["ar", "en", "bn"]
    assert [(round(x), round(y)) for x, y in zip(dots.x, dots.y, strict=True)] == [(0, 0)]
    assert [(one.x0, one.y0) for one in figure.layout.shapes] == [(-0.5, -0.5), (0.5, 0.5)]
    assert figure.layout.coloraxis.cmin == 0 and figure.layout.coloraxis.cmax == 3
    below = effects().assign(value=lambda own: own["value"] - 2)
    signed = ablation_matrices(below, ["base"], ["ar", "en"], title="t", unit="u")
    assert signed.layout.coloraxis.cmin == -signed.layout.coloraxis.cmax and len(signed.data) == 1
