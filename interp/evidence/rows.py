"""Rows of ``comparisons`` laid out for reading: what, where, from what to what, how sure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from interp.stats.verdict import VERDICTS

_MARKS = {"beyond noise": "beyond", "within noise": "within", "not enough data": "not enough"}


def evidence(rows: pd.DataFrame) -> pd.DataFrame:
    """Lay rows out for reading: what, where, from what to what, how sure.

    Args:
        rows: rows of ``comparisons``.

    Returns:
        One row each; columns that say nothing in any row are left out.
    """
    where = [_place(*place) for place in cells(rows, *_WHERE)]
    base, floor, p = (
        [_number(value) for (value,) in cells(rows, name)]
        for name in ("base_value", "noise_floor", "p_adjusted")
    )
    table = pd.DataFrame(
        {
            "statistic": rows["statistic"].to_numpy(),
            "where": where,
            "label": rows["label"].to_numpy(),
            "base": base,
            "value": [_with_ends(*ends) for ends in cells(rows, *_ENDS)],
            "floor": floor,
            "p": p,
            "verdict": [_MARKS.get(str(one), str(one)) for one in rows["verdict"].tolist()],
        }
    )
    if "step" in rows:
        table.insert(0, "step", rows["step"].to_numpy())
    empty = [name for name in ("where", "base") if set(table[name]) <= {"", "–"}]
    return table.drop(columns=empty)


_ROUNDING = 1e-12
"""A difference below this is what adding up in another order leaves."""

_WHERE = ["lang", "other_lang", "layer", "head"]

_ENDS = ["kind", "value", "signed_value", "ci_low", "ci_high"]


def cells(rows: pd.DataFrame, *names: str) -> Iterator[tuple[Any, ...]]:
    """Walk through columns row by row, empty cells as None; a map of heads has tens of thousands."""
    columns = (rows[name].astype(object).where(rows[name].notna(), None).tolist() for name in names)
    return zip(*columns, strict=True)


def _place(lang: str | None, other: str | None, layer: float | None, head: float | None) -> str:
    parts = (
        lang,
        None if other is None else f"with {other}",
        None if layer is None else f"layer {int(layer)}",
        None if head is None else f"head {int(head)}",
    )
    return " ".join(filter(None, parts))


def _with_ends(
    kind: str, value: float | None, signed: float | None, low: float | None, high: float | None
) -> str:
    """Write a value with its interval; a difference with its sign, a distance with its direction."""
    if value is None:
        return "–"
    value = 0.0 if abs(value) < _ROUNDING else value
    text = f"{value:+.3g}" if kind == "difference" else f"{value:.3g}"
    if kind == "distance" and signed is not None:
        text += " (earlier)" if signed > 0 else " (later)" if signed < 0 else ""
    return text if low is None or high is None else f"{text} [{low:.3g}, {high:.3g}]"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3g}"


def tally(rows: pd.DataFrame) -> pd.DataFrame:
    """Count verdicts by checkpoint and analysis; maps of heads apart.

    Args:
        rows: rows of ``comparisons``.

    Returns:
        Columns label, analysis, statistics, and one per verdict.
    """
    named = rows.assign(
        analysis=rows["analysis"] + rows["head"].notna().map({True: " maps", False: ""})
    )
    counted = (
        named.groupby(["label", "analysis"], sort=False)["verdict"]
        .value_counts()
        .unstack(fill_value=0)
    )
    for verdict in VERDICTS[:3]:
        if verdict not in counted:
            counted[verdict] = 0
    counted = counted[list(VERDICTS[:3])]
    counted.insert(0, "statistics", counted.sum(axis=1))
    counted.columns.name = None
    return counted.reset_index()
