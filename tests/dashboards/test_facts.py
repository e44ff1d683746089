"""The page of facts: against the study's tables read another way, and where something is missing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from dashboards.parts.facts.answers import RIGHT, WRONG, answers_table
from interp.comparison import compare
from interp.evals.choices import chosen, normalised
from interp.study import Study, load_study
from tests.comparison.fact_studies import (
    QUICK,
    klar_rows,
    names,
    random_table,
    scores_of,
    write_facts,
    write_klar,
    write_mcq,
)
from tests.dashboards.app import DEMO, charts, check_quiet, click, described, open_page, said
from tests.dashboards.reading import choose_row, numbers, table_with

LANGUAGES = ("en", "ar", "bn")


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three checkpoints on 40 facts; Arabic is gained by sft, two splits."""
    folder = tmp_path_factory.mktemp("small")
    study = Study.open(folder)
    for seed, label in enumerate(("base", "sft", "grpo")):
        table = random_table(40, LANGUAGES, seed)
        if label == "sft":
            table["ar"] = 1.0
        write_mcq(study, label, scores_of(table, seed=seed))
    write_facts(
        study, names(40), LANGUAGES, question="<script>alert(1)</script>",
        split={name: "train" for name in names(10)},
    )  # fmt: skip
    compare(study, settings=QUICK)
    return folder


def correct(folder: Path, label: str, rule: str = "byte") -> pd.DataFrame:
    """Facts by languages, straight from the tables."""
    study = load_study(folder)
    rows = study.table("predictions", label=label)
    rows = rows[rows["run_id"].str.contains("mcq")]
    facts = study.table("facts").set_index(["fact_id", "lang"])["answer_index"]
    truth = [facts[cell] for cell in zip(rows["fact_id"], rows["lang"], strict=True)]
    right = chosen(normalised(rows.reset_index(drop=True), rule)) == np.array(truth)
    return rows.assign(right=right).pivot(index="fact_id", columns="lang", values="right")


def pair_of(app: AppTest) -> pd.DataFrame:
    """The table of one pair of languages, which lacks the statistic's name."""
    (found,) = [
        one.value for one in app.dataframe
        if "other_lang" in one.value and "statistic" not in one.value
    ]  # fmt: skip
    return found


def html_of(app: AppTest) -> str:
    return "".join(str(one.proto.body) for one in app.get("html"))


@pytest.fixture(scope="module")
def demo() -> AppTest:
    return open_page("facts", lang="ar")


def test_the_demo_shows_what_its_tables_say(demo: AppTest) -> None:
    check_quiet(demo)
    drawn = charts(demo)
    assert list(drawn) == ["f_accuracy", "f_histogram", "f_consistency", "f_flip", "f_way"]
    tables = {label: correct(DEMO, label) for label in ("base", "sft", "grpo")}
    accuracy = drawn["f_accuracy"]
    for label, table in tables.items():
        (trace,) = [one for one in accuracy.data if one.name == label]
        shown = dict(
            zip((point[0] for point in numbers(trace.customdata)), numbers(trace.x), strict=True)
        )
        assert shown == pytest.approx(table.mean().to_dict())
    assert accuracy.layout.shapes[0].x0 == 0.25  # four options
    for bar in (one for one in drawn["f_histogram"].data if one.type == "bar"):
        number = tables[bar.name.split(" ")[0]].sum(axis=1)
        assert numbers(bar.y) == [int((number == k).sum()) for k in range(13)]
    (gained,) = [one for one in drawn["f_flip"].data if one.name == "sft: gained"]
    up = (tables["sft"] & ~tables["base"]).sum()
    assert numbers(gained.y) == [up[point[1]] for point in numbers(gained.customdata)]
    assert "mcq" in accuracy.layout.title.text and any(
        "beyond noise" in one for one in described(demo)
    )


def test_answers_stand_side_by_side_in_their_own_direction(demo: AppTest) -> None:
    body = html_of(demo)
    fact = next(one.value for one in demo.selectbox if one.key == "fact")
    rows = load_study(DEMO).table("facts")
    own = rows[rows["fact_id"] == fact].set_index("lang")
    assert body.count("<tr>") == 1 + len(own)
    for lang, direction in (("ar", "rtl"), ("bn", "ltr"), ("zh", "ltr")):
        assert f'lang="{lang}" dir="{direction}"><bdi>{own.loc[lang, "answer"]}</bdi>' in body
    right = sum(int(correct(DEMO, label).loc[fact].sum()) for label in ("base", "sft", "grpo"))
    assert body.count(RIGHT) == right and body.count(WRONG) == 36 - right


