"""A run being written: its tables, tensors and progress, and the moment it is finished."""

from __future__ import annotations

import contextlib
import hashlib
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from interp.errors import InterpError
from interp.study import tables
from interp.study.atomic import remove_leftovers, write_bytes, write_error, write_json
from interp.study.locking import writer_lock
from interp.study.pending import refuse_pending
from interp.study.progress import PROGRESS, ProgressFile
from interp.study.provenance import code_hash, environment, now
from interp.study.records import RECORD, RUNS, RunRecord, age, read_record
from interp.study.schema import SCHEMA_VERSION
from interp.study.spec import RunSpec


class Run:
    """One run of a study, open for writing inside ``with study.run(spec) as run``.

    Attributes:
        spec: what was asked.
        run_id: the run's name, also its folder's.
        folder: its folder.
        already_finished: whether the study holds this result already; then nothing is written.
        progress_state: what ``save_progress`` was given as ``state``, after ``load_progress``.
        writes: whether this process writes the run; of several, only the first does.
    """

    writes = True

    def __init__(self, folder: Path, spec: RunSpec, finished: bool, record: dict[str, Any]) -> None:
        """Open the run; called by :func:`open_run` only."""
        self.spec = spec
        self.folder = folder
        self.run_id = folder.name
        self.already_finished = finished
        self.progress_state: dict[str, Any] = {}
        self._record = record
        self._progress = ProgressFile(folder, spec.digest, code_hash())

    def load_progress(self) -> tuple[int, dict[str, np.ndarray]] | None:
        """Return what an interrupted run had done.

        Returns:
            The step to go on with and the arrays as they were given to ``save_progress``, or
            ``None`` to start from the beginning.
        """
        progress = self._progress.load()
        if progress is None:
            return None
        self.progress_state = progress.state
        self._record["resumed_at_steps"] = [*self._record["resumed_at_steps"], progress.step]
        return progress.step, progress.arrays

    def progress_due(self) -> bool:
        """Whether ``save_progress`` would save now, without being forced."""
        return self._progress.due()

    def save_progress(
        self,
        step: int,
        arrays: Mapping[str, np.ndarray],
        *,
        state: Mapping[str, Any] | None = None,
        force: bool = False,
    ) -> bool:
        """Save progress atomically; most calls return at once, see ``INTERP_SAVE_SECONDS``.

        Args:
            step: steps completed; a resumed run goes on with this one.
            arrays: everything accumulated so far, by name.
            state: whatever else is needed to go on, JSON-able.
            force: save now.

        Returns:
            Whether it was saved.
        """
        self._refuse_if_finished()
        return self._progress.save(step, arrays, state or {}, force)

    def write_table(self, name: str, frame: pd.DataFrame) -> None:
        """Write one table of the run, in place of an earlier one of that name.

        Args:
            name: a table of ``interp.study.schema.TABLES`` that lives in a run.
            frame: its rows; ``run_id`` is added.

        Raises:
            TableError: if the frame does not fit the table's schema.
            InterpError: if it cannot be written.
        """
        self._refuse_if_finished()
        schema = tables.schema_of(name)
        if schema.place != "run":
            raise tables.TableError(f"table {name!r} belongs to the study, not to a run")
        rows = frame.drop(columns="run_id", errors="ignore").assign(run_id=self.run_id)
        table = tables.to_arrow(schema, rows)
        notes: dict[str, Any] = {"rows": table.num_rows}
        if "lang" in schema.names:
            notes["languages"] = sorted(table.column("lang").drop_null().unique().to_pylist())
        file = self.folder / f"{name}.parquet"
        write_bytes(file, tables.table_bytes(table))
        self._wrote(file, notes)

    def write_tensors(
        self,
        name: str,
        arrays: Mapping[str, np.ndarray],
        metadata: Mapping[str, Any] | None = None,
    ) -> None:
        """Write named arrays of the run, in place of earlier ones of that name.

        Args:
            name: the file's stem, e.g. ``counts``.
            arrays: numpy arrays by name.
            metadata: what the axes mean, JSON-able; it comes back with ``tensor_metadata``.
        """
        self._refuse_if_finished()
        shapes = {key: list(np.shape(array)) for key, array in arrays.items()}
        file = self.folder / f"{name}.safetensors"
        tables.write_tensors(file, arrays, metadata or {})
        self._wrote(file, {"tensors": shapes})

    def record(self, key: str, value: Any) -> None:
        """Keep a fact about how the run was made in ``run.json``, e.g. its batch composition.

        Args:
            key: its name under ``notes``.
            value: JSON-able.
        """
        self._refuse_if_finished()
        self._record["notes"][key] = value

    def _wrote(self, file: Path, notes: Mapping[str, Any]) -> None:
        """Note a file that is on disk now, with its hash."""
        with file.open("rb") as opened:
            digest = hashlib.file_digest(opened, "sha256").hexdigest()
        self._record["files"][file.name] = {
            "sha256": digest, "bytes": file.stat().st_size, **notes,
        }  # fmt: skip

    def _refuse_if_finished(self) -> None:
        if self.already_finished:
            raise RuntimeError(f"run {self.run_id} is finished: check run.already_finished first")

    def _finish(self) -> None:
        """Make the run count: everything else is on disk before ``finished_at`` is."""
        keep = {self._progress.path.name, *self._record["files"]}
        for path in self.folder.iterdir():
            if path.suffix in (".parquet", ".safetensors") and path.name not in keep:
                path.unlink()  # left by an interrupted attempt and not written again
        write_json(self.folder / RECORD, {**self._record, "finished_at": now()})
        self._progress.delete()


