"""A study on disk: open it, run into it, read tables and tensors from it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from interp.errors import InterpError, first_line, unknown
from interp.parallel import is_first, team
from interp.study import tables
from interp.study.atomic import remove_leftovers, write_bytes, write_error
from interp.study.door import open_for_writing, read_manifest
from interp.study.locking import check_free, writer_lock
from interp.study.partial import filter_of, read_rows
from interp.study.pending import refuse_pending
from interp.study.records import RunRecord, current_ids, read_records, runs_frame
from interp.study.runs import Run, open_run
from interp.study.schema import TableSchema
from interp.study.shared import open_shared_run
from interp.study.spec import RunSpec

FACTS = "facts"


class Study:
    """A folder of artifacts for the checkpoints that are compared with each other.

    Attributes:
        path: the folder.
        name: its name when it was made.
        writable: whether it was opened for writing.
    """

    def __init__(self, path: Path, name: str, *, writable: bool) -> None:
        """Bind to a study that has been checked; use ``Study.open`` or ``load_study``."""
        self.path = path
        self.name = name
        self.writable = writable

    @classmethod
    def open(cls, path: str | Path, create: bool = True) -> Study:
        """Open a study, for writing unless told otherwise.

        Args:
            path: its folder.
            create: open for writing: make the study where the folder is absent or empty, and
                refuse at once what cannot be written. ``False`` reads only.

        Raises:
            InterpError: if it is no study, was written by a newer schema (for writing: or an older
                one), cannot be written, another process is writing to it, or a change of it was
                interrupted.
        """
        folder = Path(path).expanduser()
        if not create:
            return cls(folder, read_manifest(folder)["name"], writable=False)
        if not is_first():  # only the first of several processes writes, and it checks
            return cls(folder, folder.name, writable=True)
        manifest = open_for_writing(folder)
        check_free(folder)
        refuse_pending(folder)
        return cls(folder, manifest["name"], writable=True)

    def run(self, spec: RunSpec, overwrite: bool = False) -> AbstractContextManager[Run]:
        """Open a run for writing: ``with study.run(spec) as run``.

        Args:
            spec: what is asked; the same request finds its own result or progress.
            overwrite: run again although the result is there; the earlier run stays and is
                superseded.

        Of several processes (``torchrun``) all have to open the run; the first one writes it.
        """
        self._must_be_writable()
        processes = team()
        if processes.size > 1:
            return open_shared_run(self.path, spec, processes, overwrite=overwrite)
        return open_run(self.path, spec, overwrite=overwrite)

    def records(self) -> list[RunRecord]:
        """Return every run's record, unfinished ones included."""
        return read_records(self.path)

    def runs(self, *, unfinished: bool = False) -> pd.DataFrame:
        """Return the table ``runs``.

        Args:
            unfinished: whether interrupted runs and those still going are listed.

        Returns:
            One row per run, columns ``interp.study.records.RUN_COLUMNS``.
        """
        records = [r for r in self.records() if r.finished or unfinished]
        return runs_frame(records, self.name)

    def table(
        self,
        name: str,
        *,
        label: str | Sequence[str] | None = None,
        preset: str | None = None,
        current: bool = True,
        run_id: str | None = None,
        columns: Sequence[str] | None = None,
    ) -> pd.DataFrame:
        """Read one table from all finished runs that wrote it.

        Args:
            name: a table of ``interp.study.schema.TABLES``.
            label: only these checkpoints.
            preset: only this preset.
            current: only the newest run of each (label, analysis, preset, data).
            run_id: only this run, whether current or not.
            columns: only these columns.

        Returns:
            The rows, run after run; no rows where no such run has written the table.

        Raises:
            InterpError: for an unknown table, label, preset, run or column, and for a damaged
                file (which is named; other runs stay readable).
        """
        schema = tables.schema_of(name)
        for column in columns or ():
            if column not in schema.names:
                raise unknown(f"column of {name}", column, schema.names)
        if schema.place == "run":
            chosen = self._select(label, preset, current, run_id)
            file = f"{name}.parquet"
            frames = [
                _whole(
                    record.folder / file,
                    schema,
                    _parse_table(record.folder / file, record.read_file(file), columns),
                    columns,
                )
                for record in chosen
                if file in record.data["files"]
            ]
        else:
            folder = self.path / FACTS if schema.place == "facts" else self.path
            pattern = "*.parquet" if schema.place == "facts" else f"{name}.parquet"
            frames = [
                _parse_table(path, path.read_bytes(), columns)
                for path in sorted(folder.glob(pattern))
                if not path.name.startswith(".")
            ]
            _refuse_other_columns(self.path, schema, frames, columns)
        frames = [frame for frame in frames if len(frame)]
        if not frames:
            empty = tables.empty_frame(schema)
            return empty if columns is None else empty[list(columns)]
        return pd.concat(frames, ignore_index=True)

    def rows(
        self,
        name: str,
        *,
        run_id: str,
        where: Mapping[str, Any],
        columns: Sequence[str] | None = None,
        categories: Sequence[str] = (),
    ) -> pd.DataFrame:
        """Read those rows of one run's table that have the wanted values.

        Quick for a part of a large table: only what may hold such rows is read, and the file is
        held against its recorded hash only once while it stays the same.

        Args:
            name: a table that runs write.
            run_id: the run, whether current or not.
            where: by column one value or a sequence of them (``None``: an empty cell); a row has
                to agree in all of these columns.
            columns: only these columns.
            categories: columns of texts that come as pandas categories: of a whole large table in a
                tenth of the time and memory.

        Returns:
            The rows in stored order, as ``table`` would give them.

        Raises:
            InterpError: for an unknown table, run, column or kind of value, one that is not a
                run's, and for a damaged file.
        """
        schema = tables.schema_of(name)
        for column in columns or ():
            if column not in schema.names:
                raise unknown(f"column of {name}", column, schema.names)
        condition = filter_of(schema, where)
        if schema.place != "run":
            raise InterpError(f"table {name} belongs to no run: read it with Study.table")
        record, file = self._record(run_id), f"{name}.parquet"
        frame = None
        if file in record.data["files"]:
            with record.open_file(file) as opened:
                try:
                    frame = read_rows(opened, schema, condition, columns, where, categories)
                except tables.READ_ERRORS as error:
                    raise _unreadable(record.folder / file, error) from error
            frame = _whole(record.folder / file, schema, frame, columns)
        if frame is None or not len(frame):
            empty = tables.empty_frame(schema).astype(dict.fromkeys(categories, "category"))
            return empty if columns is None else empty[list(columns)]
        return frame

    def tensors(self, run_id: str, name: str) -> dict[str, np.ndarray]:
        """Read the arrays of one run.

        Args:
            run_id: the run.
            name: the file's stem, e.g. ``counts``.

        Raises:
            InterpError: for an unknown run, a name it did not write, or a damaged file.
        """
        return self._tensors(run_id, name)[0]

    def tensor_metadata(self, run_id: str, name: str) -> dict[str, Any]:
        """Read what was stored with a run's arrays, e.g. what their axes mean."""
        return self._tensors(run_id, name)[1]

    def notes(self, run_id: str) -> dict[str, Any]:
        """Return what the run recorded about itself, e.g. its batch composition."""
        notes: dict[str, Any] = self._record(run_id).data.get("notes", {})
        return notes

    def spec(self, run_id: str, analysis: str | None = None) -> dict[str, Any]:
        """Return what was asked of a finished run: the fields of ``RunSpec``.

        Args:
            run_id: the run.
            analysis: the analysis that it has to be one of.

        Raises:
            InterpError: an unknown or unfinished run, or one of another analysis.
        """
        spec: dict[str, Any] = self._record(run_id).spec
        if analysis is not None and spec["analysis"] != analysis:
            raise InterpError(
                f"run {run_id} is one of {spec['analysis']}: expected one of {analysis}"
            )
        return spec

    def add_facts(self, frame: pd.DataFrame, data_hash: str) -> None:
        """Store the table ``facts`` of one fact set; a second time does nothing.

        Args:
            frame: ``FactSet.to_frame()``.
            data_hash: ``FactSet.data_hash``.
        """
        self._must_be_writable()
        path = self.path / FACTS / f"{facts_stem(data_hash)}.parquet"
        if not is_first() or path.exists():
            return
        try:
            path.parent.mkdir(exist_ok=True)
        except OSError as error:
            raise write_error(path.parent, error) from error
        table = tables.to_arrow(tables.schema_of("facts"), frame.assign(data_hash=data_hash))
        write_bytes(path, tables.table_bytes(table))

    def facts(self, data_hash: str) -> pd.DataFrame:
        """Read the table ``facts`` of one fact set.

        Raises:
            InterpError: if the study does not hold it.
        """
        path = self.path / FACTS / f"{facts_stem(data_hash)}.parquet"
        if not path.exists():
            known = sorted(p.stem for p in (self.path / FACTS).glob("*.parquet"))
            raise unknown("fact set", data_hash, known)
        return _parse_table(path, path.read_bytes(), None)

    def write_comparisons(self, frame: pd.DataFrame, *, replace: Sequence[str] = ()) -> None:
        """Write rows of the study's table ``comparisons``.

        Args:
            frame: the rows.
            replace: columns; of the earlier rows those that agree with a new one in all of them
                are replaced, the others stay. Without any, all are replaced.
        """
        self._must_be_writable()
        table = tables.to_arrow(tables.schema_of("comparisons"), frame)
        path = self.path / "comparisons.parquet"
        with writer_lock(self.path, "comparisons"):
            refuse_pending(self.path)
            remove_leftovers(self.path)
            if replace and path.exists():
                try:
                    table = tables.replace_rows(path.read_bytes(), table, replace)
                except tables.READ_ERRORS as error:
                    raise _unreadable(path, error) from error
            write_bytes(path, tables.table_bytes(table))

    def _tensors(self, run_id: str, name: str) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
        record = self._record(run_id)
        file = f"{name}.safetensors"
        if file not in record.data["files"]:
            known = [f.removesuffix(".safetensors") for f in record.data["files"]
                     if f.endswith(".safetensors")]  # fmt: skip
            raise unknown(f"tensors of run {run_id}", name, known)
        record.open_file(file).close()  # held against its hash; then read without a second copy
        try:
            return tables.read_tensor_file(record.folder / file)
        except tables.READ_ERRORS as error:
            raise _unreadable(record.folder / file, error) from error

    def _record(self, run_id: str) -> RunRecord:
        records = {record.run_id: record for record in self.records() if record.finished}
        if run_id not in records:
            raise unknown("finished run", run_id, records)
        return records[run_id]

    def _select(
        self,
        label: str | Sequence[str] | None,
        preset: str | None,
        current: bool,
        run_id: str | None,
    ) -> list[RunRecord]:
        if run_id is not None:
            return [self._record(run_id)]
        records = [record for record in self.records() if record.finished]
        if current:
            ids = current_ids(records)
            records = [record for record in records if record.run_id in ids]
        labels = [label] if isinstance(label, str) else label
        records = _keep(records, "label", labels)
        return _keep(records, "preset", None if preset is None else [preset])

    def _must_be_writable(self) -> None:
        if not self.writable:
            raise InterpError(f"study {self.path} is open for reading: use Study.open to write")


