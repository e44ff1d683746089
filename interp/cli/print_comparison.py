"""Prints comparisons: what is beyond noise first, then the evidence behind every verdict."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from interp.cli.tables import console, print_frame
from interp.comparison.rows import EVERYTHING
from interp.evidence.rows import evidence, tally
from interp.stats.verdict import BEYOND, NOT_COMPARABLE, VERDICTS

if TYPE_CHECKING:
    from interp.study import Study

_CAPTION = (
    "[95 % interval]; floor: what the base on two halves of its own data gives; p: permutation, "
    "adjusted. Beyond noise: farther than the floor, p < 0.05 and, of a difference, 0 outside the interval"
)


def print_comparison(study: Study, rows: pd.DataFrame, *, every: bool = False) -> None:
    """Print a comparison, checkpoint by checkpoint and analysis by analysis.

    Args:
        study: the study, for what it does not compare.
        rows: rows of ``comparisons``.
        every: print the values of every language and layer, too; else only those beyond noise.
    """
    print_unfinished(study)
    refused = rows[rows["statistic"] == EVERYTHING]
    shown = rows[rows["statistic"] != EVERYTHING]
    shown = shown[shown["head"].isna() | every]
    for (analysis, preset), same in shown.groupby(["analysis", "preset"], sort=False):
        for data, part in same.groupby("data", sort=False):
            about = f", data {str(data)[:_SHOWN]}" if same["data"].nunique() > 1 else ""
            title = f"{analysis} ({preset}{about}): against {part['base'].iloc[0]}"
            _print_part(part, title, every)
    counted = tally(rows[rows["statistic"] != EVERYTHING])
    print_frame(counted, "How many statistics are beyond noise")
    _print_notes(shown, refused)


def _print_part(rows: pd.DataFrame, title: str, every: bool) -> None:
    overall = rows["lang"].isna() & (rows["layer"].isna() | (rows["kind"] == "distance"))
    if overall.any():
        print_frame(evidence(rows[overall]), title, caption=_CAPTION, whole=("verdict",))
    single = rows[~overall]
    if not every:
        single, title = single[single["verdict"] == BEYOND], f"{title}: {_BEYOND_ONLY}"
    if len(single):
        print_frame(evidence(single), title, whole=("verdict",))


_BEYOND_ONLY = "languages, pairs and layers beyond noise"

_SHOWN = 12
"""Characters of a data hash."""


def print_trajectory(study: Study, rows: pd.DataFrame) -> None:
    """Print the statistics of one training in order of its steps.

    Args:
        study: the study, for what it does not compare.
        rows: from `interp.comparison.trajectory.trajectories`.
    """
    print_unfinished(study)
    refused = rows["statistic"] == EVERYTHING
    whole = rows[rows["lang"].isna() & rows["head"].isna() & ~refused]
    keys = ["analysis", "preset", "data", "statistic"]
    for (analysis, preset, _, statistic), part in whole.groupby(keys, sort=False):
        table = evidence(part).drop(columns=["statistic", "label"])
        title = f"{rows['training'].iloc[0]}: {analysis} ({preset}), {statistic}"
        print_frame(table, title, caption=_CAPTION)
    _print_notes(rows[~refused], rows[refused])


def print_unfinished(study: Study) -> None:
    """Say which runs are passed over because they are not finished."""
    names = [record.run_id for record in study.records() if not record.finished]
    if names:
        console().print(
            f"not finished, so not compared: {', '.join(names)}; their commands go on with them"
        )


def _print_notes(shown: pd.DataFrame, refused: pd.DataFrame) -> None:
    out = console()
    for row in refused.itertuples():
        out.print(f"{row.label}, {row.analysis}: {NOT_COMPARABLE}: {row.reason}", markup=False)
    notes = shown[shown["notes"] != ""].drop_duplicates(["label", "analysis", "notes"])
    for row in notes.itertuples():
        out.print(f"{row.label}, {row.analysis}: {row.notes}", markup=False)
    lacking = shown[(shown["verdict"] == VERDICTS[2]) & shown["head"].isna()]
    for (label, analysis), part in lacking.groupby(["label", "analysis"], sort=False):
        reason = part["reason"].value_counts().index[0]
        out.print(
            f"{label}, {analysis}: {len(part)} without enough data, e.g. {part['statistic'].iloc[0]}: {reason}",
            markup=False,
        )
