"""The logit lens page: what it shows of planted ranks, and what it says where there is nothing."""

from __future__ import annotations

import base64
import json
import math
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from dashboards.parts.lens import sets as lens_sets
from interp.comparison import compare
from interp.stats.contrast import Settings
from interp.study import RunSpec, Study
from tests.dashboards.app import charts, check_quiet, click, described, open_page, said
from tests.dashboards.reading import choose_row
from tests.lens.pivot_study import DATA_HASH, add_facts

N, LAYERS = 30, 4
WORDS = {"en": "sea", "ar": "البحر", "zh": "大海", "bn": "সমুদ্র"}
LANGUAGES = tuple(WORDS)
HOSTILE = "<script>alert(1)</script>"
NAN = math.nan

# f0: the target passes English at layer 3; f1: never; f2 has no Chinese item.
F0 = ([40, 20, 9, 1, 0], [9, 4, 2, 5, 30])
F1 = ([40, 20, 9, 8, 7], [9, 4, 2, 1, 0])


def rank_rows(label: str, *, mid: bool = False) -> pd.DataFrame:
    """Every fact as f0 but f1; under sft the targets of zh are one place further down."""
    rows = []
    for fact in range(N):
        for lang in LANGUAGES:
            if (fact, lang) == (2, "zh"):
                continue
            target, english = F1 if fact == 1 else F0
            shift = int(label == "sft" and lang == "zh")
            roles = {"target": np.add(target, shift), "distractor": [90] * 5}
            if lang != "en":
                roles["en"] = english
            for role, ranks in roles.items():
                for layer, rank in enumerate(ranks):
                    token = {"target": "<E6 97>" if lang == "zh" else f" {WORDS[lang]}",
                             "en": " sea", "distractor": " land"}[role]  # fmt: skip
                    row = {
                        "fact_id": f"f{fact}", "lang": lang, "layer": layer, "point": "post",
                        "role": role, "token_id": {"target": 1, "en": 2, "distractor": 3}[role],
                        "token": token, "token_rule": "first", "rank": float(rank),
                        "logprob": -1.0, "n_subtokens": 2 if role == "target" else 1,
                    }  # fmt: skip
                    rows.append(row)
                    if mid and layer:
                        rows.append({**row, "point": "mid", "rank": 555.0})
    return pd.DataFrame(rows)


def top_rows() -> pd.DataFrame:
    """The target is likeliest at layer 4, English at layer 3, a hostile token below."""
    rows = []
    for fact in range(N):
        for lang in LANGUAGES:
            for layer in range(LAYERS + 1):
                first = {4: (1, "target"), 3: (2, " sea")}.get(layer, (9, HOSTILE))
                tokens = [first, *[(10 + place, f"t{layer}.{place}") for place in range(2, 6)]]
                rows += [
                    {"fact_id": f"f{fact}", "lang": lang, "layer": layer, "point": "post",
                     "place": place, "token_id": token_id, "token": token,
                     "logprob": math.log(0.5 / place)}
                    for place, (token_id, token) in enumerate(tokens, start=1)
                ]  # fmt: skip
    return pd.DataFrame(rows)


def add_run(study: Study, label: str, *, mid: bool = False, **arguments: str) -> str:
    asked = {"languages": list(LANGUAGES), "token_rule": "first", "prompt_form": "qa", **arguments}
    spec = RunSpec("lens", label, label, "default", asked, DATA_HASH, {"weights_hash": label})
    with study.run(spec) as run:
        counts = {"facts": N, "kept": N, "same_text_as_english": 0, "same_token_as_english": 0}
        one_less = {**counts, "kept": N - 1, "same_token_as_english": 1}
        run.record("items", [{"lang": c, **(one_less if c == "zh" else counts)} for c in LANGUAGES])
        run.write_table("lens_ranks", rank_rows(label, mid=mid))
        run.write_table("lens_top", top_rows())
    return run.run_id


