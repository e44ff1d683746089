"""The percentile bootstrap as a loop over resamples, for any statistic."""

from __future__ import annotations

import numpy as np

from interp.stats.bootstrap import Interval, draw_counts


def statistic_interval(statistic, n_units, *, draws, seed=0, level=0.95) -> Interval:
    """Resample units and compute everything again each time.

    ``statistic`` goes from places of units (with repetition) to an array; draws in which an entry
    is not a number are left out there.
    """
    estimate = np.asarray(statistic(np.arange(n_units)), float)
    places = np.arange(n_units)
    counts = draw_counts(n_units, draws, seed)
    drawn = np.stack([np.asarray(statistic(np.repeat(places, row)), float) for row in counts])
    low, high = np.nanquantile(drawn, [(1 - level) / 2, (1 + level) / 2], axis=0)
    return Interval(estimate, low, high, np.full(estimate.shape, n_units))
