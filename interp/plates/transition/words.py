"""Sentences that several plates of this chapter share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from interp.data.languages import in_table_order
from interp.figures.verdicts import evidence_text
from interp.lens import pivot
from interp.lens.run_pairs import MEASURES
from interp.lens.set_curves import binomial_interval
from interp.plates.transition.choice import Example
from interp.plates.transition.source import Lens, name_of
from interp.plates.view import View
from interp.plates.words import listed
from interp.stats.bootstrap import ENOUGH
from interp.stats.verdict import BEYOND


def percent(share: float, low: float, high: float) -> str:
    """Write a share with its interval, e.g. ``4.1 % [2.0, 7.3]``; without one where there is none."""
    ends = "" if np.isnan(low) or np.isnan(high) else f" [{100 * low:.1f}, {100 * high:.1f}]"
    return f"{100 * share:.1f} %{ends}"


def span(rows: pd.DataFrame, value: str) -> str:
    """Say between which languages a share lies, with intervals.

    Args:
        rows: one per language: columns lang, ``value``, low and high.
        value: the column of shares.
    """
    ends = extremes(rows, value)
    texts = [percent(row[value], row["low"], row["high"]) + f" ({row['lang']})" for row in ends]
    if len(rows) == 1:
        return texts[0]
    if ends[0][value] == ends[1][value]:
        one = texts[0].rpartition(" (")[0]
        return f"the same in all {counted(len(rows), 'language')}, {one}"
    return f"between {texts[0]} and {texts[1]}"


def few_said(languages: Iterable[str]) -> str:
    """Warn, for the end of a paragraph, of languages with too few facts; empty where there are none."""
    few = in_table_order(languages)
    if not few:
        return ""
    return f" Fewer than {ENOUGH} facts stand behind {listed(few)}: not enough for a conclusion."


def extremes(frame: pd.DataFrame, column: str) -> tuple[pd.Series[Any], pd.Series[Any]]:
    """Take the rows with the smallest and the largest value, the first of equals."""
    values = frame[column].to_numpy(float)
    return frame.iloc[int(np.nanargmin(values))], frame.iloc[int(np.nanargmax(values))]


def counted(n: int, noun: str = "fact") -> str:
    """Write a number of things, e.g. ``1 fact``, ``1,004 facts``."""
    return f"{n:,} {noun}{'' if n == 1 else 's'}"


def stands_for(lens: Lens, example: Example, labels: Sequence[str]) -> str:
    """Say how many facts a picture of one fact stands for, and in how many English leads at all.

    Args:
        lens: the runs.
        example: the fact that is shown.
        labels: the checkpoints that are shown.
    """
    if not example.common:
        return f"It stands for itself: the checkpoints ranked no {name_of(example.lang)} fact in common."
    some, end = [], []
    for label in labels:
        ahead = ahead_by_layer(lens, label, example.lang, example.common)
        some.append(f"{label} {_share(ahead.any(-1))}")
        end.append(f"{label} {_share(ahead[:, -1])}")
    n = len(example.common)
    few = f" ({_too_few(n)})" if n < ENOUGH else ""
    return (
        f"It is one of {counted(n)} ranked in {name_of(example.lang)}{few}: English is ahead at some layer "
        f"in {', '.join(some)} of them, at the last one in {', '.join(end)}."
    )


def ahead_by_layer(lens: Lens, label: str, lang: str, facts: Sequence[str]) -> Any:
    """Say at which layers the English answer is ahead of the target, ``[fact, layer]``; not of facts not ranked."""
    cube = lens.cubes[label]
    rows = cube.among(facts)
    return pivot.english_ahead(cube.of("target", lang)[rows], cube.of("en", lang)[rows]) == 1


def _share(holds: Any) -> str:
    hits = int(np.count_nonzero(holds))
    low, high = binomial_interval([hits], len(holds))
    return percent(hits / len(holds), float(low[0]), float(high[0]))


def _too_few(n: int) -> str:
    return (
        f"fewer than {ENOUGH}, not enough for a conclusion"
        if n > 1
        else "not enough for a conclusion"
    )


def of_runs(view: View, lens: Lens, statistic: str) -> pd.DataFrame:
    """Return the stored comparisons of a statistic, of exactly these runs and of languages shown.

    The average over languages is among them where all languages that it is over are shown.
    """
    rows = view.compared(analysis="lens", statistic=statistic)
    if rows.empty:
        return rows
    ours = set(lens.runs.values())
    of_shown = rows["lang"].isin(lens.languages) | (rows["lang"].isna() & lens.whole)
    return rows[rows["label_run"].isin(ours) & rows["base_run"].isin(ours) & of_shown]


def change_said(view: View, lens: Lens, statistic: str, what: str, lang: str, label: str) -> str:
    """Say how a share changed in a language, with interval, noise floor and verdict; or why that is unknown."""
    rows = of_runs(view, lens, statistic)
    rows = rows[(rows["lang"] == lang) & (rows["label"] == label)]
    if rows.empty:
        return f"{why_not(view, lens, [label])} Nothing says whether {what} changes beyond noise."
    change = evidence_text(in_points(rows.to_dict("records")[0]))
    return f"From {view.base} to {label} {what} changes, in percentage points, by {change}."


def why_not(view: View, lens: Lens, labels: Sequence[str]) -> str:
    """Say why there is no stored comparison of some checkpoints with the base."""
    reasons = view.not_comparable("lens")
    for label in labels:
        said = reasons.loc[reasons["label"] == label, "reason"]
        if len(said):
            return f"{label} and {view.base} cannot be compared: {said.iloc[0]}."
    if len(lens.runs) == 1:
        return f"{next(iter(lens.runs))} is the only checkpoint with a lens run: there is nothing to compare."
    if view.base not in lens.runs:
        return f"The base {view.base} has no lens run like these."
    return "The checkpoints have not been compared."


def verdicts_said(rows: pd.DataFrame, *, lang: str | None = None, points: bool = False) -> str:
    """Say of every checkpoint in which languages a statistic differs beyond noise, and by how much.

    Args:
        rows: of ``comparisons``, one statistic; rows without a language are the average's.
        lang: how much in this language; on average over languages by default.
        points: whether the amount is said in percentage points: of statistics that are shares.
    """
    said = []
    for label, own in rows.groupby("label", sort=False):
        by_lang = own[own["lang"].notna()]
        beyond = by_lang.loc[by_lang["verdict"] == BEYOND, "lang"].tolist()
        where = f" ({listed(beyond)})" if beyond else ""
        text = (
            f"{label} differs from {own['base'].iloc[0]} beyond noise in {len(beyond)} of "
            f"{counted(len(by_lang), 'language')}{where}"
        )
        one = own[own["lang"].isna()] if lang is None else own[own["lang"] == lang]
        for row in one.to_dict("records"):
            amount = evidence_text(in_points(row) if points else row)
            mean = "on average " if len(by_lang) > 1 else ""
            text += f", {mean}by {amount}" if lang is None else f"; in {lang} by {amount}"
        said.append(text)
    return ". ".join(said) + "."


def in_points(row: Mapping[Any, Any]) -> dict[Any, Any]:
    """Write a comparison of shares in percentage points instead of shares."""
    scaled = {name: 100 * row[name] for name in ("value", "ci_low", "ci_high", "noise_floor")}
    return {**dict(row), **scaled}


def measure_differs(specs: Mapping[str, Mapping[str, Any]]) -> str:
    """Say where runs do not rank the same thing; empty where they do.

    Args:
        specs: label to the arguments of its run.
    """
    differing = [
        name for name in MEASURES if len({str(one.get(name)) for one in specs.values()}) > 1
    ]
    if not differing:
        return ""
    said = "; ".join(
        f"{label} {', '.join(f'{name} {one.get(name)}' for name in differing)}"
        for label, one in specs.items()
    )
    return f"These runs do not rank the same thing, so their ranks do not compare: {said}."


def warned(lens: Lens, labels: Iterable[str]) -> str:
    """Say, for the end of a paragraph, where the runs of some checkpoints do not rank the same thing."""
    specs = {label: lens.specs[label]["arguments"] for label in labels}
    differs = measure_differs(specs)
    return f" {differs}" if differs else ""
