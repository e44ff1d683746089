"""A comparison's row in words, for titles, hovers and the line below a chart."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from interp.evidence.words import too_few
from interp.stats.verdict import BEYOND, NOT_COMPARABLE, NOT_ENOUGH, WITHIN

SIGNS: Mapping[str, str] = {BEYOND: "●", WITHIN: "○", NOT_ENOUGH: "?", NOT_COMPARABLE: "×"}
"""A sign beside each verdict, so that it is told by shape and not by colour."""


def evidence_text(row: Mapping[Any, Any]) -> str:
    """Write one comparison with everything a reader needs to judge it.

    Args:
        row: one row of ``comparisons``.

    Returns:
        E.g. ``+0.031 [0.012, 0.050], noise floor 0.020, p 0.004: ● beyond noise``; without p where
        too little stands behind it.
    """
    parts = []
    if not pd.isna(row["value"]):
        value = f"{row['value']:+.3g}" if row["kind"] == "difference" else f"{row['value']:.3g}"
        if not pd.isna(row["ci_low"]):
            value += f" [{row['ci_low']:.3g}, {row['ci_high']:.3g}]"
        parts.append(value)
    if not pd.isna(row["noise_floor"]):
        parts.append(f"noise floor {row['noise_floor']:.3g}")
    if not pd.isna(row["p_adjusted"]) and not too_few(row):
        parts.append(f"p {row['p_adjusted']:.2g}")
    verdict = str(row["verdict"])
    words = f"{SIGNS[verdict]} {verdict}"
    if verdict in (NOT_ENOUGH, NOT_COMPARABLE):
        words += f" ({row['reason']})"
    return f"{', '.join(parts)}: {words}" if parts else words
