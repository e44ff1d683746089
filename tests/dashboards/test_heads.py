"""The page on heads, driven without a browser, on studies whose numbers are planted."""

import base64
import json
import shutil

import numpy as np
import pytest

from interp.study import Study, load_study
from tests.dashboards.app import DEMO, charts, check_quiet, click, described, open_page, said
from tests.lahis.map_studies import (
    HEADS,
    LANGUAGES,
    add_ablation,
    add_attention,
    add_comparisons,
    add_lahis,
    planted,
    three,
)

HOSTILE = "<script>alert(1)</script>"
PARTS = ("Scores", "Differences", "Overlap", "Layers", "Changes")


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Three checkpoints with everything stored that the page can show."""
    folder = tmp_path_factory.mktemp("heads")
    study, runs = three(folder)
    sets = {"en": ("0.0", "0.1"), "ar": ("0.1",), "bn": ("3.5",)}
    add_ablation(study, "base", sets, {"en": 4.0, "ar": 2.0, "bn": 1.0})
    add_attention(
        study, "grpo", "2.2", {"ar": ["ال", "بحر", " ال", HOSTILE], "en": [" a", " a", " a"]}
    )
    rows = [
        {"statistic": f"delta_{view}", "lang": "ar", "layer": 2, "head": 2, "value": value, "beyond": True}
        for view, value in (("raw", 18.8), ("share", 0.2), ("rank", 17.0))
    ]  # fmt: skip
    rows += [
        {"statistic": "delta_share", "lang": "ar", "layer": 0, "head": 1, "value": -0.001},
        {"statistic": "overlap", "lang": "en", "other_lang": "ar", "value": -0.25, "beyond": True},
        {"statistic": "mean_overlap", "value": -0.1},
        {"statistic": "layer_profile", "lang": "ar", "layer": 2, "value": 0.25, "beyond": True},
        {"statistic": "heads_kept", "kind": "likeness", "lang": "ar", "value": 0.75},
    ]
    add_comparisons(study, runs["base"], runs["grpo"], rows)
    return folder


def numbers(sent):
    """Decode numbers as they go to the browser: a list, or base64 with a type and a shape."""
    if not isinstance(sent, dict):
        return np.asarray(sent, float)
    values = np.frombuffer(base64.b64decode(sent["bdata"]), sent["dtype"])
    shape = [int(n) for n in str(sent["shape"]).split(",")] if "shape" in sent else [-1]
    return values.reshape(shape).astype(float)


def z_of(figure, name):
    (trace,) = (one for one in figure.data if one.type == "heatmap" and one.name == name)
    return numbers(trace.z)


def large(figure):
    return numbers(figure.data[0].z)


def lists(app, column):
    """Return the lists of heads that have a column."""
    return [one.value for one in app.dataframe if "head" in one.value and column in one.value]


def put(app, **values):
    """Set widgets of a page that is already open."""
    for name, value in values.items():
        app.session_state[name] = value
    app.run()
    check_quiet(app)
    return app


def chosen(app):
    return {
        name: app.selectbox(key=name).value for name in ("lang", "h_label", "h_layer", "h_head")
    }


def expected(study, label, lang):
    """Read a map another way: cell by cell from the stored table."""
    run = next(r for r in study.runs()["run_id"] if r.startswith(f"{label}-lahis"))
    table = study.table("head_scores", run_id=run)
    own = table[table["lang"] == lang]
    grid = np.full((own["layer"].max() + 1, own["head"].max() + 1), np.nan)
    for row in own.itertuples():
        grid[row.layer, row.head] = row.score
    return grid


def expected_effect(study, lang):
    """The stored effect of a language's own heads on itself."""
    run = next(r for r in study.runs()["run_id"] if "ablation" in r)
    rows = study.table("ablations", run_id=run)
    own = rows[(rows["source_lang"] == lang) & (rows["lang"] == lang) & (rows["kind"] == "heads")]
    return own[own["draw"].isna()].iloc[0]


