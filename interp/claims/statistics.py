"""Which statistics a claim may name: their kind, the unit they are stored in, and what they range over.

The comparison owns the names (``interp/comparison/<analysis>.py``); a test holds this table against
what it computes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from interp.data.language_sets import LANGUAGE_SETS


@dataclass(frozen=True)
class Stored:
    """How one statistic stands in the table ``comparisons``.

    Attributes:
        kind: difference, distance or likeness.
        unit: of the stored number: ``count``, ``share`` (0 to 1), ``percent`` or ``number``.
        axes: the selectors that name one entry of it: for each possibility the names of the columns
            that are not empty, e.g. ``("", "lang")`` for one over all languages and one for each.
        levels: whether the two checkpoints have a level of their own.
        signed: whether a distance has a direction.
    """

    kind: str
    unit: str
    axes: tuple[str, ...]
    levels: bool
    signed: bool


def _stored(text: str) -> Stored:
    """Read ``kind unit axes``: axes are joined by ``|``, ``-`` is none."""
    kind, unit, axes = text.split()
    return Stored(
        kind=kind.rstrip("!*"),
        unit=unit,
        axes=_axes(axes),
        levels=kind == "difference",
        signed=kind == "distance!",
    )


def _axes(text: str) -> tuple[str, ...]:
    return tuple("" if one == "-" else one for one in text.split("|"))


# `difference*` has no levels of its own, `distance!` has a direction
_ALL: Mapping[str, Mapping[str, str]] = {
    "lape": {
        "neurons": "difference count lang",
        "neurons_change": "difference* percent lang",
        "late_share": "difference share -|lang",
        "layer_distance": "distance! number -|lang",
        "layer_distance_without_english": "distance! number -",
        "neuron_jaccard": "likeness number -|lang",
    },
    "lahis": {
        "heads_kept": "likeness share lang",
        "score_rank_correlation": "likeness number lang",
        "overlap": "difference share lang+other_lang",
        "mean_overlap": "difference share -",
        "general_heads": "difference count -",
        "specific_heads": "difference count lang",
        "layer_profile": "difference share lang+layer",
        "layer_peak": "difference share layer",
        "layer_score": "difference number layer",
        "layer_score_share": "difference share layer",
        "weakened": "difference share -",
        "weakened_share_scale": "difference share -",
    },
    "lens": {
        "mean_pivot_share": "difference share -|lang",
        "window_layers": "difference number -|lang",
        "never_crosses": "difference share -|lang",
        "pivot_mass": "difference number -|lang",
        "transition_failure": "difference share -|lang",
        "target_first": "difference share -|lang",
        "mean_log_rank": "difference number -|lang",
    },
    "mcq": {
        "accuracy": "difference share -|lang",
        "total_consistency": "difference share -",
        "rankc_mean": "difference number -",
        "agreement": "difference share -",
    },
    "klar": {
        "accuracy": "difference share -|lang",
        "accuracy_strict": "difference share -|lang",
        "failure_empty": "difference share -|lang",
        "failure_digits": "difference share -|lang",
        "failure_english_leak": "difference share -|lang",
        "failure_english_leak_of_leakable": "difference share -|lang",
        "failure_right_language_wrong_fact": "difference share -|lang",
        "failure_other_script": "difference share -|lang",
        "failure_other": "difference share -|lang",
    },
    "similarity": {
        "cosine_above_baseline": "difference number -|lang",
        "retrieval": "difference share -|lang",
        "cosine_above_baseline_by_layer": "difference number layer",
        "retrieval_by_layer": "difference share layer",
    },
}

_GROUPS = "stated|english_only|split_[a-z0-9_]+"
"""Groups of facts, as `interp.comparison.facts` puts them behind the name of a statistic."""

_HAS_GROUPS = {
    "lens": ("-|lang", tuple(_ALL["lens"])),
    "mcq": ("-", ("accuracy",)),
    "klar": ("-", ("accuracy",)),
}
_HAS_SETS = {"mcq": ("accuracy",), "klar": ("accuracy", "accuracy_strict")}

STATISTICS: Mapping[str, Mapping[str, Stored]] = MappingProxyType(
    {
        analysis: MappingProxyType({name: _stored(text) for name, text in names.items()})
        for analysis, names in _ALL.items()
    }
)
"""Analysis to the statistics that a claim may name, groups and sets of languages aside."""


def stored(analysis: str, name: str) -> Stored | None:
    """Look a statistic up, with its group of facts and the set of languages it is averaged over.

    Args:
        analysis: one of ``STATISTICS``.
        name: as in ``comparisons``, e.g. ``accuracy``, ``transition_failure_english_only`` or
            ``accuracy (paper_klar: seen)``.

    Returns:
        How it is stored; ``None`` where there is no such statistic.
    """
    plain, title = without_set(name)
    known = STATISTICS[analysis]
    if title:
        if plain not in _HAS_SETS.get(analysis, ()) or set_of(title, ()) is None:
            return None
        return replace(known[plain], axes=("",))
    if plain in known:
        return known[plain]
    axes, grouped = _HAS_GROUPS.get(analysis, ("-", ()))
    found = re.fullmatch(f"(.+?)_({_GROUPS})", plain)
    if found is None or found[1] not in grouped:
        return None
    return replace(known[found[1]], axes=_axes(axes))


def without_set(name: str) -> tuple[str, str]:
    """Part ``accuracy (paper_klar: seen)`` into statistic and set; an empty set where there is none."""
    found = re.fullmatch(r"(\S+) \(([^()]+)\)", name)
    return (found[1], found[2]) if found else (name, "")


def set_of(title: str, languages: Iterable[str]) -> tuple[str, ...] | None:
    """List which of some languages a set holds.

    Args:
        title: ``mean``, ``mean without en``, or ``split: group`` of
            `interp.data.language_sets.LANGUAGE_SETS`.
        languages: those there are.

    Returns:
        Its codes; ``None`` for an unknown set.
    """
    there = tuple(languages)
    if title == "mean":
        return there
    if title == "mean without en":
        return tuple(code for code in there if code != "en")
    split, _, group = title.partition(": ")
    codes = LANGUAGE_SETS.get(split, {}).get(group)
    return None if codes is None else tuple(code for code in there if code in codes)


_SCALES: Mapping[tuple[str, str], float] = {
    ("count", "count"): 1,
    ("number", "number"): 1,
    ("percent", "%"): 1,
    ("share", "%"): 100,
    ("share", "points"): 100,
}


def units_of(found: Stored, quantity: str) -> tuple[str, ...]:
    """List the units in which a quantity can be claimed; a difference of shares is in points.

    Args:
        found: the statistic.
        quantity: one of ``interp.claims.claim.QUANTITIES``.
    """
    difference = found.kind == "difference" and quantity == "value" and found.unit == "share"
    return tuple(
        unit
        for held, unit in _SCALES
        if held == found.unit and (held != "share" or (unit == "points") == difference)
    )


def scale_of(found: Stored, unit: str) -> float:
    """Return what the stored number is multiplied by to be in a claim's unit."""
    return _SCALES[found.unit, unit]
