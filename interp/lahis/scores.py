"""The LAHIS score of attention heads, from the gradient of a per-head mask.

With a mask ``m[layer, head]`` that multiplies every head's output before the output projection and
``g_t`` the gradient of sample ``t``'s mean token loss with respect to it, the score is

    S = (1/N) sum_t 1000 * |g_t| * m_t  *  (1/N) sum_t [g_t * m_t < 0]

(arXiv 2606.06586, appendix on LAHIS; Linuxin-xxx/LAHIS). We depart in the default: the mask stays
at 1, which makes S the size of a true first-order expansion times the share of samples in which
the head lowers the loss. The sources update the mask after every sample (see ``sequential``).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]

SCALE = 1000.0
"""The factor of the sources; it changes no ranking."""


def head_score(gradients: Floats) -> NDArray[np.float64]:
    """Score heads from per-sample gradients of a mask that stays at 1.

    Args:
        gradients: ``[sample, layer, head]``.

    Returns:
        The scores, ``[layer, head]``, accumulated in double precision; never negative.

    Raises:
        ValueError: if there are no samples.
    """
    if len(gradients) < 1:
        raise ValueError("a LAHIS score needs at least one sample")
    exact = np.asarray(gradients, np.float64)
    return (SCALE * np.abs(exact)).mean(0) * (exact < 0).mean(0)


def bootstrap_scores(
    gradients: Floats, *, replicates: int = 1000, seed: int = 0
) -> NDArray[np.float64]:
    """Recompute the scores on samples drawn with replacement.

    The draw depends on the seed and the number of samples only, so languages and checkpoints that
    saw the same samples are resampled alike, as a paired comparison needs.

    Args:
        gradients: ``[sample, layer, head]``.
        replicates: number of resamples.
        seed: seed of the draw.

    Returns:
        ``[replicate, layer, head]``.
    """
    exact = np.asarray(gradients, np.float64)
    n_samples = len(exact)
    rng = np.random.default_rng(seed)
    weights = rng.multinomial(n_samples, np.full(n_samples, 1 / n_samples), size=replicates)
    flat = exact.reshape(n_samples, -1)
    means = weights.astype(np.float64) / n_samples
    scores = (means @ (SCALE * np.abs(flat))) * (means @ (flat < 0).astype(np.float64))
    return scores.reshape(replicates, *exact.shape[1:])


def score_interval(
    gradients: Floats, *, level: float = 0.95, replicates: int = 1000, seed: int = 0
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Percentile bootstrap interval of the scores, over samples.

    Args:
        gradients: ``[sample, layer, head]``, one gradient per sample at a mask of ones.
        level: coverage.
        replicates: number of resamples.
        seed: seed of the draw.

    Returns:
        Lower and upper ends, each ``[layer, head]``.
    """
    scores = bootstrap_scores(gradients, replicates=replicates, seed=seed)
    low, high = np.quantile(scores, [(1 - level) / 2, (1 + level) / 2], axis=0)
    return low, high


def sum_kv_groups(gradients: Floats, n_kv_heads: int) -> NDArray[np.float64]:
    """Add the gradients of the query heads that share a key-value head.

    By the chain rule this is the gradient of a mask with one entry per key-value head.

    Args:
        gradients: ``[..., head]``; query heads of one group are adjacent, as in every family here.
        n_kv_heads: key-value heads of a layer.

    Returns:
        ``[..., kv_head]``.

    Raises:
        ValueError: if the groups are not of equal size.
    """
    exact = np.asarray(gradients, np.float64)
    if n_kv_heads < 1 or exact.shape[-1] % n_kv_heads:
        raise ValueError(f"{exact.shape[-1]} query heads do not fall into {n_kv_heads} groups")
    return exact.reshape(*exact.shape[:-1], n_kv_heads, -1).sum(-1)
