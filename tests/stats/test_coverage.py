"""How often the interval covers, and how often the rule is wrong, where the truth is known."""

from __future__ import annotations

import numpy as np
import pytest

from interp.stats.contrast import Settings, contrast
from interp.stats.linear import LinearPair
from interp.stats.pair import Statistic
from interp.stats.verdict import BEYOND

FACTS = 200
SIMULATIONS = 400


def answers(rng: np.random.Generator, n_columns: int, before: float, after: float, shared: float):
    """Right or wrong on the same facts before and after; some facts are answered as before.

    P(right before) = ``before`` and P(right after) = ``shared * before + (1 - shared) * after``.
    """
    first = rng.random((FACTS, n_columns)) < before
    fresh = rng.random((FACTS, n_columns)) < after
    second = np.where(rng.random((FACTS, n_columns)) < shared, first, fresh)
    return first.astype(float), second.astype(float)


def accuracies(base, model, paired: bool = True) -> LinearPair:
    sizes = [np.ones(side.shape) for side in (base, model)]
    n = base.shape[1]
    return LinearPair(
        base, sizes[0], model, sizes[1], lambda means: means,
        tuple(Statistic(f"accuracy {at}", "difference") for at in range(n)), np.full(n, FACTS),
        paired, "facts",
    )  # fmt: skip


def share_covered(ci: np.ndarray, truth: float) -> float:
    return float(((ci[0] <= truth) & (truth <= ci[1])).mean())


@pytest.mark.parametrize("paired", [True, False])
def test_the_interval_of_a_difference_covers_the_truth_as_often_as_it_says(paired: bool) -> None:
    # Every column is a simulation of its own, so one contrast makes all of them; the resampled facts
    # are the same in all, which leaves the share covered unbiased. Ten such contrasts of 40.
    rng = np.random.default_rng(1)
    before, after, shared = 0.35, 0.6, 0.5
    truth = (1 - shared) * (after - before)
    covered = []
    for seed in range(10):
        if paired:
            base, model = answers(rng, SIMULATIONS // 10, before, after, shared)
        else:
            base = answers(rng, SIMULATIONS // 10, before, after, shared)[0]
            model = answers(rng, SIMULATIONS // 10, before, after, shared)[1]
        found = contrast(
            accuracies(base, model, paired),
            Settings(draws=600, permutations=1, splits=2, seed=seed),
        )
        covered.append(share_covered(found.ci, truth))
    assert 0.93 <= np.mean(covered) <= 0.97


def test_without_a_difference_the_rule_calls_at_most_one_in_twenty() -> None:
    rng = np.random.default_rng(2)
    base, model = answers(rng, SIMULATIONS, 0.4, 0.4, 0.5)
    found = contrast(accuracies(base, model), Settings(300, 199, 100))
    called = np.mean([verdict == BEYOND for verdict, _ in found.verdicts])
    assert called <= 0.05
    # p alone is level too: close to 5 %, never far above
    assert 0.01 <= (found.p < 0.05).mean() <= 0.05 + 2.5 * np.sqrt(0.05 * 0.95 / SIMULATIONS)


def test_a_planted_shift_is_found() -> None:
    # 35 % to 60 % on 200 facts: 5 standard errors of what chance leaves
    rng = np.random.default_rng(3)
    base, model = answers(rng, SIMULATIONS, 0.35, 0.6, 0.0)
    found = contrast(accuracies(base, model), Settings(300, 199, 100))
    assert np.mean([verdict == BEYOND for verdict, _ in found.verdicts]) >= 0.95
