"""Head scores and top heads of many resamples at once; pure.

A resample says how often each sample counts. Its scores are those of `interp.lahis.scores.head_score`
on the samples so repeated, and its top heads those of `interp.lahis.select.top_heads`: the same rules
of means, sizes and ties, for a whole batch of resamples in two matrix products. Only the order of
summation differs (the last bit of a score).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from interp.lahis.scores import SCALE
from interp.lahis.select import n_top
from interp.options import LahisOptions

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Samples:
    """What the scores of one checkpoint are made of, sample by sample.

    Attributes:
        size: ``1000 * |g|``, float64 ``[sample, language * layer * head]``.
        negative: whether ``g < 0``, as 0 or 1, float32 (whole sums below 2^24 are exact in it),
            like ``size``.
        shape: ``(language, layer, head)``, their numbers.
    """

    size: Floats
    negative: NDArray[np.float32]
    shape: tuple[int, int, int]

    @classmethod
    def of(cls, gradients: Sequence[NDArray[np.floating]]) -> Samples:
        """Prepare gradients of a mask of ones.

        Args:
            gradients: per language ``[sample, layer, head]``, finite; sample i is the same unit in
                every language.

        Raises:
            ValueError: if the languages differ in shape, or there is no sample.
        """
        shapes = {one.shape for one in gradients}
        if len(shapes) != 1 or not len(gradients[0]):
            raise ValueError(f"gradients {sorted(shapes)}: one [sample, layer, head] is expected")
        n_samples, n_layers, n_heads = gradients[0].shape
        shape = (len(gradients), n_layers, n_heads)
        size = np.empty((n_samples, *shape))
        negative = np.empty((n_samples, *shape), np.float32)
        for place, one in enumerate(gradients):
            size[:, place] = SCALE * np.abs(one.astype(np.float64))
            negative[:, place] = one < 0
        return cls(size.reshape(n_samples, -1), negative.reshape(n_samples, -1), shape)

    def __len__(self) -> int:
        """Return the number of samples."""
        return len(self.size)


def pooled_scores(parts: Sequence[tuple[Samples, Floats]]) -> Floats:
    """Score the heads on weighted samples of one or several checkpoints thrown together.

    Args:
        parts: samples and their weights ``[replicate, sample]``: how often each counts, whole
            numbers, at least one sample in every replicate. All of one shape.

    Returns:
        ``[replicate, language, layer, head]``.
    """
    total = sum(weights.sum(1) for _, weights in parts)
    size = sum(weights @ samples.size for samples, weights in parts)
    negative = sum(weights.astype(np.float32) @ samples.negative for samples, weights in parts)
    count = np.asarray(total, np.float64)[:, None]
    scores = (np.asarray(size) / count) * (np.asarray(negative, np.float64) / count)
    return scores.reshape(len(scores), *parts[0][0].shape)


def top_mask(scores: Floats, options: LahisOptions) -> Bools:
    """Mark the top heads by the rule of `interp.lahis.select.top_heads`.

    Args:
        scores: ``[..., layer, head]``, finite.
        options: ``top_rule``, ``top_fraction`` and ``quantile`` of the run.

    Returns:
        Like ``scores``. Of heads tied at the cut of a ``topk`` rule the first by (layer, head) are
        taken; ``quantile`` takes what is strictly above.
    """
    flat = scores.reshape(*scores.shape[:-2], -1)
    if options.top_rule == "quantile":
        cut = np.quantile(flat, options.quantile, axis=-1)[..., None]
        return (flat > cut).reshape(scores.shape)
    n_heads = flat.shape[-1]
    k = min(n_top(n_heads, options.top_fraction, options.top_rule), n_heads)
    cut = np.partition(flat, n_heads - k, axis=-1)[..., n_heads - k, None]
    above, tied = flat > cut, flat == cut
    left = k - above.sum(-1, keepdims=True)
    return (above | (tied & (np.cumsum(tied, -1) <= left))).reshape(scores.shape)


@dataclass(frozen=True)
class Heads:
    """The heads of one side, resample by resample.

    Attributes:
        scores: ``[replicate, language, layer, head]``.
        options: the rule for top heads.
    """

    scores: Floats
    options: LahisOptions

    @cached_property
    def top(self) -> Bools:
        """Whether a head is among the language's top heads, like ``scores``."""
        return top_mask(self.scores, self.options)

    @cached_property
    def n_top(self) -> NDArray[np.int64]:
        """Number of top heads, ``[replicate, language]``."""
        return np.asarray(self.top.sum((-2, -1)), np.int64)

    @cached_property
    def layer_share(self) -> Floats:
        """Share of a language's top heads in each layer, ``[replicate, language, layer]``.

        Not a number where it has no top head.
        """
        return divide(self.top.sum(-1), self.n_top[..., None])

    @cached_property
    def score_share(self) -> Floats:
        """Score over the sum of the language's scores, like ``scores``.

        Not a number where the sum is not positive (all zero, or scores of a learned mask that
        cancel).
        """
        return divide(self.scores, self.scores.sum((-2, -1), keepdims=True))

    @cached_property
    def below(self) -> Floats:
        """Number of heads with a lower score, those with an equal one counted half.

        ``[replicate, language, layer * head]``: 0 is the least important head; the number of heads
        minus this is the rank, where 1 is the most important and ties are averaged.
        """
        return count_below(self.scores.reshape(*self.scores.shape[:2], -1))


def count_below(values: Floats) -> Floats:
    """Count for each entry of the last axis those that are lower, the equal ones (not itself) half.

    Args:
        values: ``[..., entry]``, finite.

    Returns:
        Like ``values``: ranks from 0, ties averaged.
    """
    n = values.shape[-1]
    order = np.argsort(values, axis=-1)
    ordered = np.take_along_axis(values, order, -1)
    edge = np.ones((*values.shape[:-1], n + 1), bool)
    edge[..., 1:-1] = ordered[..., 1:] != ordered[..., :-1]
    # of a run of equal values, the places of its first and its last
    first = np.maximum.accumulate(np.where(edge[..., :-1], np.arange(n), 0), -1)
    back = np.where(edge[..., 1:], np.arange(n), n)[..., ::-1]
    last = np.minimum.accumulate(back, -1)[..., ::-1]
    below = np.empty(values.shape)
    np.put_along_axis(below, order, (first + last) / 2, -1)
    return below


def divide(top: ArrayLike, bottom: ArrayLike) -> Floats:
    """Divide; not a number where the divisor is not positive."""
    above, below = np.broadcast_arrays(np.asarray(top, np.float64), np.asarray(bottom, np.float64))
    return np.divide(above, below, out=np.full(above.shape, np.nan), where=below > 0)
