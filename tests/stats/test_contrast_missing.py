"""What cannot be computed: absent values, single units, checkpoints of other shapes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from interp.stats.bootstrap import draw_counts
from interp.stats.contrast import contrast, n_replicates
from interp.stats.permutation import halves
from interp.stats.verdict import NOT_ENOUGH
from tests.reference import contrast as oracle
from tests.stats.toy_pair import (
    FEW,
    KINDS,
    ToyPair,
    by_loops,
    lists,
    paired,
    random_units,
    rare,
    unpaired,
)


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
