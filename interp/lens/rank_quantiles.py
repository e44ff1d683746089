"""Quantiles of ranks with the interval that resampling facts would give, without resampling.

A quantile of a resample of n facts is one of the n sorted values; that it is at most the j-th says that
at least k of n independent draws fell among the j smallest: a binomial probability. So the percentile
bootstrap of a quantile is known exactly, as if there had been endless draws.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import binom

from interp.stats.bootstrap import LEVEL, Interval


def quantile_interval(
    values: ArrayLike, quantiles: Sequence[float], *, level: float = LEVEL
) -> Interval:
    """Take quantiles over facts.

    Args:
        values: ``[fact, ...]``, every one a number.
        quantiles: each between 0 and 1.
        level: of the interval.

    Returns:
        ``[quantile, ...]``. The estimate lies halfway between two facts where the quantile does, as
        medians in the other tables do; the ends of the interval are facts' own values. Not a number
        without facts; no interval for fewer than two.
    """
    ordered = np.sort(np.asarray(values, float), axis=0)
    n, shape = len(ordered), (len(quantiles), *ordered.shape[1:])
    counts = np.full(shape, n)
    if n == 0:
        return Interval(
            np.full(shape, np.nan), np.full(shape, np.nan), np.full(shape, np.nan), counts
        )
    estimate = np.quantile(ordered, quantiles, axis=0)
    if n < 2:
        return Interval(estimate, np.full(shape, np.nan), np.full(shape, np.nan), counts)
    below = np.arange(1, n + 1) / n  # chance that a draw is among the j smallest
    ends = np.empty((2, len(quantiles)), np.intp)
    for place, quantile in enumerate(quantiles):
        at_most = binom.sf(max(1, np.ceil(quantile * n)) - 1, n, below)
        ends[:, place] = np.searchsorted(at_most, [(1 - level) / 2, (1 + level) / 2])
    low, high = ordered[np.minimum(ends, n - 1)]
    return Interval(estimate, low, high, counts)
