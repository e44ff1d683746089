"""What exchanging neurons between two published lists gives by chance; pure.

Where only the selected neurons are known, there are no blocks of text whose labels could be exchanged.
What can be exchanged are the neurons themselves: each one that the two lists do not have for the same
languages goes to the other side, with all its languages, with probability 1/2, independently; neurons
that both have stay where they are, and set sizes are not kept. This is a weaker null than that of the
blocks: it takes each neuron for an independent draw, so a small p says that the difference has a
direction, and nothing of its size against measuring again. A Jaccard index does not change under it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from interp.lape.differences import from_layers
from interp.lape.selections import Floats, Selections
from interp.stats.permutation import Relabellings, p_value, reaches, swaps

DRAWS = 4999
NULL_LEVEL = 0.95
_AT_ONCE = 500
"""Exchanges held at a time."""


@dataclass(frozen=True)
class Exchanged:
    """Outcome of the exchanges, for every statistic but the Jaccard indices, in their order.

    Attributes:
        p: add-one p-value, ``[statistic]``; exact where all exchanges are few enough to be listed.
        usual: what 95 % of the exchanges do not exceed, ``[statistic]``, of absolute values.
        n_differing: neurons that the lists do not have for the same languages.
        n_draws: exchanges made, or all there are.
    """

    p: Floats
    usual: Floats
    n_differing: int
    n_draws: int


def exchange_neurons(
    base: Selections, model: Selections, *, draws: int = DRAWS, seed: int = 0
) -> Exchanged:
    """Exchange neurons between two lists.

    Args:
        base: one replicate.
        model: one replicate, among the same neurons, with the same languages.
        draws: exchanges; all are listed where they are no more than that.
        seed: of the draws.
    """
    observed = from_layers(base.layer_counts(), model.layer_counts(), None, base.languages).value[0]
    drawn = exchanged_values(base, model, draws, seed)
    found = np.abs(drawn.values)
    known = ~np.isnan(found)
    usual = np.full(found.shape[1], np.nan)
    for column in np.flatnonzero(known.any(axis=0)):
        usual[column] = np.quantile(found[known[:, column], column], NULL_LEVEL)
    far = np.abs(observed)
    hits = reaches(found, far).sum(axis=0)
    p = hits / len(found) if drawn.exact else p_value(hits, len(found))
    return Exchanged(np.where(np.isnan(far), np.nan, p), usual, drawn.n_moving, len(found))


@dataclass(frozen=True)
class Drawn:
    """What comes of exchanging neurons.

    Attributes:
        values: of every statistic that knows layers only, ``[draw, statistic]``.
        n_moving: neurons on which the two lists differ.
        exact: whether every exchange there is was made.
    """

    values: Floats
    n_moving: int
    exact: bool


def exchanged_values(base: Selections, model: Selections, draws: int, seed: int) -> Drawn:
    """Exchange the neurons on which two lists differ and compare anew, again and again.

    Args:
        base: one replicate.
        model: one replicate, among the same neurons, with the same languages.
        draws: exchanges; all are listed where they are no more than that.
        seed: of the draws.
    """
    before, after = base.layer_counts(), model.layer_counts()
    moving = _moving(base, model)
    values, exact = [], False
    for labels in _labels(len(moving), draws, seed):
        first = before + (labels.moved @ moving).reshape(-1, *before.shape[1:])
        values.append(from_layers(first, before + after - first, None, base.languages).value)
        exact = labels.exact
    return Drawn(np.concatenate(values), len(moving), exact)


def _moving(base: Selections, model: Selections) -> Floats:
    """What the base's counts gain when a neuron that differs changes sides.

    Returns:
        ``[neuron, group * layer]``, one row per neuron without the same languages in both lists.
    """
    neurons = np.union1d(base.neuron, model.neuron)
    mine, its = _member(base, neurons), _member(model, neurons)
    differ = (mine != its).any(axis=1)
    gain = its[differ].astype(np.float64) - mine[differ]
    layers = np.zeros((*gain.shape, base.n_layers))
    layers[np.arange(len(gain)), :, neurons[differ] // base.d_mlp] = gain
    return layers.reshape(len(gain), gain.shape[1] * base.n_layers)


def _member(selected: Selections, neurons: np.ndarray) -> np.ndarray:
    """Whether each of the neurons counts in a group of the list, ``[neuron, group]``."""
    groups = selected.groups
    found = np.zeros((len(neurons), groups.shape[1]), bool)
    found[np.searchsorted(neurons, selected.neuron)] = groups
    return found


def _labels(n: int, draws: int, seed: int) -> Iterator[Relabellings]:
    if 2**n <= draws:
        yield swaps(n, draws, seed)
        return
    for start in range(0, draws, _AT_ONCE):
        yield swaps(n, min(_AT_ONCE, draws - start), seed + start)
