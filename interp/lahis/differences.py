"""What two checkpoints' important heads differ in, and by how much resampling moves it; pure.

Shares run from 0 to 1. `compare_heads` gives, of two sides of one shape:

==========================  ============  =============================================================
statistic                   kind          per
==========================  ============  =============================================================
``heads_kept``              likeness      language: ``|base top and model top| / k``; 1 minus it is the
                                          paper's "changed". Its p is the correlation's
``score_rank_correlation``  likeness      language: Spearman over all heads, ties averaged
``overlap``                 difference    two languages: ``|A and B| / k`` of their top heads
``mean_overlap``            difference    mean of the overlaps of all pairs of languages
``general_heads``           difference    number of heads that are top in ``general_min`` languages
``specific_heads``          difference    language: number of its top heads that are not general
``layer_profile``           difference    language and layer: share of its top heads in the layer
``layer_peak``              difference    largest share of layer 0 that any language has
``layer_score``             difference    layer: mean score over its heads and all languages
``layer_score_share``       difference    layer: its share of a language's total, mean over languages
``weakened``                difference    share of heads (of all languages) with the lower score
``weakened_share_scale``    difference    the same after division by each language's total
``delta_raw``               difference    language and head: score
``delta_share``             difference    language and head: score over the language's total
``delta_rank``              difference    language and head: number of heads that it outranks
==========================  ============  =============================================================

Rules. k is the number of top heads; where ``quantile`` or two shapes give different numbers, the
smaller (as `interp.lahis.select.overlap_matrix` does), and not a number where it is 0.

``weakened`` has as the model's level the share of heads whose score fell (the paper's "suppressed";
0.45 of the released GRPO), as the base's the share whose score rose, equal scores in neither: the
difference is 0 where nothing but noise moves scores, and turns its sign with the two sides. Signs do
not say how far, so where a text or a relabelling moves all heads together it reaches 1 by chance, and
its verdict errs towards *within noise*. ``layer_score`` tests a common change of scale, and the
entries of the maps that are beyond noise, by their sign, count the heads that fell and rose.

Raw scores depend on the scale of the loss, hence on the language and the checkpoint: ``delta_share``
and ``weakened_share_scale`` take the total out, ``delta_rank`` everything but the order. The latter is
positive where a head became more important: its level is the number of heads with a lower score, ties
half (the number of heads minus it is the rank, 1 the most important).

Sources: arXiv 2606.06586 (overlap, layer profile, stable heads, delta maps); ranks, shares, correlation
and ``weakened`` as a signed difference are ours.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from interp.lahis import score_differences, top_differences
from interp.lahis.replicates import Floats, Heads, Samples, pooled_scores
from interp.lahis.top_differences import Part
from interp.options import LahisOptions
from interp.stats.pair import Statistic, Values

_AT_ONCE = 1 << 19
"""Scores of one batch of replicates, so that memory stays bounded."""


@dataclass(frozen=True)
class HeadPair:
    """Two checkpoints as per-sample gradients, for `interp.stats.contrast.contrast`.

    Attributes:
        base: the base's samples.
        model: the other's; where paired, sample i is the same unit in both.
        languages: of both, in order.
        options: the rule for top and general heads.
        paired: whether sample i is the same unit in both.
        maps: whether every head of every language is compared, too.
        unit: what the units are.
    """

    base: Samples
    model: Samples
    languages: tuple[str, ...]
    options: LahisOptions
    paired: bool
    maps: bool = True
    unit: str = "samples"

    @property
    def n_base(self) -> int:
        """Samples of the base."""
        return len(self.base)

    @property
    def n_model(self) -> int:
        """Samples of the other."""
        return len(self.model)

    @property
    def exchangeable(self) -> bool:
        """Whether both have the same layers and heads."""
        return self.base.shape == self.model.shape

    @property
    def batch(self) -> int:
        """Replicates at a time."""
        return max(1, min(500, _AT_ONCE // self.base.size.shape[1]))

    @cached_property
    def parts(self) -> list[Part]:
        """What is compared, with the function that does."""
        return parts_of(
            self.languages, self.base.shape[1:], self.model.shape[1:], self.options, self.maps
        )

    @cached_property
    def statistics(self) -> tuple[Statistic, ...]:
        """What `compare` computes."""
        return statistics_of(self.parts)

    def pool(self, base: Floats | None, model: Floats | None) -> Heads:
        """Score the heads on weighted samples of both thrown together."""
        given = ((self.base, base), (self.model, model))
        scores = pooled_scores([(samples, w) for samples, w in given if w is not None])
        return Heads(scores, self.options)

    def compare(self, first: Heads, second: Heads) -> Values:
        """Compute all statistics of two sides."""
        return compare_heads(self.parts, first, second)


def parts_of(
    languages: Sequence[str],
    base_shape: tuple[int, ...],
    model_shape: tuple[int, ...],
    options: LahisOptions,
    maps: bool,
) -> list[Part]:
    """List what can be compared.

    Args:
        languages: of both checkpoints, in the order of their scores.
        base_shape: layers and heads per layer of the base.
        model_shape: of the other. Where it differs, heads and layers have no counterpart, and only
            what is a number of heads or a share within one checkpoint is left.
        options: the rule for top and general heads.
        maps: whether every head of every language is compared.

    Returns:
        Statistics and what computes their values, ``[replicate, statistic]``, from two sides.
    """
    parts: list[Part] = []
    if len(languages) > 1:
        parts += top_differences.overlaps(languages)
    parts += top_differences.general(languages, options.general_min)
    if base_shape != model_shape:
        return parts
    n_layers, n_heads = base_shape
    parts += [
        top_differences.kept(languages),
        score_differences.rank_correlation(languages),
        top_differences.profile(languages, n_layers),
        top_differences.peak(),
        *score_differences.layers(n_layers),
        *score_differences.weakened(),
    ]
    if maps:
        parts += score_differences.maps(languages, n_layers, n_heads)
    return parts


def statistics_of(parts: Sequence[Part]) -> tuple[Statistic, ...]:
    """Name the columns of `compare_heads`."""
    return tuple(one for statistics, _ in parts for one in statistics)


def compare_heads(parts: Sequence[Part], first: Heads, second: Heads) -> Values:
    """Compute the statistics of `parts_of`, ``[replicate, statistic]``, from two sides."""
    return Values.join([values(first, second) for _, values in parts])
