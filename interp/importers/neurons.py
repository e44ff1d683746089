"""Neurons of several languages as places, as a table and as counts per layer; pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd

from interp.errors import InterpError
from interp.printable import brief

Place = tuple[int, int]
"""``(layer, neuron)``, both 0-based."""

NO_ACTIVATIONS = (
    "entropies, activation probabilities and counts, hence selections under other options",
    "counts per block of text, hence intervals, noise floor and the p-value over blocks",
)
"""What no list of neurons says."""


def check_places(
    where: str,
    listed: Iterable[tuple[int, str, int]],
    languages: Sequence[str],
    n_neurons: int,
    *,
    first_layer: int,
    one_language: bool,
) -> dict[str, list[Place]]:
    """Check neurons one by one.

    Args:
        where: the file, for errors.
        listed: (layer from 0 and in range, language, neuron from 0).
        languages: all of them, in order; one without neurons stays empty.
        n_neurons: neurons per layer.
        first_layer: what the file calls the first layer, for errors.
        one_language: refuse a neuron of two languages.

    Returns:
        Language to its neurons, in the file's order.

    Raises:
        InterpError: a neuron out of range, or a neuron that stands twice.
    """
    found: dict[str, list[Place]] = {code: [] for code in languages}
    owner: dict[Place, str] = {}
    seen: set[tuple[str, Place]] = set()
    for layer, code, neuron in listed:
        at = f"{where}: layer {layer + first_layer}, {code}: neuron {brief(neuron, 40)}"
        if not 0 <= neuron < n_neurons:
            raise InterpError(f"{at}: expected 0 to {n_neurons - 1}")
        place = layer, neuron
        if (code, place) in seen:
            raise InterpError(f"{at} is listed twice, expected once")
        if one_language and place in owner:
            raise InterpError(f"{at} is also listed for {owner[place]}, expected one language")
        seen.add((code, place))
        owner[place] = code
        found[code].append(place)
    return found


def neurons_table(places: Mapping[str, Sequence[Place]]) -> pd.DataFrame:
    """Lay neurons out as the table ``neurons``: selected ones only, sorted by layer and neuron.

    Args:
        places: language to its neurons.
    """
    rows = [(layer, neuron, code) for code, found in places.items() for layer, neuron in found]
    table = pd.DataFrame(rows, columns=["layer", "neuron", "lang"]).sort_values(
        ["layer", "neuron"], ignore_index=True, kind="stable"
    )
    return table.assign(
        entropy=np.nan, selected=True, n_active=pd.array([pd.NA] * len(table), dtype="Int64")
    )


def layer_counts(places: Mapping[str, Sequence[Place]], n_layers: int) -> dict[str, list[int]]:
    """Count neurons per layer.

    Args:
        places: language to its neurons.
        n_layers: layers of the checkpoint.

    Returns:
        Language to ``[layer]``; a layer without any has 0.
    """
    return {
        code: np.bincount([layer for layer, _ in found], minlength=n_layers).tolist()
        if found
        else [0] * n_layers
        for code, found in places.items()
    }
