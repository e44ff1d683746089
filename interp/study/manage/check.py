"""Read everything a study holds, and say what of it is damaged and what to do about it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd

from interp.errors import InterpError, first_line
from interp.study import tables
from interp.study.door import MANIFEST, read_manifest
from interp.study.manage.comparisons import FILE, read_comparisons
from interp.study.pending import PENDING, command_line, read_pending
from interp.study.records import RUNS, RunRecord, damaged_records, read_records
from interp.study.store import FACTS

COLUMNS = ("what", "state", "problem", "cure")
SOUND = "sound"
DAMAGED = "damaged"


def check_study(study: Path) -> pd.DataFrame:
    """Hold every file of a study against what its run recorded; nothing is written.

    Args:
        study: its folder.

    Returns:
        One row per thing: ``what`` (its path in the study), ``state`` (``SOUND`` or ``DAMAGED``),
        ``problem`` in words and ``cure``, both empty where it is sound. Of a run one row stands for
        its record, and one for each of its files.

    Raises:
        InterpError: there is no study, or its ``study.json`` cannot be read.
    """
    read_manifest(study)
    rows = [(MANIFEST, SOUND, "", ""), *_rows(study)]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _rows(study: Path) -> Iterator[tuple[str, str, str, str]]:
    def row(what: str, check: Callable[[], object], cure: str) -> tuple[str, str, str, str]:
        try:
            check()
        except tables.READ_ERRORS as error:
            reason = first_line(error)
            return what, DAMAGED, reason, cure
        except InterpError as error:
            return what, DAMAGED, str(error).split("; ")[0].split(": the other")[0], cure
        return what, SOUND, "", ""

    if (study / PENDING).exists():
        yield row(PENDING, lambda: read_pending(study), "restore it: it hides runs from readers")
    damaged = damaged_records(study) if _pending_is_sound(study) else {}
    for run_id, error in damaged.items():
        problem = str(error).split("): ")[0] + ")"
        yield f"{RUNS}/{run_id}/run.json", DAMAGED, problem, _remove(study, run_id)
    for record in read_records(study) if _pending_is_sound(study) else []:
        yield f"{RUNS}/{record.run_id}/run.json", SOUND, "", ""
        for name in record.data["files"] if record.finished else ():
            yield row(
                f"{RUNS}/{record.run_id}/{name}",
                lambda record=record, name=name: _check_file(record, name),  # type: ignore[misc]
                _remove(study, record.run_id),
            )
    for path in sorted((study / FACTS).glob("*.parquet")):
        if not path.name.startswith("."):
            yield row(
                f"{FACTS}/{path.name}",
                lambda path=path: tables.read_table(path.read_bytes()),  # type: ignore[misc]
                "delete it, and run one of its analyses again",
            )
    if (study / FILE).exists():
        yield row(
            FILE,
            lambda: read_comparisons(study),
            f"delete it, and run interp compare --study {study}",
        )


def _pending_is_sound(study: Path) -> bool:
    try:
        read_pending(study)
    except InterpError:
        return False
    return True


def _check_file(record: RunRecord, name: str) -> None:
    record.open_file(name).close()


def _remove(study: Path, run_id: str) -> str:
    line = command_line(study, "remove", "--run", run_id, "--yes")
    return f"restore it; or {line}, and run its analysis again"
