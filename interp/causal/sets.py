"""Which heads or neurons are ablated for which language. Pure.

The published check zeroes a language's top heads (``choice="top"``); a head that is top in nearly
every language is then in nearly every set, and no matrix of such sets can be diagonal in it.
``choice="specific"`` leaves those out. Neurons are masked with every language whose activation
probability exceeds the filter's cut (Tang et al. 2024), which `interp.lape.select` calls
``threshold``, rather than with the one language in which they are most active.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from interp.errors import unknown
from interp.lahis.select import specific_heads, top_heads
from interp.lape.select import LapeSelection
from interp.options import LahisOptions

Place = tuple[int, int]
"""``(layer, head)`` or ``(layer, neuron)``, both 0-based."""

PARTS = ("heads", "neurons")
CHOICES = ("top", "specific")
INTACT = "intact"


@dataclass(frozen=True)
class AblationSet:
    """Heads or neurons that are ablated together.

    Attributes:
        lang: the language they stand for, or whose set they control for; empty for ``intact``.
        kind: ``intact`` (nothing), ``heads``, ``neurons``, ``random`` or ``layer-matched``.
        draw: number of the random draw; None unless a control.
        places: what is ablated, sorted.
        missing: places that a control could not fill (see `interp.causal.controls`).
    """

    lang: str
    kind: str
    draw: int | None
    places: tuple[Place, ...]
    missing: int = 0


def head_places(
    scores: Mapping[str, NDArray[np.floating]], options: LahisOptions, choice: str = "top"
) -> dict[str, tuple[Place, ...]]:
    """Pick each language's heads from LAHIS scores.

    Args:
        scores: language to ``[layer, head]``.
        options: the rule for top heads, and in how many languages a head is general.
        choice: ``top``, or ``specific``: without the general ones.

    Returns:
        Language to its heads, sorted; possibly none.
    """
    top = {
        lang: top_heads(
            values,
            fraction=options.top_fraction,
            rule=options.top_rule,
            quantile=options.quantile,
        )
        for lang, values in scores.items()
    }
    return _chosen(top, choice, options.general_min)


def neuron_places(selection: LapeSelection, choice: str = "top") -> dict[str, tuple[Place, ...]]:
    """Pick each language's neurons from a LAPE selection.

    Args:
        selection: the selected neurons and their languages.
        choice: ``top`` takes all that are assigned to a language, ``specific`` leaves out those
            of all languages but one or more (possible under ``threshold`` only).

    Returns:
        Language to its neurons, sorted; possibly none.
    """
    where = list(zip(selection.layers.tolist(), selection.neurons.tolist(), strict=True))
    found = {
        lang: [where[row] for row in np.flatnonzero(selection.assigned[:, place])]
        for place, lang in enumerate(selection.languages)
    }
    return _chosen(found, choice, "K-1")


def without_any(places: Mapping[str, Sequence[Place]]) -> tuple[str, ...]:
    """Name the languages that have nothing to ablate."""
    return tuple(lang for lang, chosen in places.items() if not chosen)


def same_places(sets: Iterable[AblationSet]) -> list[tuple[str, ...]]:
    """Name the languages whose own sets are equal, group by group."""
    groups: dict[tuple[Place, ...], list[str]] = {}
    for one in sets:
        if one.kind in PARTS:
            groups.setdefault(one.places, []).append(one.lang)
    return [tuple(group) for group in groups.values() if len(group) > 1]


def _chosen(
    found: Mapping[str, Sequence[Place]], choice: str, general_min: str | int
) -> dict[str, tuple[Place, ...]]:
    if choice not in CHOICES:
        raise unknown("choice of heads or neurons", choice, CHOICES)
    if choice == "specific":
        found = specific_heads(found, general_min)
    return {lang: tuple(sorted(chosen)) for lang, chosen in found.items()}
