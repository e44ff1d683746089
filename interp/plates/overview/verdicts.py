"""How much differs beyond noise, and how much of that chance alone would call."""

from __future__ import annotations

import pandas as pd

from interp.evidence.places import EVERY, with_places
from interp.evidence.rows import tally
from interp.figures.overview import verdict_counts
from interp.plates.choice import languages_of
from interp.plates.plate import Lacking, Plate
from interp.plates.view import View
from interp.plates.words import count, listed
from interp.stats.verdict import ALPHA, BEYOND, NOT_ENOUGH, WITHIN

CHANCE = (
    "A comparison is of one statistic at one place; a group is the languages, pairs or layers of one statistic, "
    "over which p is adjusted; it is adjusted over "
    f"nothing else, so that where nothing differs chance alone would call up to {100 * ALPHA:.0f} % of the "
    "groups"
)


def judged_rows(view: View) -> pd.DataFrame:
    """Return the comparisons of the checkpoints shown, without the maps over single heads.

    Raises:
        Lacking: nothing has been compared.
    """
    where = f"study {view.study.path}"
    if not view.others:
        raise Lacking(f"{view.base} is the only checkpoint shown of {where}: nothing to compare")
    rows = view.compared()
    rows = rows[rows["head"].isna()]
    if rows.empty:
        raise Lacking(
            f"{listed(view.others)} not compared with {view.base} in {where}, so without interval, noise "
            f"floor or verdict; to compare: {view.compare_command}"
        )
    return rows.sort_values("label", key=lambda own: own.map(view.others.index), kind="stable")


def verdicts(view: View) -> Plate:
    """Draw how many statistics of every checkpoint and analysis fall under which verdict.

    Args:
        view: the study, and what of it is shown.

    Raises:
        Lacking: nothing has been compared.
    """
    rows = judged_rows(view)
    title = f"Compared with {view.base}: what is beyond noise"
    frame = tally(rows)
    return Plate(
        name="verdicts",
        title=title,
        figure=verdict_counts(frame, title=title),
        frame=frame,
        reading=verdicts_text(rows, view.base) + all_languages(view),
        runs=view.about([*rows["base_run"], *rows["label_run"]]),
    )


def all_languages(view: View) -> str:
    """Say, for the end of a paragraph, that languages which are not shown are counted; empty where all are."""
    shown = set(view.languages) >= set(languages_of(view.study))
    return "" if shown else " Counted are all languages of the study, not only those shown."


def groups(rows: pd.DataFrame) -> pd.DataFrame:
    """Gather the rows whose p is adjusted together: the places of one statistic; the one for all alone.

    Args:
        rows: rows of ``comparisons``, without maps.

    Returns:
        One row per group: ``label``, ``judged`` (whether a verdict could be given for some row) and
        ``beyond`` (whether some row is beyond noise).
    """
    named = with_places(rows).assign(
        alone=lambda own: own["place"] == EVERY,
        judged=rows["verdict"].isin([BEYOND, WITHIN]).to_numpy(),
        beyond=(rows["verdict"] == BEYOND).to_numpy(),
    )
    keys = ["label", "analysis", "preset", "data", "statistic", "alone"]
    return named.groupby(keys, as_index=False, sort=False)[["judged", "beyond"]].any()


def verdicts_text(rows: pd.DataFrame, base: str) -> str:
    """Say how many statistics are beyond noise, and how many groups of them chance alone would call.

    Args:
        rows: rows of ``comparisons`` with one base, without maps; at least one.
        base: its label.
    """
    counted, parts = groups(rows), []
    for label, own in rows.groupby("label", sort=False):
        mine = counted[counted["label"] == label]
        judged = int(mine["judged"].sum())
        if not judged:
            parts.append(f"of {label} none of {count(len(own), 'comparison')} could be judged")
            continue
        said = (
            f"{label} differs from {base} beyond noise in {int((own['verdict'] == BEYOND).sum())} of "
            f"{count(len(own), 'comparison')}"
        )
        if lacking := int((own["verdict"] == NOT_ENOUGH).sum()):
            said += f" ({lacking:,} {'has' if lacking == 1 else 'have'} not enough data)"
        parts.append(
            f"{said}: in {int(mine['beyond'].sum())} of {count(judged, 'group')}, by chance up to "
            f"{ALPHA * judged:.1f}"
        )
    said = f"{'; '.join(parts)}."
    if counted["judged"].any():
        said += f" {CHANCE}: a lone call is no finding, several that say the same may be one."
    return said[:1].upper() + said[1:] if said.startswith("of ") else said
