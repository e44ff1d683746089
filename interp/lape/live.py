"""Language neurons under thresholds that change while somebody looks.

The same steps as `interp.lape.select.select_from_counts`, cut in three: entropies, which cost most and
depend on no threshold; the filter; and the choice of the lowest, which costs a hundredth of a second for a
7B model and is made anew for every top fraction. Kept is only what was selected.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from interp.lape.activity import Activity
from interp.lape.entropy import Floats, activation_probabilities, entropy, probability_cut
from interp.lape.select import assign, how_many, lowest
from interp.options import LapeOptions


@dataclass(frozen=True, eq=False)
class Ranked:
    """Every neuron's entropy, before any is chosen.

    Attributes:
        entropy: in nats, ``[layer, neuron]``; infinite where a neuron is dead or filtered out.
        peak: its highest probability over languages, ``[layer, neuron]``.
        dead: whether it never fired, ``[layer, neuron]``.
        cut: the probability that the filter asks for; None without a filter.
    """

    entropy: Floats
    peak: Floats
    dead: NDArray[np.bool_]
    cut: float | None

    @property
    def n_dead(self) -> int:
        """Neurons that never fired."""
        return int(self.dead.sum())

    @property
    def n_filtered(self) -> int:
        """Neurons that fire, but in no language often enough for the filter."""
        return int((~np.isfinite(self.entropy)).sum()) - self.n_dead

    def place(self, layer: int, neuron: int) -> int | None:
        """Count the neurons of lower entropy; None for one that cannot be selected."""
        own = self.entropy[layer, neuron]
        return int((self.entropy < own).sum()) if np.isfinite(own) else None


@dataclass(frozen=True, eq=False)
class Chosen:
    """The selected neurons of one checkpoint.

    Attributes:
        languages: the language axis.
        n_layers: layers of the checkpoint.
        layers: layer of each selected neuron, in order of entropy, ``[selected]``.
        neurons: its index within the layer, ``[selected]``.
        entropy: in nats, ``[selected]``.
        assigned: whether it belongs to a language, ``[selected, language]``.
        n_wanted: neurons that the top fraction asks for.
    """

    languages: tuple[str, ...]
    n_layers: int
    layers: NDArray[np.int64]
    neurons: NDArray[np.int64]
    entropy: Floats
    assigned: NDArray[np.bool_]
    n_wanted: int

    def places(self, lang: str) -> list[tuple[int, int]]:
        """Return (layer, neuron) of a language, in order of entropy; none of a language not there."""
        if lang not in self.languages:
            return []
        own = self.assigned[:, self.languages.index(lang)]
        return list(zip(self.layers[own].tolist(), self.neurons[own].tolist(), strict=True))

    def of_neuron(self, layer: int, neuron: int) -> tuple[str, ...]:
        """Return the languages that a neuron was selected for; none where it was not selected."""
        found = (self.layers == layer) & (self.neurons == neuron)
        own = self.assigned[found].any(axis=0)
        return tuple(np.array(self.languages)[own].tolist())

    def per_layer(self) -> dict[str, NDArray[np.int64]]:
        """Count neurons, language to ``[layer]``; layers without one are 0."""
        return {
            lang: np.bincount(self.layers[self.assigned[:, place]], minlength=self.n_layers)
            for place, lang in enumerate(self.languages)
        }


def rank_all(activity: Activity, eps: float | None) -> Ranked:
    """Compute every neuron's entropy, without a filter.

    Args:
        activity: of the checkpoint.
        eps: of ``interp.lape.entropy.entropy``.
    """
    p = activation_probabilities(activity.counts, activity.tokens)
    dead: NDArray[np.bool_] = np.logical_not((activity.counts > 0).any(axis=0))
    return Ranked(np.where(dead, np.inf, entropy(p, eps=eps)), p.max(axis=0), dead, None)


def rank(activity: Activity, options: LapeOptions, everyone: Ranked | None = None) -> Ranked:
    """Compute every neuron's entropy and hold it against the filter.

    Args:
        activity: of the checkpoint.
        options: filter and eps are read.
        everyone: ``rank_all`` with the eps of the options, if it is there already.
    """
    everyone = everyone or rank_all(activity, options.eps)
    if options.filter_quantile is None:
        return everyone
    p = activation_probabilities(activity.counts, activity.tokens)
    cut = probability_cut(p, options.filter_quantile)
    kept = np.where(everyone.peak > cut, everyone.entropy, np.inf)
    return Ranked(kept, everyone.peak, everyone.dead, cut)


def choose_neurons(activity: Activity, ranked: Ranked, options: LapeOptions) -> Chosen:
    """Take the neurons of lowest entropy and say whose they are.

    Args:
        activity: of the checkpoint.
        ranked: its ``rank`` under the same filter.
        options: top fraction, rounding and assignment are read.
    """
    wanted = how_many(ranked.entropy.size, options)
    layers, neurons = lowest(ranked.entropy, wanted)
    p = (activity.counts[:, layers, neurons] / activity.tokens.astype(np.float64)[:, None]).T
    return Chosen(
        languages=activity.languages,
        n_layers=activity.n_layers,
        layers=layers,
        neurons=neurons,
        entropy=ranked.entropy[layers, neurons],
        assigned=assign(p, options.assignment, ranked.cut),
        n_wanted=wanted,
    )


MOST_POINTS = 2000
"""Unselected neurons in a scatter: more cover each other."""


def scatter_frame(
    activity: Activity, ranked: Ranked, chosen: Chosen, *, most: int = MOST_POINTS
) -> pd.DataFrame:
    """Lay out entropy and highest probability of the neurons that can be selected.

    Args:
        activity: of the checkpoint.
        ranked: its entropies.
        chosen: its selection; all of them are there.
        most: of the others every n-th, so that at most so many are there.

    Returns:
        Columns ``layer``, ``neuron``, ``entropy``, ``peak``, ``top`` (the language of the highest
        probability), ``selected`` (whether) and ``langs`` (whose, joined by a space; empty where not
        selected). Neurons that are dead or filtered out are left out.
    """
    flat = ranked.entropy.ravel()
    own = chosen.layers * activity.n_neurons + chosen.neurons
    others = np.setdiff1d(np.flatnonzero(np.isfinite(flat)), own)
    if len(others) > most:
        others = others[np.linspace(0, len(others) - 1, most).astype(np.int64)]
    cells = np.concatenate([others, own])
    layer, neuron = np.divmod(cells, activity.n_neurons)
    p = activity.counts[:, layer, neuron] / activity.tokens[:, None]
    langs = np.array(activity.languages, dtype=object)
    return pd.DataFrame(
        {
            "layer": layer,
            "neuron": neuron,
            "entropy": flat[cells],
            "peak": ranked.peak.ravel()[cells],
            "top": langs[p.argmax(axis=0)],
            "selected": np.arange(len(cells)) >= len(others),
            "langs": [""] * len(others) + [" ".join(langs[row]) for row in chosen.assigned],
        }
    )


def neuron_table(
    activity: Activity, ranked: Ranked, places: list[tuple[int, int]], lang: str
) -> pd.DataFrame:
    """Lay out some neurons as they are in one checkpoint, seen from one language.

    Args:
        activity: of the checkpoint.
        ranked: its entropies.
        places: (layer, neuron), in order.
        lang: the language.

    Returns:
        Columns ``layer``, ``neuron``, ``entropy`` (empty where it is dead or filtered out), ``p`` (in
        the language; empty where the checkpoint has not measured it), ``next`` (the other language in
        which it fires most), ``p_next`` and ``n_active`` (all languages).
    """
    layer, neuron = np.array(places, np.int64).reshape(-1, 2).T
    counts = activity.counts[:, layer, neuron]
    p = counts / activity.tokens[:, None]
    own = np.full(len(places), np.nan)
    rest = p.copy()
    if lang in activity.languages:
        place = activity.languages.index(lang)
        own = p[place].copy()
        rest[place] = -1.0
    there = (rest >= 0).any()
    best = rest.argmax(axis=0)
    h = ranked.entropy[layer, neuron]
    return pd.DataFrame(
        {
            "layer": layer,
            "neuron": neuron,
            "entropy": np.where(np.isfinite(h), h, np.nan),
            "p": own,
            "next": np.array(activity.languages, dtype=object)[best] if there else None,
            "p_next": rest[best, np.arange(len(places))] if there else np.nan,
            "n_active": counts.sum(axis=0),
        }
    )
