"""Adjustment over families, shares that do not vary, and the verdict of a whole pair."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import binomtest

from interp.stats.contrast import Settings, contrast
from interp.stats.linear import LinearPair
from interp.stats.pair import Statistic
from interp.stats.permutation import swaps
from interp.stats.verdict import BEYOND, NOT_ENOUGH, WITHIN
from tests.reference import contrast as oracle
from tests.stats.toy_pair import (
    FEW,
    KINDS,
    STATISTICS,
    ToyPair,
    by_loops,
    lists,
    paired,
    random_units,
    rare,
    unpaired,
)


def maps(pair: ToyPair, names: list[tuple[str, str | None]], adjust: str) -> ToyPair:
    statistics = tuple(
        replace(one, name=name, lang=lang, adjust=adjust)
        for one, (name, lang) in zip(STATISTICS, names, strict=True)
    )
    return replace(pair, statistics=statistics)


FAMILIES = [("a", "en"), ("a", "de"), ("a", "en"), ("b", None), ("b", None)]


@pytest.mark.parametrize("carriers", [0, 2, 30])
def test_the_largest_entry_of_a_map_adjusts_its_entries(carriers: int) -> None:
    pair = maps(rare(carriers), FAMILIES, "max")
    found = contrast(pair, FEW)
    base, model = lists(pair)
    labels = swaps(30, FEW.permutations, FEW.seed + 2)
    relabelled = [oracle.swap(base, model, row) for row in labels.moved]
    alone = oracle.max_p_values(by_loops, KINDS, FAMILIES, base, model, relabelled, exact=False)
    # times the languages of a name: two of a, one of b
    expected = np.minimum(np.array(alone) * [2, 2, 2, 1, 1], 1)
    np.testing.assert_allclose(found.p_adjusted, expected, atol=1e-15)
    known = ~np.isnan(found.p)
    assert (found.p_adjusted[known] >= found.p[known]).all()


def test_an_entry_that_relabelling_loses_cannot_lower_the_adjusted_p() -> None:
    pair = ToyPair(random_units(4, 1), random_units(4, 2), paired=False)
    pair.base[:, 2:4] = pair.model[:, 2:4] = 0
    pair.base[0, 2:4], pair.model[0, 2:4] = [0, 1], [1, 1]
    alone = [("x", None), ("y", None), ("rare", None), ("z", None), ("w", None)]
    found = contrast(maps(pair, alone, "max"), replace(FEW, permutations=70))
    assert found.p_adjusted[2] == found.p[2] == 1.0


def test_maps_and_single_statistics_do_not_adjust_each_other() -> None:
    pair = paired(12, 3, 0.5)
    statistics = list(pair.statistics)
    statistics[1] = replace(statistics[1], adjust="max")  # the same name as the first
    found = contrast(replace(pair, statistics=tuple(statistics)), FEW)
    np.testing.assert_array_equal(found.p_adjusted, found.p)


def test_a_large_shift_is_beyond_noise_and_none_is_within() -> None:
    settings = replace(FEW, permutations=400)
    shifted = contrast(paired(60, 0, shift=3.0), settings)
    assert [verdict for verdict, _ in shifted.verdicts[:2]] == [BEYOND, BEYOND]
    assert shifted.value[0] == pytest.approx(3, abs=1)
    assert (shifted.ci[0, :2] > 0).all()
    base = random_units(60, 0)
    same = contrast(ToyPair(base, base.copy(), paired=True), settings)
    assert {verdict for verdict, _ in same.verdicts} == {WITHIN}
    assert same.value.tolist() == [0, 0, 0, 0, 1]
    assert same.p.tolist() == [1.0] * 5


def test_the_verdict_goes_by_the_adjusted_p() -> None:
    # A shift that is clear alone, and not among sixty.
    rng = np.random.default_rng(4)
    base = rng.normal(size=(40, 60))
    model = base + rng.normal(size=(40, 60))
    model[:, 0] += 0.45
    sizes = np.ones((40, 60))

    def verdict(n: int) -> tuple[str, str]:
        pair = LinearPair(
            base[:, :n], sizes[:, :n], model[:, :n], sizes[:, :n], lambda means: means,
            (Statistic("shift", "difference"),) * n, np.full(n, 40), True, "facts",
        )  # fmt: skip
        return contrast(pair, Settings(draws=200, permutations=1999, splits=2, seed=0)).verdicts[0]

    assert verdict(1)[0] == BEYOND
    assert verdict(60)[0] == WITHIN
    assert verdict(60)[1].startswith("adjusted p ")


def test_too_few_relabellings_are_not_called_within_noise() -> None:
    # Holm over sixty rows multiplies the smallest p of 999 relabellings to 0.06.
    base = np.random.default_rng(4).normal(size=(40, 60))
    sizes = np.ones((40, 60))
    pair = LinearPair(
        base, sizes, base + 5, sizes, lambda means: means,
        tuple(Statistic("shift", "difference", lang=str(n)) for n in range(60)),
        np.full(60, 40), True, "facts",
    )  # fmt: skip
    few = contrast(pair, Settings(draws=200, permutations=999, splits=20, seed=0))
    assert {verdict for verdict, _ in few.verdicts} == {NOT_ENOUGH}
    assert "bring the adjusted p to 0.06 at the least" in few.verdicts[0][1]
    many = contrast(pair, Settings(draws=200, permutations=1999, splits=20, seed=0))
    assert {verdict for verdict, _ in many.verdicts} == {BEYOND}


def test_a_statistic_may_take_the_p_of_another_of_its_language() -> None:
    pair = paired(12, 3, 0.5)
    names = [("a", "en", ""), ("a", "de", ""), ("b", "en", "a"), ("b", "de", "a"), ("b", "fr", "a")]
    statistics = tuple(
        replace(one, name=name, lang=lang, p_of=p_of, behind_what="")
        for one, (name, lang, p_of) in zip(STATISTICS, names, strict=True)
    )
    own, found = contrast(pair, FEW).p, contrast(replace(pair, statistics=statistics), FEW)
    np.testing.assert_array_equal(found.p, [own[0], own[1], own[0], own[1], own[4]])
    np.testing.assert_allclose(found.p_adjusted[2:], oracle.holm(found.p[2:]))


def test_the_row_for_all_languages_is_no_test_among_its_languages() -> None:
    base = np.random.default_rng(1).normal(size=(40, 4))
    model = base + np.array([0.4, 0.1, 0.2, 0.5])
    sizes = np.ones((40, 4))
    names = (None, "en", "de", "zh")
    pair = LinearPair(
        base, sizes, model, sizes, lambda means: means,
        tuple(Statistic("accuracy", "difference", lang=lang) for lang in names),
        np.full(4, 40), True, "facts",
    )  # fmt: skip
    found = contrast(pair, FEW)
    assert found.p_adjusted[0] == found.p[0]
    np.testing.assert_allclose(found.p_adjusted[1:], oracle.holm(found.p[1:]))


@pytest.mark.parametrize("seed", range(5))
def test_the_reason_names_the_interval_where_it_includes_0(seed: int) -> None:
    found = contrast(paired(30, seed, shift=0.5 * seed), FEW)
    named = ["the interval includes 0" in reason for _, reason in found.verdicts]
    includes = (found.ci[0] <= 0) & (found.ci[1] >= 0)
    assert named == [
        bool(one) and kind == "difference" for one, kind in zip(includes, KINDS, strict=True)
    ]


def test_the_side_with_fewer_units_decides_whether_they_are_enough() -> None:
    for n, m, enough in ((20, 30, True), (19, 30, False), (30, 19, False)):
        verdict, reason = contrast(unpaired(n, m), FEW).verdicts[0]
        assert (verdict != NOT_ENOUGH) == enough
        assert enough or "19 blocks stand behind it" in reason


def test_what_stands_behind_a_statistic_decides_too() -> None:
    pair = paired(30, 1)
    pair.base[:, 4:], pair.model[:, 4:] = 0, 0
    pair.base[:19, 5], pair.model[:, 4] = 1, 1
    found = contrast(pair, FEW)
    assert found.verdicts[3][0] == NOT_ENOUGH
    assert "19 counted things" in found.verdicts[3][1]
    pair.base[19, 5] = 1
    assert contrast(pair, FEW).verdicts[3][0] != NOT_ENOUGH


@pytest.mark.parametrize("wrong", [{"kind": "ratio"}, {"adjust": "bonferroni"}])
def test_an_unknown_kind_is_a_defect(wrong: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="x: kind"):
        Statistic(**{"name": "x", "kind": "difference", **wrong})


def test_settings_say_what_was_drawn() -> None:
    assert str(FEW) == "40 bootstrap draws, 60 relabellings, 30 half splits"
    assert math.isclose(Settings().draws, 1000)


def constant(n: int, share: bool, behind_what: str = "", kind: str = "difference"):
    """Nothing right before, everything right after, ``n`` facts."""
    sizes = np.ones((n, 1))
    return LinearPair(
        np.zeros((n, 1)), sizes, np.ones((n, 1)), sizes, lambda means: means,
        (Statistic("accuracy", kind, share=share, behind_what=behind_what),),
        np.array([2]), True, "facts",
    )  # fmt: skip


def test_shares_of_units_that_are_all_alike_keep_a_doubt() -> None:
    plain, share = contrast(constant(25, False), FEW), contrast(constant(25, True), FEW)
    assert plain.ci[:, 0].tolist() == [1.0, 1.0]
    doubt = 1 - binomtest(25, 25).proportion_ci(0.95, "exact").low
    np.testing.assert_allclose(share.ci[:, 0], [1 - doubt, 1.0])
    np.testing.assert_allclose(share.first_ci[:, 0], [0.0, doubt])
    np.testing.assert_allclose(share.second_ci[:, 0], [1 - doubt, 1.0])
    # a difference of shares may be as low as -1, a share may not
    turned = replace(constant(25, True), base=np.ones((25, 1)), model=np.zeros((25, 1)))
    np.testing.assert_allclose(contrast(turned, FEW).ci[:, 0], [-1.0, doubt - 1])


def test_the_facts_of_a_language_decide_whether_it_has_an_interval() -> None:
    pair = constant(25, True, behind_what="facts")
    doubt = 1 - binomtest(2, 2).proportion_ci(0.95, "exact").low
    np.testing.assert_allclose(contrast(pair, FEW).ci[:, 0], [1 - doubt, 1.0])
    lonely = contrast(replace(pair, behind=np.array([1])), FEW)
    assert np.isnan([lonely.ci, lonely.first_ci, lonely.second_ci]).all()
