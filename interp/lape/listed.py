"""Neurons of an imported run, which lists them (or counts them per layer) and no activation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from interp.errors import InterpError
from interp.study import Study

Place = tuple[int, int]
"""``(layer, neuron)``, both 0-based."""


@dataclass(frozen=True)
class Listed:
    """What an imported run says of its neurons.

    Attributes:
        languages: in the run's order.
        n_layers: layers of the checkpoint.
        n_neurons: neurons per layer; None where nobody said.
        per_layer: language to its neurons per layer, ``[layer]``.
        places: language to its neurons, sorted; None where the file holds counts only.
        assignment: ``argmax`` (a neuron has one language) or ``threshold`` (one or more).
        tokens: language to the tokens counted, where the file says.
        missing: what the file does not say, in words.
        caveat: what to know of the numbers; may be empty.
    """

    languages: tuple[str, ...]
    n_layers: int
    n_neurons: int | None
    per_layer: Mapping[str, NDArray[np.int64]]
    places: Mapping[str, tuple[Place, ...]] | None
    assignment: str
    tokens: Mapping[str, int]
    missing: tuple[str, ...]
    caveat: str

    @property
    def n_selected(self) -> int:
        """Number of neurons, those of several languages once."""
        if self.places is None:  # counts, of which each neuron has one language
            return int(sum(one.sum() for one in self.per_layer.values()))
        return len({place for own in self.places.values() for place in own})


def read_listed(study: Study, run_id: str) -> Listed | None:
    """Read an imported run.

    Args:
        study: the study.
        run_id: a finished LAPE run.

    Returns:
        Its neurons; None for a run that counted activations itself.

    Raises:
        InterpError: counts that no checkpoint can have, imported before they were refused.
    """
    notes = study.notes(run_id)
    if "imported" not in notes:
        return None
    arguments, shape = study.spec(run_id)["arguments"], notes["shape"]
    table = study.table("neurons", run_id=run_id)
    own: dict[str, list[Place]] = {lang: [] for lang in arguments["languages"]}
    for lang, layer, neuron in zip(table["lang"], table["layer"], table["neuron"], strict=True):
        own[lang].append((int(layer), int(neuron)))
    try:
        per_layer = {lang: np.array(notes["layer_counts"][lang], np.int64) for lang in own}
    except OverflowError:
        raise InterpError(
            f"run {run_id} counts more neurons in a layer than any checkpoint has: expected the "
            f"counts of a sound file; remove it with interp study remove --run {run_id}"
        ) from None
    return Listed(
        languages=tuple(own),
        n_layers=shape["n_layers"],
        n_neurons=shape["d_mlp"],
        per_layer=per_layer,
        places={lang: tuple(sorted(found)) for lang, found in own.items()} if len(table) else None,
        assignment=arguments["assignment"],
        tokens=notes.get("tokens", {}),
        missing=tuple(notes["imported"]["missing"]),
        caveat=notes["imported"]["caveat"],
    )
