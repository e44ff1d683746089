"""Prints what tasks of lm-evaluation-harness say about a checkpoint."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from interp.cli.tables import console, print_frame

if TYPE_CHECKING:
    from interp.study import Study


def print_lm_eval(study: Study, run_id: str) -> None:
    """Print every task and group with its metrics, each beside its standard error."""
    from interp.evals.lm_eval_summary import summarise

    report = study.notes(run_id)["lm_eval"]
    found = summarise(study, run_id)
    for kind, title in (("group", "groups"), ("task", "tasks")):
        part = found[found["kind"] == kind]
        if not part.empty:
            shown = _wide(part)
            print_frame(
                shown,
                f"lm-eval, {title}: {run_id}",
                caption="±: standard error, documents resampled (the same fact in several languages "
                "as one); none where all documents agree",
                whole=["name"],
            )
    for name, count in report["truncated"].items():
        console().print(f"{name}: {count} contexts were cut on the left to fit the positions")


def _wide(found: pd.DataFrame) -> pd.DataFrame:
    """Give each metric a column; a filter other than ``none`` stands in its name."""
    rows: dict[str, dict[str, object]] = {}
    for row in found.to_dict("records"):
        metric = row["metric"] if row["filter"] == "none" else f"{row['metric']} ({row['filter']})"
        about = {
            "name": row["name"],
            "lang": row["lang"],
            "shots": _whole(row["shots"]),
            "documents": _whole(row["documents"]),
        }
        cells = rows.setdefault(row["name"], about)
        cells[metric] = _with_error(row["value"], row["standard_error"])
    return pd.DataFrame(list(rows.values())).dropna(axis=1, how="all")


def _whole(value: object) -> object:
    return None if pd.isna(value) else int(value)  # type: ignore[call-overload]


def _with_error(value: float, error: float) -> str:
    if pd.isna(value):
        return "–"
    return f"{value:.3f}" if pd.isna(error) else f"{value:.3f} ± {error:.3f}"