def test_choices_narrow_the_charts(small: Path) -> None:
    app = open_page("facts", small, f_split="train", f_norm="sum", f_script="Arabic")
    check_quiet(app)
    table = correct(small, "grpo", "sum").loc[names(10), "ar"]
    (trace,) = [one for one in charts(app)["f_accuracy"].data if one.name == "grpo"]
    assert numbers(trace.x) == [pytest.approx(table.mean())]
    assert "train" in charts(app)["f_accuracy"].layout.title.text
    assert "not of this choice" in said(app) and "needs two languages" in said(app)
    # the stored verdicts are not about what is drawn, and nowhere pass for it
    alt = next(one for one in described(app) if "accuracy" in one)
    assert "beyond noise in 1 over all facts" in alt
    (dots,) = [one for one in charts(app)["f_accuracy"].data if one.name == "sft"]
    assert "compared: over all facts: " in dots.hovertext[0]


def test_sorting_by_difference(small: Path) -> None:
    app = open_page("facts", small, f_sort="Δ sft")
    order = list(charts(app)["f_accuracy"].layout.yaxis.ticktext)
    delta = correct(small, "sft").mean() - correct(small, "base").mean()
    assert order[0] == "ar" and [delta[one] for one in order] == sorted(delta, reverse=True)


def test_the_stored_evidence_stands_beside_the_chart(small: Path) -> None:
    app = open_page("facts", small)
    rows = load_study(small).table("comparisons")
    rows = rows[(rows["statistic"] == "accuracy") & (rows["analysis"] == "mcq")]
    assert len(table_with(app, "statistic", "verdict")) == len(rows)
    figure = charts(app)["f_accuracy"]
    verdict = rows[(rows["label"] == "sft") & (rows["lang"] == "ar")]["verdict"].item()
    assert verdict == "beyond noise"
    (signs,) = [one for one in figure.data if one.name == "verdict on sft"]
    at = list(figure.layout.yaxis.ticktext).index("ar")
    shown = {round(y): text for y, text in zip(numbers(signs.y), signs.text, strict=True)}
    assert shown[at] == "●"
    alt = next(one for one in described(app) if "accuracy" in one)
    assert "Signs at the right: ● beyond noise" in alt and "over all facts" not in alt
    assert "Right in every language, sft minus base" in said(app)
    assert "have not been compared" not in said(app)


def test_a_click_on_a_flip_lists_its_facts(small: Path) -> None:
    app = click(open_page("facts", small), "f_flip", ["grpo", "bn", "lost"])
    check_quiet(app)
    chosen_now = {one.key: one.value for one in app.selectbox}
    assert (chosen_now["f_other"], chosen_now["f_where"]) == ("grpo", "bn")
    old, new = correct(small, "base")["bn"], correct(small, "grpo")["bn"]
    listed = table_with(app, "fact_id", "missing")
    assert sorted(listed["fact_id"]) == sorted(old[old & ~new].index)


def test_a_row_shows_its_answers_and_the_text_is_text(small: Path) -> None:
    app = choose_row(open_page("facts", small), "f_table_0", 7)
    check_quiet(app)
    assert next(one.value for one in app.selectbox if one.key == "fact") == "f007"
    body = html_of(app)
    assert "&lt;script&gt;alert(1)&lt;/script&gt; f007" in body and "<script>" not in body


def test_the_link_brings_fact_search_and_options(small: Path) -> None:
    app = open_page("facts", small, fact="f012", f_search="f01", lang="bn", f_options="true")
    assert table_with(app, "fact_id", "missing")["fact_id"].tolist() == names(20)[10:]
    assert next(one.value for one in app.selectbox if one.key == "fact") == "f012"
    shares = table_with(app, "option", "true")
    assert shares[["base", "sft", "grpo"]].sum().tolist() == pytest.approx([1, 1, 1])
    assert shares["true"].tolist() == [RIGHT, "", "", ""]
    outside = open_page("facts", small, fact="f030", f_search="f01")
    assert "not in the list above" in said(outside)
    nothing = open_page("facts", small, f_search="no such text")
    check_quiet(nothing)
    assert "No fact is left" in said(nothing)


def test_a_click_on_a_pair_shows_the_pair(small: Path) -> None:
    app = click(open_page("facts", small, f_stat="clc"), "f_consistency", ["bn", "ar"])
    pair = pair_of(app).set_index("label")
    table = correct(small, "base")
    both, either = (table["bn"] & table["ar"]).sum(), (table["bn"] | table["ar"]).sum()
    assert pair.loc["base", "value"] == pytest.approx(both / either)
    delta = open_page("facts", small, f_stat="clc", f_pairs="difference", f_row="en", f_column="en")
    assert "two different languages" in said(delta)
    assert charts(delta)["f_consistency"].layout.coloraxis.cmin < 0


