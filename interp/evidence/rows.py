"""Rows of ``comparisons`` laid out for reading: what, where, from what to what, how sure."""

from __future__ import annotations

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
    where = [_place(*place) for place in zip(*(rows[name] for name in _WHERE), strict=True)]
    table = pd.DataFrame(
        {
            "statistic": rows["statistic"].to_numpy(),
            "where": where,
            "label": rows["label"].to_numpy(),
            "base": [_number(value) for value in rows["base_value"]],
            "value": [_with_ends(*ends) for ends in zip(*(rows[c] for c in _ENDS), strict=True)],
            "floor": [_number(value) for value in rows["noise_floor"]],
            "p": [_number(value) for value in rows["p_adjusted"]],
            "verdict": [_MARKS.get(str(one), str(one)) for one in rows["verdict"]],
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


def _place(lang: str | None, other: str | None, layer: float, head: float) -> str:
    parts = (
        "" if pd.isna(lang) else str(lang),
        "" if pd.isna(other) else f"with {other}",
        "" if pd.isna(layer) else f"layer {int(layer)}",
        "" if pd.isna(head) else f"head {int(head)}",
    )
    return " ".join(part for part in parts if part)


def _with_ends(kind: str, value: float, signed: float, low: float, high: float) -> str:
    """Write a value with its interval; a difference with its sign, a distance with its direction."""
    if pd.isna(value):
        return "–"
    value = 0.0 if abs(value) < _ROUNDING else value
    text = f"{value:+.3g}" if kind == "difference" else f"{value:.3g}"
    if kind == "distance" and not pd.isna(signed):
        text += " (earlier)" if signed > 0 else " (later)" if signed < 0 else ""
    return text if pd.isna(low) else f"{text} [{low:.3g}, {high:.3g}]"


def _number(value: float) -> str:
    return "–" if pd.isna(value) else f"{value:.3g}"


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
