"""Several checkpoints on the same facts: against the single readers, by hand, and with holes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from interp.data.fact_groups import ENGLISH_ONLY, STATED
from interp.errors import InterpError
from interp.evals.answer_sheet import only, option_shares, read_answer_sheet
from interp.evals.checkpoint_tables import accuracy_of, pair_chance, pairs_of, right_in_languages
from interp.evals.consistency_tables import histogram_table, pair_table
from interp.evals.fact_list import answers_to, every_answer, fact_list, flipped, options_of
from interp.evals.fact_sheet import FactSheet, Part, member, read_sheet, search
from interp.evals.flips import flip_table
from interp.evals.mcnemar import mcnemar
from interp.evals.mcq_summary import answered, read_answers
from interp.evals.wrong_answers import beside_english, mode_counts, place_of_true
from interp.stats.wilson import wilson
from interp.study import Study
from tests.comparison.fact_studies import (
    DATA,
    klar_rows,
    mcq_study,
    names,
    random_table,
    scores_of,
    write_klar,
    write_mcq,
)

LANGUAGES = ("en", "de", "zh")
NAN = float("nan")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Study:
    """Two checkpoints; a fact is absent in Chinese, another is not stated there."""
    base, sft = (random_table(60, LANGUAGES, seed) for seed in (0, 1))
    base.loc["f003", "zh"] = sft.loc["f003", "zh"] = NAN
    stated = pd.DataFrame(True, names(60), list(LANGUAGES))
    stated.loc["f005", "zh"] = False
    scratch = mcq_study(
        tmp_path_factory.mktemp("scratch"), base, sft, stated=stated,
        split={"f000": "train", "f001": "validation"},
    )  # fmt: skip
    asked = scratch.facts(DATA).drop(columns="data_hash")
    study = Study.open(tmp_path_factory.mktemp("made"))
    write_mcq(study, "base", scores_of(base))
    write_mcq(study, "sft", scores_of(sft, seed=1))
    study.add_facts(asked[~((asked["fact_id"] == "f003") & (asked["lang"] == "zh"))], DATA)
    return study


def runs(study: Study) -> dict[str, str]:
    rows = study.runs()
    return dict(zip(rows["label"], rows["run_id"], strict=True))


def test_a_sheet_says_what_the_single_reader_says(made: Study) -> None:
    facts = read_sheet(made, DATA)
    for rule in ("byte", "sum"):
        for run_id in runs(made).values():
            sheet = read_answer_sheet(made, run_id, facts, rule)
            old = read_answers(made, run_id, normalisation=rule).correct
            np.testing.assert_array_equal(
                only(sheet, facts, LANGUAGES), old.loc[list(facts.fact_ids)].to_numpy()
            )
            assert sheet.aligned and sheet.n_options == 4
    scores = made.table("predictions", run_id=run_id).set_index(["fact_id", "lang"])["scores"]
    for (fact, lang), values in scores.items():
        if fact != "f003":
            said = sheet.said[facts.at(fact), facts.languages.index(lang)]
            assert said == "abcd"[int(np.argmax(values))]


def test_accuracies_and_flips_are_those_of_the_single_readers(made: Study) -> None:
    facts = read_sheet(made, DATA)
    correct = {
        label: only(read_answer_sheet(made, run_id, facts), facts, LANGUAGES)
        for label, run_id in runs(made).items()
    }
    found = accuracy_of(correct, "base", LANGUAGES).set_index(["label", "lang"])
    tables = {label: read_answers(made, run_id).correct for label, run_id in runs(made).items()}
    old = flip_table(tables["base"], tables["sft"]).set_index("lang")
    for lang in LANGUAGES:
        row = found.loc[("sft", lang)]
        assert row["facts"] == (59 if lang == "zh" else 60)
        assert row["delta"] == pytest.approx(old.loc[lang, "delta"])
        assert row["gained"] == old.loc[lang, "gained"] and row["lost"] == old.loc[lang, "lost"]
        # other draws of the same interval
        assert row["delta_low"] == pytest.approx(old.loc[lang, "ci_low"], abs=0.04)
        assert row["delta_high"] == pytest.approx(old.loc[lang, "ci_high"], abs=0.04)
        assert row["accuracy"] == pytest.approx(np.nanmean(tables["sft"][lang]))
        assert row["ci_low"] < row["accuracy"] < row["ci_high"]
    assert found.loc["base", "delta"].isna().all()
    assert accuracy_of(correct, "", LANGUAGES)["delta"].isna().all()


def test_differences_are_over_the_facts_that_both_answered() -> None:
    base = np.array([[1.0], [1.0], [NAN], [0.0]])
    other = np.array([[NAN], [1.0], [1.0], [1.0]])
    row = accuracy_of({"base": base, "sft": other}, "base", ["en"]).iloc[1]
    assert row["accuracy"] == 1 and row["facts"] == 3
    assert row["shared"] == 2 and row["delta"] == 0.5
    assert (row["gained"], row["lost"]) == (1, 0)


def test_consistency_is_that_of_the_single_readers(made: Study) -> None:
    facts = read_sheet(made, DATA)
    sheets = {label: read_answer_sheet(made, one, facts) for label, one in runs(made).items()}
    correct = {label: only(sheet, facts, LANGUAGES) for label, sheet in sheets.items()}
    ranks = {label: sheet.ranks for label, sheet in sheets.items()}
    both, _ = answered(read_answers(made, runs(made)["sft"]))
    counted = right_in_languages(correct)
    own = counted[counted["label"] == "sft"]
    old = histogram_table(both)
    assert own["facts"].tolist() == old["facts"].tolist() and own["of"].unique().tolist() == [59]
    np.testing.assert_allclose(own["if_independent"], old["if_independent"])
    pairs = pair_table(both).set_index(["statistic", "lang", "other_lang"])["value"]
    for statistic in ("agreement", "rankc", "clc", "given"):
        found = pairs_of(correct, ranks, "base", LANGUAGES, statistic)
        found = found.set_index(["label", "lang", "other_lang"])
        assert len(found) == 2 * 6
        for one, other in (("en", "de"), ("de", "zh")):
            value = found.loc[("sft", one, other), "value"]
            assert value == pytest.approx(pairs[statistic, one, other])
            assert found.loc[("sft", one, other), "delta"] == pytest.approx(
                value - found.loc[("base", one, other), "value"]
            )
    assert pair_chance("agreement", 4) == 0.25 and np.isnan(pair_chance("clc", 4))


def test_no_common_fact_gives_no_rows() -> None:
    nothing = {"base": np.array([[1.0, NAN]]), "sft": np.array([[NAN, 1.0]])}
    assert right_in_languages(nothing).empty
    assert pairs_of(nothing, None, "base", ("en", "de"), "clc").empty


def test_mcnemar_by_hand() -> None:
    p = mcnemar([0, 5, 1, 2000], [0, 0, 9, 1800])
    assert p[0] == 1 and p[1] == pytest.approx(2 / 2**5)
    assert p[2] == pytest.approx(2 * (1 + 10) / 2**10)
    assert p[3] == pytest.approx(0.00124, abs=2e-5)  # normal limit: z = 199 / sqrt(3800)
    assert mcnemar(500, 500) == 1 and mcnemar(3, 8) == mcnemar(8, 3)
    assert mcnemar(499, 501) == pytest.approx(0.97477, abs=1e-5)


def test_parts_of_a_fact_set(made: Study) -> None:
    facts = read_sheet(made, DATA)
    everything = member(facts, Part(), LANGUAGES)
    assert everything.sum() == facts.there.sum() == 179
    assert member(facts, Part(splits=("train", "validation")), LANGUAGES).any(1).sum() == 2
    assert member(facts, Part(relations=("other",)), LANGUAGES).sum() == 0
    only_english = member(facts, Part(stated=ENGLISH_ONLY), LANGUAGES)
    assert np.argwhere(only_english).tolist() == [[5, 2]]
    assert member(facts, Part(stated=STATED), LANGUAGES).sum() == 178
    assert not member(facts, Part(), ("fr",)).any()
    assert search(facts, " F010  Q ").sum() == 1 and search(facts, " ").all()
    assert search(facts, '"q f010"').sum() == 1 and not search(facts, '"f010 q"').any()
    assert str(Part()) == "all facts" and "train" in str(Part(splits=("train",)))
    with pytest.raises(InterpError, match="nosuch"):
        facts.at("nosuch")


def test_wrong_answers_beside_english_and_by_place() -> None:
    correct = np.array([[1.0, 0.0], [0.0, 0.0], [0.0, 0.0], [NAN, 0.0], [1.0, NAN]])
    chosen = np.array([[0, 2], [1, 1], [1, 3], [-1, 1], [0, -1]])
    named = beside_english(correct, chosen, ("en", "de"))
    assert named[:, 1].tolist() == [
        "wrong, right in English", "the same wrong option as in English",
        "another wrong option than in English", "wrong", None,
    ]  # fmt: skip
    assert named[:, 0].tolist() == ["right", "wrong", "wrong", None, "right"]
    ranks = np.array([[[2, 0, 1]], [[0, 1, 2]], [[-1, -1, -1]]])
    places = place_of_true(ranks, np.array([[0], [0], [0]]))
    assert places[:, 0].tolist() == ["true option 2nd", "true option 1st", None]
    table = mode_counts({"base": named}, ("en", "de"), ("right", "wrong")).set_index(
        ["lang", "mode"]
    )
    assert table.loc[("en", "wrong"), ["n", "of"]].tolist() == [2, 4]
    low, high = wilson(np.array(0), np.array(10))
    assert (float(low), float(high)) == (0.0, pytest.approx(0.2775, abs=1e-4))


def test_lists_of_facts_and_flips(made: Study) -> None:
    facts = read_sheet(made, DATA)
    sheets = {label: read_answer_sheet(made, one, facts) for label, one in runs(made).items()}
    correct = {label: only(sheet, facts, LANGUAGES) for label, sheet in sheets.items()}
    table = fact_list(facts, correct, LANGUAGES, base="base", other="sft").set_index("fact_id")
    old = {label: read_answers(made, run_id).correct for label, run_id in runs(made).items()}
    gained = ((old["sft"] == 1) & (old["base"] == 0)).sum(axis=1)
    assert table["gained"].to_dict() == gained.to_dict()
    assert table["missing"][table["missing"] != ""].to_dict() == {"f003": "zh"}
    assert facts.unparallel.sum() == 1
    any_gain = flipped(correct["base"], correct["sft"], "gained")
    assert any_gain.sum() == (gained > 0).sum()
    assert (
        flipped(correct["base"], correct["sft"], "lost", 2).sum()
        == ((old["sft"]["zh"] == 0) & (old["base"]["zh"] == 1)).sum()
    )
    with pytest.raises(InterpError, match="expected one of all, gained"):
        flipped(correct["base"], correct["sft"], "won")
    shown = answers_to(facts, sheets, "f003", ["en", "zh", "fr"]).set_index("lang")
    assert shown["there"].to_dict() == {"en": True, "zh": False, "fr": False}
    assert shown.loc["en", "base right"] == old["base"].loc["f003", "en"]
    assert np.isnan(shown.loc["zh", "base right"])
    every = every_answer(facts, sheets, ("de", "zh"), np.isin(facts.fact_ids, ["f003", "f004"]))
    assert every[["fact_id", "lang"]].to_numpy().tolist() == [
        ["f003", "de"], ["f004", "de"], ["f004", "zh"],
    ]  # fmt: skip


def test_shares_of_options_sum_to_one(made: Study) -> None:
    facts = read_sheet(made, DATA)
    sheets = {label: read_answer_sheet(made, one, facts) for label, one in runs(made).items()}
    table = options_of(facts, sheets, "f000", "de")
    assert table["option"].tolist() == list("abcd")
    assert table["true"].tolist() == [True, False, False, False]
    scores = sheets["base"].scores[0, 1]
    np.testing.assert_allclose(table["base"], np.exp(scores) / np.exp(scores).sum())
    assert options_of(facts, sheets, "f003", "zh").empty
    assert np.isnan(option_shares(sheets["base"], facts.at("f003"), 2)).all()


def test_option_scores_without_their_facts_are_refused(tmp_path: Path) -> None:
    study = mcq_study(tmp_path, *(random_table(4, ("en",), seed) for seed in (0, 1)))
    facts = read_sheet(study, "nosuch", tuple(runs(study).values()))
    assert facts.fact_ids == tuple(names(4))
    with pytest.raises(InterpError, match=r"the fact set of base-mcq-default-.* is not in this"):
        read_answer_sheet(study, runs(study)["base"], facts)


def test_generated_answers_need_no_stored_facts(tmp_path: Path) -> None:
    study = Study.open(tmp_path)
    said = pd.DataFrame({"en": ["right", "wrong"], "de": ["\n right", "english"]}, index=["a", "b"])
    run_id = write_klar(study, "base", klar_rows(said))
    facts = read_sheet(study, DATA, (run_id,))
    assert isinstance(facts, FactSheet) and facts.fact_ids == ("a", "b")
    assert facts.answer[0, 0] == "right" and facts.question[0, 0] is None
    sheet = read_answer_sheet(study, run_id, facts)
    assert sheet.correct.tolist() == [[1, 1 if klar_rows(said)["correct"].iloc[1] else 0], [0, 0]]
    assert sheet.said[0, 1] == "right" and sheet.modes[1, 1] == "english_leak"
    assert sheet.n_options == 0 and not sheet.aligned
