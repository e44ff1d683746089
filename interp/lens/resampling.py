"""The English-pivot statistics of groups of facts, on the facts and on every bootstrap draw of them.

Every statistic derives from means over facts, so that one matrix product gives all draws. Facts are
drawn once, for all languages, groups and checkpoints together (`draw_counts`): a difference of any two
of them has the interval of a paired comparison, and an average over languages that of resampled facts,
not of languages taken for independent.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from interp.lens import pivot
from interp.lens.rank_cube import RankCube
from interp.stats.bootstrap import (
    Interval,
    percentile_interval,
    widen_constant,
    worth_averaging,
)

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

MEDIAN = "median_crossover"

CURVES = ("pivot_share", "survival")
"""Statistics with a value at every layer."""

SCALARS = (
    "mean_pivot_share", "window_layers", "longest_window", "never_crosses", MEDIAN,
    "pivot_mass", "transition_failure",
)  # fmt: skip
"""Statistics with one value."""

SHARES = ("pivot_share", "survival", "mean_pivot_share", "never_crosses", "transition_failure")
"""Those that lie between 0 and 1."""


@dataclass(frozen=True)
class Resampled:
    """The statistics of one group of facts, per language and (last) averaged over languages.

    Attributes:
        estimate: statistic to values ``[language + 1]``, those of ``CURVES`` ``[language + 1, layer]``.
        drawn: the same on every draw, ``[draw, ...]``.
        n: facts of each language, and last the distinct facts behind the average.
        averaged: languages in the average ``[language]``.
    """

    estimate: dict[str, Floats]
    drawn: dict[str, Floats]
    n: NDArray[np.int64]
    averaged: Bools

    def interval(self, statistic: str) -> Interval:
        """Percentile interval of a statistic, ``[language + 1, ...]``."""
        return _interval(statistic, self.estimate[statistic], self.drawn[statistic], self.n, 0.0)


def fact_values(cube: RankCube) -> Floats:
    """What each fact contributes to the means.

    Args:
        cube: the ranks.

    Returns:
        ``[fact, language, column]``: whether English is ahead at each layer, whether the fact is
        still behind at each layer, its pivot mass, and whether its transition fails.
    """
    target, english = cube.target, cube.english
    behind = pivot.still_behind(pivot.crossover(target, english), cube.n_points)
    mass, failure = pivot.pivot_mass(target, english), pivot.transition_failure(target, english)
    ahead = pivot.english_ahead(target, english)
    return np.concatenate([ahead, behind, mass[..., None], failure[..., None]], axis=-1)


def statistics_of(means: Floats) -> dict[str, Floats]:
    """Derive every statistic from the means of `fact_values`.

    Args:
        means: ``[..., column]``.

    Returns:
        Name to values: ``CURVES`` ``[..., layer]``, ``SCALARS`` ``[...]``; not a number where the
        means are not.
    """
    n_points = (means.shape[-1] - 2) // 2
    share, survival = means[..., :n_points], means[..., n_points : 2 * n_points]
    window = pivot.pivot_window(share)
    empty = np.isnan(share).any(-1)
    return {
        "pivot_share": share,
        "survival": survival,
        "mean_pivot_share": share.mean(-1),
        "window_layers": np.where(empty, np.nan, window.sum(-1)),
        "longest_window": np.where(empty, np.nan, pivot.longest_run(window)[1]),
        "never_crosses": survival[..., -1],
        MEDIAN: pivot.median_crossover(survival),
        "pivot_mass": means[..., -2],
        "transition_failure": means[..., -1],
    }


def resample(
    values: Floats, member: Bools, counts: NDArray[np.int64], averaged: Bools | None = None
) -> Resampled:
    """Compute the statistics of one group of facts and their draws.

    Args:
        values: from `fact_values`, ``[fact, language, column]``.
        member: which facts are in the group in which language ``[fact, language]``; those without
            values count nowhere.
        counts: how often each fact is drawn ``[draw, fact]``.
        averaged: languages to average over ``[language]``. By default those with ``ENOUGH`` facts,
            or, where none has, those with any: the bootstrap of a handful of facts is too sure of
            itself to be averaged with the rest.

    Returns:
        The statistics.
    """
    there = member & ~np.isnan(values).any(-1)
    n = there.sum(0)
    if averaged is None:
        averaged = worth_averaging(n)
    rows = there.any(1)
    kept = np.where(there[..., None], values, 0.0)[rows]
    estimate = _means(np.ones((1, int(rows.sum()))), kept, there[rows], averaged)[0]
    drawn = _means(counts[:, rows].astype(float), kept, there[rows], averaged)
    distinct = int(there[:, averaged].any(1).sum())
    return Resampled(
        statistics_of(estimate), statistics_of(drawn), np.append(n, distinct), averaged
    )


def _means(weights: Floats, values: Floats, there: Bools, averaged: Bools) -> Floats:
    """Weighted means ``[draw, language + 1, column]``; a draw without a language averages the rest."""
    size = (weights @ there)[..., None]
    total = np.tensordot(weights, values, axes=1)
    means = np.divide(total, size, out=np.full(total.shape, np.nan), where=size > 0)
    counted = (size > 0) & averaged[:, None]
    number = counted.sum(1)
    together = np.where(counted, means, 0.0).sum(1)
    mean = np.divide(together, number, out=np.full(together.shape, np.nan), where=number > 0)
    return np.concatenate([means, mean[:, None]], axis=1)


def difference(first: Resampled, second: Resampled, statistic: str) -> Interval:
    """Difference of a statistic between two results of the same draws, second minus first.

    Args:
        first: the one.
        second: the other.
        statistic: which one.

    Returns:
        Interval ``[language + 1, ...]``; ``n`` of the smaller. Without an interval where two medians
        that are not reached meet in a draw: their difference is not defined.
    """
    a, b = first.drawn[statistic], second.drawn[statistic]
    with np.errstate(invalid="ignore"):
        drawn, estimate = b - a, second.estimate[statistic] - first.estimate[statistic]
    undefined = (np.isnan(drawn) & ~np.isnan(a) & ~np.isnan(b)).any(0)
    n = np.minimum(first.n, second.n)
    return _interval(statistic, estimate, np.where(undefined, np.nan, drawn), n, -1.0)


def _interval(
    statistic: str, estimate: Floats, drawn: Floats, n: NDArray[np.int64], least: float
) -> Interval:
    """Interval of a statistic, or (``least`` -1) of a difference, from draws ``[draw, language + 1, ...]``.

    Shares that do not vary keep a doubt (`widen_constant`). A median that is not reached counts as
    later than every layer, and so may an end of its interval be.
    """
    units = np.broadcast_to(n.reshape(-1, *[1] * (estimate.ndim - 1)), estimate.shape)
    if statistic != MEDIAN:
        found = percentile_interval(estimate, drawn, units)
        return widen_constant(found, least, 1.0) if statistic in SHARES else found
    finite = drawn[np.isfinite(drawn)]
    beyond = 1 + float(np.abs(finite).max(initial=0.0))  # stands for infinity between quantiles
    found = percentile_interval(estimate, np.clip(drawn, -beyond, beyond), units)
    low, high = (
        np.where(np.abs(end) > beyond - 1, np.copysign(np.inf, end), end)
        for end in (found.low, found.high)
    )
    return Interval(estimate, low, high, found.n)
