"""Eq 3 by hand: loops and math.log on plain floats, nothing shared with `training.sft_loss`."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence


def softmax(scores: Sequence[float]) -> list[float]:
    """Exponentials over their sum."""
    top = max(scores)
    powers = [math.exp(s - top) for s in scores]
    return [p / sum(powers) for p in powers]


def kl(p: Sequence[float], q: Sequence[float]) -> float:
    """KL(p || q) in nats."""
    return sum(a * math.log(a / b) for a, b in zip(p, q, strict=True) if a > 0)


def reference_loss(
    scores: Sequence[Sequence[float]],
    gold: int,
    lam: float,
    direction: str,
    mean: Sequence[float] | None = None,
) -> float:
    """-mean_l log p_l(gold) + lam * mean_l KL.

    Args:
        scores: ``[language][option]``.
        gold: place of the answer.
        lam: lambda.
        direction: ``lang_to_mean``, KL(p_l || m), as printed, or ``mean_to_lang``, KL(m || p_l).
        mean: m, where it is to be held fixed (the stop-gradient); by default the mean of the p_l.
    """
    p = [softmax(row) for row in scores]
    m = mean_of(scores) if mean is None else mean
    cross_entropy = -sum(math.log(row[gold]) for row in p) / len(p)
    pairs = [(row, m) if direction == "lang_to_mean" else (m, row) for row in p]
    return cross_entropy + lam * sum(kl(a, b) for a, b in pairs) / len(p)


def mean_of(scores: Sequence[Sequence[float]]) -> list[float]:
    """The mean distribution over languages."""
    p = [softmax(row) for row in scores]
    return [sum(row[o] for row in p) / len(p) for o in range(len(p[0]))]


def slope(f: Callable[[float], float], at: float, step: float = 1e-5) -> float:
    """Central finite difference."""
    return (f(at + step) - f(at - step)) / (2 * step)
