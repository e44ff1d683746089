"""What a run of lm-evaluation-harness found, read back from the study without the harness.

Standard errors come from resampling documents. Tasks whose documents are the same facts in several
languages (those that ``interp export lm-eval`` writes) are resampled by fact, all languages
together; documents of any other tasks are units of their own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from interp.stats.bootstrap import DRAWS, ratio_draws
from interp.study import Study

COLUMNS = (
    "name", "kind", "lang", "version", "shots", "documents", "metric", "filter", "value",
    "standard_error",
)  # fmt: skip

Floats = NDArray[np.float64]


def summarise(study: Study, run_id: str, *, draws: int = DRAWS, seed: int = 0) -> pd.DataFrame:
    """Lay out every metric of every task and group.

    Args:
        study: the study.
        run_id: a finished run of the analysis ``lm-eval``.
        draws: of the bootstrap.
        seed: of the bootstrap.

    Returns:
        One row per task or group, metric and filter: ``name``, ``kind`` (``task`` or ``group``),
        ``lang`` (of a task that has one), ``version``, ``shots``, ``documents``, ``metric``,
        ``filter``, ``value`` (the harness's own), ``standard_error`` (empty for a metric that is
        no mean over documents, and where no two of them differ: resampling sees no error there).
    """
    report = study.notes(run_id)["lm_eval"]
    units = _Units.read(study, run_id, report)
    rows = []
    for name, results in report["results"].items():
        about = {
            "name": name,
            "kind": "task",
            "lang": units.languages.get(name),
            "version": report["tasks"][name]["version"],
            "shots": report["tasks"][name]["num_fewshot"],
            "documents": results["sample_len"],
        }
        rows += _rows(about, results, units, [name], {}, draws, seed)
    for name, group in report["groups"].items():
        shots = {report["tasks"][task]["num_fewshot"] for task in group["tasks"]}
        about = {
            "name": name,
            "kind": "group",
            "lang": None,
            "version": None,
            "shots": shots.pop() if len(shots) == 1 else None,
            "documents": group["results"].get("sample_len"),
        }
        rows += _rows(
            about, group["results"], units, group["tasks"], group["weighted"], draws, seed
        )
    return pd.DataFrame(rows, columns=list(COLUMNS))


@dataclass(frozen=True)
class _Units:
    """Values of documents, and which documents are resampled together."""

    metrics: Mapping[str, Floats]
    ids: Mapping[str, list[str]]
    languages: Mapping[str, str]

    @classmethod
    def read(cls, study: Study, run_id: str, report: Mapping[str, Any]) -> _Units:
        written = {record.run_id: record for record in study.records()}[run_id].data["files"]
        metrics = study.tensors(run_id, "metrics") if "metrics.safetensors" in written else {}
        ids, languages = {}, {}
        for name, rows in study.table("predictions", run_id=run_id).groupby("benchmark"):
            if rows["lang"].nunique() == 1:
                languages[str(name)] = str(rows["lang"].iloc[0])
            if report["own_ids"][name]:
                ids[str(name)] = rows["fact_id"].tolist()
        return cls(metrics, ids, languages)

    def table(self, tasks: Sequence[str], key: str) -> tuple[Floats, Floats] | None:
        """Give values and whether there is one, ``[unit, task]``; None if a task lacks the metric."""
        if any(f"{task}/{key}" not in self.metrics for task in tasks):
            return None
        places: dict[tuple[str, str], int] = {}
        cells = []
        for column, task in enumerate(tasks):
            values = self.metrics[f"{task}/{key}"]
            own = self.ids.get(task)
            for number, value in enumerate(values):
                unit = ("", own[number]) if own else (task, str(number))
                cells.append((places.setdefault(unit, len(places)), column, value))
        total, count = np.zeros((2, len(places), len(tasks)))
        for row, column, value in cells:
            total[row, column] += value
            count[row, column] += 1
        return total, count


def _rows(
    about: Mapping[str, Any],
    results: Mapping[str, Any],
    units: _Units,
    tasks: Sequence[str],
    weighted: Mapping[str, bool],
    draws: int,
    seed: int,
) -> list[dict[str, Any]]:
    rows = []
    for key, value in results.items():
        if "," not in key or isinstance(value, str):
            continue
        metric, _, name = key.partition(",")
        found = units.table(tasks, key)
        error = None
        if found is not None and value is not None:
            error = _standard_error(*found, value, weighted.get(metric, True), draws, seed)
        rows.append(
            {**about, "metric": metric, "filter": name, "value": value, "standard_error": error}
        )
    return rows


def _standard_error(
    total: Floats, count: Floats, value: float, weighted: bool, draws: int, seed: int
) -> float | None:
    """Resample units: of the mean over all documents, or of the mean over tasks' means."""
    if weighted:
        total, count = total.sum(1, keepdims=True), count.sum(1, keepdims=True)
    mean, drawn = ratio_draws(total, count, draws=draws, seed=seed)
    if not np.isclose(mean.mean(), value, rtol=1e-9, atol=1e-12):
        return None  # the harness aggregates this metric otherwise
    error = float(np.nanstd(np.nanmean(drawn, axis=1), ddof=1))
    return error if error > 0 else None
