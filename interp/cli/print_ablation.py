"""Prints what ``interp ablate`` found."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from interp.cli.tables import console, print_frame

if TYPE_CHECKING:
    from interp.study import Study

_FIGURES = {
    "own": "own",
    "beyond random": "beyond random",
    "beyond layer-matched": "beyond matched",
}
"""Figures of a language's own loss, and the heads of their columns."""


def print_ablation(study: Study, run_id: str) -> None:
    """Print the matrix, what is beyond the controls, and how diagonal it is."""
    from interp.causal.summary import summarise

    found = summarise(study, run_id)
    print_frame(
        found["matrix"].round(3),
        f"Ablation: change of the loss, nats per token: {run_id}",
        caption="row: whose heads or neurons are ablated; column: on whose text",
    )
    print_frame(
        _shown(found["languages"]),
        "Each language's own loss",
        caption="beyond: own set minus the mean of random sets, and of sets matched layer by layer; "
        "brackets: 95 % over blocks of text; others: mean effect on the other languages",
    )
    print_frame(_diagonal(found["dominance"]), "Is it diagonal?")
    if not found["accuracy"].empty:
        print_frame(
            _points(found["accuracy"]),
            "Facts answered correctly, change in points",
            caption="own, random, layer-matched: in the ablated language itself; brackets: 95 % "
            "over facts; then the own set in every language",
        )
    for note in found["notes"]["note"]:
        console().print(f"note: {note}", markup=False, highlight=False)


def _shown(languages: pd.DataFrame) -> pd.DataFrame:
    shown = languages[["lang", "ablated"]].copy()
    for name, head in _FIGURES.items():
        if name in languages:
            shown[head] = _brackets(languages, name, f"{name} low", f"{name} high", 3)
    shown["others"] = languages["others"].round(3)
    for name, head in (("first in row", "row max"), ("first in column", "column max")):
        shown[head] = languages[name].map({True: "yes", False: "no"})
    if not languages["enough"].all():
        shown["enough"] = languages["enough"].map({True: "yes", False: "too few"})
    return shown


def _points(accuracy: pd.DataFrame) -> pd.DataFrame:
    shown = accuracy[["ablated"]].copy()
    used = {"ablated"}
    for name in ("own", "random", "layer-matched"):
        if name in accuracy:
            ends = [name, f"{name} low", f"{name} high"]
            shown[name] = _brackets(100 * accuracy[ends], *ends, 1)
            used.update(ends)
    for name in accuracy:
        if name not in used:
            shown[name] = (100 * accuracy[name]).round(1)
    return shown


def _diagonal(dominance: pd.DataFrame) -> pd.DataFrame:
    values = _brackets(dominance, "value", "low", "high", 3)
    counts = dominance["what"].str.startswith("largest")
    whole = _brackets(dominance, "value", "low", "high", 0)
    shown = [
        count if is_count else value
        for count, value, is_count in zip(whole, values, counts, strict=True)
    ]
    return dominance[["what"]].assign(value=shown)


def _brackets(frame: pd.DataFrame, value: str, low: str, high: str, digits: int) -> list[str]:
    """Put an interval, where there is one, into brackets behind its estimate."""
    rows = zip(frame[value], frame[low], frame[high], strict=True)
    return [
        f"{at:.{digits}f}"
        if start != start
        else f"{at:.{digits}f} [{start:.{digits}f}, {end:.{digits}f}]"
        for at, start, end in rows
    ]
