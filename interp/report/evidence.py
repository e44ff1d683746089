"""The stored comparisons as tables: every statistic once, and every row beyond noise."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from interp.evidence.meanings import meaning
from interp.evidence.places import EVERY, with_places
from interp.evidence.rows import evidence
from interp.figures.verdicts import SIGNS
from interp.plates.view import View
from interp.stats.verdict import BEYOND, NOT_ENOUGH, VERDICTS, WITHIN

ANALYSES = {
    "lape": "Language-specific neurons (LAPE)",
    "lahis": "Attention heads (LAHIS)",
    "lens": "Logit lens",
    "mcq": "Option scores",
    "klar": "Free generation (KLAR)",
    "similarity": "Similarity of translations",
    "ablation": "Ablation",
    "attention": "Attention patterns",
    "train": "Training",
}
"""Analysis to what a reader calls it."""

_KEYS = ["label", "analysis", "preset", "data", "statistic"]


def by_statistic(rows: pd.DataFrame) -> Iterator[pd.DataFrame]:
    """Go through the statistics of rows of ``comparisons``: each with all its places."""
    for _, own in rows.groupby(_KEYS, sort=False):
        yield own


def verdict_table(view: View) -> pd.DataFrame:
    """List every statistic that is compared, once per checkpoint.

    Returns:
        A row per checkpoint, analysis and statistic, those beyond noise first within an analysis; what it
        is, its value for all languages together with floor, p and verdict, and at how many of its places
        which verdict was given. Maps over single heads are left out.
    """
    rows = view.compared()
    rows = with_places(rows[rows["head"].isna()].reset_index(drop=True))
    if rows.empty:
        return pd.DataFrame()
    said = [_line(own) for own in by_statistic(rows)]
    table = pd.DataFrame(said)
    order = {one: at for at, one in enumerate(ANALYSES)}
    table["_label"] = table["checkpoint"].map({one: at for at, one in enumerate(view.labels)})
    table["_analysis"] = table["analysis"].map(order).fillna(len(order))
    table = table.sort_values(["_label", "_analysis", "_rank"], kind="stable")
    table = table.drop(columns=[name for name in table if str(name).startswith("_")])
    if table["preset"].nunique() == 1:
        table = table.drop(columns="preset")
    return table.reset_index(drop=True)


def _line(own: pd.DataFrame) -> dict[str, Any]:
    first = own.iloc[0]
    alone = own[own["place"] == EVERY]
    counts = own["verdict"].value_counts()
    best = min(VERDICTS.index(one) for one in own["verdict"])
    line = {
        "checkpoint": first["label"],
        "analysis": first["analysis"],
        "preset": first["preset"],
        "statistic": first["statistic"],
        "what it is": meaning(first["analysis"], first["statistic"], first["kind"]),
        "all together [95 %]": "–", "floor": "–", "p": "–", "verdict": "–",
        "places": len(own),
        **{sign: int(counts.get(name, 0)) for name, sign in _PLACES.items()},
        "_rank": best,
    }  # fmt: skip
    if len(alone):
        read = evidence(alone.head(1)).iloc[0]
        verdict = str(alone["verdict"].iloc[0])
        line |= {
            "all together [95 %]": read["value"], "floor": read["floor"], "p": read["p"],
            "verdict": f"{SIGNS[verdict]} {verdict}",
        }  # fmt: skip
    return line


_PLACES = {BEYOND: "● beyond", WITHIN: "○ within", NOT_ENOUGH: "? not enough"}


def beyond_table(view: View) -> pd.DataFrame:
    """List every row beyond noise, maps over single heads left out; empty where there is none."""
    rows = view.compared()
    rows = rows[rows["head"].isna() & (rows["verdict"] == BEYOND)].reset_index(drop=True)
    if rows.empty:
        return pd.DataFrame()
    table = evidence(rows)
    return pd.concat(
        [rows[["analysis"]], table.drop(columns="verdict"), rows[["n", "unit"]]], axis=1
    )
