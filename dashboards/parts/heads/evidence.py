"""Stored comparisons beside what is live, and what they were computed for."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from dashboards.faults import say_not_compared
from dashboards.parts.heads.choice import HeadsChoice
from interp.evidence.rows import evidence


def say_cut(choice: HeadsChoice) -> None:
    """Say that stored verdicts are about another cut than the slider's, where they are."""
    if choice.cut_differs:
        st.caption(
            f"Verdicts are those of the stored comparison, for {choice.compared_cut}; the chart "
            f"shows the top {choice.percent}."
        )


SCALED = ("value", "signed_value", "ci_low", "ci_high", "base_value", "base_low", "base_high",
          "label_value", "label_low", "label_high", "noise_floor")  # fmt: skip
"""Columns of a comparison that are in the statistic's unit."""


def in_percent(rows: pd.DataFrame) -> pd.DataFrame:
    """Put shares of 1, as comparisons store them, in percent, as the page draws them."""
    return rows.assign(**{name: 100 * rows[name] for name in SCALED})


def stored_table(choice: HeadsChoice, rows: pd.DataFrame, what: str) -> None:
    """Show rows of the comparison, those of the languages shown, or say that there are none.

    Args:
        choice: the page's choice.
        rows: of ``comparisons``.
        what: their statistic and its unit, in words.
    """
    if rows.empty:
        say_not_compared(choice.chosen.source, choice.chosen.base)
        return
    shown = rows[_among(rows["lang"], choice) & _among(rows["other_lang"], choice)]
    key = "h_stored_" + str(rows["statistic"].iloc[0])
    with st.expander(f"Stored comparison: {what}", icon=":material/balance:", key=f"{key}_box"):
        st.dataframe(evidence(shown), hide_index=True, key=key, alt=f"Stored comparison: {what}")


def mean_text(values: Sequence[float]) -> str:
    """Write one number, or the ends of several."""
    first, last = f"{values[0]:.1f}", f"{values[-1]:.1f}"
    return first if first == last else f"{first}–{last}"


def _among(codes: pd.Series, choice: HeadsChoice) -> pd.Series:
    return codes.isna() | codes.isin(choice.languages)
