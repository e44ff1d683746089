"""What stands below a chart: which runs it was drawn from."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import pandas as pd

_HASH = 8
"""Characters of a data hash: enough to tell a study's data sets apart."""


def provenance(runs: pd.DataFrame) -> str:
    """Say where the numbers of a chart come from.

    Args:
        runs: rows of the table ``runs``: one per run behind the chart.

    Returns:
        Per checkpoint its label, model and revision, and of each run analysis, preset, data and
        date; e.g. ``base: ckpt/base, lape (default, data ecd9b500, 2026-11-29)``.
    """
    found: dict[tuple[str, str], list[str]] = {}
    for run in runs.to_dict("records"):
        found.setdefault((run["label"], _model(run)), []).append(_of_run(run))
    return "; ".join(f"{label}: {model}, {', '.join(own)}" for (label, model), own in found.items())


def _model(run: dict[Hashable, Any]) -> str:
    if pd.isna(run["model"]):
        return "a model that its file does not name"
    revision = "" if pd.isna(run["revision"]) else f"@{run['revision']}"
    return f"{run['model']}{revision}"


def _of_run(run: dict[Hashable, Any]) -> str:
    data = short_hash(str(run["data_hash"]))
    return f"{run['analysis']} ({run['preset']}, data {data}, {str(run['finished_at'])[:10]})"


def short_hash(data_hash: str) -> str:
    """Shorten a data hash to what tells a study's data sets apart."""
    return data_hash.removeprefix("sha256:")[:_HASH]
