"""Which runs ``interp study remove`` would take away, and what rests on them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import pandas as pd

from interp.errors import InterpError, unknown
from interp.study.manage.comparisons import read_comparisons
from interp.study.manage.identity import references
from interp.study.records import (
    RUNS,
    RunRecord,
    current_ids,
    damaged_records,
    read_records,
    status_of,
)

COLUMNS = ("run_id", "label", "analysis", "status", "rows", "bytes", "used_by", "comparisons")


@dataclass(frozen=True)
class Selection:
    """Which runs are meant; exactly one field is set.

    Attributes:
        runs: these run_ids.
        label: all runs of this label.
        superseded: all runs that a newer one of their series replaces.
        unfinished: all runs that were interrupted, and folders without a record.
    """

    runs: tuple[str, ...] = ()
    label: str | None = None
    superseded: bool = False
    unfinished: bool = False

    def __post_init__(self) -> None:
        """Refuse none and several."""
        given = [bool(self.runs), self.label is not None, self.superseded, self.unfinished]
        if sum(given) != 1:
            raise InterpError(
                f"{'none' if not any(given) else sum(given)} of --run, --label, --superseded and "
                "--unfinished given: expected exactly one, to say which runs are removed"
            )


def candidates(
    study: Path, selection: Selection, gone: Mapping[str, str | None] = MappingProxyType({})
) -> pd.DataFrame:
    """List the runs that are meant.

    Args:
        study: the study's folder.
        selection: which.
        gone: runs that may be named although they are not in the study, those in its trash:
            run_id to label, ``None`` where it is not known.

    Returns:
        One row per run: ``run_id``, ``label``, ``analysis``, ``status`` (current, superseded,
        unfinished, ``no record`` or ``damaged``), ``rows`` (of all its tables), ``bytes`` (on disk),
        ``used_by`` (runs left behind that name it in their arguments) and ``comparisons`` (rows
        that rest on it). Label and analysis are empty where there is no record that can be read; such a
        run can only be named by its run_id.

    Raises:
        InterpError: for a run or label that is not there.
    """
    records = {record.run_id: record for record in read_records(study)}
    current = current_ids(records.values())
    damaged = set(damaged_records(study))
    bare = _without_record(study, {*records, *damaged})
    chosen = _chosen(study, selection, records, current, bare, damaged, gone)
    rows = read_comparisons(study)
    resting = pd.DataFrame() if rows is None else rows.to_pandas()
    table = []
    for name in chosen:
        record = records.get(name)
        users = [
            other.run_id
            for other in records.values()
            if other.run_id not in chosen and name in references(other, [name])
        ]
        uses = [resting[c] == name for c in ("base_run", "label_run") if c in resting]
        folder = study / RUNS / name
        table.append(
            {
                "run_id": name,
                "label": None if record is None else record.spec["label"],
                "analysis": None if record is None else record.spec["analysis"],
                "status": _status(name, record, current, damaged),
                "rows": 0 if record is None else _rows(record),
                "bytes": sum(p.stat().st_size for p in folder.rglob("*") if p.is_file()),
                "used_by": users,
                "comparisons": int(pd.concat(uses, axis=1).any(axis=1).sum()) if uses else 0,
            }
        )
    return pd.DataFrame(table, columns=list(COLUMNS))


def _status(name: str, record: RunRecord | None, current: set[str], damaged: set[str]) -> str:
    if record is not None:
        return status_of(record, current)
    return "damaged" if name in damaged else "no record"


def _rows(record: RunRecord) -> int:
    return sum(file.get("rows", 0) for file in record.data.get("files", {}).values())


def _without_record(study: Path, known: set[str]) -> list[str]:
    """Folders of runs that were killed before they said what they are."""
    return sorted(p.name for p in (study / RUNS).glob("*") if p.is_dir() and p.name not in known)


def _chosen(
    study: Path,
    selection: Selection,
    records: dict[str, RunRecord],
    current: set[str],
    bare: list[str],
    damaged: set[str],
    gone: Mapping[str, str | None],
) -> list[str]:
    if selection.runs:
        there = [*records, *bare, *sorted(damaged)]
        for name in selection.runs:
            if name not in there and name not in gone:
                raise unknown(f"run in study {study}", name, there or ["(none)"])
        return [name for name in dict.fromkeys(selection.runs) if name in there]
    if selection.label is not None:
        labels = sorted({record.spec["label"] for record in records.values()})
        of_label = [n for n, r in records.items() if r.spec["label"] == selection.label]
        removed = [label or name.split("-")[0] for name, label in gone.items()]
        if not of_label and selection.label not in removed:
            raise unknown(f"label in study {study}", selection.label, labels or ["(none)"])
        return of_label
    if selection.superseded:
        return [n for n, r in records.items() if status_of(r, current) == "superseded"]
    return sorted([*bare, *(n for n, r in records.items() if not r.finished)])
