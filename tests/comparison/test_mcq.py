"""Option scores compared: equal to what the evaluation prints, planted changes, older and other runs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from interp.comparison.family import NotComparable
from interp.errors import InterpError
from interp.evals.mcq_summary import compare, summarise
from interp.stats.contrast import Settings
from interp.study import Study
from tests.comparison.fact_studies import (
    build,
    compared,
    mcq_study,
    names,
    random_table,
    scores_of,
    write_facts,
    write_mcq,
)

LANGUAGES = ("en", "de", "sw")
SETTINGS = Settings(draws=300, permutations=99, splits=50, seed=3)


def run_ids(study: Study) -> list[str]:
    runs = study.runs().set_index("label")["run_id"]
    return [runs["base"], runs["sft"]]


def gaps(n: int = 60) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Two checkpoints; one lacks Swahili from fact 50 on."""
    base, model = random_table(n, LANGUAGES, 1), random_table(n, LANGUAGES, 2, 0.7)
    base.loc[base.index[50:], "sw"] = np.nan
    return base, model


def test_accuracies_are_those_of_the_table_of_flips(tmp_path: Path) -> None:
    base, model = gaps()
    stated = random_table(60, LANGUAGES, 5) > 0
    stated["en"] = True
    study = mcq_study(tmp_path, base, model, stated=stated)
    found = compared(study, "mcq", settings=SETTINGS)
    where = {"mean without en": "-"}
    old, new = run_ids(study)
    for by, suffix in (("all", {"all": ""}),
                       ("stated", {"stated in language": "_stated", "English only": "_english_only"})):  # fmt: skip
        flips = compare(study, old, new, by=by, draws=300, seed=3)
        for row in flips.itertuples():
            if by == "stated" and row.lang != "mean without en":
                continue  # groups are averages only
            place = where.get(row.lang, row.lang)
            name = f"accuracy{suffix[row.group]}"
            if place not in (*LANGUAGES, "-"):
                name, place = f"{name} ({place})", "-"
            mine = found.loc[(name, place)]
            assert mine["base_value"] == pytest.approx(row.before)
            assert mine["label_value"] == pytest.approx(row.after)
            assert mine["value"] == pytest.approx(row.delta)
            assert (mine["ci_low"], mine["ci_high"]) == pytest.approx((row.ci_low, row.ci_high))
            assert mine["behind"] == row.facts
    assert ("accuracy (mean)", "-") in found.index
    assert found["notes"].iloc[0] == (
        "facts left out, there for one of the two only: sw 10; "
        "consistency across languages without 10 facts that a language lacks"
    )


def test_consistency_is_that_of_the_summary(tmp_path: Path) -> None:
    base, model = random_table(60, LANGUAGES, 1), random_table(60, LANGUAGES, 2, 0.7)
    study = mcq_study(tmp_path, base, model)
    found = compared(study, "mcq", settings=SETTINGS)
    titles = {"total consistency": "total_consistency", "rankc": "rankc_mean",
              "agreement": "agreement"}  # fmt: skip
    for run_id, side in zip(run_ids(study), ("base", "label"), strict=True):
        overall = summarise(study, run_id, draws=300, seed=3)["overall"].set_index("statistic")
        for title, name in titles.items():
            mine, theirs = found.loc[(name, "-")], overall.loc[title]
            assert mine[f"{side}_value"] == pytest.approx(theirs["value"])
            assert mine[f"{side}_low"] == pytest.approx(theirs["ci_low"])
            assert mine[f"{side}_high"] == pytest.approx(theirs["ci_high"])
            assert mine["behind"] == 60
    expected = [(side > 0).all(axis=1).mean() for side in (base, model)]
    mine = found.loc[("total_consistency", "-")]
    assert [mine["base_value"], mine["label_value"]] == pytest.approx(expected)


def test_consistency_is_over_facts_that_both_have_in_every_shared_language(tmp_path: Path) -> None:
    base, model = gaps()
    model = model.iloc[5:].assign(ru=1.0)
    mine = compared(mcq_study(tmp_path, base, model), "mcq").loc[("total_consistency", "-")]
    kept = base.index[5:50]
    assert mine["behind"] == 45 and mine["n"] == 55
    assert mine["base_value"] == (base.loc[kept] > 0).all(axis=1).mean()
    assert mine["label_value"] == (model.loc[kept, list(LANGUAGES)] > 0).all(axis=1).mean()
    assert "without ru: measured for one of the two only" in mine["notes"]


