"""Pairs with a planted difference of known size, made from the arrays of a study's runs.

Each starts from two checkpoints without a difference: base and a real other checkpoint, exchanged unit by
unit by coin, on units drawn with replacement (so every draw is another sample of the same size). Then
the shift is written into the second one, in one language. What remains between the two beside the shift
is what the two real checkpoints differ in, as noise.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from interp.comparison.fact_cells import beside_english
from interp.comparison.facts import Part, built, plain
from interp.comparison.lape import CountsPair
from interp.lahis.differences import HeadPair
from interp.lahis.replicates import Samples, pooled_scores, top_mask
from interp.lape.replicates import BlockedCounts, select_replicates
from interp.stats.pair import Pair

Rng = np.random.Generator
Plant = Callable[[Rng], Pair]


@dataclass(frozen=True)
class Planted:
    """A planted difference.

    Attributes:
        family: analysis.
        what: the shift, in words.
        n: units, in words.
        statistic: the statistic that has to be found beyond noise.
        lang: its language.
        make: draws a pair with the shift.
    """

    family: str
    what: str
    n: str
    statistic: str
    lang: str | None
    make: Plant


def _no_difference(
    first: np.ndarray, second: np.ndarray, rng: Rng
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draw units of ``[unit, ...]`` with replacement and exchange the two in half of them.

    Returns both sides and the places of the units drawn.
    """
    at = rng.integers(0, len(first), len(first))
    moved = rng.random(len(first)) < 0.5
    shape = (-1, *[1] * (first.ndim - 1))
    one, two = first[at], second[at]
    coin = moved.reshape(shape)
    return np.where(coin, two, one), np.where(coin, one, two), at


def facts_made_right(
    family: str, name: str, base: np.ndarray, model: np.ndarray, languages: tuple[str, ...],
    lang: str, share: float,
) -> Planted:  # fmt: skip
    """Let a share of all facts, wrong in one language, become right.

    Args:
        family: ``mcq`` or ``lens``.
        name: of the statistic, a share of facts.
        base: 0 or 1, ``[fact, language]``.
        model: the same of the other checkpoint.
        languages: of the second axis.
        lang: the language in which facts become right.
        share: of all facts.
    """
    place = languages.index(lang)

    def make(rng: Rng) -> Pair:
        first, second, _ = _no_difference(base, model, rng)
        answers = second[:, place]  # not a number where the fact was not asked in this language
        wrong = rng.permutation(np.flatnonzero(answers == 0))
        answers[wrong[: round(share * np.isfinite(answers).sum())]] = 1
        averages = beside_english(languages)
        part = Part(languages, first[..., None], second[..., None], plain(name), averages,
                    shares=(name,))  # fmt: skip
        found = built([part]).pair
        assert found is not None
        return found

    n = int(np.isfinite(base[:, place]).sum())
    what = f"{100 * share:.0f} % of the facts become right in {lang}"
    return Planted(family, what, f"{n} facts", name, lang, make)


def heads_exchanged(pair: HeadPair, lang: str, x: int, statistic: str) -> Planted:
    """Exchange the gradients of ``x`` top heads of one language with those of its last heads.

    Args:
        pair: two checkpoints.
        lang: the language.
        x: heads.
        statistic: what has to be found.
    """
    place, (n_languages, n_layers, n_heads) = pair.languages.index(lang), pair.base.shape
    scores = pooled_scores([(pair.base, np.ones((1, pair.n_base)))])
    order = np.argsort(-scores[0, place].ravel(), kind="stable")
    k = int(top_mask(scores, pair.options)[0, place].sum())
    column = place * n_layers * n_heads + np.arange(n_layers * n_heads)

    def make(rng: Rng) -> Pair:
        stacks = [np.stack([side.size, side.negative], 1) for side in (pair.base, pair.model)]
        first, second, _ = _no_difference(*stacks, rng)
        old = np.concatenate([rng.choice(order[:k], x, replace=False), order[-x:]])
        second[..., column[old]] = second[..., column[np.roll(old, x)]]
        sides = [
            Samples(side[:, 0], side[:, 1].astype(np.float32), (n_languages, n_layers, n_heads))
            for side in (first, second)
        ]
        return replace(pair, base=sides[0], model=sides[1], maps=False)

    what = f"{x} of {k} top heads of {lang} change places with its last heads"
    return Planted("lahis", what, f"{pair.n_base} samples", statistic, lang, make)


