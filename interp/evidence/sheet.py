"""Every stored row of several checkpoints laid out for reading, with reason and notes."""

from __future__ import annotations

import pandas as pd

from interp.comparison.rows import EVERYTHING
from interp.evidence.rows import evidence
from interp.study import Study


def evidence_table(
    study: Study, base: str, labels: tuple[str, ...], *, maps: bool = False
) -> pd.DataFrame:
    """Lay the comparisons with a base out, without those of runs that newer ones have superseded.

    Args:
        study: the study.
        base: label of the base.
        labels: the checkpoints.
        maps: with the rows of single heads, of which a large model has tens of thousands.

    Returns:
        The columns of `interp.evidence.rows.evidence` with ``analysis`` in front, and behind it
        ``reason``, ``notes``, ``n``, ``unit``, ``behind``, ``design``, ``preset`` and ``method``.
    """
    rows = study.table("comparisons")
    rows = rows[(rows["base"] == base) & rows["label"].isin(labels)]
    runs = study.runs()
    current = runs.loc[runs["current"], "run_id"]
    rows = rows[rows["base_run"].isin(current) & rows["label_run"].isin(current)]
    rows = rows[rows["statistic"] != EVERYTHING]
    if not maps:
        rows = rows[rows["head"].isna()]
    rows = rows.reset_index(drop=True)
    behind = ["reason", "notes", "n", "unit", "behind", "design", "preset", "method"]
    table = pd.concat([rows[["analysis"]], evidence(rows), rows[behind]], axis=1)
    return table.assign(behind=table["behind"].astype("Int64"))
