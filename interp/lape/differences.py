"""How two checkpoints' language neurons differ: every statistic of the paper and ours; pure.

Per language ``neurons`` (how many), ``neurons_change`` (percent of the base's), ``late_share`` (of them
in the last ceil(5 L / 32) of L layers, the paper's "layers 28-32"), ``layer_distance`` (D_KS of their
layers) and ``neuron_jaccard`` (neurons that both have, over those that one has); and all but the first
two for all languages together, where a set is one of (layer, neuron), whatever the language: this is
the set that gives the Jaccard index 0.757 of the released lists (with the language in it, 0.711).
``layer_distance_without_english`` stands for itself: English is half of all neurons in OLMo-2.

A change in percent of the smaller side is the larger number, so exchanged labels reach a rise's rarely and
a fall's often: the p of ``neurons`` says of both the same, that of ``neurons_change`` hardly calls a
fall real.

What stands behind a statistic is a number of neurons: of the side that has more where numbers are
compared (a fall from 40 to 10 is no lack of data), else of the side that has fewer.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from interp.lape.selections import ENGLISH, Floats, Selections
from interp.stats.ks import last_layers, layer_distance
from interp.stats.pair import Statistic, Values
from interp.stats.verdict import MIN_NEURONS


def statistics(languages: Sequence[str], *, same_neurons: bool) -> tuple[Statistic, ...]:
    """Name what `compare` computes, in its order.

    Args:
        languages: the language axis.
        same_neurons: whether both checkpoints have as many layers and neurons, so that sets of
            them can be compared.
    """
    each = list(languages)
    found = [
        *_named("neurons", "difference", each),
        *_named("neurons_change", "difference", each),
        *_named("late_share", "difference", [*each, None]),
        *_named("layer_distance", "distance", [*each, None]),
    ]
    if _without_english(languages):
        found += _named("layer_distance_without_english", "distance", [None])
    if same_neurons:
        found += _named("neuron_jaccard", "likeness", [*each, None])
    return tuple(found)


def compare(first: Selections, second: Selections, *, same_neurons: bool) -> Values:
    """Compare selections, replicate by replicate.

    Args:
        first: of the one side.
        second: of the other, as many replicates, the same languages.
        same_neurons: as in `statistics`.

    Returns:
        Values ``[replicate, statistic]``. Not a number: everything in a replicate in which a
        language has no token, shares and distances of a side without neurons, the change from
        none, and the Jaccard index of two empty sets.
    """
    shared = first.shared(second) if same_neurons else None
    return from_layers(first.layer_counts(), second.layer_counts(), shared, first.languages)


def from_layers(
    first: Floats, second: Floats, shared: Floats | None, languages: Sequence[str]
) -> Values:
    """Compute the statistics from what was counted.

    Args:
        first: ``Selections.layer_counts``, ``[replicate, group, layer]``.
        second: the same of the other side, possibly of other layers.
        shared: ``Selections.shared``, ``[replicate, group]``, or one row for all replicates;
            ``None`` without ``neuron_jaccard``.
        languages: the language axis.

    Returns:
        Values ``[replicate, statistic]`` as `compare` gives them.
    """
    n, every = len(languages), len(languages) + 1  # groups: the languages, and with all of them
    before, after = first.sum(-1), second.sum(-1)
    larger, smaller = _whole(np.maximum(before, after)), _whole(np.minimum(before, after))
    parts = [
        Values.of_levels(before[:, :n], after[:, :n], larger[:, :n]),
        _change(before[:, :n], after[:, :n], larger[:, :n]),
        Values.of_levels(_late(first)[:, :every], _late(second)[:, :every], smaller[:, :every]),
        _distance(first[:, :every], second[:, :every], smaller[:, :every]),
    ]
    if _without_english(languages):
        parts.append(_distance(first[:, every:], second[:, every:], smaller[:, every:]))
    if shared is not None:
        union = before + after - shared
        alike = np.divide(shared, union, out=np.full(union.shape, np.nan), where=union > 0)
        parts.append(_alone(alike[:, :every], smaller[:, :every]))
    return Values.join(parts)


def _named(name: str, kind: str, languages: Sequence[str | None]) -> list[Statistic]:
    return [
        Statistic(name, kind, lang, behind_what="selected neurons", behind_needed=MIN_NEURONS)
        for lang in languages
    ]


def _without_english(languages: Sequence[str]) -> bool:
    return ENGLISH in languages and len(languages) > 1


def _whole(counted: Floats) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    return np.nan_to_num(counted).astype(np.int64)


def _late(layers: Floats) -> Floats:
    """Share in the last layers, ``[replicate, group]``."""
    whole = layers.sum(-1)
    late = layers[..., -last_layers(layers.shape[-1]) :].sum(-1)
    return np.divide(late, whole, out=np.full(whole.shape, np.nan), where=whole > 0)


def _change(before: Floats, after: Floats, behind: np.ndarray) -> Values:
    change = np.full(before.shape, np.nan)
    np.divide(100 * (after - before), before, out=change, where=before > 0)
    return _alone(change, behind)


def _distance(first: Floats, second: Floats, behind: np.ndarray) -> Values:
    found = layer_distance(first, second)
    nothing = np.full(found.value.shape, np.nan)
    return Values(found.value, nothing, nothing, found.signed, behind, found.layer)


def _alone(value: Floats, behind: np.ndarray) -> Values:
    """A statistic without levels, sign or layer."""
    nothing = np.full(value.shape, np.nan)
    return Values(value, nothing, nothing, nothing, behind, np.full(value.shape, -1, np.int64))
