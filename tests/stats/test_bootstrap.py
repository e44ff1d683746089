"""The bootstrap against enumeration, against a loop, and on a model whose answer is known."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from scipy.stats import binomtest

from interp.stats import bootstrap
from interp.stats.bootstrap import (
    draw_counts,
    mean_interval,
    mean_of_known,
    percentile_interval,
    ratio_draws,
    ratio_interval,
    widen_constant,
    worth_averaging,
)
from tests.reference.bootstrap import statistic_interval


def test_every_draw_has_as_many_units_and_follows_the_seed() -> None:
    counts = draw_counts(7, 50, seed=3)
    assert counts.shape == (50, 7)
    assert (counts.sum(1) == 7).all()
    assert (counts == draw_counts(7, 50, seed=3)).all()
    assert (counts != draw_counts(7, 50, seed=4)).any()


def test_interval_of_three_units_is_that_of_all_resamples() -> None:
    values = np.array([0.0, 1.0, 5.0])
    every = sorted(np.mean(one) for one in product(values, repeat=3))
    found = mean_interval(values, draws=40_000, seed=0, level=0.6)
    assert found.estimate == 2.0
    np.testing.assert_allclose([found.low, found.high], np.quantile(every, [0.2, 0.8]))


def test_absent_values_count_nowhere() -> None:
    values = np.array([[1.0, np.nan], [3.0, 4.0], [np.nan, 8.0], [2.0, np.nan]])
    found = mean_interval(values, draws=500, seed=1)
    counts = draw_counts(4, 500, seed=1)
    for column in (0, 1):
        there = ~np.isnan(values[:, column])
        weights = counts[:, there]
        some = weights.sum(1) > 0
        means = (weights @ values[there, column])[some] / weights.sum(1)[some]
        assert found.estimate[column] == values[there, column].mean()
        np.testing.assert_allclose(
            [found.low[column], found.high[column]], np.quantile(means, [0.025, 0.975])
        )
    assert found.n.tolist() == [3, 2]


def test_columns_share_their_draws() -> None:
    rng = np.random.default_rng(0)
    one = rng.normal(size=60)
    both = ratio_interval(np.stack([one, one + 3], 1), np.ones((60, 2)), draws=300)
    np.testing.assert_allclose(both.low[0] + 3, both.low[1])
    # The interval of the difference of two columns is that of one column of differences.
    gap = mean_interval(one * 2 - one, draws=300)
    np.testing.assert_allclose(gap.low, both.low[0])


def test_a_ratio_weighs_units_by_their_denominator() -> None:
    found = ratio_interval([10.0, 1.0], [5.0, 1.0], draws=2000, seed=0)
    assert found.estimate == 11 / 6
    assert {float(found.low), float(found.high)} == {1.0, 2.0}


@pytest.mark.parametrize("values", [[4.0], [4.0, np.nan]])
def test_one_unit_has_no_interval(values) -> None:
    found = mean_interval(values, draws=20)
    assert found.estimate == 4.0
    assert np.isnan([found.low, found.high]).all()
    assert found.n == 1


def test_no_unit_has_no_value() -> None:
    found = mean_interval([np.nan, np.nan], draws=20)
    assert np.isnan([found.estimate, found.low, found.high]).all()


def test_a_statistic_gives_what_the_closed_form_gives() -> None:
    values = np.random.default_rng(2).normal(size=(40, 3))
    loop = statistic_interval(lambda at: values[at].mean(0), 40, draws=200, seed=5)
    closed = mean_interval(values, draws=200, seed=5)
    for name in ("estimate", "low", "high"):
        np.testing.assert_allclose(getattr(loop, name), getattr(closed, name))


def test_the_interval_covers_the_truth_as_often_as_it_says() -> None:
    rng = np.random.default_rng(0)
    truth, hits = 0.3, 0
    for seed in range(600):
        found = mean_interval(rng.random(200) < truth, draws=300, seed=seed)
        hits += bool(found.low <= truth <= found.high)
    assert 0.93 <= hits / 600 <= 0.97


def test_wrong_shapes_are_a_defect() -> None:
    with pytest.raises(ValueError, match="unit"):
        ratio_interval([1.0, 2.0], [1.0])


def test_units_that_are_all_alike_still_leave_a_doubt() -> None:
    found = widen_constant(mean_interval(np.ones((20, 2)) * [1, 0], draws=50), 0, 1)
    assert found.estimate.tolist() == [1, 0]
    assert found.high[0] == 1
    assert found.low[1] == 0
    # Clopper and Pearson's limit for 20 of 20 is scipy's.
    limits = binomtest(20, 20).proportion_ci(0.95, "exact")
    np.testing.assert_allclose([found.low[0], 1 - found.high[1]], limits.low)
    varied = mean_interval([0.0, 1.0, 1.0, 0.0], draws=50)
    assert widen_constant(varied, 0, 1).low == varied.low
    assert np.isnan(widen_constant(mean_interval([1.0], draws=5), 0, 1).low)


def test_draws_of_ratios_can_be_combined() -> None:
    rng = np.random.default_rng(1)
    values = rng.normal(size=(50, 2))
    estimate, drawn = ratio_draws(values, np.ones_like(values), draws=300, seed=2)
    gap = percentile_interval(estimate[1] - estimate[0], drawn[:, 1] - drawn[:, 0], 50)
    closed = mean_interval(values[:, 1] - values[:, 0], draws=300, seed=2)
    np.testing.assert_allclose([gap.low, gap.high], [closed.low, closed.high])
    assert mean_of_known(np.array([[1.0, np.nan], [np.nan, np.nan]])).tolist()[0] == 1.0
    assert np.isnan(mean_of_known(np.array([np.nan])))


def test_an_average_rests_on_columns_with_enough_units() -> None:
    assert worth_averaging([400, 2, 20]).tolist() == [True, False, True]
    assert worth_averaging([3, 0, 19]).tolist() == [True, False, True]  # none has enough
    assert worth_averaging([0, 0]).tolist() == [False, False]


def test_kept_draws_cannot_be_changed_and_are_those_drawn_anew() -> None:
    first = bootstrap.draw_counts(30, 50, 4)
    with pytest.raises(ValueError, match="read-only"):
        first[0, 0] += 1
    bootstrap.draw_counts.cache_clear()
    np.testing.assert_array_equal(bootstrap.draw_counts(30, 50, 4), first)
