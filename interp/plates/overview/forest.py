"""One statistic language by language, every checkpoint with its interval, noise floor and verdict."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from interp.evidence.meanings import meaning
from interp.evidence.places import EVERY, far, ordered_places, thinned, with_places
from interp.figures.captions import short_hash
from interp.figures.evidence import forest as forest_figure
from interp.figures.verdicts import SIGNS, evidence_text
from interp.plates.overview.verdicts import all_languages, judged_rows
from interp.plates.plate import Lacking, Plate
from interp.plates.view import View
from interp.stats.verdict import BEYOND

FIRST = (
    ("klar", "accuracy"), ("mcq", "accuracy"), ("lens", "mean_log_rank"),
    ("lahis", "score_rank_correlation"), ("lape", "layer_distance"),
)  # fmt: skip
"""What is drawn unasked, the first that is there: what the checkpoint recalls before what is within."""

MOST_PLACES = 60
"""Rows of one chart; more cannot be read."""

MOST_NAMED = 6

COLUMNS = [
    "label", "place", "value", "ci_low", "ci_high", "noise_floor", "p", "p_adjusted", "verdict",
    "reason", "base_value", "label_value", "n", "unit", "behind", "design", "notes",
]  # fmt: skip
"""Of ``comparisons``, what a forest shows and its hovers say."""


def forest(
    view: View,
    *,
    analysis: str | None = None,
    statistic: str | None = None,
    order: str = "language",
) -> Plate:
    """Draw one statistic at all its places.

    Args:
        view: the study, and what of it is shown.
        analysis: e.g. ``lape``; by default that of the first of ``FIRST`` which is compared. It is not
            chosen by its verdicts, which would show chance at its best.
        statistic: e.g. ``late_share``; by default the analysis' first.
        order: ``language``, ``value`` or ``verdict``.

    Raises:
        Lacking: nothing, or not this, has been compared.
    """
    rows = judged_rows(view)
    analysis, statistic = _choose(view, rows, analysis, statistic)
    rows = rows[(rows["analysis"] == analysis) & (rows["statistic"] == statistic)]
    rows = _alike(rows)
    for column in ("lang", "other_lang"):
        rows = rows[rows[column].isna() | rows[column].isin(view.languages)]
    rows = with_places(rows)
    every = ordered_places(rows, order)
    places = thinned(every, MOST_PLACES)
    shown = rows[rows["place"].isin(places)]
    at = {place: row for row, place in enumerate(places)}
    shown = shown.sort_values("place", key=lambda own: own.map(at), kind="stable")
    labels = [label for label in view.others if label in set(shown["label"])]
    kind = str(shown["kind"].iloc[0])
    title = f"{analysis} {statistic}: {', '.join(labels)} against {view.base}"
    what = meaning(analysis, statistic, kind)
    if rows["place"].eq(EVERY).any() and all_languages(view):
        what += f"; the row {EVERY} is of all languages, not only those shown"
    left = "" if len(places) == len(every) else f" {len(places)} of {len(every)} rows are drawn."
    return Plate(
        name="forest",
        title=title,
        figure=forest_figure(
            shown, places, {label: view.marks[label] for label in labels}, title=title,
            x=f"{statistic} ({kind})",
        ),
        frame=shown[COLUMNS].reset_index(drop=True),
        reading=f"{_capital(what)}. {verdicts_by_place(rows, labels)}.{_farthest(rows, labels)}{left}",
        runs=view.about([*shown["base_run"], *shown["label_run"]]),
    )  # fmt: skip


def verdicts_by_place(rows: pd.DataFrame, labels: Sequence[str]) -> str:
    """Count verdicts per checkpoint and name where they are beyond noise, if those are few.

    Args:
        rows: rows of one statistic, from `interp.evidence.places.with_places`.
        labels: checkpoints, in order.
    """
    parts = []
    for label in labels:
        own = rows[rows["label"] == label]
        counted = own["verdict"].value_counts()
        beyond = list(own.loc[own["verdict"] == BEYOND, "place"])
        named = f" ({', '.join(beyond)})" if 0 < len(beyond) <= MOST_NAMED else ""
        said = ", ".join(
            f"{counted[one]} {one}{named if one == BEYOND else ''}"
            for one in SIGNS
            if one in counted
        )
        parts.append(f"{label}: {said or 'no row'}")
    return f"{'; '.join(parts)}; the band is the noise floor, lines are 95 % intervals"


def _farthest(rows: pd.DataFrame, labels: Sequence[str]) -> str:
    """Write the evidence where each checkpoint is farthest from no difference, of several places."""
    parts = []
    for label in labels:
        own = rows[(rows["label"] == label) & rows["value"].notna()]
        if len(own) > 1:
            row = own.to_dict("records")[int(far(own).to_numpy(float).argmax())]
            parts.append(f"{label} {row['place']} {evidence_text(row)}")
    return f" Farthest from no difference: {'; '.join(parts)}." if parts else ""


def _choose(
    view: View, rows: pd.DataFrame, analysis: str | None, statistic: str | None
) -> tuple[str, str]:
    there = list(dict.fromkeys(zip(rows["analysis"], rows["statistic"], strict=True)))
    asked = [
        pair
        for pair in [*(one for one in FIRST if one in there), *there]
        if analysis in (None, pair[0]) and statistic in (None, pair[1])
    ]
    if not asked:
        wanted = " ".join(filter(None, (analysis, statistic)))
        known = ", ".join(dict.fromkeys(name for name, _ in there))
        raise Lacking(
            f"no comparison {wanted} with {view.base} in study {view.study.path}, but of {known}; to "
            f"compare: {view.compare_command}"
        )
    return asked[0]


def _alike(rows: pd.DataFrame) -> pd.DataFrame:
    """Keep one kind of runs (preset and data): the one that most checkpoints have."""
    kinds = rows["preset"] + " " + rows["data"].map(short_hash)
    labels = rows.assign(kind=kinds).groupby("kind", sort=False)["label"].nunique()
    return rows[kinds == labels.idxmax()]


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
