"""Pairs made of a real pair's units: weights by hand, and the same as pairs built from the units."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from interp.stats.contrast import Settings, contrast
from interp.stats.pseudo import halves_of_base, subset, swapped
from tests.stats.toy_pair import ToyPair, random_units

SETTINGS = Settings(draws=30, permutations=50, splits=20, seed=2)
ARRAYS = ("value", "signed", "first", "second", "ci", "first_ci", "noise_floor", "p", "p_adjusted")


def paired(n: int = 14) -> ToyPair:
    return ToyPair(random_units(n, 1), random_units(n, 2, 1.0), paired=True)


def assert_same(made, direct) -> None:
    assert (made.n_base, made.n_model) == (direct.n_base, direct.n_model)
    assert made.paired == direct.paired
    assert made.unit == direct.unit
    assert made.statistics == direct.statistics
    mine, other = contrast(made, SETTINGS), contrast(direct, SETTINGS)
    for name in ARRAYS:
        np.testing.assert_allclose(getattr(mine, name), getattr(other, name), err_msg=name)
    assert mine.verdicts == other.verdicts


def test_halves_of_the_base_are_a_pair_of_its_units() -> None:
    pair = paired()
    chosen = np.arange(14) % 3 == 0
    made = halves_of_base(pair, chosen)
    assert_same(made, ToyPair(pair.base[chosen], pair.base[~chosen], paired=False))
    assert made.n_base == 5
    assert made.exchangeable


def test_the_model_plays_no_part_in_halves_of_the_base() -> None:
    pair = paired()
    chosen = np.arange(14) < 6
    other = replace(pair, model=pair.model + 100, exchangeable=False)
    for name in ARRAYS:
        np.testing.assert_array_equal(
            getattr(contrast(halves_of_base(pair, chosen), SETTINGS), name),
            getattr(contrast(halves_of_base(other, chosen), SETTINGS), name),
        )


def test_swapped_units_stand_on_the_other_side() -> None:
    pair = paired()
    moved = np.random.default_rng(0).random(14) < 0.5
    mixed = np.where(moved[:, None], pair.model, pair.base)
    rest = np.where(moved[:, None], pair.base, pair.model)
    assert_same(swapped(pair, moved), ToyPair(mixed, rest, paired=True))


def test_swapping_nothing_is_the_pair_and_everything_turns_it_round() -> None:
    pair = paired()
    assert_same(swapped(pair, np.zeros(14, bool)), pair)
    round_ = contrast(swapped(pair, np.ones(14, bool)), SETTINGS)
    straight = contrast(pair, SETTINGS)
    np.testing.assert_allclose(round_.value[:3], -straight.value[:3])
    np.testing.assert_allclose(round_.value[3:], straight.value[3:])


def test_the_permutation_p_is_the_same_whichever_labels_were_swapped() -> None:
    # All relabellings of a swapped pair are those of the pair, so the listed values are the same
    # and p is the rank of this labelling among them: over all labellings it is uniform or above.
    pair = paired(6)
    exact = replace(SETTINGS, permutations=64)
    all_p = []
    for code in range(64):
        moved = (code >> np.arange(6) & 1).astype(bool)
        all_p.append(contrast(swapped(pair, moved), exact).p)
    for column in np.array(all_p).T:
        for level in (0.05, 0.1, 0.25, 0.5, 0.9):
            assert (column <= level).mean() <= level


def test_a_subset_keeps_its_units_in_order_and_as_often_as_named() -> None:
    pair = paired()
    places = np.array([3, 3, 0, 13, 7, 7, 7])
    assert_same(subset(pair, places), ToyPair(pair.base[places], pair.model[places], paired=True))
    apart = replace(pair, paired=False)
    made = subset(apart, places, [1, 2, 2])
    assert_same(made, ToyPair(pair.base[places], pair.model[[1, 2, 2]], paired=False))
    assert subset(replace(pair, exchangeable=False), places).exchangeable is False


def test_they_can_be_stacked() -> None:
    pair = paired()
    places = np.arange(2, 12)
    moved = np.arange(10) % 2 == 0
    mixed = np.where(moved[:, None], pair.model[places], pair.base[places])
    rest = np.where(moved[:, None], pair.base[places], pair.model[places])
    assert_same(swapped(subset(pair, places), moved), ToyPair(mixed, rest, paired=True))
    chosen = np.arange(14) < 7
    twice = subset(halves_of_base(pair, chosen), [0, 1, 2], [6, 5])
    assert_same(twice, ToyPair(pair.base[:3], pair.base[[13, 12]], paired=False))


def test_defects_are_named() -> None:
    pair = paired()
    with pytest.raises(ValueError, match="both sides"):
        halves_of_base(pair, np.ones(14, bool))
    with pytest.raises(ValueError, match="expected bool"):
        halves_of_base(pair, np.ones(14))
    with pytest.raises(ValueError, match=r"expected bool \(14,\)"):
        swapped(pair, np.ones(13, bool))
    for other in (replace(pair, paired=False), replace(pair, exchangeable=False)):
        with pytest.raises(ValueError, match="exchangeable"):
            swapped(other, np.ones(14, bool))
    with pytest.raises(ValueError, match="same units"):
        subset(pair, [0, 1], [1, 0])
