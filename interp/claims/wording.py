"""Claims and what a study gives, laid out for reading: cells as text."""

from __future__ import annotations

import pandas as pd

CAPTION = (
    "reproduced: equal as printed, or in the study's [95 % interval]; change: the comparison's own "
    "verdict, because a reproduced number may still be noise"
)
_CHANGES = {"beyond noise": "beyond", "within noise": "within", "not enough data": "not enough"}


def laid_out(part: pd.DataFrame, *verdict: str) -> pd.DataFrame:
    """Write rows of claims as they are read.

    Args:
        part: rows of `interp.claims.check_claims`.
        *verdict: ``"verdict"``, where the claims are judged; then the reason follows it.

    Returns:
        Columns ``claim``, ``where``, ``of``, ``reported``, ``here``, ``change``, and ``verdict`` and
        ``why`` where asked for.
    """
    table = pd.DataFrame(
        {
            "claim": part["claim"],
            "where": part["source"],
            "of": part["of"],
            "reported": part["reported"],
            "here": [_here(row) for _, row in part.iterrows()],
            "change": [
                _CHANGES.get(str(one), "–" if pd.isna(one) else str(one))
                for one in part["comparison"]
            ],
        }
    )
    for name in verdict:
        table[name] = part[name]
        table["why"] = part["reason"]
    return table


def _here(row: pd.Series) -> str:
    """Write the study's number with its interval, with a digit more than the paper prints."""
    if pd.isna(row["value"]):
        return "–"
    shape = ".3g" if row["unit"] == "number" and row["digits"] == 0 else _fixed(row)
    signed = "+" if row["signed"] else ""
    ends = [row["value"], row["value_to"]] if not pd.isna(row["value_to"]) else [row["value"]]
    text = " to ".join(f"{end:{signed}{shape}}" for end in ends)
    if pd.isna(row["ci_low"]):
        return text
    return f"{text} [{row['ci_low']:{signed}{shape}}, {row['ci_high']:{signed}{shape}}]"


def _fixed(row: pd.Series) -> str:
    whole = row["unit"] == "count" and pd.isna(row["ci_low"])
    return f".{int(row['digits']) + (not whole)}f"