def test_a_planted_change_is_found_and_no_change_is_within_noise(tmp_path: Path) -> None:
    base = random_table(200, LANGUAGES, 1, 0.3)
    better, other = base.copy(), base.copy()
    better.loc[better.index[::3], "sw"] = 1.0
    flips = np.random.default_rng(0).choice(200, 20, replace=False)  # as many gained as lost
    wrong = [place for place in flips if base["de"].iloc[place] == 0][:5]
    right = [place for place in flips if base["de"].iloc[place] == 1][:5]
    other.loc[base.index[wrong], "de"], other.loc[base.index[right], "de"] = 1.0, 0.0
    study = mcq_study(tmp_path, base, better)
    write_mcq(study, "grpo", scores_of(other))
    write_mcq(study, "same", scores_of(base))
    found = compared(study, "mcq")["verdict"]
    assert found.loc[("accuracy", "sw")] == "beyond noise"
    assert set(found.loc["accuracy"].loc[["en", "de"]]) == {"within noise"}
    assert set(compared(study, "mcq", label="grpo")["verdict"]) == {"within noise"}
    same = compared(study, "mcq", label="same")
    assert (same["value"] == 0).all() and set(same["verdict"]) == {"within noise"}


def test_swapped_checkpoints(tmp_path: Path) -> None:
    study = mcq_study(tmp_path, *gaps())
    there, back = compared(study, "mcq"), compared(study, "mcq", "sft", "base")
    assert list(there.index) == list(back.index)
    np.testing.assert_allclose(there["value"], -back["value"], atol=1e-12)
    np.testing.assert_allclose(there["ci_low"], -back["ci_high"], atol=1e-12)
    np.testing.assert_array_equal(there["p"], back["p"])


def test_few_facts_give_no_verdict(tmp_path: Path) -> None:
    found = compared(mcq_study(tmp_path / "a", *gaps(12)), "mcq")
    assert set(found["verdict"]) == {"not enough data"}
    one = random_table(1, ("en",), 1)
    found = compared(mcq_study(tmp_path / "b", one, 1 - one), "mcq")
    assert list(found.index) == [("accuracy", "en")]  # no average, no other language
    assert np.isnan(found["ci_low"].iloc[0]) and abs(found["value"].iloc[0]) == 1


@pytest.mark.parametrize("aligned", [None, False])
def test_options_that_may_not_be_aligned_have_no_rankc(
    tmp_path: Path, aligned: bool | None
) -> None:
    base, model = gaps()
    study = Study.open(tmp_path)
    write_mcq(study, "base", scores_of(base))
    write_mcq(study, "sft", scores_of(model), aligned=aligned)
    write_facts(study, names(60), LANGUAGES)
    found = compared(study, "mcq")
    assert "total_consistency" in found.index and "rankc_mean" not in found.index
    assert "agreement" not in found.index and "no RankC or agreement" in found["notes"].iloc[0]


def test_other_options_are_refused(tmp_path: Path) -> None:
    base, model = gaps()
    study = mcq_study(tmp_path, base, model)
    write_mcq(study, "token", scores_of(model), normalisation="token")
    write_mcq(study, "bos", scores_of(model), bos="never")
    for label, said in (("token", r"normalisation \(byte and token\)"),
                        ("bos", r"bos \(auto and never\)")):  # fmt: skip
        with pytest.raises(NotComparable, match=f"the runs differ in {said}: run interp mcq"):
            build(study, "mcq", label=label)


def test_other_facts(tmp_path: Path) -> None:
    base, model = gaps()
    study = mcq_study(tmp_path, base, model)
    again, other, french = "e" * 64, "c" * 64, "a" * 64
    write_mcq(study, "part", scores_of(model.iloc[:30]), data_hash=again)
    write_facts(study, names(30), LANGUAGES, data_hash=again)
    write_mcq(study, "other", scores_of(model), data_hash=other)
    write_facts(study, names(60), LANGUAGES, data_hash=other, question="another")
    write_mcq(study, "french", scores_of(model[["de"]].set_axis(["fr"], axis=1)), data_hash=french)
    write_facts(study, names(60), ("fr",), data_hash=french)
    found = compared(study, "mcq", label="part")
    assert found.loc[("accuracy", "de"), "behind"] == 30
    assert found.loc[("accuracy", "de"), "label_value"] == model["de"].iloc[:30].mean()
    assert "different fact sets" in found["notes"].iloc[0]
    with pytest.raises(NotComparable, match="were asked other facts"):
        build(study, "mcq", label="other")
    with pytest.raises(NotComparable, match="were asked other facts"):
        build(study, "mcq", label="french")


def test_no_shared_language_or_fact_and_scores_that_are_no_numbers(tmp_path: Path) -> None:
    base, model = gaps()
    study = Study.open(tmp_path)
    write_mcq(study, "base", scores_of(base))
    write_mcq(study, "french", scores_of(model[["de"]].set_axis(["fr"], axis=1)))
    write_mcq(study, "rest", scores_of(model.loc[model.index[55:], ["sw"]]))
    broken = scores_of(model)
    broken["f003", "de"] = [-1.0, float("nan"), -3.0, -4.0]
    write_mcq(study, "broken", broken)
    write_facts(study, names(60), (*LANGUAGES, "fr"))
    with pytest.raises(NotComparable, match=r"share no language \(en de sw and fr\)"):
        build(study, "mcq", label="french")
    with pytest.raises(NotComparable, match="share no fact in any language"):
        build(study, "mcq", label="rest")
    with pytest.raises(InterpError, match="option scores of fact 'f003' in de are"):
        build(study, "mcq", label="broken")
