"""From activation counts to language-specific neurons: filter, bottom 1 %, language.

Pure: counts in, selection out, in well under a second for a 7B model, so that a threshold can be
changed, or a bootstrap replicate drawn, without running the model again.

The steps are those of Tang et al. 2024 (``identify.py`` in RUCAIBox/Language-Specific-Neurons). The
code released with arXiv 2606.06586 leaves the percentile filter out, so that neurons which hardly
ever fire can fill the lowest 1 %; ``filter_quantile=None`` reproduces that.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from interp.lape.entropy import (
    Floats,
    Integers,
    activation_probabilities,
    entropy,
    probability_cut,
)
from interp.presets import LapeOptions

_ENTROPY_DECIMALS = 12
"""Entropies are compared to this precision: equal distributions in another language order differ by
rounding only, and the tie must then be broken by (layer, neuron)."""


@dataclass(frozen=True)
class LapeSelection:
    """Language-specific neurons of one checkpoint, and what they were chosen from.

    Attributes:
        languages: the language axis.
        tokens: tokens counted, ``[language]``.
        p: activation probability, ``[language, layer, neuron]``.
        entropy: ``H`` in nats, ``[layer, neuron]``; ``inf`` where a neuron is dead or the filter
            removed it, so that the selection is its lowest values.
        n_active: activations over all languages, ``[layer, neuron]``.
        cut: the probability that the filter asked for, ``None`` without a filter.
        layers: layer of each selected neuron, in order of entropy, ``[selected]``.
        neurons: its index within the layer, ``[selected]``.
        assigned: whether a selected neuron belongs to a language, ``[selected, language]``; one
            language per row under ``argmax``, one or more under ``threshold``.
        n_wanted: neurons that the top fraction asks for; more than selected only when the filter
            or dead neurons left too few.
        n_dead: neurons that were never active.
        n_filtered: live neurons that the filter removed.
        n_rare: selected neurons with fewer than ``min_activations`` activations in total.
    """

    languages: tuple[str, ...]
    tokens: NDArray[np.int64]
    p: Floats
    entropy: Floats
    n_active: NDArray[np.int64]
    cut: float | None
    layers: NDArray[np.int64]
    neurons: NDArray[np.int64]
    assigned: NDArray[np.bool_]
    n_wanted: int
    n_dead: int
    n_filtered: int
    n_rare: int

    def __len__(self) -> int:
        """Return the number of selected neurons."""
        return len(self.layers)

    def per_language(self) -> dict[str, int]:
        """Count the selected neurons of each language."""
        return dict(zip(self.languages, self.assigned.sum(axis=0).tolist(), strict=True))

    def to_dict(self) -> dict[str, Any]:
        """Return the numbers behind the selection, JSON-able, for the run's record."""
        return {
            "n_selected": len(self),
            "n_wanted": self.n_wanted,
            "n_dead": self.n_dead,
            "n_filtered": self.n_filtered,
            "n_rare": self.n_rare,
            "cut": self.cut,
            "per_language": self.per_language(),
        }

    def to_frame(self) -> pd.DataFrame:
        """Lay the selection out as the table ``neurons`` (without ``run_id``).

        Returns:
            Columns ``layer, neuron, entropy, lang, selected, n_active``, sorted by layer and
            neuron. Every neuron has a row; ``lang`` is its most active language (null when dead)
            and, for a selected neuron of several languages, there is one row per language.
        """
        n_layers, n_neurons = self.entropy.shape
        layer, neuron = np.divmod(np.arange(n_layers * n_neurons), n_neurons)
        lang = self.p.argmax(axis=0).ravel()
        rest = np.ones(len(layer), dtype=bool)
        rest[self.layers * n_neurons + self.neurons] = False
        chosen, chosen_lang = np.nonzero(self.assigned)
        flat = np.concatenate(
            [np.flatnonzero(rest), (self.layers * n_neurons + self.neurons)[chosen]]
        )
        langs = np.concatenate([lang[rest], chosen_lang])
        order = np.lexsort((langs, flat))
        flat, langs = flat[order], langs[order]
        names = np.array(self.languages, dtype=object)[langs]
        names[self.n_active.ravel()[flat] == 0] = None
        return pd.DataFrame(
            {
                "layer": layer[flat].astype(np.int32),
                "neuron": neuron[flat].astype(np.int32),
                "entropy": self.entropy.ravel()[flat],
                "lang": names,
                "selected": ~rest[flat],
                "n_active": self.n_active.ravel()[flat],
            }
        )

    def probs_frame(self) -> pd.DataFrame:
        """Lay the probabilities out as the table ``neuron_probs`` (without ``run_id``).

        Returns:
            Columns ``layer, neuron, lang, p_active, n_tokens``, one row per neuron and language.
        """
        n_languages, n_layers, n_neurons = self.p.shape
        cells = n_layers * n_neurons
        layer, neuron = np.divmod(np.arange(cells), n_neurons)
        return pd.DataFrame(
            {
                "layer": np.repeat(layer.astype(np.int32), n_languages),
                "neuron": np.repeat(neuron.astype(np.int32), n_languages),
                "lang": np.tile(np.array(self.languages, dtype=object), cells),
                "p_active": self.p.reshape(n_languages, cells).T.ravel(),
                "n_tokens": np.tile(self.tokens, cells),
            }
        )


