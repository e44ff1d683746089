"""Pairs of means: pooled by loops, absent units, derived levels."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from interp.stats.bootstrap import mean_interval
from interp.stats.contrast import Settings, contrast
from interp.stats.linear import LinearPair
from interp.stats.pair import Statistic
from tests.reference import contrast as oracle

SETTINGS = Settings(draws=50, permutations=40, splits=20, seed=3)


def a_pair(n: int = 25, m: int | None = None, seed: int = 0, *, derive=None) -> LinearPair:
    """Three columns, of which units carry some; two levels."""
    rng = np.random.default_rng(seed)
    sizes = [rng.integers(0, 4, (k, 3)).astype(float) for k in (n, m or n)]
    sums = [rng.normal(size=size.shape) * size for size in sizes]
    return LinearPair(
        base=sums[0], base_size=sizes[0], model=sums[1], model_size=sizes[1],
        derive=derive or (lambda means: np.stack([means[:, 0], means[:, 1] - means[:, 2]], 1)),
        statistics=(Statistic("a", "difference"), Statistic("b", "difference")),
        behind=np.array([n, n]), paired=m is None, unit="facts",
    )  # fmt: skip


def levels(units: list[tuple[list[float], list[float]]]) -> list[float]:
    means = []
    for column in range(3):
        size = sum(unit[1][column] for unit in units)
        means.append(sum(unit[0][column] for unit in units) / size if size else float("nan"))
    return [means[0], means[1] - means[2]]


def as_lists(pair: LinearPair) -> tuple[list, list]:
    return (
        list(zip(pair.base.tolist(), pair.base_size.tolist(), strict=True)),
        list(zip(pair.model.tolist(), pair.model_size.tolist(), strict=True)),
    )


def differences(first, second):
    return [b - a for a, b in zip(levels(first), levels(second), strict=True)]


def test_pooled_means_are_sums_over_sizes_of_both_sides() -> None:
    pair = a_pair(5, 4)
    rng = np.random.default_rng(1)
    w, v = rng.integers(0, 3, (6, 5)).astype(float), rng.integers(0, 3, (6, 4)).astype(float)
    for base, model in ((w, None), (None, v), (w, v)):
        found = pair.pool(base, model)
        for row in range(6):
            for column in range(3):
                top = size = 0.0
                if base is not None:
                    top += sum(base[row, u] * pair.base[u, column] for u in range(5))
                    size += sum(base[row, u] * pair.base_size[u, column] for u in range(5))
                if model is not None:
                    top += sum(model[row, u] * pair.model[u, column] for u in range(4))
                    size += sum(model[row, u] * pair.model_size[u, column] for u in range(4))
                expected = top / size if size else np.nan
                np.testing.assert_allclose(found[row, column], expected)


@pytest.mark.filterwarnings("error")
def test_a_column_without_units_is_no_number_and_stays_so() -> None:
    pair = a_pair(5)
    pair.base_size[:, 2] = pair.base[:, 2] = 0
    means = pair.pool(np.ones((1, 5)), None)
    assert np.isnan(means).tolist() == [[False, False, True]]
    found = contrast(pair, SETTINGS)
    assert np.isnan(found.value).tolist() == [False, True]
    assert np.isnan(found.first).tolist() == [False, True]
    assert not np.isnan(found.second[1])


@pytest.mark.parametrize("m", [None, 21])
def test_the_whole_contrast_is_that_of_loops(m: int | None) -> None:
    from interp.stats.bootstrap import draw_counts
    from interp.stats.permutation import exchanges, halves, swaps

    pair = a_pair(25, m)
    found = contrast(pair, SETTINGS)
    base, model = as_lists(pair)
    np.testing.assert_allclose(found.value, differences(base, model))
    mine = draw_counts(25, 50, 3)
    other = mine if m is None else draw_counts(m, 50, 4)
    np.testing.assert_allclose(found.ci.T, oracle.intervals(differences, base, model, mine, other))
    labels = swaps(25, 40, 5) if m is None else exchanges(25, m, 40, 5)
    move = oracle.swap if m is None else oracle.deal
    relabelled = [move(base, model, row) for row in labels.moved]
    p = oracle.p_values(differences, ["difference"] * 2, base, model, relabelled, exact=False)
    np.testing.assert_allclose(found.p, p)
    floors = oracle.noise_floors(differences, ["difference"] * 2, base, halves(25, 20, 6))
    np.testing.assert_allclose(found.noise_floor, floors)
    assert found.behind.tolist() == [25, 25]


def test_a_difference_of_plain_means_has_the_interval_of_paired_differences() -> None:
    rng = np.random.default_rng(0)
    base, model = rng.normal(size=(2, 40, 1))
    ones = np.ones((40, 1))
    pair = LinearPair(
        base, ones, model, ones, lambda means: means, (Statistic("a", "difference"),),
        np.array([40]), True, "facts",
    )  # fmt: skip
    found = contrast(pair, Settings(draws=300, permutations=40, splits=20, seed=9))
    expected = mean_interval(model - base, draws=300, seed=9)
    np.testing.assert_allclose(found.ci, [expected.low, expected.high])
    np.testing.assert_allclose(found.value, expected.estimate)


def test_batches_stay_bounded() -> None:
    assert a_pair(5).batch == 500
    wide = np.zeros((2, 1 << 20))
    assert replace(a_pair(2), base=wide).batch == 16
    assert a_pair(5, 4).n_base == 5
    assert a_pair(5, 4).n_model == 4