def test_the_list_counts_within_the_choice(tmp_path: Path) -> None:
    study = Study.open(tmp_path)
    table = pd.DataFrame(1.0, names(25), list(LANGUAGES))
    stated = pd.DataFrame(True, names(25), list(LANGUAGES))
    stated.loc[names(5), "bn"] = False
    write_mcq(study, "base", scores_of(table))
    write_facts(study, names(25), LANGUAGES, stated=stated)
    app = open_page("facts", tmp_path, f_stated="stated in language")
    listed = table_with(app, "fact_id", "missing").set_index("fact_id")["base right"]
    assert listed[names(5)].tolist() == [2] * 5 and listed.iloc[5:].eq(3).all()
    only = open_page("facts", tmp_path, f_stated="English only")
    assert table_with(only, "fact_id", "missing")["fact_id"].tolist() == names(5)


def test_one_checkpoint_one_language(tmp_path: Path) -> None:
    study = Study.open(tmp_path)
    write_mcq(study, "base", scores_of(random_table(25, ("sw",), 0)))
    write_facts(study, names(25), ("sw",))
    app = open_page("facts", tmp_path)
    check_quiet(app)
    assert "holds one checkpoint" in said(app) and "needs two languages" in said(app)
    assert list(charts(app)) == ["f_accuracy", "f_way"]


def test_generated_answers_and_their_failures(tmp_path: Path) -> None:
    study = Study.open(tmp_path)
    rng = np.random.default_rng(0)
    for label in ("base", "sft"):
        texts = rng.choice(["right", "english", "something", ""], (30, 2))
        table = pd.DataFrame(texts, names(30), ["de", "ar"])
        rows = klar_rows(table)
        if label == "sft":
            rows = rows[(rows["fact_id"] != "f000") | (rows["lang"] != "ar")]
        write_klar(study, label, rows)
    app = open_page("facts", tmp_path)
    check_quiet(app)
    drawn = charts(app)["f_way"]
    assert {trace.name for trace in drawn.data} == {
        "correct", "empty", "english_leak", "other", "other_script",
    }  # fmt: skip
    rows = study.table("predictions", label="base")
    shares = rows[rows["failure_mode"] == "english_leak"].groupby("lang").size() / 30
    (leak, _) = [trace for trace in drawn.data if trace.name == "english_leak"]
    assert dict(
        zip((point[4] for point in numbers(leak.customdata)), numbers(leak.x), strict=True)
    ) == pytest.approx(shares.to_dict())
    assert "have not been compared" in said(app)
    assert all("Probabilities" not in one.label for one in app.toggle)
    assert charts(app)["f_accuracy"].layout.shapes == ()  # nobody guesses free text


def test_a_language_that_one_checkpoint_lacks(tmp_path: Path) -> None:
    study = Study.open(tmp_path)
    write_mcq(study, "base", scores_of(random_table(25, LANGUAGES, 0)))
    write_mcq(study, "sft", scores_of(random_table(25, ("en", "ar"), 1)))
    write_facts(study, names(25), LANGUAGES)
    app = open_page("facts", tmp_path)
    check_quiet(app)
    assert "Not every checkpoint answered bn" in said(app)
    assert "no answer" in html_of(app)
    assert list(charts(app)["f_consistency"].layout.xaxis.ticktext) == ["en", "ar"]


def test_scores_that_are_no_numbers_are_said(tmp_path: Path) -> None:
    study = Study.open(tmp_path)
    scores = scores_of(random_table(5, LANGUAGES, 0))
    scores["f002", "ar"] = [float("nan")] * 4
    write_mcq(study, "base", scores)
    write_facts(study, names(5), LANGUAGES)
    app = open_page("facts", tmp_path)
    check_quiet(app)
    assert "fact 'f002' in ar" in said(app) and "did the checkpoint overflow" in said(app)


def test_no_run_of_facts_names_the_command(tmp_path: Path) -> None:
    from tests.comparison.studies import drawn_gradients, write_lahis

    write_lahis(Study.open(tmp_path), "base", drawn_gradients(0))
    app = open_page("facts", tmp_path)
    check_quiet(app)
    assert "interp eval mcq" in said(app)


def test_what_a_language_lacks_is_marked() -> None:
    frame = pd.DataFrame(
        {
            "lang": ["en", "sw"], "there": [True, False], "stated": [1.0, np.nan],
            "question": ["?", None], "answer": ["<i>", None],
            "base": ["", None], "base right": [0.0, np.nan],
        }
    )  # fmt: skip
    body = answers_table(frame, ["base"], chosen="sw")
    assert "unparallel" in body and "stated in its text" in body and "▸ Swahili" in body
    assert "&lt;i&gt;" in body and "(empty)" in body and 'aria-label="wrong"' in body
