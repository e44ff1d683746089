"""What two checkpoints' head scores differ in; the list is in `interp.lahis.differences`; pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from interp.lahis.replicates import Floats, Heads, divide
from interp.lahis.top_differences import Part, likeness
from interp.stats.pair import Statistic, Values

_NO_HEADS = np.zeros((1, 1), np.int64)
"""All heads stand behind these statistics, so nothing is counted."""


def rank_correlation(languages: Sequence[str]) -> Part:
    """Spearman's correlation of a language's scores over all heads: ``score_rank_correlation``.

    Ties are averaged; not a number where all heads of a side score alike.
    """

    def values(first: Heads, second: Heads) -> Values:
        old, new = (
            side.below - side.below.mean(-1, keepdims=True) for side in (first, second)
        )  # fmt: skip
        spread = np.sqrt((old**2).sum(-1) * (new**2).sum(-1))
        return likeness(divide((old * new).sum(-1), spread), np.zeros(spread.shape, np.int64))

    return [Statistic("score_rank_correlation", "likeness", lang) for lang in languages], values


def layers(n_layers: int) -> list[Part]:
    """Mean score of each layer, raw and as a share of each language's total, over all languages.

    Returns:
        ``layer_score`` (mean over heads and languages) and ``layer_score_share`` (the layer's sum
        over the language's total, mean over languages).
    """

    def raw(side: Heads) -> Floats:
        return np.asarray(side.scores.mean((1, 3)))

    def share(side: Heads) -> Floats:
        return np.asarray(side.score_share.sum(3).mean(1))

    return [
        ([Statistic(name, "difference", layer=layer) for layer in range(n_layers)], _levels(level))
        for name, level in (("layer_score", raw), ("layer_score_share", share))
    ]


def weakened() -> list[Part]:
    """Share of the heads of all languages that score lower, less the share that score higher.

    The model's level is the share whose score fell, the base's the share whose score rose; equal
    scores are in neither. Where nothing but noise moves the scores, the difference is 0.

    Returns:
        ``weakened`` of the scores and ``weakened_share_scale`` of each language's shares of its total.
    """

    def part(name: str, take: Callable[[Heads], Floats]) -> Part:
        def values(first: Heads, second: Heads) -> Values:
            old, new = take(first), take(second)
            known = ~(np.isnan(old) | np.isnan(new)).any((1, 2, 3))
            rose, fell = (
                np.where(known, moved.mean((1, 2, 3)), np.nan)[:, None]
                for moved in (new > old, new < old)
            )
            return Values.of_levels(rose, fell, _NO_HEADS)

        return [Statistic(name, "difference")], values

    return [
        part("weakened", lambda side: side.scores),
        part("weakened_share_scale", lambda side: side.score_share),
    ]


def maps(languages: Sequence[str], n_layers: int, n_heads: int) -> list[Part]:
    """Every head of every language: its score, its share of the language's total, its rank.

    Each map of a language is adjusted by its largest entry.

    Returns:
        ``delta_raw``, ``delta_share`` and ``delta_rank`` (number of heads that it outranks, ties half:
        positive where it became more important).
    """

    def flat(array: Floats) -> Floats:
        return array.reshape(len(array), -1)

    levels: tuple[tuple[str, Callable[[Heads], Floats]], ...] = (
        ("delta_raw", lambda side: flat(side.scores)),
        ("delta_share", lambda side: flat(side.score_share)),
        ("delta_rank", lambda side: flat(side.below)),
    )
    return [
        (
            [
                Statistic(name, "difference", lang, layer=layer, head=head, adjust="max")
                for lang in languages
                for layer in range(n_layers)
                for head in range(n_heads)
            ],
            _levels(level),
        )
        for name, level in levels
    ]


def _levels(level: Callable[[Heads], Floats]) -> Callable[[Heads, Heads], Values]:
    return lambda first, second: Values.of_levels(level(first), level(second), _NO_HEADS)