@pytest.mark.skipif(not DEMO.is_dir(), reason="the demo study is not there")
def test_the_demo_shows_what_its_tables_hold():
    app = open_page("heads", h_view="share", lang="ar")
    check_quiet(app)
    study = load_study(DEMO)
    shown = charts(app)
    label = app.selectbox(key="h_label").value
    scores = expected(study, label, "ar")
    np.testing.assert_allclose(large(shown["h_map"]), 100 * scores / scores.sum())
    np.testing.assert_allclose(
        z_of(shown["h_multiples"], f"ar · {label}"), 100 * scores / scores.sum()
    )
    assert {"h_multiples", "h_map", "h_everywhere"} <= set(shown)


def test_every_part_is_quiet_and_every_chart_says_something(whole):
    app = open_page("heads", whole, lang="ar", h_label="grpo", h_layer="2", h_head="2")
    keys = set()
    for part in PARTS:
        put(app, h_part=part)
        assert not app.error
        for text in described(app):
            assert len(text) > 30 and "nan" not in text
        assert chosen(app) == {"lang": "ar", "h_label": "grpo", "h_layer": 2, "h_head": 2}
        keys |= set(charts(app))
    assert keys == {
        "h_multiples", "h_map", "h_deltas", "h_delta", "h_overlap", "h_overlap_change", "h_layers",
        "h_changes", "h_jaccard", "h_everywhere", "h_attention",
    }  # fmt: skip


def test_a_click_chooses_the_head(whole):
    app = open_page("heads", whole, lang="ar", h_label="grpo")
    study = load_study(whole)
    np.testing.assert_allclose(large(charts(app)["h_map"]), expected(study, "grpo", "ar"))
    app = click(app, "h_map", [2, 3])
    check_quiet(app)
    assert (chosen(app)["h_layer"], chosen(app)["h_head"]) == (2, 3)
    assert app.header[0].value == "Head 2.3"
    assert app.metric[2].label == "grpo: rank in ar" and app.metric[2].value == "17 of 32"
    frame = charts(app)["h_map"].layout.shapes[0]
    assert (frame.x0, frame.y0) == (2.5, 1.5)


def test_the_drawer_says_rank_share_and_generality(whole):
    app = open_page("heads", whole, lang="bn", h_layer="0", h_head="2")
    metrics = {one.label: one.value for one in app.metric}
    scores = np.sort(expected(load_study(whole), "base", "bn").ravel())[::-1]
    value = expected(load_study(whole), "base", "bn")[0, 2]
    assert metrics["base: rank in bn"] == f"{1 + int((scores > value).sum())} of 32"
    assert f"{100 * value / scores.sum():.2f} % of the total" in said(app)
    assert "base: in the top 12.5 % of 2 of 3 languages: a general head (one needs 2)" in said(app)
    dots = {trace.name: trace for trace in charts(app)["h_everywhere"].data}
    assert list(dots) == ["base", "sft", "grpo"] and list(numbers(dots["sft"].x)) == [36, 36, 2.04]


def test_views_and_scales(whole):
    app = open_page("heads", whole, h_view="rank", h_scale="true", lang="ar", h_label="grpo")
    shown = charts(app)
    ranks = large(shown["h_map"])
    assert ranks[2, 2] == 1 and ranks.min() == 1 and ranks.max() == 32
    assert shown["h_map"].data[0].reversescale
    assert shown["h_multiples"].data[0].zmin == 1 and not shown["h_multiples"].data[0].showscale


def test_the_slider_sets_the_cut(whole):
    app = open_page("heads", whole, lang="ar", h_label="grpo")
    assert app.slider(key="h_top").value == 12.5
    assert "top 12.5 % (4 heads)" in {trace.name for trace in charts(app)["h_map"].data}
    app.slider(key="h_top").set_value(3.0).run()
    rings = next(t for t in charts(app)["h_map"].data if t.name == "top 3 % (1 heads)")
    assert (list(rings.x), list(rings.y)) == ([2], [2])