def facts() -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "fact_id": f"f{fact}", "relation": "water" if fact % 2 else "land",
                "property_id": "P", "split": "test" if fact < 10 else "train", "lang": lang,
                "subject": f"{WORDS[lang]} {fact}", "question": f"{WORDS[lang]} {fact}?",
                "options": [f"{WORDS[lang]} a{fact}", HOSTILE], "option_ids": ["a", "b"],
                "answer_index": 0, "answer": f"{WORDS[lang]} a{fact}",
                "stated": lang == "en" or fact < 25, "is_proper_noun": True,
            }
            for fact in range(N) for lang in LANGUAGES
        ]
    )  # fmt: skip


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two checkpoints, compared with few draws."""
    folder = tmp_path_factory.mktemp("lens") / "study"
    made = Study.open(folder)
    for label in ("base", "sft"):
        add_run(made, label)
    made.add_facts(facts(), DATA_HASH)
    compare(made, "base", settings=Settings(draws=100, permutations=99, splits=20))
    return folder


def lens(study: Path, **query: str) -> AppTest:
    """The page as a link opens it; tests that ask for the same only look at it, and share it."""
    return _opened(study, tuple(sorted(query.items())))


@cache
def _opened(study: Path, query: tuple[tuple[str, str], ...]) -> AppTest:
    app = open_page("lens", study, **dict(query))
    check_quiet(app)
    return app


def shown(app: AppTest, key: str) -> pd.DataFrame:
    """The table below a chart, or of the page."""
    alt = {
        "l_table": "Facts that match",
        "l_five": "Likeliest tokens at layer",
        "l_evidence": "Differences of",
    }.get(key)
    if alt is None:
        title = charts(app)[key.removeprefix("frame_")].layout.title.text
        alt = f"The numbers of: {title}"
    (found,) = [one for one in app.dataframe if one.proto.alt.startswith(alt)]
    return found.value


def lines(app: AppTest, key: str, name: str) -> list[float]:
    (trace,) = [one for one in charts(app)[key].data if one.name == name]
    return numbers(trace.y)


def numbers(values: Any) -> list[float]:
    """Numbers of a trace, which arrays of numpy send as base64."""
    if isinstance(values, dict):
        raw = base64.b64decode(values["bdata"])
        return np.frombuffer(raw, np.dtype(values["dtype"])).tolist()
    return list(values)


def html_of(app: AppTest) -> str:
    return "\n".join(one.proto.body for one in app.get("html"))


def test_one_fact_by_layer(study: Path):
    app = lens(study, lang="ar", fact="f0")
    assert lines(app, "lens_ranks", "base target answer") == [41, 21, 10, 2, 1]
    assert lines(app, "lens_ranks", "sft English answer") == [10, 5, 3, 6, 31]
    figure = charts(app)["lens_ranks"]
    assert figure.layout.yaxis.type == "log" and figure.layout.yaxis.autorange == "reversed"
    assert [note.text for note in figure.layout.annotations if "cross" in note.text] == [
        "crossover 3",
        "crossover 3",
    ]
    assert "f0" in figure.layout.title.text and "Arabic" in figure.layout.title.text
    assert "a wrong option" not in str(figure)
    table = shown(app, "frame_lens_ranks")
    assert (table["shown_rank"] == table["rank"] + 1).all() and len(table) == 2 * 2 * 5
    assert any("base: target at rank 1 at the end, ahead of English for good from layer 3" in one
               for one in described(app))  # fmt: skip
    (target,) = [one for one in figure.data if one.name == "base target answer"]
    (english,) = [one for one in figure.data if one.name == "base English answer"]
    assert (target.line.dash, english.line.dash) == ("solid", "dash")
    assert "1. &lt;script&gt;alert(1)&lt;/script&gt; 50.0%" in target.hovertext[0]


def test_a_fact_that_never_crosses_and_one_language_without_english(study: Path):
    app = lens(study, lang="ar", fact="f1")
    assert "no crossover" in str(charts(app)["lens_ranks"].layout.annotations)
    assert any("the English answer ahead at 1" in one for one in described(app))
    app = lens(study, lang="en", fact="f1")
    assert "English answer" not in str(charts(app)["lens_ranks"].data)
    assert "cross" not in str(charts(app)["lens_ranks"].layout.annotations)


def test_scale_and_wrong_option(study: Path):
    app = lens(study, lang="ar", fact="f0", l_scale="linear", l_wrong="true")
    figure = charts(app)["lens_ranks"]
    assert figure.layout.yaxis.type == "linear"
    assert lines(app, "lens_ranks", "base a wrong option") == [91] * 5


def test_the_likeliest_tokens_and_a_click_on_them(study: Path):
    app = lens(study, lang="ar", fact="f0")
    grid = charts(app)["lens_tokens"]
    (heat,) = [one for one in grid.data if one.type == "heatmap"]
    text = np.array(heat.text)
    assert text.shape == (5, 2) and text[4, 0] == "target ✓" and text[3, 1] == "␣sea EN"
    assert text[0, 0].startswith("&lt;script") and "<script" not in str(grid.data)
    assert list(grid.layout.yaxis.ticktext) == ["0", "1", "2", "3", "4"]
    assert app.selectbox(key="l_layer").value == "4"
    assert shown(app, "l_five")["base"].tolist()[:2] == ["target ✓", "t4.2"]
    cells = next(one for one in grid.data if one.name == "cells")
    place = [list(one) for one in cells.customdata].index(["1"])
    assert cells.y[place] == 1
    # what a click hands back are choices of the layer
    for key in ("lens_tokens", "lens_ranks"):
        for trace in charts(app)[key].data:
            given = {spot for point in trace.customdata or () for spot in point}
            assert given <= set(app.selectbox(key="l_layer").options)


def test_layer_of_the_link(study: Path):
    app = lens(study, lang="ar", fact="f0", l_layer="3")
    five = shown(app, "l_five")
    assert five["place"].tolist() == [1, 2, 3, 4, 5]
    assert five["sft"].tolist() == ["␣sea EN", "t3.2", "t3.3", "t3.4", "t3.5"]
    assert five["sft p"].tolist() == pytest.approx([0.5 / place for place in range(1, 6)])


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, list(range(N))),
        ({"l_find": "সমুদ্র A1"}, [1, *range(10, 20)]),
        ({"l_find": '"sea 7?"'}, [7]),
        ({"l_relation": "water", "l_split": "test"}, [1, 3, 5, 7, 9]),
        ({"l_stated": "English only"}, [25, 26, 27, 28, 29]),
        ({"l_stated": "stated in language", "l_split": "train"}, list(range(10, 25))),
    ],
)
def test_facts_that_match(study: Path, query: dict[str, str], expected: list[int]):
    app = lens(study, lang="zh", **query)
    table = shown(app, "l_table")
    assert table["fact"].tolist() == [f"f{fact}" for fact in expected]
    ranked = [fact for fact in expected if fact != 2]
    assert table["ranked by"].tolist() == [2 * (fact != 2) for fact in expected]
    curves = shown(app, "frame_lens_ribbons")
    assert set(curves["n"]) == {len(ranked)}
    assert app.selectbox(key="fact").options == [f"f{fact}" for fact in expected]
    assert ("not enough data for a conclusion" in said(app)) == (len(ranked) < 20)


def test_no_fact_matches(study: Path):
    app = lens(study, lang="zh", l_find="nowhere")
    assert "No fact matches" in said(app)
    assert "lens_ribbons" not in charts(app) and "lens_levels" in charts(app)


def test_a_linked_fact_stays_although_it_does_not_match(study: Path):
    app = lens(study, lang="zh", fact="f3", l_relation="land")
    assert app.selectbox(key="fact").value == "f3"
    assert "f3 is not among the facts that match" in said(app)


def test_a_row_chooses_the_fact(study: Path):
    app = lens(study, lang="zh", l_find="sea")
    facts = shown(app, "l_table")["fact"].tolist()
    app = choose_row(app, "l_table_0", 1)
    assert app.selectbox(key="fact").value == facts[1]


def test_texts_run_in_their_direction_and_are_escaped(study: Path):
    page = html_of(lens(study, lang="ar", fact="f4"))
    assert '<p lang="ar" dir="rtl" style="font-weight:600">البحر 4?</p>' in page
    assert "<li><b>البحر a4 ✓</b></li>" in page and '<ul lang="ar" dir="rtl"' in page
    assert "sea 4?" in page and '<p lang="en" dir="ltr"' in page
    assert "&lt;script&gt;" in page and "<script" not in page


def test_what_is_absent_is_said(study: Path):
    app = lens(study, lang="zh", fact="f2")
    words = said(app).replace("\\", "")
    assert "base left the fact out: in zh its answers share a token" in words
    assert "lens_ranks" not in charts(app) and "lens_ribbons" in charts(app)
    assert "29 of 30 facts; left out: 1 because the answer shares a token" in words
    app = lens(study, lang="zh", fact="f0")
    words = said(app).replace("\\", "")
    assert "token <E6 97>, one of 2 sub-tokens (bytes of a character" in words
    assert "Token rule first" in words and "Prompt form qa" in words
    app = lens(study, lang="zh", fact="zebra")
    assert "asks for 'zebra', which is not here" in said(app)


def test_the_link_to_the_facts_page(study: Path):
    app = lens(study, lang="ar", fact="f4")
    (link,) = [one for one in app.get("page_link") if "every language" in one.proto.label]
    asked = parse_qs(link.proto.query_string or urlsplit(link.proto.page).query)
    assert asked["fact"] == ["f4"] and asked["lang"] == ["ar"]
    assert asked["study"] == [str(study)]


def test_ribbons_and_shares_over_the_facts(study: Path):
    app = lens(study, lang="zh")
    ranks = rank_rows("sft").query("lang == 'zh' and role == 'target'")
    by_layer = ranks.groupby("layer")["rank"]
    curves = shown(app, "frame_lens_ribbons")
    own = curves[(curves["label"] == "sft") & (curves["role"] == "target")]
    for name, quantile in (("q25", 0.25), ("median", 0.5), ("q75", 0.75)):
        assert own[name].tolist() == by_layer.quantile(quantile).tolist()
    medians = (by_layer.median() + 1).tolist()
    assert lines(app, "lens_ribbons", "sft target answer") == medians
    shares = shown(app, "frame_lens_shares").set_index(["label", "statistic", "layer"])["share"]
    assert shares["base", "target first", 4] == pytest.approx(28 / 29)
    assert shares["sft", "target first", 4] == 0
    assert shares["base", "English ahead", 1] == 1
    assert shares["base", "English ahead", 4] == pytest.approx(1 / 29)
    assert shares["base", "not crossed yet", 2] == 1
    assert shares["base", "not crossed yet", 3] == pytest.approx(1 / 29)


def test_differences_stand_beside_their_verdict(study: Path):
    app = lens(study, lang="zh", l_statistic="target_first")
    stored = Study.open(study, create=False).table("comparisons")
    row = stored[(stored["statistic"] == "target_first") & (stored["lang"] == "zh")].iloc[0]
    frame = shown(app, "frame_lens_levels")
    own = frame[(frame["lang"] == "zh") & (frame["label"] == "sft")].iloc[0]
    assert own["value"] == row["label_value"] == 0 and own["verdict"] == row["verdict"]
    assert own["difference"] == row["value"] == pytest.approx(-28 / 29)
    base = frame[(frame["lang"] == "zh") & (frame["label"] == "base")].iloc[0]
    assert base["value"] == row["base_value"] and base["verdict"] == ""
    figure = charts(app)["lens_levels"]
    assert list(figure.layout.yaxis.ticktext) == ["en", "ar", "zh", "bn", "mean"]
    (signs,) = [one for one in figure.data if one.name == "sft verdicts"]
    assert signs.text[list(frame["lang"][frame["label"] == "sft"]).index("zh")].endswith(
        row["verdict"]
    )
    listed = shown(app, "l_evidence")
    assert {"floor", "p", "verdict"} <= set(listed.columns)
    assert "noise floor" in str(described(app)[-1])


def test_the_filter_chooses_the_stored_group(study: Path):
    app = lens(study, lang="zh", l_stated="stated in language", l_relation="land")
    stored = Study.open(study, create=False).table("comparisons")
    row = stored[(stored["statistic"] == "never_crosses_stated") & (stored["lang"] == "ar")].iloc[0]
    frame = shown(app, "frame_lens_levels")
    own = frame[(frame["lang"] == "ar") & (frame["label"] == "sft")].iloc[0]
    assert own["value"] == row["label_value"] == pytest.approx(1 / 25)
    assert "do not narrow the stored comparison" in said(app)


def test_points_between_attention_and_mlp(tmp_path: Path):
    made = Study.open(tmp_path / "study")
    add_run(made, "base", mid=True)
    made.add_facts(facts(), DATA_HASH)
    app = lens(tmp_path / "study", lang="ar", fact="f0")
    assert lines(app, "lens_ranks", "base target answer") == [41, 556, 21, 556, 10, 556, 2, 556, 1]
    assert "crossover 3" in str(charts(app)["lens_ranks"].layout.annotations)
    assert "one checkpoint" in said(app)
    app = lens(tmp_path / "study", lang="ar", fact="f0", l_mid="false")
    assert lines(app, "lens_ranks", "base target answer") == [41, 21, 10, 2, 1]


def test_runs_that_rank_something_else(tmp_path: Path):
    made = Study.open(tmp_path / "study")
    add_run(made, "base")
    add_run(made, "sft", token_rule="last")
    made.add_facts(facts(), DATA_HASH)
    app = lens(tmp_path / "study", lang="ar")
    assert "ranks do not compare: base token_rule first; sft token_rule last" in said(app)
    assert "have not been compared" in said(app)


def test_facts_that_the_study_lost(tmp_path: Path):
    made = Study.open(tmp_path / "study")
    add_run(made, "base")
    add_facts(made, {"zh": [True]}, data_hash="e" * 64)
    app = lens(tmp_path / "study", lang="ar")
    assert "unknown fact set" in said(app) and not charts(app)


def test_a_language_that_was_not_asked(study: Path):
    app = lens(study, langs="zh")
    assert app.selectbox(key="lang").options == ["zh"]


def test_json_of_every_chart_is_free_of_markup(study: Path):
    app = lens(study, lang="ar", fact="f0")
    for element in app.get("plotly_chart"):
        assert "<script" not in json.dumps(json.loads(element.proto.spec))


def test_a_click_on_a_language_chooses_it(study: Path):
    app = open_page("lens", study, lang="ar")
    dots = next(one for one in charts(app)["lens_levels"].data if one.name == "base")
    assert ["zh"] in [list(one) for one in dots.customdata]
    assert click(app, "lens_levels", ["zh"]).selectbox(key="lang").value == "zh"
    app = click(app, "lens_levels", ["mean"])
    check_quiet(app)
    assert app.selectbox(key="lang").value == "zh"


def test_a_checkpoint_without_these_facts_is_said(tmp_path: Path):
    made = Study.open(tmp_path / "study")
    add_run(made, "base")
    with made.run(RunSpec("lens", "sft", "sft", "default", {"languages": ["zh"]}, DATA_HASH,
                          {"weights_hash": "sft"})) as run:  # fmt: skip
        ranks, tops = rank_rows("sft"), top_rows()
        run.write_table("lens_ranks", ranks[ranks["lang"] == "zh"])
        run.write_table("lens_top", tops[tops["lang"] == "zh"])
    made.add_facts(facts(), DATA_HASH)
    app = lens(tmp_path / "study", lang="ar")
    assert "sft ranked none of these facts in Arabic (ar)" in said(app)
    assert set(shown(app, "frame_lens_ribbons")["label"]) == {"base"}


def test_two_levels_of_the_base_are_said(monkeypatch: pytest.MonkeyPatch):
    rows = pd.DataFrame({"label": ["sft", "grpo"], "lang": ["zh", "zh"], "base_value": [0.5, 0.5]})
    told: list[str] = []
    monkeypatch.setattr(lens_sets.st, "caption", told.append)
    lens_sets._say_base_levels(rows, "base")
    assert not told
    lens_sets._say_base_levels(rows.assign(base_value=[0.5, 0.6]), "base")
    assert len(told) == 1 and "beside sft" in told[0]
