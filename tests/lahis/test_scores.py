"""The score and its interval, by known answers."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from interp.lahis.scores import bootstrap_scores, head_score, score_interval, sum_kv_groups
from tests.reference import lahis as reference


def test_known_answers():
    gradients = np.zeros((4, 1, 4))
    gradients[:, 0, 0] = [-2, -2, -2, -2]  # always lowers the loss
    gradients[:, 0, 1] = [2, 2, 2, 2]  # never does
    gradients[:, 0, 2] = [-1, -3, 1, 3]  # half the time
    gradients[:, 0, 3] = [0, 0, 0, -8]  # zero is not negative
    np.testing.assert_allclose(head_score(gradients), [[2000, 0, 1000, 500]])


def test_equals_the_formula_in_plain_python():
    gradients = np.random.default_rng(0).normal(size=(30, 3, 4)).astype(np.float32)
    np.testing.assert_allclose(head_score(gradients), reference.score(gradients), rtol=1e-12)


def test_sums_are_wide():
    # In bf16, as one source accumulates, ten added a thousand times is 4096.
    total = torch.zeros((), dtype=torch.bfloat16)
    for _ in range(1000):
        total += 10
    assert total.item() == 4096
    gradients = np.full((1000, 1, 1), -0.01, np.float32)  # 1000 * |g| = 10 in every sample
    assert head_score(gradients)[0, 0] == pytest.approx(10.0, rel=1e-6)


def test_no_samples_is_an_error():
    with pytest.raises(ValueError, match="at least one sample"):
        head_score(np.zeros((0, 2, 2)))


def test_bootstrap_equals_resampling_by_hand():
    gradients = np.random.default_rng(1).normal(size=(12, 2, 3))
    found = bootstrap_scores(gradients, replicates=20, seed=5)
    draws = np.random.default_rng(5).multinomial(12, np.full(12, 1 / 12), size=20)
    for replicate, counts in zip(found, draws, strict=True):
        resample = np.repeat(gradients, counts, axis=0)
        np.testing.assert_allclose(replicate, head_score(resample), rtol=1e-12)


def test_interval_is_seeded_ordered_and_collapses_without_variation():
    gradients = np.random.default_rng(2).normal(size=(40, 2, 3))
    low, high = score_interval(gradients, seed=3)
    again = score_interval(gradients, seed=3)
    assert np.array_equal(low, again[0]) and np.array_equal(high, again[1])
    assert not np.array_equal(low, score_interval(gradients, seed=4)[0])
    assert (low < high).all()
    same = np.full((10, 1, 1), -0.5)
    low, high = score_interval(same)
    np.testing.assert_allclose([low, high, head_score(same)], 500.0)


def test_interval_covers_the_truth_about_as_often_as_it_says():
    rng = np.random.default_rng(0)
    # g ~ N(-0.2, 1): E|g| and P(g < 0) by a large sample; 400 heads are 400 experiments.
    truth = head_score(rng.normal(-0.2, 1, size=(1_000_000, 1, 1)))[0, 0]
    low, high = score_interval(rng.normal(-0.2, 1, size=(200, 20, 20)), replicates=500)
    assert 0.90 <= ((low <= truth) & (truth <= high)).mean() <= 0.98


def test_kv_groups_add_adjacent_query_heads():
    gradients = np.arange(12.0).reshape(1, 2, 6)
    np.testing.assert_array_equal(sum_kv_groups(gradients, 2), [[[3, 12], [21, 30]]])
    np.testing.assert_array_equal(sum_kv_groups(gradients, 6), gradients)
    with pytest.raises(ValueError, match="groups"):
        sum_kv_groups(gradients, 4)