def test_differences_stand_beside_their_verdict(whole):
    app = open_page(
        "heads", whole, h_part="Differences", lang="ar", h_label="grpo", h_view="share",
        h_layer="2", h_head="2",
    )  # fmt: skip
    check_quiet(app)
    shown, study = charts(app), load_study(whole)
    shares = [100 * s / s.sum() for s in (expected(study, one, "ar") for one in ("base", "grpo"))]
    np.testing.assert_allclose(large(shown["h_delta"]), shares[1] - shares[0])
    np.testing.assert_allclose(z_of(shown["h_deltas"], "ar · grpo"), shares[1] - shares[0])
    dots = next(trace for trace in shown["h_delta"].data if trace.name == "beyond noise")
    assert (list(dots.x), list(dots.y)) == ([2], [2])
    hover = shown["h_delta"].data[-1].hovertext
    # stored as a share of 1, shown in percent
    assert (
        "+20 [10, 30], noise floor 50" in hover[2 * HEADS + 2]
        and "● beyond noise" in hover[2 * HEADS + 2]
    )
    assert "○ within noise" in hover[1] and "not compared" in hover[5]
    assert "Beyond noise, adjusted by the largest entry of each map: grpo: 1 of 2" in said(app)
    assert "sft's scores add up to 2.00 times base's" in said(app)
    assert "grpo minus base, ar, places gained: +17" in said(app)


def test_not_compared_is_said_with_the_command(tmp_path):
    three(tmp_path)
    app = open_page("heads", tmp_path, h_part="Differences")
    check_quiet(app)
    assert "have not been compared" in said(app)
    assert any("interp compare --study" in one.value for one in app.code)
    assert "not compared yet" in said(app)


def test_a_click_on_an_overlap_chooses_the_pair_and_lists_its_heads(whole):
    app = open_page("heads", whole, h_part="Overlap", lang="en", h_other="bn")
    shown = charts(app)
    np.testing.assert_allclose(
        z_of(shown["h_overlap"], "grpo"), [[100, 75, 50], [75, 100, 25], [50, 25, 100]]
    )
    change = z_of(shown["h_overlap_change"], "grpo")
    assert np.isnan(np.diag(change)).all() and change[1, 0] == -25 and change[2, 1] == -25
    assert "by chance it would be 12.5 %" in said(app)
    app = click(app, "h_overlap", ["grpo", "ar", "en"])
    check_quiet(app)
    assert (chosen(app)["lang"], app.selectbox(key="h_other").value) == ("ar", "en")
    assert chosen(app)["h_label"] == "grpo"
    assert [own["head"].tolist() for own in lists(app, "in ar")][2] == ["0.1", "0.2", "0.3"]
    assert "grpo: 3 of 4" in said(app)
    assert "grpo minus base, ar and en, points: -25 [-35, -15], noise floor 50" in said(
        app
    ) and "● beyond noise" in said(app)


def test_a_pair_without_a_shared_head_is_said(whole):
    app = open_page("heads", whole, h_part="Overlap", lang="ar", h_other="en", h_top="3.0")
    check_quiet(app)
    assert "grpo: none of 1" in said(app)
    assert "for top 12.5 % (topk_round); the chart shows the top 3 %" in said(app)


def test_layers(whole):
    app = open_page("heads", whole, h_part="Layers", lang="en")
    shown = charts(app)["h_layers"]
    np.testing.assert_allclose(z_of(shown, "grpo")[1], [75, 0, 25, 0])
    dots = [t for t in shown.data if t.name == "differs from the base beyond noise" and len(t.x)]
    assert len(dots) == 1 and round(dots[0].x[0]) == 2 and round(dots[0].y[0]) == 1
    app = click(app, "h_layers", ["grpo", "ar", 2])
    assert chosen(app)["lang"] == "ar" and chosen(app)["h_layer"] == 2
    assert chosen(app)["h_label"] == "grpo"


