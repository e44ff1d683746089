"""What of a study is shown together: the order of checkpoints, languages, and runs that are made alike."""

from __future__ import annotations

import pandas as pd

from interp.data.languages import in_table_order
from interp.figures.captions import short_hash
from interp.importers.imported import PRESET
from interp.study import Study


def in_order(stages: dict[str, str]) -> list[str]:
    """Order checkpoints as they are made: base, CPT, SFT, GRPO, others, then steps of a training."""
    rank = {"base": 0, "cpt": 3, "sft": 1, "grpo": 2}
    return sorted(
        stages, key=lambda label: (is_step(label), rank.get(stages[label], 4), _natural(label))
    )


def is_step(label: str) -> bool:
    """Whether a label names a checkpoint along a training, e.g. ``sft-step-200``."""
    return "-step-" in label


def _natural(label: str) -> tuple[str, int]:
    """Sort ``sft-step-200`` before ``sft-step-1000``."""
    name, _, last = label.rpartition("-")
    return (name, int(last)) if last.isdigit() else (label, 0)


def languages_of(study: Study) -> tuple[str, ...]:
    """Return every language that some finished run has, in the table's order."""
    codes: set[str] = set()
    for record in study.records():
        if record.finished:
            for about in record.data["files"].values():
                codes.update(about.get("languages", []))
            codes.update(record.spec["arguments"].get("languages") or ())  # counts have no table
    return in_table_order(codes)


def kinds_of(runs: pd.DataFrame) -> pd.Series:
    """Say how runs were made; what is alike in this can stand side by side.

    Imported matrices and lists have the hash of their content as data, another for every checkpoint:
    of them analysis and preset are all that is known.
    """
    data = " " + runs["data_hash"].map(short_hash)
    content = (runs["preset"] == PRESET) & runs["analysis"].isin(["lahis", "lape"])
    return runs["analysis"] + " " + runs["preset"] + data.mask(content, "")


def frequent_first(runs: pd.DataFrame, kinds: pd.Series) -> list[str]:
    """Order kinds of runs: the one that most checkpoints have first; of equals, the newest.

    Args:
        runs: rows of the table ``runs``.
        kinds: their `kinds_of`.
    """
    frequent = kinds.groupby(kinds).size()
    newest = runs["finished_at"].groupby(kinds).max()
    return sorted(frequent.index, key=lambda kind: (frequent[kind], newest[kind]), reverse=True)


def of_current_runs(rows: pd.DataFrame, runs: pd.DataFrame) -> pd.Series[bool]:
    """Say of each comparison whether both of its runs are still the newest of their kind."""
    current = runs.loc[runs["status"] == "current", "run_id"]
    return rows["base_run"].isin(current) & rows["label_run"].isin(current)
