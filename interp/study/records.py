"""``run.json``: one record per run folder, and which runs are finished and current.

A run counts once its record says ``finished_at``, which is written last; until then its folder is
work in progress that readers pass over. Nothing is changed when a newer run arrives: *superseded*
is derived from the records. A run whose record is damaged costs itself and no other: it is passed
over, with a notice.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import shlex
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import pandas as pd

from interp.errors import InterpError
from interp.study.partial import digest_of
from interp.study.pending import PENDING, read_pending
from interp.study.wellformed import check_record, read_checked

RUNS = "runs"
RECORD = "run.json"
_ATTEMPTS = 20
_CURE = (
    "the other runs can still be read; run the analysis again with --overwrite, or restore the file"
)

RUN_COLUMNS = (
    "run_id", "study", "label", "stage", "model", "revision", "adapter", "analysis", "preset",
    "arguments", "data_hash", "code_version", "libraries", "device", "dtype", "seed",
    "started_at", "finished_at", "schema_version", "status", "current",
)  # fmt: skip
"""Columns of the table ``runs``."""


@dataclass(frozen=True)
class RunRecord:
    """One run as its ``run.json`` tells it.

    Attributes:
        folder: the run's folder; its name is the run_id.
        data: the content of ``run.json``.
    """

    folder: Path
    data: dict[str, Any]

    @property
    def run_id(self) -> str:
        """The run's name in the study."""
        return self.folder.name

    @property
    def finished(self) -> bool:
        """Whether everything the run writes is there."""
        return bool(self.data.get("finished_at"))

    @property
    def spec(self) -> dict[str, Any]:
        """The ``RunSpec``'s fields."""
        spec: dict[str, Any] = self.data["spec"]
        return spec

    @property
    def series(self) -> tuple[str, str, str, str]:
        """Runs of one (label, analysis, preset, data) replace each other."""
        spec = self.spec
        return (spec["label"], spec["analysis"], spec["preset"], spec["data_hash"])

    def hashes(self, name: str) -> set[str]:
        """Return the SHA-256 that a file may have: while it is rewritten, also the coming one."""
        about = self.data["files"].get(name, {})
        return {about[key] for key in ("sha256", "next_sha256") if key in about}

    def read_file(self, name: str) -> bytes:
        """Read one of the run's files and hold it against the recorded hash.

        Args:
            name: the file's name, e.g. ``neurons.parquet``.

        Raises:
            InterpError: if it is missing, cannot be read, or is not what was written.
        """
        path = self._path(name)
        try:
            data = path.read_bytes()
        except OSError as error:
            raise InterpError(f"cannot read {path}: {error.strerror}; {_CURE}") from error
        self._hold(name, hashlib.sha256(data).hexdigest())
        return data

    def open_file(self, name: str) -> BinaryIO:
        """Open one of the run's files; its hash is computed only where the file has changed.

        Args:
            name: the file's name, e.g. ``neurons.parquet``.

        Returns:
            The file at its beginning, to be closed by the caller.

        Raises:
            InterpError: as of ``read_file``.
        """
        path = self._path(name)
        try:
            file = path.open("rb")
        except OSError as error:
            raise InterpError(f"cannot read {path}: {error.strerror}; {_CURE}") from error
        try:
            self._hold(name, digest_of(path.absolute(), file))
        except OSError as error:
            file.close()
            raise InterpError(f"cannot read {path}: {error.strerror}; {_CURE}") from error
        except InterpError:
            file.close()
            raise
        return file

    def _path(self, name: str) -> Path:
        if not self.folder.exists():
            raise InterpError(
                f"run {self.run_id} is gone: it was renamed or removed while the study was read; "
                "run the command again"
            )
        return self.folder / name

    def _hold(self, name: str, found: str) -> None:
        """Refuse a file whose SHA-256 is none of those recorded."""
        if found in self.hashes(name):
            return
        # A migration may have rewritten the file since this record was read.
        now = read_record(self.folder)
        if now is not None and found in now.hashes(name):
            return
        raise InterpError(
            f"{self.folder / name} is damaged: its content is not what the run wrote; {_CURE}"
        )


def read_record(folder: Path) -> RunRecord | None:
    """Read one run's record.

    Args:
        folder: the run's folder.

    Returns:
        The record, or ``None`` where there is none yet.

    Raises:
        InterpError: if ``run.json`` is damaged.
    """
    path = folder / RECORD
    cure = (
        "the other runs can still be read; restore it, or remove the run and run its analysis again"
    )
    data = read_checked(path, check_record, cure)
    return None if data is None else RunRecord(folder, data)


