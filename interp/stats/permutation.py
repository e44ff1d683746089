"""Exchanging labels: which resamples say what chance alone would give; pure.

A permutation p-value counts the relabelled values that are at least as far out as the observed one.
The observed labelling is one of them, so it is counted: (1 + hits) / (1 + draws). Where all
relabellings are few enough to be listed, they are, and the p-value is exact.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from math import comb

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

TOLERANCE = 1e-9
"""Relative: a relabelling that only rounding puts below the observed value counts as reaching it."""


@dataclass(frozen=True)
class Relabellings:
    """Which units change sides, relabelling by relabelling.

    Attributes:
        moved: 1 where a unit stands on the other side, ``[relabelling, unit]``, float64.
        exact: whether these are all relabellings (the observed one included) instead of draws.
    """

    moved: Floats
    exact: bool

    def __len__(self) -> int:
        """Return the number of relabellings."""
        return len(self.moved)


def swaps(n_units: int, draws: int, seed: int = 0) -> Relabellings:
    """Swap the two checkpoints within each unit with probability 1/2 (paired measurements).

    Args:
        n_units: blocks, samples or facts, at least one.
        draws: number of relabellings; all 2^n are listed where they are no more than that.
        seed: of the draws.

    Returns:
        The relabellings; 1 says that the unit's base and model are exchanged.
    """
    if 2**n_units <= draws:
        bits = np.arange(2**n_units)[:, None] >> np.arange(n_units)[None, :] & 1
        return Relabellings(bits.astype(np.float64), exact=True)
    rng = np.random.default_rng(seed)
    return Relabellings(rng.integers(0, 2, (draws, n_units)).astype(np.float64), exact=False)


def exchanges(n_base: int, n_model: int, draws: int, seed: int = 0) -> Relabellings:
    """Deal whole units of both sides out again (unpaired measurements).

    Args:
        n_base: units of the base.
        n_model: units of the model.
        draws: number of relabellings; all are listed where they are no more than that.
        seed: of the draws.

    Returns:
        The relabellings over the units of the base, then those of the model; 1 says that the unit
        counts for the model's side, which always has ``n_model`` units.
    """
    total = n_base + n_model
    if comb(total, n_model) <= draws:
        moved = np.zeros((comb(total, n_model), total))
        for row, chosen in enumerate(combinations(range(total), n_model)):
            moved[row, list(chosen)] = 1
        return Relabellings(moved, exact=True)
    rng = np.random.default_rng(seed)
    order = rng.permuted(np.tile(np.arange(total), (draws, 1)), axis=1)
    return Relabellings((order < n_model).astype(np.float64), exact=False)


def halves(n_units: int, splits: int, seed: int = 0) -> Floats:
    """Split units into two random halves; an odd unit goes to the second.

    Args:
        n_units: units, at least two.
        splits: number of splits.
        seed: of the splits.

    Returns:
        1 for the first half, 0 for the second, ``[split, unit]``.
    """
    rng = np.random.default_rng(seed)
    order = rng.permuted(np.tile(np.arange(n_units), (splits, 1)), axis=1)
    return (order < n_units // 2).astype(np.float64)


def reaches(relabelled: Floats, observed: Floats) -> NDArray[np.bool_]:
    """Say where a relabelled value is at least the observed one.

    Args:
        relabelled: ``[..., statistic]``. Not a number (nothing was left to compute from) counts as
            reaching, which can only make a p-value larger.
        observed: ``[statistic]``, not negative.
    """
    return ~(relabelled < observed * (1 - TOLERANCE))


def p_value(hits: NDArray[np.int64], relabellings: Relabellings | int) -> Floats:
    """Turn counted hits into p-values.

    Args:
        hits: relabellings that reach the observed value.
        relabellings: those that were made, or the number of draws.

    Returns:
        (1 + hits) / (1 + draws), or hits / all where all were listed.
    """
    if isinstance(relabellings, Relabellings) and relabellings.exact:
        return np.asarray(hits / len(relabellings), np.float64)
    n = relabellings if isinstance(relabellings, int) else len(relabellings)
    return np.asarray((1 + hits) / (1 + n), np.float64)


def holm(p: Floats) -> Floats:
    """Adjust p-values of one family by Holm's step-down rule.

    Args:
        p: p-values ``[test]``; not a number where there is none, which counts as no test.

    Returns:
        Adjusted p-values ``[test]``, at most 1.
    """
    adjusted = np.full(p.shape, np.nan)
    tests = np.flatnonzero(~np.isnan(p))
    order = tests[np.argsort(p[tests], kind="stable")]
    steps = p[order] * (len(order) - np.arange(len(order)))
    adjusted[order] = np.minimum(np.maximum.accumulate(steps), 1) if len(order) else steps
    return adjusted
