"""Interval, noise floor, p and verdict of a pair against loops over lists of units."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import binomtest

from interp.stats.bootstrap import draw_counts
from interp.stats.contrast import Settings, Statistic, contrast, n_replicates
from interp.stats.linear import LinearPair
from interp.stats.permutation import exchanges, halves, swaps
from interp.stats.verdict import BEYOND, NOT_ENOUGH, WITHIN
from tests.reference import contrast as oracle
from tests.stats.toy_pair import KINDS, STATISTICS, ToyPair, by_loops, random_units

FEW = Settings(draws=40, permutations=60, splits=30, seed=5)
ARRAYS = (
    "value", "signed", "first", "second", "behind", "layer", "ci", "first_ci", "second_ci",
    "noise_floor", "p", "p_adjusted",
)  # fmt: skip


def paired(n: int, seed: int = 0, shift: float = 0.0) -> ToyPair:
    return ToyPair(random_units(n, seed), random_units(n, seed + 100, shift), paired=True)


def unpaired(n: int, m: int, seed: int = 0, shift: float = 0.0) -> ToyPair:
    return ToyPair(random_units(n, seed), random_units(m, seed + 100, shift), paired=False)


def lists(pair: ToyPair) -> tuple[list, list]:
    return pair.base.tolist(), pair.model.tolist()


@pytest.mark.parametrize("pair", [paired(9, 1), unpaired(6, 9, 1)], ids=["paired", "unpaired"])
def test_the_values_are_those_of_the_units(pair: ToyPair) -> None:
    found = contrast(pair, FEW)
    base, model = lists(pair)
    np.testing.assert_allclose(found.value, by_loops(base, model))
    counts = [np.sum(side, 0)[4:].tolist() for side in (base, model)]
    _, signed, layer = oracle.layer_distance(*counts)
    assert found.signed[3] == pytest.approx(signed)
    assert found.layer.tolist() == [-1, -1, -1, layer, -1]
    assert found.behind.tolist() == [0, 0, 0, sum(counts[0]), 0]
    assert found.first[0] == pytest.approx(np.mean([unit[0] for unit in base]))
    assert found.second[0] == pytest.approx(np.mean([unit[0] for unit in model]))
    assert np.isnan(found.first[3:]).all()
    assert found.statistics == STATISTICS


@pytest.mark.parametrize("seed", range(4))
def test_p_is_exact_where_all_swaps_can_be_listed(seed: int) -> None:
    pair = paired(6, seed, shift=seed % 2)
    found = contrast(pair, FEW if 2**6 <= 60 else replace(FEW, permutations=64))
    base, model = lists(pair)
    expected = oracle.p_values(
        by_loops, KINDS, base, model, oracle.all_swaps(base, model), exact=True
    )
    assert found.p.tolist() == pytest.approx(expected, abs=1e-15, nan_ok=True)


@pytest.mark.parametrize("seed", range(4))
def test_p_is_exact_where_all_exchanges_can_be_listed(seed: int) -> None:
    pair = unpaired(5, 4, seed, shift=seed % 2)
    found = contrast(pair, replace(FEW, permutations=126))
    base, model = lists(pair)
    expected = oracle.p_values(
        by_loops, KINDS, base, model, oracle.all_exchanges(base, model), exact=True
    )
    assert found.p.tolist() == pytest.approx(expected, abs=1e-15, nan_ok=True)


@pytest.mark.parametrize("pair", [paired(9, 2), unpaired(6, 6, 2)], ids=["paired", "unpaired"])
def test_drawn_relabellings_come_close_to_all_of_them(pair: ToyPair) -> None:
    exact = contrast(pair, replace(FEW, permutations=924))
    drawn = contrast(pair, replace(FEW, permutations=511))
    assert (exact.p != drawn.p).any()  # one is listed, the other drawn
    error = np.sqrt(exact.p * (1 - exact.p) / 511)
    assert (np.abs(drawn.p - exact.p) <= 4 * error + 1 / 512).all()


@pytest.mark.parametrize(
    "pair", [paired(12, 3, 0.5), unpaired(11, 14, 3, 0.5)], ids=["paired", "unpaired"]
)
def test_everything_drawn_is_what_loops_over_the_same_draws_give(pair: ToyPair) -> None:
    found = contrast(pair, FEW)
    base, model = lists(pair)
    mine = draw_counts(pair.n_base, FEW.draws, FEW.seed)
    other = mine if pair.paired else draw_counts(pair.n_model, FEW.draws, FEW.seed + 1)
    np.testing.assert_allclose(
        found.ci.T, oracle.intervals(by_loops, base, model, mine, other), atol=1e-12
    )
    if pair.paired:
        labels = swaps(pair.n_base, FEW.permutations, FEW.seed + 2)
        relabelled = [oracle.swap(base, model, row) for row in labels.moved]
    else:
        labels = exchanges(pair.n_base, pair.n_model, FEW.permutations, FEW.seed + 2)
        relabelled = [oracle.deal(base, model, row) for row in labels.moved]
    assert not labels.exact
    p = oracle.p_values(by_loops, KINDS, base, model, relabelled, exact=False)
    np.testing.assert_allclose(found.p, p, atol=1e-15)
    assert found.p.min() >= 1 / 61
    first = halves(pair.n_base, FEW.splits, FEW.seed + 3)
    floors = oracle.noise_floors(by_loops, KINDS, base, first)
    np.testing.assert_allclose(found.noise_floor, floors, atol=1e-12)
    # Holm over the rows of one name: the two means are one family, the others stand alone
    np.testing.assert_allclose(found.p_adjusted, [*oracle.holm(p[:2]), *p[2:]], atol=1e-15)


def test_levels_have_the_interval_of_their_own_side() -> None:
    pair = unpaired(11, 14, 3)
    found = contrast(pair, FEW)
    for side, units, seed in ((found.first_ci, pair.base, 5), (found.second_ci, pair.model, 6)):
        counts = draw_counts(len(units), FEW.draws, seed)
        means = counts @ units[:, 0] / len(units)
        np.testing.assert_allclose(side[:, 0], np.quantile(means, [0.025, 0.975]))


def test_a_paired_interval_knows_what_the_units_share() -> None:
    base = random_units(60, 0)
    model = base.copy()
    model[:, 0] += 1
    together = contrast(ToyPair(base, model, paired=True), FEW)
    apart = contrast(ToyPair(base, model, paired=False), FEW)
    np.testing.assert_allclose(together.ci[:, 0], [1.0, 1.0])
    assert apart.ci[1, 0] - apart.ci[0, 0] > 0.5


@pytest.mark.parametrize("pair", [paired(12, 4), unpaired(11, 14, 4)], ids=["paired", "unpaired"])
def test_the_size_of_a_batch_changes_nothing(pair: ToyPair) -> None:
    first = contrast(replace(pair, batch=1), FEW)
    for batch in (7, 60, 1000):
        other = contrast(replace(pair, batch=batch), FEW)
        for name in ARRAYS:
            np.testing.assert_array_equal(getattr(first, name), getattr(other, name), name)
        assert first.verdicts == other.verdicts


def test_the_seed_decides_everything_and_changes_every_part() -> None:
    pair = paired(15, 2)
    once, again = contrast(pair, FEW), contrast(pair, FEW)
    other = contrast(pair, replace(FEW, seed=6))
    for name in ARRAYS:
        np.testing.assert_array_equal(getattr(once, name), getattr(again, name))
    for name in ("ci", "first_ci", "noise_floor", "p"):
        assert (getattr(once, name) != getattr(other, name)).any(), name


@pytest.mark.parametrize(
    "pair",
    [paired(12), paired(3), paired(1), unpaired(11, 14), unpaired(1, 1), unpaired(2, 3),
     replace(paired(12), exchangeable=False)],
    ids=["paired", "listed", "one unit", "unpaired", "one each", "all exchanges", "other shapes"],
)  # fmt: skip
def test_a_progress_bar_reaches_its_end(pair: ToyPair) -> None:
    told: list[int] = []
    contrast(pair, FEW, told.append)
    assert sum(told) == n_replicates(pair, FEW)


# --- what cannot be computed ----------------------------------------------------------------


def rare(carriers: int, n: int = 30, both: bool = True) -> ToyPair:
    """A pair whose third statistic rests on a few units."""
    pair = paired(n, 7)
    for side in (pair.base, pair.model):
        side[:, 2:4] = 0
        side[:carriers, 2:4] = [1, 2]
        if carriers:
            side[0, 2] = 2
    if not both:
        pair.model[:, 2:4] = 0
    return pair


def test_draws_without_a_value_are_left_out_of_the_interval() -> None:
    pair = rare(2)
    found = contrast(pair, FEW)
    base, model = lists(pair)
    counts = draw_counts(30, FEW.draws, FEW.seed)
    empty = (counts[:, :2].sum(1) == 0).sum()
    assert 0 < empty < FEW.draws / 2
    expected = oracle.intervals(by_loops, base, model, counts, counts)
    np.testing.assert_allclose(found.ci.T, expected)
    levels = [2 * c[0] + c[1] for c in counts if c[:2].sum()]
    sizes = [2 * (c[0] + c[1]) for c in counts if c[:2].sum()]
    np.testing.assert_allclose(
        found.first_ci[:, 2], np.quantile(np.divide(levels, sizes), [0.025, 0.975])
    )
    first = halves(30, FEW.splits, FEW.seed + 3)
    np.testing.assert_allclose(
        found.noise_floor, oracle.noise_floors(by_loops, KINDS, base, first), atol=1e-12
    )


@pytest.mark.filterwarnings("error")
def test_a_statistic_that_no_unit_carries_has_nothing_and_disturbs_nothing() -> None:
    found = contrast(rare(0), FEW)
    for name in ("value", "noise_floor", "p", "p_adjusted"):
        array = getattr(found, name)
        assert np.isnan(array).tolist() == [False, False, True, False, False], name
    assert np.isnan(found.ci[:, 2]).all()
    assert found.verdicts[2] == (NOT_ENOUGH, "it could not be computed")


def test_a_floor_needs_half_of_the_splits() -> None:
    # One unit carries it, so no split has it in both halves.
    found = contrast(rare(1), FEW)
    assert not np.isnan(found.value[2])
    assert np.isnan(found.noise_floor[2])
    assert found.verdicts[2] == (NOT_ENOUGH, "it has no noise floor or no p-value")


def test_an_interval_needs_half_of_the_draws() -> None:
    # One unit carries it on each side, another one: two of three draws lack one of them.
    pair = rare(1)
    pair.model[:2, 2:4] = pair.model[[1, 0], 2:4]
    found = contrast(pair, replace(FEW, draws=400))
    counts = draw_counts(30, 400, FEW.seed)
    assert 0.2 < (counts[:, :2] > 0).all(1).mean() < 0.5 < (counts[:, 0] > 0).mean()
    assert not np.isnan(found.value[2])
    assert np.isnan(found.ci[:, 2]).all()
    assert not np.isnan(found.first_ci[:, 2]).any()


def test_a_floor_is_left_out_where_most_splits_have_no_value() -> None:
    pair = rare(2)
    base, _ = lists(pair)
    left_out = []
    for seed in range(12):
        settings = replace(FEW, draws=2, permutations=2, seed=seed)
        first = halves(30, FEW.splits, seed + 3)
        expected = oracle.noise_floors(by_loops, KINDS, base, first)
        found = contrast(pair, settings).noise_floor
        np.testing.assert_allclose(found, expected, atol=1e-12)
        left_out.append(bool(np.isnan(found[2])))
    assert {True, False} == set(left_out)  # one half of the splits parts the two carriers, about


def test_one_side_alone_makes_no_difference() -> None:
    found = contrast(rare(5, both=False), FEW)
    assert np.isnan(found.value[2])
    assert found.first[2] > 0
    assert np.isnan(found.second[2])
    assert not np.isnan(found.first_ci[:, 2]).any()
    assert np.isnan(found.p[2])


def test_relabellings_without_a_value_count_as_reaching() -> None:
    pair = ToyPair(random_units(4, 1), random_units(4, 2), paired=False)
    pair.base[:, 2:4] = pair.model[:, 2:4] = 0
    pair.base[0, 2:4], pair.model[0, 2:4] = [0, 1], [1, 1]
    found = contrast(pair, replace(FEW, permutations=70))
    # 70 exchanges: 40 part the two carriers, all of them at distance 1; in 30 one side has none
    assert found.value[2] == 1.0
    assert found.p[2] == 1.0


def test_one_unit_has_values_and_nothing_else() -> None:
    for pair in (paired(1), unpaired(1, 1)):
        found = contrast(pair, FEW)
        assert not np.isnan(found.value[[0, 1, 3, 4]]).any()
        for name in ("ci", "first_ci", "second_ci", "noise_floor"):
            assert np.isnan(getattr(found, name)).all(), name
        assert {verdict for verdict, _ in found.verdicts} == {NOT_ENOUGH}


def test_one_unit_on_one_side_leaves_no_interval() -> None:
    found = contrast(unpaired(1, 8), FEW)
    assert np.isnan(found.ci).all()
    assert np.isnan(found.first_ci).all()
    assert not np.isnan(found.second_ci[:, 0]).any()
    found = contrast(unpaired(8, 1), FEW)
    assert np.isnan(found.ci).all()
    assert not np.isnan(found.first_ci[:, 0]).any()
    assert not np.isnan(found.noise_floor[0])


def test_labels_of_other_shapes_are_not_exchanged() -> None:
    found = contrast(replace(paired(30), exchangeable=False), FEW)
    assert np.isnan(found.p).all()
    assert np.isnan(found.p_adjusted).all()
    assert not np.isnan(found.ci).any()
    assert not np.isnan(found.noise_floor).any()
    assert {verdict for verdict, _ in found.verdicts} == {NOT_ENOUGH}
    assert n_replicates(replace(paired(30), exchangeable=False), FEW) == FEW.draws + FEW.splits


# --- adjustment over families ---------------------------------------------------------------


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
    expected = oracle.max_p_values(by_loops, KINDS, FAMILIES, base, model, relabelled, exact=False)
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


# --- the verdict ----------------------------------------------------------------------------


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
        return contrast(pair, Settings(draws=200, permutations=999, splits=2, seed=0)).verdicts[0]

    assert verdict(1)[0] == BEYOND
    assert verdict(60)[0] == WITHIN
    assert verdict(60)[1].startswith("adjusted p ")


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


# --- shares that do not vary ------------------------------------------------------------------


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
