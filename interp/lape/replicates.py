"""Select language neurons again and again from reweighted blocks of text; pure.

Exactly what `select_from_counts` selects from the weighted sum of the blocks, replicate by replicate, at
a cost that allows thousands of them at 7B size on two cores:

* blocks are pooled by matrix products, many replicates at a time and one slice of neurons after the
  other, so that no floating-point copy of all counts exists. Products of whole numbers are exact in
  float32 as long as no sum can reach 2^24 (the tokens say), and are made in float64 otherwise;
* the filter's cut, an order statistic of all probabilities, is looked for among those above a bound that
  a sample of them suggests. The bound is then proved by what was found above it, and where the proof
  fails, all probabilities are sorted as `probability_cut` does;
* entropies are computed for the neurons that pass the filter only.

Threads share out slices and replicates; what each computes does not depend on how many there are.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from interp.lape.entropy import Integers, entropy, probability_cut
from interp.lape.select import assign, how_many, lowest
from interp.lape.selections import Floats, Selections
from interp.options import LapeOptions

_EXACT = 1 << 24
"""Below this, float32 holds every whole number."""
_POOLED_BYTES = 1 << 29
"""Of one batch of pooled replicates."""
_SLICE = 1 << 14
"""Neurons that are pooled at a time: their counts of 64 blocks, in float32, fit a core's cache."""
_SAMPLE = 1 << 14
"""Probabilities that suggest the bound."""
_MOST_THREADS = 8


@dataclass(frozen=True)
class BlockedCounts:
    """Activation counts of one checkpoint, block by block.

    Attributes:
        counts: tokens on which a neuron was active, whole numbers
            ``[block, language, layer, neuron]``; its languages may be more, in another order.
        tokens: tokens counted, ``[block, language]`` of the languages below.
        places: where the languages below stand in ``counts``.
        languages: the language axis.
    """

    counts: Integers
    tokens: NDArray[np.int64]
    places: tuple[int, ...]
    languages: tuple[str, ...]

    @classmethod
    def of(
        cls,
        counts: Integers,
        tokens: Integers,
        stored: Sequence[str],
        languages: Sequence[str] | None = None,
    ) -> BlockedCounts:
        """Check counts ``[block, language, ...]`` and pick languages, without a copy.

        Args:
            counts: as above.
            tokens: of all stored languages.
            stored: names of their language axis.
            languages: those to use; all by default.

        Raises:
            ValueError: when shapes disagree, or a neuron is active on more tokens than there are.
        """
        if counts.ndim != 4 or counts.shape[:2] != tokens.shape or len(stored) != tokens.shape[1]:
            raise ValueError(
                f"counts {counts.shape}, tokens {tokens.shape} and {len(stored)} languages disagree"
            )
        if any((block.max(axis=(1, 2)) > n).any() for block, n in zip(counts, tokens, strict=True)):
            raise ValueError("a neuron is active on more tokens than its language has")
        chosen = tuple(stored if languages is None else languages)
        places = tuple(list(stored).index(lang) for lang in chosen)
        counts = np.ascontiguousarray(counts)  # not to be copied by every slice
        return cls(counts, tokens[:, list(places)].astype(np.int64), places, chosen)

    @property
    def shape(self) -> tuple[int, int]:
        """Layers, and neurons of a layer."""
        return self.counts.shape[2], self.counts.shape[3]

    def slice(self, place: int, part: slice, dtype: Any) -> NDArray[Any]:
        """Counts ``[block, neuron of the part]`` of one language, as floating-point numbers."""
        flat = self.counts.reshape(*self.counts.shape[:2], -1)
        return flat[:, self.places[place], part].astype(dtype)


Weighted = tuple[BlockedCounts, Floats]
"""Counts, and what every block of theirs weighs, ``[replicate, block]``."""


