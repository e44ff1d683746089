"""Relabellings, p-values and Holm's rule: by hand, by enumeration, against loops."""

from __future__ import annotations

from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interp.stats.permutation import (
    Relabellings,
    exchanges,
    halves,
    holm,
    p_value,
    reaches,
    swaps,
)
from tests.reference import contrast as oracle

quick = settings(max_examples=60, deadline=None, derandomize=True)


@pytest.mark.parametrize(("n", "draws"), [(1, 2), (3, 8), (5, 1999)])
def test_few_units_have_all_their_swaps_listed_once(n: int, draws: int) -> None:
    found = swaps(n, draws)
    assert found.exact
    assert len(found) == 2**n
    assert {tuple(row) for row in found.moved} == set(product((0.0, 1.0), repeat=n))


def test_one_relabelling_too_many_and_they_are_drawn() -> None:
    found = swaps(3, 7)
    assert not found.exact
    assert found.moved.shape == (7, 3)
    found = exchanges(2, 2, 5)  # there are 6
    assert not found.exact
    assert found.moved.shape == (5, 4)


def test_drawn_swaps_are_fair_coins_that_follow_the_seed() -> None:
    found = swaps(40, 5000, seed=1).moved
    assert set(np.unique(found)) == {0.0, 1.0}
    assert np.abs(found.mean(0) - 0.5).max() < 5 * 0.5 / np.sqrt(5000)
    together = np.corrcoef(found.T) - np.eye(40)
    assert np.abs(together).max() < 5 / np.sqrt(5000)
    assert (found == swaps(40, 5000, seed=1).moved).all()
    assert (found != swaps(40, 5000, seed=2).moved).any()


@pytest.mark.parametrize(("n", "m"), [(1, 1), (2, 3), (4, 2)])
def test_few_units_have_all_their_exchanges_listed_once(n: int, m: int) -> None:
    found = exchanges(n, m, 1000)
    assert found.exact
    expected = {
        tuple(float(place in chosen) for place in range(n + m))
        for chosen in combinations(range(n + m), m)
    }
    assert len(found) == len(expected)
    assert {tuple(row) for row in found.moved} == expected


def test_drawn_exchanges_keep_the_sizes_and_every_unit_moves_as_often() -> None:
    found = exchanges(10, 30, 4000, seed=3)
    assert not found.exact
    assert (found.moved.sum(1) == 30).all()
    assert np.abs(found.moved.mean(0) - 0.75).max() < 5 * np.sqrt(0.75 * 0.25 / 4000)
    assert (found.moved == exchanges(10, 30, 4000, seed=3).moved).all()


def test_drawn_exchanges_are_uniform_over_all_of_them() -> None:
    rows, counts = np.unique(exchanges(3, 3, 19, seed=0).moved, axis=0, return_counts=True)
    assert counts.sum() == 19  # 20 exist: drawn, not listed
    many = np.concatenate([exchanges(3, 3, 19, seed=s).moved for s in range(400)])
    rows, counts = np.unique(many, axis=0, return_counts=True)
    assert len(rows) == 20
    assert np.abs(counts / counts.sum() - 1 / 20).max() < 5 * np.sqrt(0.05 * 0.95 / 7600)


@pytest.mark.parametrize(("n", "first"), [(2, 1), (7, 3), (64, 32)])
def test_halves_are_halves_and_the_odd_unit_goes_to_the_second(n: int, first: int) -> None:
    found = halves(n, 2000, seed=2)
    assert found.shape == (2000, n)
    assert (found.sum(1) == first).all()
    assert np.abs(found.mean(0) - first / n).max() < 5 * 0.5 / np.sqrt(2000)


def test_a_drawn_p_counts_the_observed_labelling_and_an_exact_one_does_not() -> None:
    assert p_value(np.array([0, 4, 99]), 99).tolist() == [0.01, 0.05, 1.0]
    drawn = Relabellings(np.zeros((99, 5)), exact=False)
    assert p_value(np.array([0, 4]), drawn).tolist() == [0.01, 0.05]
    listed = Relabellings(np.zeros((8, 3)), exact=True)
    assert p_value(np.array([1, 8]), listed).tolist() == [1 / 8, 1.0]


def test_reaching_forgives_rounding_and_nothing_else() -> None:
    observed = np.array([0.3, 0.0])
    same = np.array([0.1 + 0.2, 0.0])
    assert reaches(same, observed).all()
    assert reaches(np.array([0.3 - 1e-12, 0.0]), observed).all()
    assert reaches(np.array([0.3 - 1e-6, 0.0]), observed).tolist() == [False, True]
    assert reaches(np.array([np.nan, np.nan]), observed).all()


def test_rounding_cannot_lower_p() -> None:
    # Sums of the same tenths in another order differ in the last bit; all relabellings tie.
    tenths = np.array([0.1, 0.2, 0.3, 0.4, 0.5, 0.6])
    orders = np.random.default_rng(0).permuted(np.tile(tenths, (200, 1)), axis=1)
    sums = np.array([sum(row) for row in orders])
    assert len(np.unique(sums)) > 1
    for observed in np.unique(sums):
        hits = reaches(sums[:, None], np.array([observed])).sum(0)
        assert p_value(hits, len(sums)).tolist() == [1.0]


def test_holm_by_hand() -> None:
    # sorted .005 .01 .03 .04: times 4, 3, 2, 1 gives .02 .03 .06 .04, and none may fall
    np.testing.assert_allclose(holm(np.array([0.01, 0.04, 0.03, 0.005])), [0.03, 0.06, 0.06, 0.02])
    np.testing.assert_allclose(holm(np.array([0.7, 0.6])), [1.0, 1.0])
    np.testing.assert_allclose(holm(np.array([0.03, np.nan, 0.03])), [0.06, np.nan, 0.06])
    assert holm(np.array([])).tolist() == []
    assert np.isnan(holm(np.array([np.nan]))).all()


@quick
@given(
    st.lists(
        st.one_of(st.sampled_from([0.01, 0.5, 1.0, float("nan")]), st.floats(0, 1)), max_size=12
    )
)
def test_holm_is_the_loop(p: list[float]) -> None:
    found = holm(np.array(p))
    np.testing.assert_allclose(found, oracle.holm(p))
    known = ~np.isnan(found)
    assert (found[known] >= np.array(p)[known]).all()
