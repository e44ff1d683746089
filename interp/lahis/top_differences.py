"""What two checkpoints' sets of top heads differ in; the list is in `interp.lahis.differences`; pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from interp.lahis.replicates import Bools, Floats, Heads, divide
from interp.stats.pair import Statistic, Values
from interp.stats.verdict import MIN_HEADS

Ints = NDArray[np.int64]

Part = tuple[list[Statistic], Callable[[Heads, Heads], Values]]
"""Statistics, and what computes their values ``[replicate, statistic]`` from two sides."""


def overlaps(languages: Sequence[str]) -> list[Part]:
    """Shared top heads of every two languages, and the mean over the pairs.

    Args:
        languages: at least two, in the order of the scores.

    Returns:
        ``overlap`` and ``mean_overlap``.
    """
    pairs = [
        _statistic("overlap", lang=one, other_lang=other)
        for one, other in combinations(languages, 2)
    ]

    def mean(first: Heads, second: Heads) -> Values:
        levels = [shared_of_pairs(side).mean(1, keepdims=True) for side in (first, second)]
        return Values.of_levels(levels[0], levels[1], _fewest_of_all(first, second))

    def each(first: Heads, second: Heads) -> Values:
        fewest = _fewest(first, second)
        a, b = np.triu_indices(fewest.shape[1], 1)
        behind = np.minimum(fewest[:, a], fewest[:, b])
        return Values.of_levels(shared_of_pairs(first), shared_of_pairs(second), behind)

    return [(pairs, each), ([_statistic("mean_overlap")], mean)]


def shared_of_pairs(heads: Heads) -> Floats:
    """Share of their top heads that every two languages have in common.

    Args:
        heads: one side.

    Returns:
        ``[replicate, pair]``, pairs as `itertools.combinations` of the languages gives them; over the
        smaller of two sets, not a number where that is empty.
    """
    # whole numbers far below 2^24 are exact in fp32
    flat = heads.top.reshape(*heads.top.shape[:2], -1).astype(np.float32)
    shared = flat @ flat.swapaxes(-1, -2)
    a, b = np.triu_indices(flat.shape[1], 1)
    return divide(shared[:, a, b], np.minimum(heads.n_top[:, a], heads.n_top[:, b]))


def general(languages: Sequence[str], general_min: str | int) -> list[Part]:
    """Numbers of general heads, and of each language's specific ones.

    Args:
        languages: in the order of the scores.
        general_min: in at least how many of them a general head is top, ``K-1`` or a number.

    Returns:
        ``general_heads`` and ``specific_heads``; nothing for ``K-1`` of fewer than three languages,
        which any one language meets (see `interp.lahis.select.general_heads`).
    """
    if general_min == "K-1" and len(languages) < 3:
        return []
    needed = len(languages) - 1 if general_min == "K-1" else int(general_min)

    def common(heads: Heads) -> Bools:
        return np.asarray(heads.top.sum(1, keepdims=True) >= needed)

    def numbers(first: Heads, second: Heads) -> Values:
        levels = [common(side).sum((-2, -1)).astype(np.float64) for side in (first, second)]
        return Values.of_levels(levels[0], levels[1], _fewest_of_all(first, second))

    def specific(first: Heads, second: Heads) -> Values:
        levels = [
            (side.top & ~common(side)).sum((-2, -1)).astype(np.float64) for side in (first, second)
        ]
        return Values.of_levels(levels[0], levels[1], _fewest(first, second))

    return [
        ([_statistic("general_heads")], numbers),
        ([_statistic("specific_heads", lang=lang) for lang in languages], specific),
    ]


def kept(languages: Sequence[str]) -> Part:
    """Share of a language's top heads that both sides have: ``heads_kept``.

    Over the smaller of the two sets, not a number where that is empty.
    """

    def values(first: Heads, second: Heads) -> Values:
        fewest = _fewest(first, second)
        return likeness(divide((first.top & second.top).sum((-2, -1)), fewest), fewest)

    return [
        _statistic("heads_kept", "likeness", lang=lang, p_of="score_rank_correlation")
        for lang in languages
    ], values


def profile(languages: Sequence[str], n_layers: int) -> Part:
    """Share of a language's top heads in each layer: ``layer_profile``.

    Languages times layers are too many for Holm's rule at some thousand relabellings, so a language's
    layers are adjusted by their largest.
    """

    def values(first: Heads, second: Heads) -> Values:
        old, new = (side.layer_share.reshape(len(side.scores), -1) for side in (first, second))
        return Values.of_levels(old, new, np.repeat(_fewest(first, second), n_layers, axis=1))

    statistics = [
        _statistic("layer_profile", lang=lang, layer=layer, adjust="max")
        for lang in languages
        for layer in range(n_layers)
    ]
    return statistics, values


def peak() -> Part:
    """Largest share of its top heads that any language has in layer 0: ``layer_peak``."""

    def values(first: Heads, second: Heads) -> Values:
        levels = [side.layer_share[..., 0].max(1, keepdims=True) for side in (first, second)]
        return Values.of_levels(levels[0], levels[1], _fewest_of_all(first, second))

    return [_statistic("layer_peak", layer=0)], values


def likeness(value: Floats, behind: Ints) -> Values:
    """Values of a likeness, which has no levels, ``[replicate, statistic]`` each."""
    nothing = np.full(value.shape, np.nan)
    nowhere = np.full(value.shape, -1, np.int64)
    return Values(value, nothing, nothing, nothing, behind, nowhere)


def _statistic(
    name: str,
    kind: str = "difference",
    *,
    lang: str | None = None,
    other_lang: str | None = None,
    layer: int | None = None,
    adjust: str = "holm",
    p_of: str = "",
) -> Statistic:
    return Statistic(
        name, kind, lang, other_lang, layer,
        behind_what="top heads", behind_needed=MIN_HEADS, adjust=adjust, p_of=p_of,
    )  # fmt: skip


def _fewest(first: Heads, second: Heads) -> Ints:
    """Top heads of the side that has fewer, ``[replicate, language]``."""
    return np.minimum(first.n_top, second.n_top)


def _fewest_of_all(first: Heads, second: Heads) -> Ints:
    return _fewest(first, second).min(1, keepdims=True)