def neurons_to_another_language(pair: CountsPair, lang: str, other: str, share: float) -> Planted:
    """Exchange two languages' counts in a share of the neurons that belong to one of them.

    Args:
        pair: two checkpoints.
        lang: the language that loses neurons.
        other: the one that gets them.
        share: of the neurons of ``lang``.
    """
    one, two = pair.base.languages.index(lang), pair.base.languages.index(other)
    neurons = selected(pair)[lang]

    def make(rng: Rng) -> Pair:
        first, second, tokens = _lape_sides(pair, rng)
        flat = second.reshape(*second.shape[:2], -1)
        at = rng.choice(neurons, round(share * len(neurons)), replace=False)
        for block in flat:
            block[one, at], block[two, at] = block[two, at].copy(), block[one, at].copy()
        return _lape_pair(pair, first, second, tokens)

    what = f"{100 * share:.0f} % of the {len(neurons)} neurons of {lang} fire for {other} instead"
    return Planted("lape", what, f"{pair.n_base} blocks", "neurons", lang, make)


def neurons_to_the_end(pair: CountsPair, lang: str, share: float) -> Planted:
    """Exchange a share of a language's neurons outside the last layer with neurons of the last layer.

    Args:
        pair: two checkpoints.
        lang: the language.
        share: of all neurons of the language, so the distance is about this.
    """
    chosen = selected(pair)
    neurons, every = chosen[lang], np.concatenate(list(chosen.values()))
    n_layers, width = pair.base.shape
    last = np.arange((n_layers - 1) * width, n_layers * width)
    free, early = np.setdiff1d(last, every), neurons[neurons < (n_layers - 1) * width]
    n = min(round(share * len(neurons)), len(early), len(free))

    def make(rng: Rng) -> Pair:
        first, second, tokens = _lape_sides(pair, rng)
        flat = second.reshape(*second.shape[:2], -1)
        here, there = (rng.choice(one, n, replace=False) for one in (early, free))
        for block in flat:
            block[:, here], block[:, there] = block[:, there].copy(), block[:, here].copy()
        return _lape_pair(pair, first, second, tokens)

    what = f"{n} of the {len(neurons)} neurons of {lang} move to the last layer"
    return Planted("lape", what, f"{pair.n_base} blocks", "layer_distance", lang, make)


def selected(pair: CountsPair) -> Mapping[str, np.ndarray]:
    """Neurons of each language in the base, numbered layer by layer."""
    found = select_replicates([(pair.base, np.ones((1, pair.n_base)))], pair.options)
    return {
        lang: found.neuron[found.assigned[:, place]]
        for place, lang in enumerate(pair.base.languages)
    }


def _lape_sides(pair: CountsPair, rng: Rng) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Counts of both sides and the tokens, which are the same of both."""
    assert np.array_equal(pair.base.tokens, pair.model.tokens)
    places = list(pair.base.places)
    first, second, at = _no_difference(
        pair.base.counts[:, places], pair.model.counts[:, places], rng
    )
    return first, second, pair.base.tokens[at]


def _lape_pair(
    pair: CountsPair, first: np.ndarray, second: np.ndarray, tokens: np.ndarray
) -> CountsPair:
    sides = [BlockedCounts.of(side, tokens, pair.base.languages) for side in (first, second)]
    return replace(pair, base=sides[0], model=sides[1])
