"""Statistics page: what is compared, what no longer holds, what cannot be compared, and the command."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from dashboards.faults import command, command_of, compare_command, say_missing
from dashboards.page import Chosen
from interp.errors import InterpError
from interp.evidence.state import ALONE, NEVER, OLDER, REFUSED, comparison_state


def say_state(chosen: Chosen) -> pd.DataFrame:
    """Say which stored rows are out of date and which pairs of runs have none.

    Args:
        chosen: the page's choice.

    Returns:
        `interp.evidence.state.comparison_state` of the shown checkpoints.
    """
    try:
        found = chosen.source.derive(comparison_state, chosen.base, chosen.others)
    except InterpError:  # a damaged file of comparisons, which the top of the page says
        return pd.DataFrame(columns=["label", "analysis", "state", "why"])
    older, never = (found[found["state"] == state] for state in (OLDER, NEVER))
    if len(older):
        st.warning(
            f"{_named(older)}: what is stored rests on older runs and is not shown. "
            f"{_sentences(older)}. To compare the newer ones:",
            icon=":material/history:",
        )
    if len(never):
        st.info(f"Not compared yet: {_named(never)}. To compare:")
    if len(older) or len(never):
        command(compare_command(chosen.source, chosen.base))
    return found


def say_refused(chosen: Chosen, state: pd.DataFrame) -> None:
    """List the pairs of runs that cannot be compared, why, and what would mend it.

    Args:
        chosen: the page's choice.
        state: from `say_state`.
    """
    refused, alone = (state[state["state"] == which] for which in (REFUSED, ALONE))
    if refused.empty and alone.empty:
        return
    st.subheader("Not comparable")
    for row in refused.itertuples(index=False):
        st.warning(f"{row.label}, {row.analysis}: {row.why}.", icon=":material/block:")
        command(
            f"{command_of(chosen.source, str(row.analysis), str(row.label))}\n"
            f"{compare_command(chosen.source, chosen.base)}"
        )
    for row in alone.itertuples(index=False):
        runs = chosen.runs_of(str(row.analysis))
        lacking = [
            label for label in (chosen.base, str(row.label)) if label not in set(runs["label"])
        ]
        st.info(f"{row.label}, {row.analysis}: {row.why}.", icon=":material/link_off:")
        if lacking:
            say_missing(chosen.source, str(row.analysis), lacking)


def _named(rows: pd.DataFrame) -> str:
    pairs = rows.drop_duplicates(["label", "analysis"])
    return ", ".join(
        f"{label} {analysis}"
        for label, analysis in zip(pairs["label"], pairs["analysis"], strict=True)
    )


def _sentences(rows: pd.DataFrame) -> str:
    return "; ".join(dict.fromkeys("; ".join(rows["why"]).split("; ")))
