"""One row of ``comparisons`` as sentences: what was found, what chance gives, and what follows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from interp.stats.verdict import NOT_COMPARABLE, NOT_ENOUGH

_DESIGNS = {
    "paired": "Both checkpoints saw the same {n} {unit}",
    "unpaired": "The checkpoints saw different {unit} ({n} at least)",
    "lists": "Only what was selected is known of one of them, no {unit}",
}

_CHANCE = {
    "difference": "differs by no more than {floor} in 95 % of the cases",
    "distance": "is no farther apart than {floor} in 95 % of the cases",
    "likeness": "is at least {floor} alike in 95 % of the cases",
}


def in_words(row: Mapping[str, Any]) -> list[str]:
    """Write out the evidence of one row.

    Args:
        row: one row of ``comparisons``.

    Returns:
        Sentences: value with its interval, noise floor, p (none where too little stands behind it), verdict with its reason, what stands behind
        it, and how it was drawn. What is not known is said to be missing, never left out.
    """
    if row["verdict"] == NOT_COMPARABLE:
        return [f"{row['label']} and {row['base']} cannot be compared: {row['reason']}."]
    sentences = [_value(row), _floor(row), _p(row)]
    sentences.append(f"Verdict: {row['verdict']} ({row['reason']}).")
    unit = str(row["unit"]) if row["design"] != "lists" else "units"
    behind = _DESIGNS[str(row["design"])].format(n=row["n"], unit=unit)
    if not pd.isna(row["behind"]):
        behind += (
            f"; {int(row['behind'])} {_BEHIND.get(str(row['analysis']), 'facts')} stand behind it"
        )
    sentences.append(f"{behind}.")
    if row["notes"]:
        sentences.append(f"To be noted: {row['notes']}.")
    sentences.append(f"Drawn: {row['method']}, seed {row['seed']}.")
    return sentences


def too_few(row: Mapping[str, Any]) -> bool:
    """Say whether so little stands behind a row that its stored p is not to be read.

    Args:
        row: one row of ``comparisons``.
    """
    return bool(row["verdict"] == NOT_ENOUGH) and str(row["reason"]).endswith("are needed")


_ROUNDING = 1e-9
_BEHIND = {"lape": "selected neurons", "lahis": "top heads"}


def _value(row: Mapping[str, Any]) -> str:
    label, base, kind = row["label"], row["base"], row["kind"]
    if pd.isna(row["value"]):
        return "It could not be computed."
    levels = ""
    if not pd.isna(row["base_value"]) and not pd.isna(row["label_value"]):
        levels = f"{base} has {row['base_value']:.3g}, {label} {row['label_value']:.3g}: "
    if kind == "difference":
        said = f"{levels}a difference of {row['value']:+.3g}"
    else:
        said = f"{levels}{label} and {base} have a {kind} of {row['value']:.3g}"
    if kind == "distance" and not pd.isna(row["signed_value"]) and row["signed_value"]:
        said += f", {label}'s lie {'earlier' if row['signed_value'] > 0 else 'later'}"
    if kind == "distance" and not pd.isna(row["layer"]):
        said += f", largest at layer {int(row['layer'])}"
    if pd.isna(row["ci_low"]):
        return f"{_capital(said)}; there is no interval."
    interval = f"95 % interval {row['ci_low']:.3g} to {row['ci_high']:.3g}"
    if not row["ci_low"] - _ROUNDING <= row["value"] <= row["ci_high"] + _ROUNDING:
        interval += " (without the value itself: resampling texts adds noise of its own)"
    return f"{_capital(said)}, {interval}."


def _floor(row: Mapping[str, Any]) -> str:
    if pd.isna(row["noise_floor"]):
        return "There is no noise floor."
    chance = _CHANCE[str(row["kind"])].format(floor=f"{row['noise_floor']:.3g}")
    return f"Measured on two random halves of its own {row['unit']}, {row['base']} {chance}."


def _p(row: Mapping[str, Any]) -> str:
    if pd.isna(row["p"]) or too_few(row):
        return "There is no p-value."
    said = f"With the checkpoints' labels exchanged at random, so much or more comes at p = {row['p']:.2g}"
    if not pd.isna(row["p_adjusted"]) and row["p_adjusted"] != row["p"]:
        said += f" ({row['p_adjusted']:.2g} after adjustment over the rows of this statistic)"
    return f"{said}."


def _capital(text: str) -> str:
    """Begin with a label as it is written, else with a capital."""
    return f"A{text[1:]}" if text.startswith("a difference") else text