def load_study(path: str | Path) -> Study:
    """Open a study for reading.

    Args:
        path: its folder.

    Raises:
        InterpError: if there is no study, or a newer version of interp wrote it.
    """
    return Study.open(path, create=False)


def _keep(records: list[RunRecord], field: str, wanted: Iterable[str] | None) -> list[RunRecord]:
    """Keep the runs whose spec says one of the wanted values; each must occur."""
    if wanted is None:
        return records
    wanted = list(wanted)
    known = sorted({record.spec[field] for record in records})
    for value in wanted:
        if value not in known:
            raise unknown(f"{field} in this study", value, known)
    return [record for record in records if record.spec[field] in wanted]


def _parse_table(path: Path, data: bytes, columns: Sequence[str] | None) -> pd.DataFrame:
    try:
        return tables.read_table(data, columns)
    except tables.READ_ERRORS as error:
        raise _unreadable(path, error) from error


def _whole(
    path: Path, schema: TableSchema, frame: pd.DataFrame, columns: Sequence[str] | None
) -> pd.DataFrame:
    """Refuse a run's table without a column that was asked for; an optional one is empty then."""
    wanted = list(schema.names if columns is None else columns)
    lacking = [name for name in wanted if name not in frame.columns]
    if not lacking:
        return frame
    required = [one.name for one in schema.columns if one.name in lacking and not one.optional]
    if required:
        raise InterpError(
            f"{path} has no column {', '.join(required)}: another program wrote it; the other files "
            "can still be read; run the analysis again with --overwrite, or restore the file"
        )
    return frame.assign(**dict.fromkeys(lacking))[wanted]


def _refuse_other_columns(
    study: Path, schema: TableSchema, frames: list[pd.DataFrame], columns: Sequence[str] | None
) -> None:
    """Refuse a table that belongs to the study and was written under another schema."""
    if columns is None and any(list(frame.columns) != list(schema.names) for frame in frames):
        raise InterpError(
            f"table {schema.name} of study {study} has the columns of another schema: run "
            f"`interp study migrate --study {study}`, which sets it aside, and compute it again"
        )


def _unreadable(path: Path, error: Exception) -> InterpError:
    return InterpError(
        f"{path} is damaged ({first_line(error)}): the other files can still be read; run the analysis again "
        "with --overwrite, or restore the file"
    )


def facts_stem(data_hash: str) -> str:
    """Return the file's stem under which the facts of one hash are stored."""
    return re.sub(r"[^A-Za-z0-9._-]", "_", data_hash)
