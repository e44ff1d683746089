"""What a study holds, one row per run, for ``interp show``."""

from __future__ import annotations

import pandas as pd

from interp.study.records import RunRecord, current_ids, damaged_records, status_of
from interp.study.store import Study

COLUMNS = (
    "label", "stage", "analysis", "preset", "status", "languages", "rows", "date", "run_id",
)  # fmt: skip


def study_summary(study: Study) -> pd.DataFrame:
    """List the runs of a study.

    Args:
        study: the study.

    Returns:
        One row per run, sorted by label, analysis, preset and date; columns ``label``, ``stage``,
        ``analysis``, ``preset``, ``status`` (current, superseded, unfinished or damaged),
        ``languages`` (codes, or their number above six), ``rows`` (of all tables), ``date`` (UTC,
        finished or, for an unfinished run, started) and ``run_id``. Of a damaged run only the
        run_id is known; it stands first.
    """
    records = study.records()
    current = current_ids(records)
    rows = [_row(record, status_of(record, current)) for record in records]
    damaged: dict[str, object] = {**dict.fromkeys(COLUMNS, ""), "status": "damaged", "rows": 0}
    rows += [{**damaged, "run_id": run_id} for run_id in damaged_records(study.path)]
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    return frame.sort_values(["label", "analysis", "preset", "date"], ignore_index=True)


def _row(record: RunRecord, status: str) -> dict[str, object]:
    files = record.data.get("files", {}).values()
    codes = sorted({code for file in files for code in file.get("languages", [])})
    when = record.data.get("finished_at") or record.data.get("started_at") or ""
    return {
        **{key: record.spec[key] for key in ("label", "stage", "analysis", "preset")},
        "status": status,
        "languages": " ".join(codes) if len(codes) <= 6 else f"{len(codes)} languages",
        "rows": sum(file.get("rows", 0) for file in files),
        "date": when[:19].replace("T", " "),
        "run_id": record.run_id,
    }