def test_changes(whole):
    app = open_page("heads", whole, h_part="Changes", lang="ar", h_label="grpo")
    check_quiet(app)
    shown = charts(app)
    dots = {trace.name: list(numbers(trace.x)) for trace in shown["h_jaccard"].data}
    assert dots == {"sft": [1, 1, 1], "grpo": [1, 0.6, 1]}
    gained, lost, stable = lists(app, "in grpo")
    assert (gained["head"].tolist(), gained["in base"].tolist()) == (["2.2"], [18])
    assert (lost["head"].tolist(), lost["in grpo"].tolist()) == (["0.0"], [32])
    assert stable["head"].tolist() == ["0.1", "0.2", "0.3"]
    assert "sft keeps 100 %, grpo keeps 75–100 %" in said(app)
    app = click(app, "h_changes", ["sft", "bn"])
    assert chosen(app)["lang"] == "bn" and chosen(app)["h_label"] == "sft"
    assert "gained: none" in said(app)


def test_ablation_is_the_sets_effect(whole):
    app = open_page("heads", whole, lang="ar", h_layer="0", h_head="1")
    check_quiet(app)
    assert "in the ablated set of en, ar" in said(app)
    assert "not of this head alone" in said(app)
    assert app.selectbox(key="h_set").value == "ar"
    drawn = {trace.name: trace for trace in charts(app)["h_ablated"].data}
    assert list(numbers(drawn["the language's own set"].x)) == [2, 2, 2]
    assert list(numbers(drawn["random heads, as many (2 draws)"].x)) == [0.1] * 3
    own = expected_effect(load_study(whole), "ar")
    assert own["delta_nll"] == 2
    ends = f"[{own['ci_low']:.2f}, {own['ci_high']:.2f}]"
    assert f"On ar the loss changes by +2.00 {ends} nats per token" in said(app)
    app.selectbox(key="h_set").set_value("en").run()
    assert "On en the loss changes by +4.00 [" in said(app)
    app = click(app, "h_map", [1, 1])
    check_quiet(app)
    assert "in none of the sets ablated in base" in said(app)


def test_no_ablation_is_said_with_the_command(tmp_path):
    three(tmp_path)
    app = open_page("heads", tmp_path, h_label="grpo")
    commands = "\n".join(one.value for one in app.code)
    assert "interp ablate --model ckpt/grpo --label grpo" in commands
    assert "--heads-from grpo" in commands


def choose_row(app, start, row):
    """Choose a row of a list, as a browser does: its callback runs."""
    (found,) = [one for one in app.dataframe if f"-{start}_" in one.proto.id]
    states = app._tree.get_widget_states()
    selection = {"selection": {"rows": [] if row is None else [row], "columns": [], "cells": []}}
    states.widgets.add(id=found.proto.id, string_value=json.dumps(selection))
    return app._run(states)


def ticked(app, start):
    """The key of a list and which of its rows are ticked."""
    (key,) = {
        key for one in app.dataframe if f"-{start}_" in one.proto.id
        for key in [one.proto.id[one.proto.id.index(start):]]
    }  # fmt: skip
    return key, list(app.session_state[key]["selection"]["rows"])


def head_of(app):
    return chosen(app)["h_layer"], chosen(app)["h_head"]


def test_a_row_of_a_list_chooses_its_head(whole):
    app = open_page("heads", whole, lang="ar", h_label="grpo")
    shown = next(one.value for one in app.dataframe if "top_in" in one.value)
    scores = expected(load_study(whole), "grpo", "ar")
    assert shown["score"].tolist() == sorted(scores.ravel().tolist(), reverse=True)[:4]
    app = choose_row(app, "h_top_heads", 1)
    check_quiet(app)
    assert f"{head_of(app)[0]}.{head_of(app)[1]}" == shown["head"][1]
    own = ticked(app, "h_top_heads")
    assert own[1] == [1]
    app = click(app, "h_map", [3, 7])  # no head of the list: no row stays ticked
    assert head_of(app) == (3, 7)
    other = ticked(app, "h_top_heads")
    assert other[1] == [] and other[0] != own[0]
    app = choose_row(app, "h_top_heads", 1)  # the same row again is a choice again
    assert f"{head_of(app)[0]}.{head_of(app)[1]}" == shown["head"][1]
    app = choose_row(app, "h_top_heads", None)  # its tick taken away: the head stays, ticked
    assert f"{head_of(app)[0]}.{head_of(app)[1]}" == shown["head"][1]
    assert ticked(app, "h_top_heads")[1] == [1]


