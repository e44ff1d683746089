"""English-pivot statistics of the logit lens: is the answer readable in English before it is in the language?

Pure functions of two arrays of ranks, ``target`` and ``english``, ``[..., layer]``: the rank of the
target answer's token and of the English answer's at the points 0 to L (0 is what enters the first
block, ``l`` the stream after ``l`` blocks). Points between attention and MLP are no layer's output and
stay outside. Ranks are 0-based as stored: 0 is the model's first choice. Where a rank is not a number,
what is derived from it is not a number either.

The definitions stand in docs/methods.md (English-pivot statistics); the paper shows single examples
and defines none of them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

NEAR_TOP = 10
"""Largest 0-based rank at which English counts as found (a shown place of 11 at most)."""

_HALF = 0.5 + 1e-12
"""One half, for averages of shares whose sum was rounded."""


def english_ahead(target: ArrayLike, english: ArrayLike) -> Floats:
    """Whether the English answer outranks the target's; its mean over facts is the *pivot share*.

    Args:
        target: ranks ``[..., layer]``.
        english: ranks of the same shape.

    Returns:
        1 or 0 ``[..., layer]``; a tie is 0.
    """
    t, e = np.asarray(target, float), np.asarray(english, float)
    return np.where(np.isnan(t) | np.isnan(e), np.nan, e < t)


def crossover(target: ArrayLike, english: ArrayLike) -> Floats:
    """Smallest layer from which the target's rank is at most English's at every layer to the end.

    Args:
        target: ranks ``[..., layer]``.
        english: ranks of the same shape.

    Returns:
        Layers ``[...]``; infinite where English is ahead at the last layer. That is a *censored*
        time (the network ended first), not a number to average: see `survival`.
    """
    ahead = english_ahead(target, english)
    # From the right, how long is the unbroken stretch in which the target is not behind?
    stretch = np.cumprod(ahead[..., ::-1] == 0, axis=-1).sum(-1)
    first = np.where(stretch > 0, ahead.shape[-1] - stretch.astype(float), np.inf)
    return np.where(np.isnan(ahead).any(-1), np.nan, first)


def still_behind(layers: ArrayLike, n_points: int) -> Floats:
    """Whether a fact has not crossed yet; its mean over facts is the Kaplan-Meier curve.

    The product-limit estimate of S(l), the share that crosses after layer l, is plainly the share
    with crossover > l, because every fact is followed to the same last layer: nobody is censored
    before the end, so that no one at risk is ever missing. (The tests hold this against the
    product.) Being a mean over facts, it is resampled as one.

    Args:
        layers: crossovers ``[...]``, infinite where censored.
        n_points: number of points, L + 1.

    Returns:
        1 or 0 ``[..., layer]``.
    """
    times = np.asarray(layers, float)[..., None]
    return np.where(np.isnan(times), np.nan, times > np.arange(n_points))


def survival(layers: ArrayLike, n_points: int) -> Floats:
    """Kaplan-Meier curve of the crossover.

    Args:
        layers: crossovers ``[fact, ...]``, infinite where censored; facts without one count nowhere.
        n_points: number of points, L + 1.

    Returns:
        Share of facts that have not crossed by each layer ``[..., layer]``; the last is the share
        that never crosses. Not a number where there is no fact.
    """
    behind = still_behind(layers, n_points)
    there = ~np.isnan(behind)
    total = np.where(there, behind, 0.0).sum(0)
    return np.divide(total, there.sum(0), out=np.full(total.shape, np.nan), where=there.any(0))


def median_crossover(curve: ArrayLike) -> Floats:
    """Median of a Kaplan-Meier curve: the smallest layer by which at least half have crossed.

    Args:
        curve: ``[..., layer]``.

    Returns:
        Layers ``[...]``; infinite where fewer than half ever cross (*not reached*).
    """
    shares = np.asarray(curve, float)
    reached = shares <= _HALF
    first = np.where(reached.any(-1), reached.argmax(-1).astype(float), np.inf)
    return np.where(np.isnan(shares).any(-1), np.nan, first)


def pivot_mass(target: ArrayLike, english: ArrayLike) -> Floats:
    """How far, in orders of magnitude of rank, English is ahead, summed over the layers.

    Args:
        target: ranks ``[..., layer]``.
        english: ranks of the same shape.

    Returns:
        Sum of max(0, log10(1 + t) - log10(1 + e)) ``[...]``.
    """
    lead = np.log10(1 + np.asarray(target, float)) - np.log10(1 + np.asarray(english, float))
    return np.maximum(0, lead).sum(-1)


def last_third(n_points: int) -> slice:
    """Which points are the last third of the layers.

    The embeddings are no layer, so of L blocks it is the outputs of the last ceil(L / 3): points 6
    to 8 of 8 blocks, 22 to 32 of 32. The last point is always among them.

    Args:
        n_points: number of points, L + 1, at least two.

    Returns:
        Their places on the layer axis.
    """
    blocks = n_points - 1
    if blocks < 1:
        raise ValueError(f"{n_points} points: expected the embeddings and at least one block")
    return slice(n_points - -(-blocks // 3), n_points)


def transition_failure(target: ArrayLike, english: ArrayLike) -> Floats:
    """Whether the answer is found in English late in the network and not brought over.

    English reaches a 0-based rank of at most ``NEAR_TOP`` somewhere in the last third of the layers,
    and is still ahead of the target at the last one. So a fact that fails never crosses; the reverse
    does not hold, since English may be ahead while neither is near the top.

    Args:
        target: ranks ``[..., layer]``.
        english: ranks of the same shape.

    Returns:
        1 or 0 ``[...]``.
    """
    ahead = english_ahead(target, english)
    best = np.asarray(english, float)[..., last_third(ahead.shape[-1])].min(-1)
    failed = (best <= NEAR_TOP) & (ahead[..., -1] == 1)
    return np.where(np.isnan(ahead).any(-1), np.nan, failed)


def pivot_window(share: ArrayLike) -> NDArray[np.bool_]:
    """At which layers English outranks the target in more than half of the facts.

    Args:
        share: pivot shares ``[..., layer]``.

    Returns:
        Whether the layer is in the window ``[..., layer]``; exactly one half is not.
    """
    return np.asarray(share, float) > _HALF


def longest_run(window: ArrayLike) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Find the longest unbroken run of layers in a window, the first of equally long ones.

    Args:
        window: whether a layer is in it ``[..., layer]``.

    Returns:
        First layer and length, each ``[...]``; length 0 (and first layer 0) where it is empty.
    """
    inside = np.asarray(window, bool)
    length = np.zeros(inside.shape[:-1], np.int64)
    best, end = length.copy(), length.copy()
    for layer in range(inside.shape[-1]):
        length = np.where(inside[..., layer], length + 1, 0)
        longer = length > best
        best, end = np.where(longer, length, best), np.where(longer, layer + 1, end)
    return end - best, best
