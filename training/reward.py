"""The reward of arXiv 2606.06586, Eq 1-2: what a fact's rollouts are worth, what that teaches.

Pure, like the two steps before: `training.judge` reads one completion by the rules of
`training.reward_rules`; `fact_rewards` turns the judgements of a fact's rollouts into rewards
(Eq 1: the sum over languages and a bonus if all are right); `advantages` compares the rollouts of
the fact with each other.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from interp.errors import unknown
from training.judge import Verdict
from training.reward_rules import KINDS, RewardRules

BONUS_POWER = 4
# Share of languages that are right (numerator, denominator) to share of the bonus. With 12
# languages and a bonus of 5 these are the release's rungs, 9:1, 10:2, 11:3, 12:5.
BONUS_LADDER = ((1, 1, 1.0), (11, 12, 0.6), (5, 6, 0.4), (3, 4, 0.2))


def score(verdict: Verdict, rules: RewardRules) -> float:
    """Give the reward of one completion by itself (Eq 2).

    Args:
        verdict: what it is.
        rules: what that is worth.

    Returns:
        The reward.

    Raises:
        InterpError: a verdict of an unknown kind.
    """
    if verdict.kind not in KINDS:
        raise unknown("kind of completion", verdict.kind, KINDS)
    worth = float(getattr(rules, verdict.kind))
    return worth - rules.brevity_penalty if verdict.kind == "correct" and verdict.padded else worth


def consistency_bonus(n_correct: int, n_languages: int, rules: RewardRules) -> float:
    """Give what a rollout gets for being right in many languages at once.

    Args:
        n_correct: languages that are right.
        n_languages: all languages, at least 1.
        rules: ``bonus`` and ``bonus_shape``.

    Returns:
        ``bonus`` if all are right, 0 if none is; between, what the shape says.

    Raises:
        ValueError: counts that cannot be.
    """
    if not 0 <= n_correct <= n_languages or n_languages < 1:
        raise ValueError(f"{n_correct} correct of {n_languages} languages")
    if rules.bonus_shape == "power":
        return rules.bonus * (n_correct / n_languages) ** BONUS_POWER
    rungs = BONUS_LADDER if rules.bonus_shape == "ladder" else BONUS_LADDER[:1]
    for part, whole, share in rungs:
        if n_correct * whole >= part * n_languages:
            return rules.bonus * share
    return 0.0


def fact_rewards(verdicts: Sequence[Sequence[Verdict]], rules: RewardRules) -> np.ndarray:
    """Turn the completions of one fact into rewards (Eq 1).

    Args:
        verdicts: ``[rollout][language]``, the same languages in each rollout.
        rules: what they are worth, and ``pooling``.

    Returns:
        float64: ``[rollout]`` for ``group``, each the sum over its languages and the bonus;
        ``[rollout, language]`` for ``per_lang``, each a completion's own reward.

    Raises:
        InterpError: a verdict of an unknown kind.
        ValueError: no rollout, no language, or rollouts of different length.
    """
    if len({len(row) for row in verdicts}) != 1 or not verdicts[0]:
        raise ValueError(f"rollouts of {[len(row) for row in verdicts]} languages")
    own = [[score(one, rules) for one in row] for row in verdicts]
    if rules.pooling == "per_lang":
        return np.array(own, np.float64)
    right = [sum(one.kind == "correct" for one in row) for row in verdicts]
    bonus = [consistency_bonus(count, len(own[0]), rules) for count in right]
    # fsum: rollouts with the same scores in different languages must tie to the last bit, or
    # their rounding would pass for a difference.
    return np.array([math.fsum([*row, more]) for row, more in zip(own, bonus, strict=True)])


def advantages(rewards: np.ndarray, eps: float = 1e-6) -> np.ndarray:
    """Compare the rollouts of one fact: z-scores with the population's standard deviation.

    ``(R - mean) / (sd + eps)`` over rollouts, as the paper's code has it; TRL divides by the
    sample's standard deviation instead.

    Args:
        rewards: ``[rollout]`` or ``[rollout, language]``, finite.
        eps: added to the standard deviation.

    Returns:
        float64 of the same shape. Exactly 0 where all rollouts are equal: the mean of equal
        numbers need not equal them, and dividing that rest by ``eps`` would be a gradient.

    Raises:
        ValueError: another shape, nothing, or a number that is not finite.
    """
    given = np.asarray(rewards, np.float64)
    if given.ndim not in (1, 2) or not given.size or not np.isfinite(given).all():
        raise ValueError(f"rewards of shape {given.shape}: expected finite [rollout(, language)]")
    scaled = (given - given.mean(0)) / (given.std(0) + eps)
    return np.where(np.ptp(given, 0) == 0, 0.0, scaled)


def null_rewards(rewards: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Give the rewards of one fact to its rollouts at random: the control run.

    The advantages keep their distribution, but say nothing about the completions they fall on.
    A permutation may leave a rollout its own reward: one that never did would prefer the others.
    With one reward per language the whole row moves, so that a rollout's languages stay related
    as they were.

    Args:
        rewards: ``[rollout]`` or ``[rollout, language]``; not changed.
        rng: the only source of chance.

    Returns:
        The same numbers in a random order of rollouts.
    """
    given = np.asarray(rewards)
    return given[rng.permutation(len(given))]