def test_every_list_of_heads_can_be_chosen_from(whole):
    app = open_page("heads", whole, lang="ar", h_label="grpo", h_part="Overlap", h_other="en")
    for part, start, row, head in (
        ("Overlap", "h_shared_base", 1, (0, 1)),
        ("Differences", "h_beyond", 0, (2, 2)),
        ("Changes", "h_gained", 0, (2, 2)),
        ("Changes", "h_stable", 2, (0, 3)),
    ):
        put(app, h_part=part, h_layer=3, h_head=7)
        app = choose_row(app, start, row)
        check_quiet(app)
        assert head_of(app) == head


def test_damaged_comparisons_leave_the_page(whole, tmp_path):
    study = tmp_path / "study"
    shutil.copytree(whole, study)
    (study / "comparisons.parquet").write_bytes(b"no table")
    app = open_page("heads", study, lang="ar", h_part="Differences")
    for part in ("Differences", "Layers"):
        put(app, h_part=part)
        assert len(app.error) == 1, "said once, above all parts"
        assert "h_everywhere" in charts(app)


def test_attention_is_drawn_token_by_token(whole):
    app = open_page("heads", whole, lang="ar", h_label="grpo", h_layer="2", h_head="2")
    check_quiet(app)
    figure = charts(app)["h_attention"]
    weights = large(figure)
    np.testing.assert_allclose(weights[3], 0.25, atol=1e-3)
    assert np.isnan(weights[0, 1:]).all() and weights[0, 0] == 1
    assert figure.layout.xaxis.ticktext[2] == "\u2067·ال\u2069"
    shown = "".join(one.proto.body for one in app.get("html"))
    assert 'lang="ar" dir="rtl"' in shown
    assert HOSTILE not in shown and "&lt;script&gt;" in shown
    assert HOSTILE not in figure.to_json()
    assert "29 % of the attention goes to the first token" in said(app)  # (1/3 + 1/4) / 2
    app.selectbox(key="lang").set_value("en").run()
    assert list(charts(app)["h_attention"].layout.xaxis.tickvals) == [0, 1, 2]


def test_attention_that_is_not_stored_is_said_with_the_command(whole):
    app = open_page("heads", whole, lang="ar", h_label="grpo", h_layer="1", h_head="5")
    check_quiet(app)
    assert "No attention patterns of head 1.5" in said(app)
    assert any(one.value.startswith("interp attention --model ckpt/grpo --label grpo --stage grpo")
               and one.value.endswith("--heads 1.5") for one in app.code)  # fmt: skip
    app = open_page("heads", whole, lang="bn", h_label="base", h_layer="2", h_head="2")
    check_quiet(app)
    assert "base has no stored pattern of this head; these are grpo's" in said(app)
    assert "No pattern of head 2.2 is stored in bn; there are some in ar, en" in said(app)
    assert any(one.value.endswith("--heads 2.2 --languages bn") for one in app.code)


def test_one_language(tmp_path):
    study = Study.open(tmp_path)
    for label in ("base", "sft"):
        add_lahis(study, label, planted(languages=("ar",)))
    app = open_page("heads", tmp_path)
    for part in PARTS:
        put(app, h_part=part)
        assert ("needs two languages" in said(app)) == (part == "Overlap")
    assert "takes three languages" in said(app)


def test_a_damaged_run_is_said_and_the_others_are_shown(tmp_path):
    one, all_three = tmp_path / "one", tmp_path / "three"
    _, runs = three(one)
    (one / "runs" / runs["base"] / "head_scores.parquet").write_bytes(b"no table")
    shutil.copytree(one, all_three)
    app = open_page("heads", one, h_part="Differences")
    check_quiet(app)
    assert "damaged" in said(app) and "No LAHIS run of base" in said(app)
    assert len(charts(app)["h_everywhere"].data) == 2
    for label in ("sft", "grpo"):
        (all_three / "runs" / runs[label] / "head_scores.parquet").write_bytes(b"no table")
    app = open_page("heads", all_three)
    check_quiet(app)
    assert not charts(app)
    assert app.code[0].value.count("--overwrite") == 3


