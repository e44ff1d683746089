"""Lens runs compared: equal to the paired transition, by hand at the end, depth, measures, bad ranks."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from interp.comparison import lens
from interp.comparison.family import NotComparable
from interp.comparison.lens import ANY_DEPTH, FINAL, PIVOT
from interp.errors import InterpError
from interp.lens.transition import paired
from interp.stats.contrast import Settings
from interp.study import RunSpec, Study
from tests.comparison.fact_studies import build, compared, pair_of
from tests.lens.pivot_study import DATA_HASH, add_facts, add_run

LANGUAGES = ("de", "sw", "bn")
POINTS = 5
NAN = np.nan


def ranks(
    seed: int, n: int = 40, points: int = POINTS, better: float = 0.0, few: int = 12
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """English beside three languages; the last is asked ``few`` facts, some cells are no items."""
    rng = np.random.default_rng(seed)
    found = {}
    for lang in ("en", *LANGUAGES):
        target = rng.integers(0, 40, (n, points)).astype(float)
        english = rng.integers(0, 40, (n, points)).astype(float)
        target[rng.random(n) < 0.3 + better, -1] = 0
        if lang == "en":
            english[:] = NAN  # English answers have no English answer beside them
        elif lang == "bn":
            target[few:], english[few:] = NAN, NAN
        else:
            gone = rng.random(n) < 0.1
            target[gone], english[gone] = NAN, NAN
        found[lang] = (target, english)
    return found


def study_of(folder: Path, base, model, stated=None, **options) -> Study:
    study = Study.open(folder)
    for label, one in (("base", base), ("sft", model)):
        add_run(study, one, label=label, languages=list(one), **options)
    n = len(base["en"][0])
    add_facts(study, stated or {lang: [None] * n for lang in base})
    return study


def half_stated(n: int = 40) -> dict[str, list[bool]]:
    rng = np.random.default_rng(9)
    return {lang: (rng.random(n) < (2 if lang == "en" else 0.6)).tolist()
            for lang in ("en", *LANGUAGES)}  # fmt: skip


def test_pivot_statistics_are_those_of_the_paired_transition(tmp_path: Path) -> None:
    study = study_of(tmp_path, ranks(1), ranks(2), half_stated())
    found = compared(study, "lens", settings=Settings(300, 19, 20, seed=5))
    ids = study.runs().set_index("label")["run_id"]
    groups = {"all": {"all": ""},
              "stated": {"stated in language": "_stated", "English only": "_english_only"}}  # fmt: skip
    checked = 0
    for by, suffix in groups.items():
        table = paired(study, ids["base"], ids["sft"], by=by, draws=300, seed=5)["statistics"]
        for row in table[table["statistic"].isin(PIVOT)].itertuples():
            where = "-" if row.lang == "all languages" else row.lang
            mine = found.loc[(f"{row.statistic}{suffix[row.group]}", where)]
            levels = mine["base_value"], mine["label_value"], mine["value"]
            assert levels == pytest.approx((row.value_a, row.value_b, row.difference))
            assert (mine["ci_low"], mine["ci_high"]) == pytest.approx((row.ci_low, row.ci_high))
            if row.note != "not enough data" or where != "-":
                assert mine["behind"] == row.n
            checked += 1
    assert checked == 3 * len(PIVOT) * 4
    assert "median_crossover" not in found.index
    assert "averages without bn: fewer than 20 facts" in found["notes"].iloc[0]


def test_the_last_point_by_hand(tmp_path: Path) -> None:
    ranked = ranks(1), ranks(2)
    found = compared(study_of(tmp_path, *ranked), "lens")
    shared = {
        lang: ~np.isnan(ranked[0][lang][0][:, -1]) & ~np.isnan(ranked[1][lang][0][:, -1])
        for lang in ("en", *LANGUAGES)
    }
    for side, one in zip(("base", "label"), ranked, strict=True):
        levels = {}
        for lang, there in shared.items():
            last = one[lang][0][there, -1]
            levels[lang] = (last == 0).mean(), np.log10(1 + last).mean()
            for name, level in zip(FINAL, levels[lang], strict=True):
                assert found.loc[(name, lang), f"{side}_value"] == pytest.approx(level)
                assert found.loc[(name, lang), "behind"] == there.sum()
        average = np.mean([levels["de"], levels["sw"]], axis=0)  # not English, too few in Bengali
        mine = [found.loc[(name, "-"), f"{side}_value"] for name in FINAL]
        assert mine == pytest.approx(average)
    both = shared["de"] | shared["sw"]
    assert found.loc[("target_first", "-"), "behind"] == both.sum() and found["n"].iloc[0] == 40
    assert not any("_stated" in name for name, _ in found.index)  # nobody knows
    lost = {lang: (np.isnan(ranked[0][lang][0][:, 0]) ^ np.isnan(ranked[1][lang][0][:, 0])).sum()
            for lang in ("de", "sw")}  # fmt: skip
    said = f"facts left out, there for one of the two only: de {lost['de']}, sw {lost['sw']}"
    assert said in found["notes"].iloc[0]


def test_groups_are_about_the_languages_beside_english(tmp_path: Path) -> None:
    ranked, stated = (ranks(1), ranks(2)), half_stated()
    found = compared(study_of(tmp_path, *ranked, stated), "lens")
    assert set(found.loc["target_first"].index) == {"en", *LANGUAGES, "-"}
    assert set(found.loc["target_first_stated"].index) == {*LANGUAGES, "-"}
    last = [one["de"][0][:, -1] for one in ranked]
    for group, wanted in (("stated", True), ("english_only", False)):
        there = ~np.isnan(last[0]) & ~np.isnan(last[1]) & (np.array(stated["de"]) == wanted)
        mine = found.loc[(f"target_first_{group}", "de")]
        assert mine["base_value"] == pytest.approx((last[0][there] == 0).mean())
        assert mine["behind"] == there.sum()


def test_different_depths_compare_what_needs_no_common_layer(tmp_path: Path) -> None:
    base, model = ranks(1), ranks(2, points=9)
    found = compared(study_of(tmp_path, base, model), "lens")
    assert set(found.index.get_level_values(0)) == {*FINAL, *ANY_DEPTH}
    there = ~np.isnan(base["de"][0][:, 0]) & ~np.isnan(model["de"][0][:, 0])
    for side, one in (("base", base), ("label", model)):
        target, english = (role[there] for role in one["de"])
        ahead = english < target
        third = -(-(target.shape[1] - 1) // 3)
        failed = ahead[:, -1] & (english[:, -third:].min(1) <= 10)
        expected = {"mean_pivot_share": ahead.mean(), "never_crosses": ahead[:, -1].mean(),
                    "transition_failure": failed.mean(),
                    "target_first": (target[:, -1] == 0).mean()}  # fmt: skip
        for name, level in expected.items():
            assert found.loc[(name, "de"), f"{side}_value"] == pytest.approx(level)
    assert "4 and 8 layers: only what needs no common layer" in found["notes"].iloc[0]


def test_planted_unchanged_and_swapped(tmp_path: Path) -> None:
    base = ranks(1, n=120)
    planted = {lang: (target.copy(), english) for lang, (target, english) in base.items()}
    planted["sw"][0][:60, -1] = 0
    study = study_of(tmp_path, base, planted)
    add_run(study, base, label="same", languages=list(base))
    found = compared(study, "lens")
    for name in ("target_first", "mean_log_rank"):
        assert found.loc[(name, "sw"), "verdict"] == "beyond noise"
        assert found.loc[(name, "de"), "verdict"] == "within noise"
    assert found.loc[("target_first", "sw"), "value"] > 0.2
    same = compared(study, "lens", label="same")
    assert set(same["verdict"]) == {"within noise", "not enough data"}
    assert set(same["verdict"].xs("bn", level=1)) == {"not enough data"}
    back = compared(study, "lens", "sft", "base")
    np.testing.assert_allclose(back["value"], -found["value"], atol=1e-12)
    np.testing.assert_allclose(back["ci_low"], -found["ci_high"], atol=1e-12)
    np.testing.assert_array_equal(back["p"], found["p"])


def test_english_prompts_alone_and_facts_that_only_english_has(tmp_path: Path) -> None:
    base, model = ranks(1), ranks(2)
    alone = [{"en": one["en"]} for one in (base, model)]
    study = Study.open(tmp_path / "a")
    for label, one in zip(("base", "sft"), alone, strict=True):
        add_run(study, one, label=label, languages=["en"])
    add_facts(study, {"en": [True] * 40})
    assert list(compared(study, "lens").index) == [(name, "en") for name in FINAL]
    for one in (base, model):
        for lang in LANGUAGES:  # the first fact's answer is written alike everywhere
            one[lang][0][0], one[lang][1][0] = NAN, NAN
    found = compared(study_of(tmp_path / "b", base, model), "lens")
    assert found.loc[("target_first", "en"), "behind"] == 40 == found["n"].iloc[0]
    assert found.loc[("target_first", "-"), "behind"] < 40


def test_other_measures_facts_languages_and_tokenizers(tmp_path: Path) -> None:
    base = ranks(1)
    study = study_of(tmp_path, base, ranks(2), ties="best")
    languages = list(base)
    add_run(study, base, label="ties", languages=languages, ties="mean")
    add_run(study, base, label="facts", languages=languages, ties="best", data_hash="a" * 64)
    add_run(study, {"bn": base["bn"]}, label="one", languages=["bn"], ties="best")
    with pytest.raises(NotComparable, match=r"differ in ties \(best and mean\): run interp lens"):
        build(study, "lens", label="ties")
    with pytest.raises(
        NotComparable, match=f"other facts .fact sets {DATA_HASH[:12]} and aaaaaaaaa"
    ):
        build(study, "lens", label="facts")
    one = build(study, "lens", label="one")
    assert one.n == 12 and "without en de sw: measured for one of the two only" in one.notes
    study = Study.open(tmp_path / "french")
    add_run(study, {"bn": base["bn"]}, languages=["bn"])
    add_run(study, {"sw": base["sw"]}, languages=["sw"], label="sft")
    with pytest.raises(NotComparable, match=r"share no language \(bn and sw\)"):
        build(study, "lens")


def test_disjoint_facts_and_ranks_that_are_no_numbers(tmp_path: Path) -> None:
    base, model = ranks(1), ranks(2)
    for lang in base:
        for role in (0, 1):
            base[lang][role][20:], model[lang][role][:20] = NAN, NAN
    with pytest.raises(NotComparable, match="share no fact in any language"):
        build(study_of(tmp_path / "a", base, model), "lens")
    broken = ranks(2)
    broken["en"][0][3, 2] = np.inf
    with pytest.raises(NotComparable, match=r"1 of \d+ ranks of run sft-lens-\S+ are no numbers"):
        build(study_of(tmp_path / "b", ranks(1), broken), "lens")
    study = Study.open(tmp_path / "c")
    add_run(study, ranks(1), languages=list(base))
    with study.run(RunSpec("lens", "sft", "sft", "default", {"languages": []}, DATA_HASH, {})):
        pass
    with pytest.raises(InterpError, match="holds no lens ranks"):
        build(study, "lens")


def test_ranks_among_different_vocabularies_are_said(tmp_path: Path) -> None:
    study = study_of(tmp_path, ranks(1), ranks(2))
    made = pair_of(study, "lens")
    models = [{"shape": {"d_vocab": n}, "tokenizer_hash": str(n)} for n in (4096, 50304)]
    specs = [{**spec, "model": model} for spec, model in
             zip((made.base_spec, made.label_spec), models, strict=True)]  # fmt: skip
    notes = lens.build(study, replace(made, base_spec=specs[0], label_spec=specs[1])).notes
    assert "ranks are among 4096 and 50304 tokens" in notes and "different tokenizers" in notes
