"""Does a checkpoint answer alike in all languages? Pure functions of facts by languages.

Sources: total consistency, RankC and agreement as in arXiv 2606.06586 §3; RankC is Qi et al. 2023,
CLC is Wang et al. 2025. Each function returns a number *per fact* (or numerator and denominator
per fact), so that an interval comes from resampling facts, and a mean over facts is the published
statistic.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


def total_consistency(correct: ArrayLike) -> Floats:
    """Whether a fact is correct in every language.

    Args:
        correct: bool ``[fact, language]``.

    Returns:
        1 or 0 ``[fact]``; its mean is Total Consistency.
    """
    return np.asarray(correct, bool).all(-1).astype(float)


def histogram(correct: ArrayLike) -> NDArray[np.int64]:
    """Count facts by the number of languages in which they are correct.

    Args:
        correct: bool ``[fact, language]``.

    Returns:
        Counts ``[number of languages, 0 to L]``.
    """
    table = np.asarray(correct, bool)
    return np.bincount(table.sum(-1), minlength=table.shape[-1] + 1)


def independent_histogram(correct: ArrayLike) -> Floats:
    """Expect the same histogram if languages erred independently, each at its own rate.

    What Total Consistency would be by accuracy alone: the measured share has to be read beside it.

    Args:
        correct: bool ``[fact, language]``.

    Returns:
        Expected counts ``[number of languages, 0 to L]`` (a Poisson binomial times the facts).
    """
    table = np.asarray(correct, bool)
    shares = np.ones(1)
    for rate in table.mean(0):
        shares = np.convolve(shares, [1 - rate, rate])
    return len(table) * shares


def rank_weights(n_options: int) -> Floats:
    """Weights of the depths 1 to N: softmax of N - depth, so that the top counts most."""
    powers = np.exp(np.arange(n_options - 1, -1, -1.0))
    return powers / powers.sum()


def rankc(ranks: ArrayLike) -> Floats:
    """Ranking consistency of every two languages.

    RankC = mean over facts of sum over depths j of w_j ``|top_j and top_j'|`` / j.

    Args:
        ranks: places of options, best first, ``[fact, language, rank]``; options aligned.

    Returns:
        ``[fact, language, language]``; 1 on the diagonal.
    """
    order = np.asarray(ranks)
    n_facts, n_languages, n_options = order.shape
    found = np.zeros((n_facts, n_languages, n_languages))
    top = np.zeros((n_facts, n_languages, n_options))
    for depth, weight in enumerate(rank_weights(n_options), start=1):
        np.put_along_axis(top, order[..., depth - 1 : depth], 1.0, axis=-1)
        found += weight / depth * (top @ top.transpose(0, 2, 1))
    return found


def rankc_floor(n_options: int) -> float:
    """Smallest possible RankC, reached by opposite rankings; never 0, so print it beside values."""
    weights = rank_weights(n_options)
    shared = [max(0, 2 * depth - n_options) / depth for depth in range(1, n_options + 1)]
    return math.fsum(w * s for w, s in zip(weights, shared, strict=True))


def rankc_chance(n_options: int) -> float:
    """Expected RankC of two independent uniform rankings: two random top-j share j*j/N options."""
    weights = rank_weights(n_options)
    return math.fsum(w * depth / n_options for depth, w in enumerate(weights, start=1))


def agreement(choices: ArrayLike) -> Floats:
    """Whether two languages choose the same option, right or wrong.

    Args:
        choices: place of the chosen option ``[fact, language]``; options aligned.

    Returns:
        1 or 0 ``[fact, language, language]``.
    """
    made = np.asarray(choices)
    return (made[:, :, None] == made[:, None, :]).astype(float)


def clc(correct: ArrayLike) -> tuple[Floats, Floats]:
    """Cross-lingual consistency: facts correct in both languages over facts correct in either.

    Wang et al. 2025. The release's notebook divides by the facts correct in English instead; that
    is `given`.

    Args:
        correct: bool ``[fact, language]``.

    Returns:
        Numerator and denominator per fact, each ``[fact, language, language]``.
    """
    table = np.asarray(correct, bool)
    one, other = table[:, :, None], table[:, None, :]
    return (one & other).astype(float), (one | other).astype(float)


def given(correct: ArrayLike) -> tuple[Floats, Floats]:
    """Share of the facts correct in the first language that are correct in the second, too.

    Args:
        correct: bool ``[fact, language]``.

    Returns:
        Numerator and denominator per fact, each ``[fact, first language, second language]``.
    """
    table = np.asarray(correct, bool)
    one, other = table[:, :, None], table[:, None, :]
    return (one & other).astype(float), np.broadcast_to(one, one.shape[:2] + other.shape[2:]) * 1.0
