"""Many facts in one language through the layers: quantiles of ranks and shares of facts."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.stats import beta

from interp.lens import pivot
from interp.lens.role_cube import RoleCube
from interp.stats.bootstrap import LEVEL

QUARTILES = (0.25, 0.5, 0.75)

SHARES = ("target first", "English ahead", "not crossed yet")
"""Target ranked first; English answer outranks the target; target has not passed English for good."""


def rank_curves(cube: RoleCube, lang: str, facts: NDArray[np.bool_]) -> pd.DataFrame:
    """Take quartiles of the ranks over facts, layer by layer.

    Args:
        cube: the ranks.
        lang: the language, one of the cube's.
        facts: which facts count, ``[fact]``.

    Returns:
        One row per role that the language has and layer: columns role, layer, n (facts), q25, median,
        q75 (0-based ranks). No rows without facts.
    """
    frames = []
    for role in cube.ranks:
        ranks = cube.of(role, lang)[facts]
        ranks = ranks[~np.isnan(ranks).any(-1)]
        if not len(ranks):
            continue
        low, median, high = np.quantile(ranks, QUARTILES, axis=0)
        frames.append(
            pd.DataFrame(
                {
                    "role": role,
                    "layer": np.arange(cube.n_points),
                    "n": len(ranks),
                    "q25": low,
                    "median": median,
                    "q75": high,
                }
            )
        )
    columns = ["role", "layer", "n", "q25", "median", "q75"]
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=columns)


def share_curves(cube: RoleCube, lang: str, facts: NDArray[np.bool_]) -> pd.DataFrame:
    """Count facts layer by layer.

    Args:
        cube: the ranks.
        lang: the language, one of the cube's.
        facts: which facts count, ``[fact]``.

    Returns:
        One row per statistic of ``SHARES`` and layer: columns statistic, layer, n (facts), share, low
        and high (exact binomial 95 % interval). Those that need the English answer are left out
        where there is none; no rows without facts.
    """
    target, english = cube.of("target", lang)[facts], cube.of("en", lang)[facts]
    alone = ~np.isnan(target).any(-1)
    both = alone & ~np.isnan(english).any(-1)
    crossed = pivot.crossover(target[both], english[both])
    tables = (
        target[alone] == 0,
        pivot.english_ahead(target[both], english[both]),
        pivot.still_behind(crossed, cube.n_points),
    )
    frames = []
    for statistic, table in zip(SHARES, tables, strict=True):
        if not len(table):
            continue
        hits, n = np.asarray(table, float).sum(0), len(table)
        low, high = binomial_interval(hits, n)
        frames.append(
            pd.DataFrame(
                {
                    "statistic": statistic,
                    "layer": np.arange(cube.n_points),
                    "n": n,
                    "share": hits / n,
                    "low": low,
                    "high": high,
                }
            )
        )
    columns = ["statistic", "layer", "n", "share", "low", "high"]
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=columns)


def binomial_interval(
    hits: ArrayLike, n: int, *, level: float = LEVEL
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Bound a share by the exact (Clopper-Pearson) interval.

    Args:
        hits: units that have it, ``[...]``.
        n: units, at least one.
        level: of the interval.

    Returns:
        Lower and upper end, each ``[...]``; 0 below no hit and 1 above nothing but hits.
    """
    k = np.asarray(hits, float)
    tail = (1 - level) / 2
    low = np.where(k == 0, 0.0, beta.ppf(tail, k, n - k + 1))
    high = np.where(k == n, 1.0, beta.ppf(1 - tail, k + 1, n - k))
    return low, high
