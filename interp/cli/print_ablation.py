"""Prints what ``interp ablate`` found."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from interp.cli.tables import console, print_frame

if TYPE_CHECKING:
    from interp.study import Study

_FIGURES = ("own", "beyond random", "beyond layer-matched")


def print_ablation(study: Study, run_id: str) -> None:
    """Print the matrix, what is beyond the controls, and how diagonal it is."""
    from interp.causal.summary import summarise

    found = summarise(study, run_id)
    unit = "change of the loss"
    print_frame(
        found["matrix"].round(4),
        f"Ablation: {unit}, nats per token: {run_id}",
        caption="row: whose heads or neurons are ablated; column: on whose text",
    )
    print_frame(
        _shown(found["languages"]),
        "Each language's own loss",
        caption="beyond: own set minus the mean of its controls; brackets: 95 % over blocks of text",
    )
    print_frame(_with_brackets(found["dominance"], "value", "low", "high", 4), "Is it diagonal?")
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
    for name in _FIGURES:
        if name in languages:
            shown[name] = _brackets(languages, name, f"{name} low", f"{name} high", 4)
    shown["others"] = languages["others"].round(4)
    for name in ("first in row", "first in column"):
        shown[name] = languages[name].map({True: "yes", False: "no"})
    if not languages["enough"].all():
        shown["enough for a verdict"] = languages["enough"].map({True: "yes", False: "too few"})
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


def _with_brackets(
    frame: pd.DataFrame, value: str, low: str, high: str, digits: int
) -> pd.DataFrame:
    return frame[["what"]].assign(value=_brackets(frame, value, low, high, digits))


def _brackets(frame: pd.DataFrame, value: str, low: str, high: str, digits: int) -> list[str]:
    """Put an interval, where there is one, into brackets behind its estimate."""
    rows = zip(frame[value], frame[low], frame[high], strict=True)
    return [
        f"{at:.{digits}g}" if start != start else f"{at:.{digits}g} [{start:.3g}, {end:.3g}]"
        for at, start, end in rows
    ]
