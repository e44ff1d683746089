"""Prints what the demo found: the checkpoints against their base, and what that does and does not show."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import pandas as pd

from interp.cli.print_comparison import print_comparison
from interp.cli.tables import console, print_frame
from interp.evidence.rows import tally
from interp.stats.verdict import BEYOND, WITHIN

if TYPE_CHECKING:
    from interp.study import Study


def print_demo(study: Study, runs: Mapping[str, Mapping[str, str]]) -> None:
    """Compare the demo's checkpoints with the base and print the verdicts.

    Args:
        study: the study, open for writing: the comparison is kept in it.
        runs: label to analysis to run_id, the base first.
    """
    from interp.comparison import compare
    from interp.train_log import validation_checks

    base, *others = runs
    checks = validation_checks(study, {label: runs[label]["train"] for label in others})
    print_frame(checks, "Training: answers on validation facts, generated")
    rows = compare(study, base, labels=others)
    print_comparison(study, rows)
    console().print(lesson(rows, base), markup=False)


def lesson(rows: pd.DataFrame, base: str) -> str:
    """Say in one sentence what the demo shows and what it does not.

    Args:
        rows: rows of ``comparisons``; maps of heads, and what has no verdict, are not counted.
        base: label of the base.
    """
    counted = tally(rows[rows["head"].isna()]).groupby("label", sort=False).sum(numeric_only=True)
    parts = [
        f"{label} differs from {base} beyond re-measurement noise in {int(row[BEYOND])} of the "
        f"{int(row[BEYOND] + row[WITHIN])} statistics that have enough data"
        for label, row in counted.iterrows()
    ]
    return (
        f"What this shows: {' and '.join(parts)}, and where; what it does not show: that any training of "
        "this kind does so, because each was run once, on a small model of which most of these facts were "
        "trained on (docs/organism.md has held-out facts, three seeds and a control)."
    )
