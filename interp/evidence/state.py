"""Which pairs of runs the stored comparisons are about, and which they are not (any more)."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from interp.comparison.pairs import Unpaired, run_pairs
from interp.comparison.rows import EVERYTHING
from interp.study import Study

COMPARED, OLDER, NEVER, REFUSED, ALONE = (
    "compared", "older runs", "not compared", "refused", "no partner",
)  # fmt: skip


def comparison_state(study: Study, base: str, labels: tuple[str, ...]) -> pd.DataFrame:
    """Hold the pairs that `interp compare` would make now against the rows that are stored.

    Args:
        study: the study.
        base: label of the base.
        labels: the others.

    Returns:
        One row per label, analysis and pair of runs: ``label``, ``analysis``, ``state`` and ``why``
        in words (empty where it is compared). ``older runs``: what is stored rests on runs that newer
        ones have superseded. ``no partner``: only one of the two has such a run.
    """
    from interp.comparison.families import FAMILIES

    stored = study.table("comparisons")
    stored = stored[stored["base"] == base]
    runs = study.runs()
    series = dict(
        zip(runs["run_id"], zip(*(runs[name] for name in _SERIES), strict=True), strict=True)
    )
    rows = []
    for label in labels:
        own = stored[stored["label"] == label]
        for pair in run_pairs(study, base, label, list(FAMILIES)):
            if isinstance(pair, Unpaired):
                state, why = ALONE, pair.reason
            else:
                about = own[own["analysis"] == pair.analysis]
                state, why = _of_pair(about, (pair.base_run, pair.label_run), series)
            rows.append((label, pair.analysis, state, why))
    return pd.DataFrame(rows, columns=["label", "analysis", "state", "why"])


_SERIES = ("label", "analysis", "preset", "data_hash")
"""Runs that are equal in these supersede each other."""


def _of_pair(
    stored: pd.DataFrame, wanted: tuple[str, str], series: Mapping[str, tuple[str, ...]]
) -> tuple[str, str]:
    """Say what the stored rows of one label and analysis know of a pair of runs."""
    held = list(zip(stored["base_run"], stored["label_run"], strict=True))
    about = stored.loc[[pair == wanted for pair in held]]
    refused = about[about["statistic"] == EVERYTHING]
    if len(refused):
        return REFUSED, str(refused["reason"].iloc[0])
    if len(about):
        return COMPARED, ""
    for pair in dict.fromkeys(held):
        if all(series.get(old) == series[new] for old, new in zip(pair, wanted, strict=True)):
            newer = [
                f"{new} is newer than {old}"
                for old, new in zip(pair, wanted, strict=True)
                if old != new
            ]
            return OLDER, "; ".join(newer)
    return NEVER, f"{wanted[0]} and {wanted[1]} have not been compared"
