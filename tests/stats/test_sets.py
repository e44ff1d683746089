"""Shared members of two sets, by hand and against counting."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interp.stats.sets import chance_overlap, jaccard, overlap

quick = settings(max_examples=60, deadline=None, derandomize=True)

SETS = st.frozensets(st.integers(0, 12), max_size=10)


def test_by_hand() -> None:
    a, b = {1, 2, 3, 4}, {3, 4, 5}
    assert jaccard(a, b) == 2 / 5
    assert overlap(a, b) == 2 / 3
    assert jaccard(a, a) == overlap(a, a) == 1.0
    assert jaccard(a, {9}) == overlap(a, {9}) == 0.0


def test_nothing_has_no_likeness() -> None:
    assert math.isnan(jaccard(set(), set()))
    assert jaccard({1}, set()) == 0.0
    assert math.isnan(overlap({1}, set()))
    assert math.isnan(overlap(set(), set()))


@quick
@given(SETS, SETS)
def test_counted_member_by_member(a, b) -> None:
    both = sum(1 for member in a if member in b)
    either = len(a) + len(b) - both
    if either:
        assert jaccard(a, b) == both / either
        assert jaccard(a, b) == jaccard(b, a)
    if a and b:
        assert overlap(a, b) == both / min(len(a), len(b))
        assert overlap(a, b) == overlap(b, a)


def test_chance_is_the_mean_over_all_pairs_of_sets() -> None:
    from itertools import combinations

    sets = [set(one) for one in combinations(range(6), 2)]
    mean = sum(overlap(a, b) for a in sets for b in sets) / len(sets) ** 2
    assert mean == pytest.approx(chance_overlap(2, 6))
    assert chance_overlap(20, 1024) == pytest.approx(0.0195, abs=1e-4)
    assert chance_overlap(3, 3) == 1.0


@pytest.mark.parametrize(("k", "total"), [(0, 5), (6, 5), (-1, 5)])
def test_impossible_sizes_are_a_defect(k: int, total: int) -> None:
    with pytest.raises(ValueError, match="expected"):
        chance_overlap(k, total)