def replicates_at_once(shape: tuple[int, int], n_languages: int) -> int:
    """Say how many replicates of a model's shape are pooled at a time: half a GiB in float32."""
    return max(1, min(256, _POOLED_BYTES // (4 * n_languages * shape[0] * shape[1])))


def select_replicates(
    weighted: Sequence[Weighted], options: LapeOptions, *, threads: int | None = None
) -> Selections:
    """Pool weighted blocks and select, for every replicate.

    Args:
        weighted: one checkpoint, or two of one shape and languages; no weight is negative.
        options: filter, fraction, rounding, eps, assignment; the other fields are not read.
        threads: at most so many; as many as cores (no more than 8) by default.

    Returns:
        The selections. Whole-number weights give exactly those of `select_from_counts` on the
        weighted sums; others are summed in float64. A replicate in which a language has no token is
        not known, and has none.
    """
    counts = weighted[0][0]
    n_layers, d_mlp = counts.shape
    n = len(weighted[0][1])
    if any(one.shape != counts.shape or one.languages != counts.languages or len(weights) != n
           for one, weights in weighted):  # fmt: skip
        raise ValueError("blocks of different shapes, languages or replicates cannot be mixed")
    tokens = np.sum([weights @ one.tokens for one, weights in weighted], axis=0)
    dtype = _exact_dtype(weighted, tokens)
    size = replicates_at_once(counts.shape, len(counts.languages))
    known = (tokens > 0).all(axis=1)
    found: list[tuple[NDArray[np.int64], NDArray[np.bool_]]] = []
    with ThreadPoolExecutor(threads or _cores()) as pool:

        def spread(work: Callable[[Any], Any], items: Iterable[Any]) -> list[Any]:
            return list(pool.map(work, items))

        for start in range(0, n, size):
            part = slice(start, start + size)
            sums = _pool([(one, weights[part]) for one, weights in weighted], dtype, spread)
            rows = list(zip(sums, tokens[part], known[part], strict=True))
            found += spread(lambda row: _select(row[0], row[1], row[2], options), rows)
    sizes = [len(neurons) for neurons, _ in found]
    return Selections(
        languages=counts.languages,
        n_layers=n_layers,
        d_mlp=d_mlp,
        replicate=np.repeat(np.arange(n), sizes),
        neuron=np.concatenate([neurons for neurons, _ in found]),
        assigned=np.concatenate([assigned for _, assigned in found]),
        known=known,
    )


def _cores() -> int:
    """Cores this process may use, where the system says so."""
    usable = getattr(os, "sched_getaffinity", None)
    n = len(usable(0)) if usable is not None else os.cpu_count() or 1
    return int(min(n, _MOST_THREADS))


def _exact_dtype(weighted: Sequence[Weighted], tokens: Floats) -> type[np.floating[Any]]:
    """Choose what holds every sum exactly: no sum of counts exceeds that of the tokens."""
    whole = all((weights == np.round(weights)).all() for _, weights in weighted)
    return np.float32 if whole and tokens.max(initial=0) < _EXACT else np.float64


def _pool(
    weighted: Sequence[Weighted], dtype: type[np.floating[Any]], spread: Callable[..., Any]
) -> NDArray[Any]:
    """Sum weighted blocks, ``[replicate, language, neuron]``."""
    first = weighted[0][0]
    cells = first.shape[0] * first.shape[1]
    sums = np.empty((len(weighted[0][1]), len(first.languages), cells), dtype)
    used = [(one, np.ascontiguousarray(weights, dtype)) for one, weights in weighted]

    def fill(job: tuple[int, int]) -> None:
        place, start = job
        part = slice(start, min(start + _SLICE, cells))
        total = sums[:, place, part]
        for number, (one, weights) in enumerate(used):
            product = weights @ one.slice(place, part, dtype)
            total[...] = total + product if number else product

    jobs = [(k, start) for k in range(len(first.languages)) for start in range(0, cells, _SLICE)]
    spread(fill, jobs)
    return sums


def _select(
    sums: NDArray[Any], tokens: Floats, known: np.bool_, options: LapeOptions
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Select from pooled counts ``[language, neuron]``: neurons, and their languages."""
    n_languages, n_neurons = sums.shape
    if not known:
        return np.zeros(0, np.int64), np.zeros((0, n_languages), bool)
    cut = None
    if options.filter_quantile is None:
        candidates = np.arange(n_neurons)
    else:
        cut, candidates = _pass_filter(sums, tokens, options.filter_quantile)
    # in this order of axes, and never one neuron alone: numpy would add up in another order, and the
    # last bit of an entropy would not be that of the whole
    p = np.take(sums, candidates, axis=1) / tokens[:, None]
    alone = p.shape[1] == 1
    h = entropy((np.repeat(p, 2, axis=1) if alone else p)[:, None], eps=options.eps)
    _, best = lowest(h[:, : p.shape[1]], how_many(n_neurons, options))
    return candidates[best], assign(p[:, best].T, options.assignment, cut)


def _pass_filter(
    sums: NDArray[Any], tokens: Floats, quantile: float
) -> tuple[float, NDArray[np.int64]]:
    """Find the cut, and the neurons that exceed it in some language, ascending."""
    above = max(sums.size - max(round(quantile * sums.size), 1), 0)  # values that follow the cut's
    bound = _suggest_bound(sums, tokens, above / sums.size)
    flat = np.flatnonzero(sums > bound[:, None])
    p = sums.ravel()[flat] / tokens[flat // sums.shape[1]]
    if len(p) > above:
        place = len(p) - 1 - above
        cut = float(np.partition(p, place)[place])
        # everything that was left out is at most this, so if the cut reaches it, it is the cut
        if cut >= (bound / tokens).max():
            return cut, _neurons(flat[p > cut], sums.shape[1])
    elif not bound.any():  # all others are 0, and too many for any other cut
        return 0.0, _neurons(flat, sums.shape[1])
    whole = sums / tokens[:, None]
    cut = probability_cut(whole, quantile)
    return cut, np.flatnonzero((whole > cut).any(axis=0))


def _suggest_bound(sums: NDArray[Any], tokens: Floats, share: float) -> NDArray[Any]:
    """Per language a count (in the dtype of the sums) that somewhat more than ``share`` exceed."""
    step = max(1, sums.size // _SAMPLE) | 1  # odd: no power of two repeats in it
    at = np.arange(0, sums.size, step)
    sample = sums.ravel()[at] / tokens[at // sums.shape[1]]
    slack = 5 * np.sqrt(share * (1 - share) / len(sample))
    place = int((1 - min(share + slack, 1)) * (len(sample) - 1))
    bound: NDArray[Any] = (np.partition(sample, place)[place] * tokens).astype(sums.dtype)
    return bound


def _neurons(flat: NDArray[np.int64], n_neurons: int) -> NDArray[np.int64]:
    found = np.zeros(n_neurons, bool)
    found[flat % n_neurons] = True
    return np.flatnonzero(found)