def read_records(study: Path, *, strict: bool = False) -> list[RunRecord]:
    """Read the records of a study's runs, in order of run_id.

    Without a lock, and yet every run once: where folders come or go in the meantime, or a change
    of several runs takes effect, all are read again.

    Args:
        study: the study's folder.
        strict: refuse a damaged record, for a change that has to know every run. By default it is
            passed over, and standard error says so once.

    Raises:
        InterpError: a damaged record where ``strict``, or ``pending.json`` is damaged.
    """
    for attempt in range(_ATTEMPTS):
        before = _moment(study)
        folders = _shown(study)
        found = [_attempt(folder) for folder in folders]
        whole = all(
            folder.exists() for folder, one in zip(folders, found, strict=True) if one is None
        )
        if whole and _moment(study) == before:
            for folder, one in zip(folders, found, strict=True):
                if isinstance(one, InterpError):
                    if strict:
                        raise one
                    _tell_once(study, folder, one)
            return [one for one in found if isinstance(one, RunRecord)]
        time.sleep(min(0.001 * 2**attempt, 0.1))
    raise InterpError(f"study {study} is being changed all the time: read it again in a moment")


def damaged_records(study: Path) -> dict[str, InterpError]:
    """Find the runs whose ``run.json`` cannot be read.

    Args:
        study: the study's folder.

    Returns:
        run_id to what is wrong, in order of run_id.
    """
    found = {folder.name: _attempt(folder) for folder in _shown(study)}
    return {name: one for name, one in found.items() if isinstance(one, InterpError)}


def _shown(study: Path) -> list[Path]:
    """Folders of the runs that readers look at."""
    pending = read_pending(study)
    hidden = frozenset() if pending is None else pending.hidden
    return sorted(p for p in (study / RUNS).glob("*") if p.name not in hidden and p.is_dir())


def _attempt(folder: Path) -> RunRecord | InterpError | None:
    try:
        return read_record(folder)
    except InterpError as error:
        return error


_TOLD: set[tuple[Path, str]] = set()


def _tell_once(study: Path, folder: Path, error: InterpError) -> None:
    """Name a damaged run on standard error, once in a process for every kind of damage."""
    key = (folder.absolute(), str(error))
    if key in _TOLD:
        return
    _TOLD.add(key)
    remove = shlex.join(
        ["interp", "study", "remove", "--study", str(study), "--run", folder.name, "--yes"]
    )
    print(
        f"interp: run {folder.name} is passed over, an earlier run may stand in its place: {error}; "
        f"`{remove}` moves it to the trash",
        file=sys.stderr,
        flush=True,
    )


def _moment(study: Path) -> tuple[bytes, int]:
    """What changes when runs come, go or change places: the pending change, the folder's time."""
    moment: list[Any] = [b"", 0]
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        moment[0] = (study / PENDING).read_bytes()
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        moment[1] = (study / RUNS).stat().st_mtime_ns
    return tuple(moment)


def current_ids(records: Iterable[RunRecord]) -> set[str]:
    """Name the newest finished run of every (label, analysis, preset, data).

    Args:
        records: the runs of a study.

    Returns:
        Their run_ids.
    """
    newest: dict[tuple[str, ...], RunRecord] = {}
    for record in records:
        if not record.finished:
            continue
        rival = newest.get(record.series)
        if rival is None or age(record) > age(rival):
            newest[record.series] = record
    return {record.run_id for record in newest.values()}


def age(record: RunRecord) -> tuple[str, int, str]:
    """Return what finished runs are sorted by, the newest last."""
    # Times are ISO 8601 in UTC, so text order is time order; the name only breaks exact ties.
    return (record.data["finished_at"], len(record.run_id), record.run_id)


def status_of(record: RunRecord, current: set[str]) -> str:
    """Return ``current``, ``superseded`` or ``unfinished``."""
    if not record.finished:
        return "unfinished"
    return "current" if record.run_id in current else "superseded"


def runs_frame(records: list[RunRecord], study: str) -> pd.DataFrame:
    """Lay records out as the table ``runs``.

    Args:
        records: the runs; which one is current is judged among them.
        study: the study's name.

    Returns:
        One row per run, columns ``RUN_COLUMNS``; ``arguments`` and ``libraries`` are JSON text.
    """
    current = current_ids(records)
    rows = [_row(record, study, current) for record in records]
    return pd.DataFrame(rows, columns=list(RUN_COLUMNS))


def _row(record: RunRecord, study: str, current: set[str]) -> dict[str, Any]:
    spec, model = record.spec, record.spec.get("model", {})
    environment = record.data.get("environment", {})
    return {
        "run_id": record.run_id,
        "study": study,
        **{key: spec[key] for key in ("label", "stage", "analysis", "preset", "data_hash", "seed")},
        **{key: model.get(key) for key in ("model", "revision", "adapter", "device", "dtype")},
        "arguments": json.dumps(spec["arguments"], sort_keys=True, ensure_ascii=False),
        "code_version": environment.get("code_version"),
        "libraries": json.dumps(environment.get("libraries", {}), sort_keys=True),
        "started_at": record.data.get("started_at"),
        "finished_at": record.data.get("finished_at"),
        "schema_version": record.data.get("schema_version"),
        "status": status_of(record, current),
        "current": record.run_id in current,
    }