@contextlib.contextmanager
def open_run(study: Path, spec: RunSpec, *, overwrite: bool) -> Iterator[Run]:
    """Open a run for writing, under the study's lock.

    Args:
        study: the study's folder.
        spec: what is asked.
        overwrite: run again although the study holds the result; the earlier run stays.

    Yields:
        The run. Leaving the block without an exception marks it finished.

    Raises:
        InterpError: if another process writes to the study, or it cannot be written.
    """
    with writer_lock(study, f"{spec.analysis} of {spec.label}"):
        refuse_pending(study)
        folder, earlier = _choose_folder(study / RUNS, spec, overwrite)
        if earlier is not None and earlier.finished:
            (folder / PROGRESS).unlink(missing_ok=True)  # left by a kill at the very end
            _note_other_code(earlier)
            yield Run(folder, spec, True, dict(earlier.data))
            return
        run = Run(folder, spec, False, _start(folder, spec, earlier))
        yield run
        run._finish()


def _choose_folder(runs: Path, spec: RunSpec, overwrite: bool) -> tuple[Path, RunRecord | None]:
    """Find the folder of this request: its newest result, its interrupted run, or a new one.

    The folders ``id``, ``id-2``, ``id-3`` ... are looked at in turn, also past one that was
    removed; one whose record has another digest (two requests that share eight hexadecimal
    digits) or cannot be read is passed over, and never written into. A restored or merged run has a
    high ordinal and may be an old one: the
    newest result is the one that finished last, as for `interp.study.records.current_ids`.
    """
    finished: list[RunRecord] = []
    begun: RunRecord | None = None
    empty: Path | None = None
    there = ordinals((path.name for path in runs.glob(f"{spec.run_id}*")), spec.run_id)
    for ordinal in there:
        folder = runs / numbered(spec.run_id, ordinal)
        try:
            record = read_record(folder)
        except InterpError as error:  # whatever it holds stays; the result gets another folder
            _note_damaged(folder, error)
            continue
        if record is None:
            empty = empty or folder  # killed before its first record was written
        elif record.data["digest"] == spec.digest:
            if record.finished:
                finished.append(record)
            else:
                begun = begun or record
    if finished and not overwrite:
        newest = max(finished, key=age)
        return newest.folder, newest
    if begun is not None:
        return begun.folder, begun
    return empty or runs / numbered(spec.run_id, max(there, default=0) + 1), None


def ordinals(names: Iterable[str], run_id: str) -> list[int]:
    """List which of ``id`` (1), ``id-2``, ``id-3`` ... are among some names, in order.

    Args:
        names: names of run folders.
        run_id: the run_id before any ``-2``.
    """
    pattern = re.compile(re.escape(run_id) + r"(?:-([2-9]|[1-9][0-9]+))?")
    found = [pattern.fullmatch(name) for name in names]
    return sorted(int(match[1] or 1) for match in found if match)


def numbered(run_id: str, ordinal: int) -> str:
    """Name the first, second ... run of one request."""
    return run_id if ordinal == 1 else f"{run_id}-{ordinal}"


def _start(folder: Path, spec: RunSpec, earlier: RunRecord | None) -> dict[str, Any]:
    """Write the record of a run that has begun, keeping when an interrupted one began."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise write_error(folder, error) from error
    remove_leftovers(folder)
    record = {
        "schema_version": SCHEMA_VERSION,
        "run_id": folder.name,
        "digest": spec.digest,
        "spec": spec.to_dict(),
        "environment": environment(),
        "started_at": earlier.data["started_at"] if earlier else now(),
        "resumed_at_steps": earlier.data.get("resumed_at_steps", []) if earlier else [],
        "finished_at": None,
        "files": {},
        "notes": {},
    }
    write_json(folder / RECORD, record)
    return record


def _note_damaged(folder: Path, error: InterpError) -> None:
    print(
        f"interp: run {folder.name} is left as it is, and another folder is written: {error}",
        file=sys.stderr,
        flush=True,
    )


def _note_other_code(record: RunRecord) -> None:
    made_by = record.data.get("environment", {})
    if made_by.get("code_hash") != code_hash():
        print(
            f"interp: run {record.run_id} was made by other code "
            f"({made_by.get('code_version')}): kept; --overwrite computes it again",
            file=sys.stderr,
            flush=True,
        )
