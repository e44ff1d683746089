"""What is said of counted language neurons; true of one checkpoint, one language, ties and none at all."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from interp.figures.verdicts import SIGNS
from interp.plates.neurons.frames import CHANGE, SHARE
from interp.plates.neurons.selected import Selection, few_tokens
from interp.plates.view import View
from interp.stats.verdict import MIN_NEURONS, NOT_ENOUGH

_NAMED = 3
"""Languages with the same number that are named; more are counted."""


def most_and_least(frame: pd.DataFrame, view: str) -> str:
    """Say of each checkpoint which languages have most and fewest, or changed most; no full stop.

    Args:
        frame: columns ``label``, ``lang``, ``value``, ``low``, ``high``.
        view: what the value is (`interp.plates.neurons.frames`).
    """
    parts = []
    for label, own in frame.dropna(subset=["value"]).groupby("label", sort=False):
        if view == CHANGE:
            parts.append(f"{label}: {_largest_change(own)}")
            continue
        most, least = own["value"].max(), own["value"].min()
        said = [
            f"{languages_at(own, value)} ({f'{value:.1%}' if view == SHARE else f'{value:,}'})"
            for value in (most, least)
        ]
        both = f"most {said[0]}, fewest {said[1]}"
        parts.append(f"{label}: {said[0] if most == least else both}")
    return "; ".join(parts) if parts else "No language neurons here"


def languages_at(own: pd.DataFrame, value: float) -> str:
    """Name the languages that have a value, a few of them."""
    return named(own.loc[own["value"] == value, "lang"].tolist())


def named(languages: Sequence[str], most: int = _NAMED) -> str:
    """Name a few languages and count the rest."""
    rest = len(languages) - most
    return ", ".join(languages[:most]) + (f" and {rest} more" if rest > 0 else "")


def _largest_change(own: pd.DataFrame) -> str:
    row = own.iloc[int(own["value"].abs().to_numpy().argmax())]
    if not row["value"]:
        return "no change"
    ends = "" if pd.isna(row["low"]) else f" [{row['low']:+,.4g}, {row['high']:+,.4g}]"
    return f"largest change {row['lang']} {row['value']:+,}{ends}"


def verdicts(frame: pd.DataFrame) -> str:
    """Count the verdicts; their signs say what stands above the bars. Ends with a full stop."""
    judged = frame[frame["verdict"].isin(SIGNS)]
    if judged.empty:
        return "."
    counted = judged["verdict"].value_counts()
    said = [f"{counted[one]} {SIGNS[one]} {one}" for one in SIGNS if one in counted]
    plural = "s" if len(judged) > 1 else ""
    return f"; of {len(judged)} difference{plural}: {', '.join(said)}."


def with_intervals(frame: pd.DataFrame) -> str:
    """Say for a title whether some number has an interval."""
    return " with 95 % intervals" if frame["low"].notna().any() else ""


def fullest(shown: Sequence[Selection], languages: Sequence[str]) -> str:
    """Say of each checkpoint which layer holds most of some languages' neurons; no full stop."""
    parts = []
    for one in shown:
        counts = [one.per_layer[lang] for lang in languages if lang in one.per_layer]
        summed = np.sum(counts, axis=0) if counts else np.zeros(1, np.int64)
        if summed.sum():
            at = int(summed.argmax())
            parts.append(
                f"{one.label}: layer {at} holds {summed[at] / summed.sum():.0%} of {summed.sum():,}"
            )
    return "; ".join(parts) or "nothing selected"


def about_tokens(shown: Sequence[Selection], languages: Sequence[str]) -> str:
    """Warn of languages that were measured on few tokens; empty where none was."""
    few: dict[str, int] = {}
    most = 0
    for one in shown:
        for lang in languages:
            if few_tokens(one, lang):
                few[lang] = min(one.tokens[lang], few.get(lang, one.tokens[lang]))
                most = max(most, *one.tokens.values())
    if not few:
        return ""
    said = ", ".join(f"{lang} {n:,}" for lang, n in few.items())
    return (
        f" Measured on few tokens ({said}; others up to {most:,}), where rare firing is estimated "
        f"worse: {', '.join(few)}."
    )


def about_evidence(view: View, shown: Sequence[Selection], rows: pd.DataFrame) -> str:
    """Say what tells the differences from noise, or why nothing does; one or two sentences.

    Args:
        view: the study, and what of it is shown.
        shown: the checkpoints.
        rows: stored comparisons of the statistic shown, of these runs.
    """
    labels = [one.label for one in shown]
    if len(labels) == 1:
        return f"Only {labels[0]} is shown, so nothing is compared."
    if view.base not in labels:
        return f"{view.base} has no LAPE run made like these, so nothing is held against it."
    refused = view.not_comparable("lape")
    refused = refused[refused["label"].isin(labels) & ~refused["label"].isin(set(rows["label"]))]
    said = [
        f"{', '.join(dict.fromkeys(own['label']))} cannot be compared with {view.base}: {reason}."
        for reason, own in refused.groupby("reason", sort=False)
    ]
    if rows.empty:
        if not said:
            said = [f"Without interval or noise floor: not compared yet ({view.compare_command})."]
        return " ".join(said)
    lists = rows["design"] == "lists"
    if lists.all():
        return " ".join(
            [
                "No difference has an interval or a noise floor: only what was selected is known, hence "
                f"{SIGNS[NOT_ENOUGH]} {NOT_ENOUGH}.",
                *said,
            ]
        )
    return " ".join([f"{_judged(rows, view.base)}.", *said])


def _judged(rows: pd.DataFrame, base: str) -> str:
    """Count the verdicts, and say what they are held against, or why there is none; no full stop."""
    kinds = [one for one in SIGNS if (rows["verdict"] == one).any()]
    held = f", held against what two measurements of {base} differ by"
    n = len(rows)
    whose = {1: "The one difference is", 2: "Both differences are"}.get(
        n, f"All {n} differences are"
    )
    if kinds == [NOT_ENOUGH]:
        return f"{whose} {SIGNS[NOT_ENOUGH]} {NOT_ENOUGH}{_too_few(rows)}"
    if len(kinds) == 1:
        return f"{whose} {SIGNS[kinds[0]]} {kinds[0]}{held}"
    parts = [f"{(rows['verdict'] == one).sum()} {SIGNS[one]} {one}" for one in kinds]
    if NOT_ENOUGH not in kinds:
        return f"Of {n} differences: {', '.join(parts)}{held}"
    few = parts.pop(kinds.index(NOT_ENOUGH))
    return f"Of {n} differences: {', '.join(parts)}{held}; {few}{_too_few(rows)}"


def _too_few(rows: pd.DataFrame) -> str:
    """Say that differences have no verdict for want of neurons, where that is why."""
    reasons = rows.loc[rows["verdict"] == NOT_ENOUGH, "reason"].astype(str)
    wanting = reasons.str.contains("neurons stand behind it").all()
    return f" (fewer than {MIN_NEURONS} neurons)" if wanting else ""
