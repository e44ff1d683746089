"""Distributions over layers and the largest distance between two of them; pure.

``D = max_l |F_base(l) - F_model(l)|`` with F the share of what is counted that lies in layers up to l
(arXiv 2606.06586, Fig 15). The sign is kept: the paper's *late discovery* needs F_model below
F_base. ``scipy.stats.ks_2samp`` gives the same D on the expanded samples; its p-value does not hold
here, because the two samples share most of their members and take as many values as there are layers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Distance:
    """The largest distance between two cumulative distributions.

    Attributes:
        value: D, ``[...]``; not a number where a side is empty.
        signed: F_model - F_base where their distance is largest; positive: the model's lie earlier.
        layer: that layer, 0-based (of the base, where the depths differ); the first of several; -1
            where a side is empty.
    """

    value: Floats
    signed: Floats
    layer: NDArray[np.int64]


def layer_cdf(counts: ArrayLike) -> Floats:
    """Cumulate counts per layer into shares.

    Args:
        counts: ``[..., layer]``, not negative; a layer without members is a 0, never left out.

    Returns:
        ``[..., layer]``, the last 1; not a number where nothing is counted.
    """
    total = np.cumsum(np.asarray(counts, np.float64), axis=-1)
    last = total[..., -1:]
    return np.divide(total, last, out=np.full(total.shape, np.nan), where=last > 0)


def layer_distance(base: ArrayLike, model: ArrayLike) -> Distance:
    """Compare two distributions over layers.

    Args:
        base: counts ``[..., layer]``.
        model: counts ``[..., layer]``. Where its number of layers differs from the base's, both
            are read at relative depth: layer l of L ends at (l + 1) / L.

    Returns:
        The distance, ``[...]``.
    """
    first, second = layer_cdf(base), layer_cdf(model)
    at = np.arange(first.shape[-1])
    if first.shape[-1] != second.shape[-1]:
        first, second, at = _at_relative_depth(first, second)
    gap = second - first
    empty = np.isnan(gap).any(-1)
    place = np.where(np.isnan(gap), 0.0, np.abs(gap)).argmax(-1)
    signed = np.take_along_axis(gap, place[..., None], -1)[..., 0]
    signed = np.where(empty, np.nan, signed)
    return Distance(np.abs(signed), signed, np.where(empty, -1, at[place]))


def _at_relative_depth(first: Floats, second: Floats) -> tuple[Floats, Floats, NDArray[np.int64]]:
    """Read both at every depth at which one of them steps; in whole numbers, so exactly."""
    n, m = first.shape[-1], second.shape[-1]
    depths = np.unique(np.concatenate([np.arange(1, n + 1) * m, np.arange(1, m + 1) * n]))
    sides = []
    for cdf, step in ((first, m), (second, n)):
        whole = depths // step  # layers that end at or before this depth
        padded = np.concatenate([np.where(np.isnan(cdf[..., :1]), np.nan, 0.0), cdf], axis=-1)
        sides.append(padded[..., whole])
    return sides[0], sides[1], np.minimum((depths - 1) // m, n - 1)


def last_layers(n_layers: int, share: tuple[int, int] = (5, 32)) -> int:
    """How many layers the paper's "layers 28-32" of 32 are in a model of another depth.

    Args:
        n_layers: layers of the model.
        share: the share as a fraction, numerator and denominator.

    Returns:
        ``ceil(n_layers * share)``: 5 of 32, 5 of 28, 2 of 8.
    """
    return -(-n_layers * share[0] // share[1])
