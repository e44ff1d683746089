"""Prints what ``interp ablate`` found."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from interp.cli.tables import console, print_frame, with_interval

if TYPE_CHECKING:
    from interp.study import Study

_FIGURES = {
    "own": "own",
    "beyond random": "beyond random",
    "beyond layer-matched": "beyond matched",
}
"""Figures of a language's own loss, and the heads of their columns."""


_UNITS = {
    "nll": "change of the loss, nats per token",
    "chunk_ppl": "log of the ratio of mean perplexities",
}
"""Loss of a run to what its effects are."""


def print_ablation(study: Study, run_id: str) -> None:
    """Print the matrix, what is beyond the controls, and how diagonal it is."""
    from interp.causal.summary import summarise

    found = summarise(study, run_id)
    print_frame(
        _rounded(found["matrix"], 3),
        f"Ablation: {_UNITS[study.spec(run_id)['arguments']['loss']]}: {run_id}",
        caption="row: whose heads or neurons are ablated; column: on whose text",
    )
    print_frame(
        _shown(found["languages"]),
        "Each language's own loss",
        caption="beyond: own set minus the mean of random sets, and of sets matched layer by layer; "
        "brackets: 95 % over blocks of text, for the sets as drawn; others: mean effect on the "
        "other languages",
    )
    print_frame(_diagonal(found["dominance"]), "Is it diagonal?")
    if not found["accuracy"].empty:
        print_frame(
            _points(found["accuracy"]),
            "Facts answered correctly, change in points",
            caption="own, random, layer-matched: in the ablated language itself, brackets 95 % over "
            "facts; then its own set in every language",
        )
    for note in found["notes"]["note"]:
        console().print(f"note: {note}", markup=False, highlight=False)


def _shown(languages: pd.DataFrame) -> pd.DataFrame:
    shown = languages[["lang", "ablated"]].copy()
    for name, head in _FIGURES.items():
        if name in languages:
            shown[head] = _brackets(languages, name, f"{name} low", f"{name} high", 3)
    shown["others"] = _rounded(languages[["others"]], 3)
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
            low, high = f"{name} low", f"{name} high"
            points = 100 * accuracy[[name, low, high]]
            shown[name] = _brackets(points, name, low, high, 1)
            used.update((name, low, high))
    for name in accuracy.columns:
        if name not in used:
            shown[name] = _rounded(100 * accuracy[[name]], 1)
    return shown


def _rounded(frame: pd.DataFrame, digits: int) -> pd.DataFrame:
    """Round numbers, and write what rounds to -0 as 0."""
    shown = frame.copy()
    for name in frame.select_dtypes("number").columns:
        shown[name] = frame[name].round(digits) + 0.0
    return shown


def _diagonal(dominance: pd.DataFrame) -> pd.DataFrame:
    """Counts without decimals, nats with three, p with two digits that say something."""
    nats = _brackets(dominance, "value", "low", "high", 3)
    counts = _brackets(dominance, "value", "low", "high", 0)
    shown = []
    for place, what in enumerate(dominance["what"]):
        if what.startswith("p: "):
            shown.append(f"{dominance['value'].iloc[place]:.2g}")
        else:
            shown.append((counts if what.startswith("largest") else nats)[place])
    return dominance[["what"]].assign(value=shown)


def _brackets(frame: pd.DataFrame, value: str, low: str, high: str, digits: int) -> list[str]:
    """Put an interval, where there is one, into brackets behind its estimate."""
    return with_interval(frame[value], frame[low], frame[high], scale=1, digits=digits, absent="")