def test_one_checkpoint(tmp_path):
    study = Study.open(tmp_path)
    add_lahis(study, "base", planted())
    app = open_page("heads", tmp_path)
    for part in PARTS:
        put(app, h_part=part)
        assert ("holds one checkpoint" in said(app)) == (part in ("Differences", "Changes"))


def test_without_heads_of_their_own(tmp_path):
    """No run at all, then only of another checkpoint than those shown."""
    study = Study.open(tmp_path)
    add_ablation(study, "base", {"en": ("0.0",)}, {"en": 1.0})
    app = open_page("heads", tmp_path)
    check_quiet(app)
    assert "No lahis run of base" in said(app) and not charts(app)
    add_lahis(study, "sft", planted())
    app = open_page("heads", tmp_path, h_part="Differences")
    check_quiet(app)
    assert "No LAHIS run of base" in said(app)
    assert "h_everywhere" in charts(app)


def test_the_base_need_not_be_shown(tmp_path):
    three(tmp_path)
    app = open_page(
        "heads", tmp_path, h_part="Differences", labels=["grpo"], h_view="rank", lang="ar"
    )
    check_quiet(app)
    assert large(charts(app)["h_delta"])[2, 2] == 17


def test_another_depth_is_shown_but_not_subtracted(tmp_path):
    study = Study.open(tmp_path)
    add_lahis(study, "base", planted())
    add_lahis(study, "deep", planted(shape=(6, HEADS)))
    app = open_page("heads", tmp_path, h_label="deep", h_layer="5", h_head="0")
    for part in PARTS:
        put(app, h_part=part)
        assert "base has 4 layers of 8 heads: not this one" in said(app)
        blocked = "deep has 6 layers of 8 heads, base 4 of 8" in said(app)
        assert blocked == (part in ("Differences", "Changes"))
        assert not app.error and not {"h_delta", "h_changes"} & set(charts(app))
        if part == "Scores":
            assert large(charts(app)["h_map"]).shape == (6, HEADS)


def test_scores_that_are_no_numbers_and_languages_that_lack(tmp_path):
    study = Study.open(tmp_path)
    scores = planted()
    add_lahis(study, "base", scores)
    broken = planted(languages=("en", "ar"))
    broken["ar"][3, 3] = np.inf
    add_lahis(study, "sft", broken)
    app = open_page("heads", tmp_path, h_label="sft", lang="ar", h_view="share")
    for part in PARTS:
        put(app, h_part=part, lang="ar")
        assert "sft has no head scores in bn" in said(app)
        assert "sft: some head scores in ar are not numbers" in said(app)
        put(app, lang="bn")


def test_imported_matrices_stand_side_by_side(tmp_path):
    study = Study.open(tmp_path)
    for label, content in (("base", "sha256:a"), ("grpo", "sha256:b")):
        add_lahis(
            study, label, planted(scale=1 + len(label)), intervals=False, preset="imported",
            data_hash=content, top_rule="quantile",
        )  # fmt: skip
    app = open_page("heads", tmp_path, h_part="Differences")
    check_quiet(app)
    assert "store no intervals" in said(app)
    assert z_of(charts(app)["h_deltas"], "en · grpo").shape == (4, HEADS)
    put(app, labels=["grpo"])  # the base is found although its data is another file
    assert z_of(charts(app)["h_deltas"], "en · grpo").shape == (4, HEADS)
    put(app, h_part="Changes")
    assert "for scores above the 0.96 quantile" in said(app)


def test_a_link_that_asks_for_what_is_not_there_says_so(whole):
    app = open_page("heads", whole, h_layer="77", h_top="55", h_view="loud", lang="xx")
    check_quiet(app)
    text = said(app)
    for asked in ("'77'", "'55'", "'loud'", "'xx'"):
        assert asked in text
    assert set(LANGUAGES) >= {app.selectbox(key="lang").value}
