"""Interval, noise floor and p of a pair against loops over lists of units."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from interp.stats.bootstrap import draw_counts
from interp.stats.contrast import contrast, n_replicates
from interp.stats.permutation import exchanges, halves, swaps
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
    unpaired,
)

ARRAYS = (
    "value", "signed", "first", "second", "behind", "layer", "ci", "first_ci", "second_ci",
    "noise_floor", "p", "p_adjusted",
)  # fmt: skip


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