def select_from_counts(
    counts: Integers,
    tokens: Integers,
    options: LapeOptions,
    *,
    languages: tuple[str, ...],
) -> LapeSelection:
    """Select language-specific neurons from activation counts.

    Args:
        counts: tokens on which each neuron is active, ``[block, language, layer, neuron]`` or, with
            blocks already summed, ``[language, layer, neuron]``.
        tokens: tokens counted, ``[block, language]`` or ``[language]``.
        options: filter, fraction, rounding, eps, assignment; the other fields are not read.
        languages: names of the language axis.

    Returns:
        The selection. Ties in entropy (to 12 decimals) go to the lower layer, then the lower
        neuron; ties in probability to the earlier language. Dead and filtered neurons are never
        selected, even when fewer than ``top_fraction`` are left: the original code would then pick
        neurons of infinite entropy, whose language is undefined.
    """
    if counts.ndim == 4:
        counts, tokens = counts.sum(axis=0, dtype=np.int64), tokens.sum(axis=0, dtype=np.int64)
    if counts.ndim != 3 or len(counts) != len(tokens) or len(tokens) != len(languages):
        raise ValueError(
            f"counts {counts.shape}, tokens {tokens.shape} and {len(languages)} languages disagree"
        )
    p = activation_probabilities(counts, tokens)
    h = entropy(p, eps=options.eps)
    n_active = counts.sum(axis=0, dtype=np.int64)
    allowed = n_active > 0
    n_dead = int((~allowed).sum())
    cut = None
    if options.filter_quantile is not None:
        cut = probability_cut(p, options.filter_quantile)
        allowed &= (p > cut).any(axis=0)
    h = np.where(allowed, h, np.inf)
    wanted = how_many(h.size, options)
    layers, neurons = lowest(h, wanted)
    chosen = p[:, layers, neurons].T
    return LapeSelection(
        languages=languages,
        tokens=np.asarray(tokens, dtype=np.int64),
        p=p,
        entropy=h,
        n_active=n_active,
        cut=cut,
        layers=layers,
        neurons=neurons,
        assigned=assign(chosen, options.assignment, cut),
        n_wanted=wanted,
        n_dead=n_dead,
        n_filtered=int(h.size - allowed.sum()) - n_dead,
        n_rare=int((n_active[layers, neurons] < options.min_activations).sum()),
    )


def how_many(n_neurons: int, options: LapeOptions) -> int:
    """Say how many neurons ``top_fraction`` asks for of ``n_neurons``."""
    exact = options.top_fraction * n_neurons
    return round(exact) if options.rounding == "round" else math.floor(exact)


def lowest(h: Floats, wanted: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Take the lowest entropies.

    Args:
        h: ``[layer, neuron]``; what is infinite is never taken.
        wanted: how many, if as many are finite.

    Returns:
        Layers and neurons in order of entropy (to 12 decimals), ties by position.
    """
    flat = np.round(h.ravel(), _ENTROPY_DECIMALS)
    wanted = min(wanted, int(np.isfinite(flat).sum()))
    if wanted == 0:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    # everything not above the wanted-th value, then a stable sort: positions break ties
    candidates = np.flatnonzero(flat <= np.partition(flat, wanted - 1)[wanted - 1])
    best = candidates[np.argsort(flat[candidates], kind="stable")[:wanted]]
    layers, neurons = np.divmod(best, h.shape[1])
    return layers, neurons


def assign(p: Floats, rule: str, cut: float | None) -> NDArray[np.bool_]:
    """Assign languages to selected neurons.

    Args:
        p: activation probabilities, ``[selected, language]``.
        rule: ``LapeOptions.assignment``.
        cut: of the filter.

    Returns:
        Whether the neuron belongs to the language, ``[selected, language]``.
    """
    if rule == "threshold":
        if cut is None:
            raise ValueError("threshold assignment needs the filter's cut")
        return p > cut
    assigned = np.zeros(p.shape, dtype=bool)
    assigned[np.arange(len(p)), p.argmax(axis=1) if len(p) else []] = True
    return assigned
