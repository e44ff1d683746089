"""The stored comparisons of the runs that the page of facts shows, beside its charts."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from dashboards.faults import say_not_compared
from dashboards.parts.facts.data import Answers
from interp.evidence.rows import evidence
from interp.figures.verdicts import SIGNS, evidence_text
from interp.plates.evaluation.compared import of_runs, records


def verdicts(answers: Answers) -> pd.DataFrame:
    """Return the stored comparisons of accuracy of the runs that are shown."""
    rows = answers.chosen.compared(analysis=answers.analysis, statistic="accuracy")
    return matching(answers, rows)


def matching(answers: Answers, rows: pd.DataFrame) -> pd.DataFrame:
    """Keep the comparisons of exactly the runs that are shown."""
    return of_runs(rows, answers.runs, answers.base)


def say_verdicts(answers: Answers, rows: pd.DataFrame, stored: bool) -> None:
    """Say how the stored comparisons bear on what is drawn, or why there are none.

    Args:
        answers: the runs.
        rows: from `verdicts`.
        stored: whether what is drawn is what was compared.
    """
    if not answers.base or not answers.others:
        return
    refused = answers.chosen.not_comparable(answers.analysis)
    for row in records(refused):
        st.info(f"{row['label']} is not compared with {answers.base}: {row['reason']}")
    if rows.empty:
        if refused.empty:
            say_not_compared(answers.chosen.source, answers.chosen.base)
        return
    if not stored:
        st.caption(
            "The verdicts (signs at the right) are those of all facts under the run's own "
            "normalisation, not of this choice."
        )
    legend = "  ".join(f"{sign} {verdict}" for verdict, sign in SIGNS.items())
    with st.expander(f"Evidence of every difference  ({legend})", icon=":material/balance:"):
        st.dataframe(evidence(rows), hide_index=True, key="f_evidence")


def say_across(answers: Answers, statistic: str, name: str) -> None:
    """Write the stored evidence on a statistic across languages, checkpoint by checkpoint."""
    rows = answers.chosen.compared(analysis=answers.analysis, statistic=statistic)
    rule = ", the runs' own normalisation" if answers.rule else ""
    for row in records(matching(answers, rows)):
        st.caption(
            f"{name}, {row['label']} minus {answers.base} (all facts, all languages{rule}): "
            f"{evidence_text(row)}"
        )
