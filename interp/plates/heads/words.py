"""Small words of sentences about heads: ranges, means per checkpoint, what cannot be judged."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

SCALED = ("value", "signed_value", "ci_low", "ci_high", "base_value", "base_low", "base_high",
          "label_value", "label_low", "label_high", "noise_floor")  # fmt: skip
"""Columns of a comparison that are in the statistic's unit."""


def in_percent(rows: pd.DataFrame) -> pd.DataFrame:
    """Put shares of 1, as comparisons store them, in percent, as charts draw them."""
    return rows.assign(**{name: 100 * rows[name] for name in SCALED})


def spread(values: Sequence[float], form: str) -> str:
    """Write one number, or the ends of several where they read differently.

    Args:
        values: at least one.
        form: of a number, as in ``format``.
    """
    low, high = format(min(values), form), format(max(values), form)
    return low if low == high else f"{low} to {high}" if low[0] in "+-" else f"{low}–{high}"


def of_languages(n: int, total: int) -> str:
    """Write how many of some languages: ``2 of 12 languages``, ``the one language``."""
    if total == 1:
        return "the one language" if n else "no language"
    return f"{n} of {total} languages"
