"""Generated answers compared: equal to what the evaluation prints, imports, leaks, other prompts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from interp.comparison.family import NotComparable
from interp.evals.failure_modes import failure_modes
from interp.evals.failure_table import failure_table
from interp.evals.klar_summary import compare_runs
from interp.evals.matching import strict
from interp.stats.contrast import Settings
from interp.study import Study
from tests.comparison.fact_studies import (
    build,
    compared,
    klar_rows,
    names,
    write_facts,
    write_klar,
)
from tests.evals.released import LANGUAGES as RELEASED
from tests.evals.released import released

LANGUAGES = ("en", "de", "sw")
TEXTS = ("right", "right so", "english", "12", "", "other", "слово")
"""Right by both rules, by the lenient one, a leak, digits, nothing, other, another script."""


def answers(seed: int, n: int = 40, right: float = 0.3) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    rest = (1 - right) / (len(TEXTS) - 1)
    chosen = rng.choice(TEXTS, (n, len(LANGUAGES)), p=[right, *[rest] * (len(TEXTS) - 1)])
    return pd.DataFrame(chosen, names(n), list(LANGUAGES))


def study_of(folder: Path, base: pd.DataFrame, model: pd.DataFrame, **options) -> Study:
    study = Study.open(folder)
    write_klar(study, "base", base, **options)
    write_klar(study, "sft", model, **options)
    return study


def test_accuracies_are_those_of_the_table_of_flips(tmp_path: Path) -> None:
    base, model = klar_rows(answers(1)), klar_rows(answers(2, right=0.6))
    model = model[(model["lang"] != "sw") | (model["fact_id"] < "f030")]
    study = study_of(tmp_path, base, model)
    found = compared(study, "klar", settings=Settings(2000, 19, 20))
    ids = study.runs().set_index("label")["run_id"]
    titles = {"mean without en": ("accuracy", "-"), "mean": ("accuracy (mean)", "-")}
    flips = compare_runs(study, ids["base"], ids["sft"])
    assert {"en", "de", "sw", *titles} <= set(flips["lang"])
    for row in flips.itertuples():
        alone = ("accuracy", row.lang) if row.lang in LANGUAGES else (f"accuracy ({row.lang})", "-")
        mine = found.loc[titles.get(row.lang, alone)]
        assert (mine["base_value"], mine["label_value"]) == pytest.approx((row.before, row.after))
        assert (mine["ci_low"], mine["ci_high"]) == pytest.approx((row.ci_low, row.ci_high))
        assert mine["behind"] == row.facts
    assert "for one of the two only: sw 10" in found["notes"].iloc[0]


def test_strict_accuracy_and_failures_by_counting(tmp_path: Path) -> None:
    tables = answers(1), answers(2)
    found = compared(study_of(tmp_path, *map(klar_rows, tables)), "klar")
    texts = {"accuracy": ["right", "right so"], "accuracy_strict": ["right"],
             "failure_empty": [""], "failure_digits": ["12"], "failure_english_leak": ["english"],
             "failure_other_script": ["слово"], "failure_other": ["other"]}  # fmt: skip
    for name, said in texts.items():
        for lang in ("de", "sw"):
            shares = [table[lang].isin(said).mean() for table in tables]
            mine = found.loc[(name, lang)]
            assert [mine["base_value"], mine["label_value"]] == pytest.approx(shares), name
        shares = [table[["de", "sw"]].isin(said).to_numpy().mean() for table in tables]
        assert found.loc[(name, "-"), ["base_value", "label_value"]].tolist() == pytest.approx(
            shares
        )
    assert (found.loc["failure_right_language_wrong_fact", "value"] == 0).all()
    assert "en" not in found.loc["failure_english_leak"].index
    assert "en" in found.loc["failure_empty"].index


def test_failures_are_those_of_the_failure_table(tmp_path: Path) -> None:
    rows = [klar_rows(answers(1)), klar_rows(answers(2))]
    same = rows[0]["fact_id"] < "f010"  # written alike in English: nothing can leak
    rows = [one.assign(target_en=one["target_en"].mask(same, "right")) for one in rows]
    rows = [one.assign(failure_mode=failure_modes(one.assign(line=one["generated"])))
            for one in rows]  # fmt: skip
    found = compared(study_of(tmp_path, *rows), "klar")
    for side, one in zip(("base", "label"), rows, strict=True):
        table = failure_table(one)
        for row in table[
            (table["mode"] != "correct") & (table["mode"] != "same_as_english")
        ].itertuples():
            if row.mode == "english_leak" and row.lang == "en":
                continue
            leakable = "_of_leakable" if row.of == "facts that can leak" else ""
            mine = found.loc[(f"failure_{row.mode}{leakable}", row.lang)]
            assert mine[f"{side}_value"] == pytest.approx(row.share)
            assert mine["behind"] == row.facts


def test_an_import_needs_no_more_than_correct(tmp_path: Path) -> None:
    rows = [klar_rows(answers(seed)).assign(
        correct_strict=None, failure_mode=None, target=None, target_en=None, relation=None)
        for seed in (1, 2)]  # fmt: skip
    study = Study.open(tmp_path)
    for label, one in zip(("base", "sft"), rows, strict=True):
        write_klar(study, label, one, preset="imported", prompts=None, demos=None)
    found = compared(study, "klar")
    assert {name.split(" (")[0] for name in found.index.get_level_values(0)} == {"accuracy"}
    notes = found["notes"].iloc[0]
    assert "accuracy_strict" in notes and "failure_english_leak" in notes
    assert "not known of both runs" in notes


def test_without_english_answers_nothing_is_called_a_leak(tmp_path: Path) -> None:
    rows = [klar_rows(answers(seed), target_en=None) for seed in (1, 2)]
    found = compared(study_of(tmp_path / "a", *rows), "klar")
    assert "failure_english_leak" not in found.index and "failure_other" in found.index
    # known to one: its leaks stand among the other's "other"
    study = study_of(tmp_path / "b", klar_rows(answers(1)), rows[1])
    found = compared(study, "klar")
    assert found.loc[("failure_digits", "de"), "behind"] == 40
    assert found.loc[("failure_other", "de"), "behind"] == 0
    assert np.isnan(found.loc[("failure_other", "de"), "value"])
    assert "80 answers left out of failure_english_leak" in found["notes"].iloc[0]


def test_the_strict_rule_has_one_accuracy(tmp_path: Path) -> None:
    rows = [klar_rows(answers(seed)) for seed in (1, 2)]
    rows = [one.assign(correct=one["correct_strict"]) for one in rows]
    found = compared(study_of(tmp_path, *rows, match="strict"), "klar")
    assert "accuracy_strict" not in found.index
    assert found.loc[("accuracy", "de"), "base_value"] == (answers(1)["de"] == "right").mean()


def test_answers_held_against_other_truths_are_left_out(tmp_path: Path) -> None:
    base, model = klar_rows(answers(1)), klar_rows(answers(2))
    wrong = (model["lang"] == "de") & (model["fact_id"] < "f005")
    model = model.assign(target=model["target"].mask(wrong, "another"))
    found = compared(study_of(tmp_path, base, model), "klar")
    assert found.loc[("accuracy", "de"), "behind"] == 35
    kept = answers(1)["de"].iloc[5:].isin(["right", "right so"]).mean()
    assert found.loc[("accuracy", "de"), "base_value"] == pytest.approx(kept)
    assert "5 answers left out: the true answers of the runs differ" in found["notes"].iloc[0]


def test_groups_where_the_facts_are_known(tmp_path: Path) -> None:
    tables = answers(1), answers(2)
    study = study_of(tmp_path, *map(klar_rows, tables))
    stated = pd.DataFrame(True, names(40), list(LANGUAGES))
    stated.loc[stated.index[:25], "de"] = False
    write_facts(study, names(40), LANGUAGES, stated=stated)
    found = compared(study, "klar")
    right = tables[0].isin(["right", "right so"])
    assert found.loc[("accuracy_english_only", "-"), "base_value"] == right["de"].iloc[:25].mean()
    assert found.loc[("accuracy_stated", "-"), "base_value"] == right["sw"].mean()  # de: 15 facts
    assert "averages (stated) without de: fewer than 20 facts" in found["notes"].iloc[0]


def test_planted_and_unchanged(tmp_path: Path) -> None:
    table = answers(1, 120)
    leaking = table.copy()
    leaking.loc[leaking.index[:40], "sw"] = "english"
    study = study_of(tmp_path, klar_rows(table), klar_rows(leaking))
    write_klar(study, "same", klar_rows(table))
    found = compared(study, "klar")
    assert found.loc[("failure_english_leak", "sw"), "verdict"] == "beyond noise"
    assert found.loc[("failure_english_leak", "sw"), "value"] > 0.15
    assert found.loc[("failure_english_leak", "de"), "verdict"] == "within noise"
    same = compared(study, "klar", label="same")
    assert set(same["verdict"]) == {"within noise"}
    back = compared(study, "klar", "sft", "base")
    np.testing.assert_allclose(back["value"], -found["value"], atol=1e-12)
    np.testing.assert_array_equal(back["p"], found["p"])


def test_prompts_and_options(tmp_path: Path) -> None:
    base, model = klar_rows(answers(1)), klar_rows(answers(2))
    study = study_of(tmp_path, base, model)
    write_klar(study, "demos", model, n_demos=0)
    write_klar(study, "words", model, prompts="q")
    fewer = model[model["lang"] != "sw"]
    write_klar(study, "fewer", fewer, prompts="r", data_hash="e" * 64)
    write_klar(study, "seed", fewer, prompts="s", data_hash="e" * 64, seed=1)
    with pytest.raises(NotComparable, match=r"differ in n_demos \(3 and 0\): run interp klar"):
        build(study, "klar", label="demos")
    with pytest.raises(NotComparable, match="asked the same facts in other words"):
        build(study, "klar", label="words")
    with pytest.raises(NotComparable, match=r"on which \(or on the seed\) their"):
        build(study, "klar", label="seed")
    made = build(study, "klar", label="fewer")
    assert "whether the shared facts were asked in the same words is not known" in made.notes
    assert "without sw: measured for one of the two only" in made.notes
    nothing = model.iloc[:0]
    write_klar(study, "nothing", nothing, languages=list(LANGUAGES))
    with pytest.raises(NotComparable, match="holds no predictions"):
        build(study, "klar", label="nothing")


def released_study(folder: Path, shared_data: Path, *, modes: bool) -> Study:
    """The published answers of two checkpoints; naming how they fail takes seconds."""
    frames = []
    for model in ("olmo-base", "olmo-cpt-grpo"):
        rows = released(shared_data, model).drop(columns="label")
        rows = rows.assign(
            benchmark="klar",
            generated=rows["line"],
            failure_mode=failure_modes(rows) if modes else None,
            correct_strict=[strict(*p) for p in zip(rows["line"], rows["target"], strict=True)],
            **dict.fromkeys(("scores", "n_tokens", "n_bytes", "n_characters")),
        )
        frames.append(rows.drop(columns="line"))
    return study_of(folder, *frames, preset="imported")


def percent(row: pd.Series, digits: int) -> list[float]:
    return [round(100 * row[f"{side}_value"], digits) for side in ("base", "label")]


def test_the_released_answers(tmp_path: Path, shared_data: Path) -> None:
    study = released_study(tmp_path, shared_data, modes=False)
    found = compared(study, "klar", settings=Settings(100, 399, 20))
    whole = found.loc[("accuracy", "-")]
    assert percent(whole, 2) == [18.17, 23.53]
    assert whole["verdict"] == "beyond noise" and whole["n"] == 2619
    assert set(RELEASED) < set(found.loc["accuracy"].index)


@pytest.mark.slow
def test_how_the_released_answers_fail(tmp_path: Path, shared_data: Path) -> None:
    study = released_study(tmp_path, shared_data, modes=True)
    found = compared(study, "klar", settings=Settings(100, 399, 20))
    assert percent(found.loc[("failure_english_leak", "-")], 1) == [2.3, 8.7]
    assert percent(found.loc[("failure_digits", "-")], 1)[0] == 6.1
    assert found.loc[("failure_english_leak", "-"), "verdict"] == "beyond noise"
