"""Wrong answers that tell nothing: every answer is offered wrong exactly three times as often.

Within one relation the wrong answers are the relation's right answers, three copies of each,
dealt out again. Whoever knows only how often an answer is right, or is offered, is then right in
one question out of four. Dealing is an assignment problem, solved three times (one wrong answer
per question each time): forbidden are answers that are also true, that the subject's name
resembles, or that are dealt already; among the others similar length is preferred. For this to
be possible no answer may be right in more than a quarter of the questions (`capped`).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.optimize import linear_sum_assignment

from interp.data.canonical import seeded_number
from interp.data.sources.cldr_facts.truths import Triple

N_WRONG = 3
# Below 1/4, so that a few forbidden pairs cannot make dealing impossible.
MAX_SHARE = 0.24
# Whole numbers: the best assignment is then the same on every machine.
_FORBIDDEN, _LENGTH, _NOISE = 1_000_000, 1_000, 400
# Among fewer answers (the six continents) a choice by length would choose the same ones always.
_MIN_CHOICE = 12


def capped(triples: Sequence[Triple], seed: int, max_share: float = MAX_SHARE) -> list[Triple]:
    """Drop facts of too frequent answers until none has more than its share.

    Args:
        triples: facts of one relation.
        seed: decides which facts of a frequent answer go.
        max_share: largest share of the facts that one answer may have.

    Returns:
        The kept facts, in the given order.
    """
    by_answer: dict[str, list[Triple]] = {}
    for triple in sorted(triples, key=lambda t: seeded_number(seed, "cap", t.fact_id)):
        by_answer.setdefault(triple.answer, []).append(triple)
    total = len(triples)
    while total:
        heaviest = max(by_answer, key=lambda answer: (len(by_answer[answer]), answer))
        if len(by_answer[heaviest]) <= max_share * total:
            break
        by_answer[heaviest].pop()
        total -= 1
    kept = {triple.fact_id for group in by_answer.values() for triple in group}
    return [triple for triple in triples if triple.fact_id in kept]


def deal(
    answers: np.ndarray,
    forbidden: np.ndarray,
    clashing: np.ndarray,
    mismatch: np.ndarray,
    noise: np.ndarray,
) -> np.ndarray:
    """Deal three wrong answers to every fact of one relation.

    Args:
        answers: int `[fact]`, the right answer of each fact, as a column below.
        forbidden: bool `[fact, answer]`, answers that must not be offered.
        clashing: bool `[answer, answer]`, answers that must not be offered together.
        mismatch: float cost of offering an answer to a fact, e.g. by difference in length.
        noise: float `[fact, answer]` in [0, 1), decides between equally good answers.

    Returns:
        int `[fact, 3]`, the wrong answers; -1 where dealing was impossible.
    """
    cost = np.rint(_LENGTH * mismatch + _NOISE * noise)  # [place, fact, answer]
    barred = forbidden | clashing[answers]
    dealt = np.full((len(answers), N_WRONG), -1)
    for place in range(N_WRONG):
        # Columns are copies of answers: the right answer of fact k is to be dealt once.
        rows, copies = linear_sum_assignment(np.where(barred, _FORBIDDEN, cost[place])[:, answers])
        chosen = answers[copies]
        allowed = ~barred[rows, chosen]
        dealt[rows[allowed], place] = chosen[allowed]
        barred = barred | clashing[chosen]
    return dealt


def length_mismatch(lengths: np.ndarray, answers: np.ndarray, draw: np.ndarray) -> np.ndarray:
    """Say how badly the length of every possible wrong answer fits.

    Near lengths fit best; but if only nearness counted, the right answer would be of middling
    length too often. So every fact draws how many of its wrong answers are to be longer, and
    one on the wrong side counts twice.

    Args:
        lengths: int `[answer, language]`, letters of each answer.
        answers: int `[fact]`, the right answer of each fact.
        draw: float `[fact]` in [0, 1).

    Returns:
        float `[place, fact, answer]`, as `deal` wants it; zero where there are few answers.
    """
    if len(lengths) < _MIN_CHOICE:
        return np.zeros((N_WRONG, len(answers), len(lengths)))
    right = lengths[answers][:, None, :]  # [fact, 1, language]
    excess = ((lengths[None] - right) / np.maximum(lengths[None], right)).mean(-1)
    n_longer = np.floor(draw * (N_WRONG + 1))
    side = np.where(np.arange(N_WRONG)[:, None] < n_longer, 1, -1)[:, :, None]  # [place, fact, 1]
    return np.abs(excess) + np.maximum(0, -side * excess)


def mixed(left: Sequence[str], right: Sequence[str], seed: int) -> np.ndarray:
    """Give every pair of names its own reproducible number in [0, 1).

    Returns:
        float `[left, right]`.
    """
    a = np.array([int(seeded_number(seed, "row", name) * 2**53) for name in left], np.uint64)
    b = np.array([int(seeded_number(seed, "column", name) * 2**53) for name in right], np.uint64)
    # The finaliser of SplitMix64 (Steele et al. 2014): a hash of the pair without a Python loop.
    x = a[:, None] * np.uint64(0x9E3779B97F4A7C15) ^ b[None, :]
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return ((x ^ (x >> np.uint64(31))) >> np.uint64(11)).astype(np.float64) / 2**53
