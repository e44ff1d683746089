"""Stored comparisons beside what is live, and what they were computed for."""

from __future__ import annotations

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


def _among(codes: pd.Series, choice: HeadsChoice) -> pd.Series:
    return codes.isna() | codes.isin(choice.languages)
