"""Percentile bootstrap over units (facts, blocks, samples), jointly for everything measured on them.

One draw says how often each unit counts. The same draws serve every column, so languages,
checkpoints and layers of one table are resampled together, and a difference of two columns has the
interval of a paired comparison. Means with absent values are ratios of sums over what is there.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

DRAWS = 2000
LEVEL = 0.95
ENOUGH = 20
"""Fewer units than this are *not enough data* for a verdict (docs/methods.md); intervals say so."""

_AT_ONCE = 1 << 24
"""Numbers of one matrix product, so that memory stays bounded."""


@dataclass(frozen=True)
class Interval:
    """A statistic and its percentile interval, each ``[...]`` (a scalar has shape ``[]``).

    Attributes:
        estimate: on the units themselves.
        low: lower end; not a number where fewer than two units carry the statistic.
        high: upper end.
        n: units that carry it.
    """

    estimate: Floats
    low: Floats
    high: Floats
    n: NDArray[np.int64]


@lru_cache(maxsize=2)
def draw_counts(n_units: int, draws: int = DRAWS, seed: int = 0) -> NDArray[np.int64]:
    """Draw how often each unit counts.

    Args:
        n_units: units, at least one.
        draws: number of resamples.
        seed: of the draws; the same seed and numbers give the same draws.

    Returns:
        Counts ``[draw, unit]``, each row summing to ``n_units``; read only, as the last two are kept for
        the next statistic of as many units.
    """
    rng = np.random.default_rng(seed)
    counts = rng.multinomial(n_units, np.full(n_units, 1 / n_units), size=draws)
    counts.flags.writeable = False
    return counts


def mean_interval(
    values: ArrayLike, *, draws: int = DRAWS, seed: int = 0, level: float = LEVEL
) -> Interval:
    """Average over units.

    Args:
        values: ``[unit, ...]``; not a number where a unit has none.
        draws: number of resamples.
        seed: of the draws.
        level: of the interval.

    Returns:
        Means ``[...]`` over the units that have a value.
    """
    array = np.asarray(values, float)
    there = ~np.isnan(array)
    return ratio_interval(
        np.where(there, array, 0.0), there.astype(float), draws=draws, seed=seed, level=level
    )


def ratio_interval(
    numerator: ArrayLike,
    denominator: ArrayLike,
    *,
    draws: int = DRAWS,
    seed: int = 0,
    level: float = LEVEL,
) -> Interval:
    """Divide two sums over units, e.g. nats by tokens.

    Args:
        numerator: ``[unit, ...]``, finite.
        denominator: the same shape, not negative; a unit with 0 carries nothing.
        draws: number of resamples.
        seed: of the draws.
        level: of the interval.

    Returns:
        Ratios ``[...]``; not a number where the denominator sums to 0. Draws in which it does are
        left out of the interval.
    """
    top, bottom = np.asarray(numerator, float), np.asarray(denominator, float)
    if top.shape != bottom.shape or top.ndim == 0 or not len(top):
        raise ValueError(f"numerator {top.shape} and denominator {bottom.shape}: [unit, ...] each")
    n_units, shape = len(top), top.shape[1:]
    top, bottom = top.reshape(n_units, -1), bottom.reshape(n_units, -1)
    counts = draw_counts(n_units, draws, seed).astype(float)
    n = (bottom > 0).sum(0)
    low, high = np.empty(top.shape[1]), np.empty(top.shape[1])
    step = max(1, _AT_ONCE // max(draws, 1))
    for start in range(0, top.shape[1], step):
        part = slice(start, start + step)
        drawn = _divide(counts @ top[:, part], counts @ bottom[:, part])
        low[part], high[part] = _percentiles(drawn, level)
    estimate = _divide(top.sum(0), bottom.sum(0))
    few = n < 2
    low[few], high[few] = np.nan, np.nan
    return Interval(
        estimate.reshape(shape), low.reshape(shape), high.reshape(shape), n.reshape(shape)
    )


def ratio_draws(
    numerator: ArrayLike, denominator: ArrayLike, *, draws: int = DRAWS, seed: int = 0
) -> tuple[Floats, Floats]:
    """Divide two sums over units in every resample, to go on computing with the results.

    Args:
        numerator: ``[unit, ...]``, finite.
        denominator: the same shape, not negative.
        draws: number of resamples.
        seed: of the draws.

    Returns:
        The ratios ``[...]`` and those of the resamples ``[draw, ...]``, not a number where the
        denominator sums to 0. A mean or difference of entries, taken of both, goes to
        `percentile_interval`.
    """
    top, bottom = np.asarray(numerator, float), np.asarray(denominator, float)
    counts = draw_counts(len(top), draws, seed).astype(float)
    shape = top.shape[1:]
    flat = (one.reshape(len(top), -1) for one in (top, bottom))
    drawn = _divide(*(counts @ one for one in flat))
    return _divide(top.sum(0), bottom.sum(0)), drawn.reshape(draws, *shape)


def percentile_interval(
    estimate: ArrayLike, drawn: Floats, n: ArrayLike, *, level: float = LEVEL
) -> Interval:
    """Make the interval of a statistic from its values in the resamples.

    Args:
        estimate: the statistic ``[...]``.
        drawn: its values ``[draw, ...]``; what is not a number is left out.
        n: units that carry it, ``[...]`` or one number.
        level: of the interval.

    Returns:
        The interval; empty where fewer than two units carry the statistic.
    """
    value = np.asarray(estimate, float)
    units = np.broadcast_to(np.asarray(n, np.int64), value.shape)
    low, high = (
        one.reshape(value.shape) for one in _percentiles(drawn.reshape(len(drawn), -1), level)
    )
    few = units < 2
    return Interval(value, np.where(few, np.nan, low), np.where(few, np.nan, high), units)


def widen_constant(found: Interval, least: float, most: float) -> Interval:
    """Give a bounded statistic an honest interval where its units were all alike.

    Resampling units that are all alike gives an interval of no width, as if 20 right answers of
    20 proved that none can be wrong. What was seen 0 times of n has a share below
    1 - 0.025^(1/n) with 97.5 % (Clopper-Pearson), and the interval is widened by that.

    Args:
        found: of shares, or of differences of shares.
        least: smallest possible value.
        most: largest possible value.

    Returns:
        The same intervals, but for those of no width with two units or more behind them.
    """
    unseen = 1 - ((1 - LEVEL) / 2) ** (1 / np.maximum(found.n, 1))
    flat = (found.low == found.high) & (found.n >= 2)
    low = np.where(flat, np.maximum(found.estimate - unseen, least), found.low)
    high = np.where(flat, np.minimum(found.estimate + unseen, most), found.high)
    return Interval(found.estimate, low, high, found.n)


def mean_of_known(values: Floats) -> Floats:
    """Average over the last axis what is a number; not a number where nothing is."""
    known = ~np.isnan(values)
    total, count = np.where(known, values, 0.0).sum(-1), known.sum(-1).astype(float)
    return np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0)


def worth_averaging(n: ArrayLike) -> NDArray[np.bool_]:
    """Say which columns an average over columns rests on: those with ``ENOUGH`` units.

    The bootstrap of a handful of units is too sure of itself to be averaged with the rest. Where no
    column has enough, those with any.

    Args:
        n: units of each column ``[column]``.
    """
    units = np.asarray(n)
    return units >= ENOUGH if (units >= ENOUGH).any() else units > 0


def _percentiles(drawn: Floats, level: float) -> tuple[Floats, Floats]:
    """Percentile interval of every column of ``[draw, column]``, leaving out what is no number."""
    tails = [(1 - level) / 2, (1 + level) / 2]
    low, high = np.full((2, drawn.shape[1]), np.nan)
    known = ~np.isnan(drawn).all(0)
    if known.any():
        low[known], high[known] = np.nanquantile(drawn[:, known], tails, axis=0)
    return low, high


def _divide(top: Floats, bottom: Floats) -> Floats:
    return np.divide(top, bottom, out=np.full(top.shape, np.nan), where=bottom > 0)
