"""A run's files under another name: tables say their run_id in every row, arrays do not."""

from __future__ import annotations

import hashlib
import io
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from interp.errors import InterpError
from interp.study.atomic import TEMPORARY_SUFFIX, sync_folder, write_bytes, write_error, write_json
from interp.study.manage.identity import Identity
from interp.study.progress import PROGRESS
from interp.study.records import RECORD, RunRecord
from interp.study.tables import READ_ERRORS, table_bytes

_PIECE = 1 << 22


def read_arrow(record: RunRecord, name: str) -> pa.Table:
    """Read one of a run's tables as it is stored, whatever its schema's version.

    Args:
        record: the run.
        name: the file's name.

    Raises:
        InterpError: if it is damaged.
    """
    data = record.read_file(name)
    try:
        return plain(pq.read_table(io.BytesIO(data)))
    except READ_ERRORS as error:
        raise InterpError(f"{record.folder / name} is damaged: it is no parquet file") from error


def plain(table: pa.Table) -> pa.Table:
    """Undo what a trip through parquet changes, so that the same content is the same bytes.

    Parquet calls a list's cells ``element`` and returns row groups as chunks; what a run writes
    has ``item`` and one chunk.
    """
    fields = [
        field.with_type(pa.list_(field.type.value_type)) if pa.types.is_list(field.type) else field
        for field in table.schema
    ]
    schema = pa.schema(fields, metadata=table.schema.metadata)
    return table.cast(schema).combine_chunks()


def under_name(record: RunRecord, name: str, run_id: str) -> bytes:
    """Serialise one of a run's tables with another run_id in every row.

    Args:
        record: the run.
        name: the file's name.
        run_id: the name.

    Returns:
        The file, byte for byte what a run of that name would have written.
    """
    table = read_arrow(record, name)
    place = table.schema.get_field_index("run_id")
    if place >= 0:
        column = pa.array([run_id]).take(pa.nulls(table.num_rows, pa.int64()).fill_null(0))
        table = table.set_column(place, table.schema.field(place), column)
    return table_bytes(table)


def build_run(
    record: RunRecord, identity: Identity, place: Path, trail: Mapping[str, Any], *, link: bool
) -> None:
    """Write a copy of a finished run under another name, its record last.

    Args:
        record: the run; it is not touched.
        identity: the name and what follows from it.
        place: the new run's folder; made here.
        trail: keys added to ``run.json``, where the run comes from.
        link: share the bytes of arrays with the original, where the file system can. Only for an
            original that will be deleted.

    Raises:
        InterpError: if a file of the run is damaged or missing, or the copy cannot be written.
    """
    files = {}
    try:
        place.mkdir(parents=True)
        for name, about in record.data["files"].items():
            if name.endswith(".parquet"):
                data = under_name(record, name, identity.run_id)
                write_bytes(place / name, data)
                digest = hashlib.sha256(data).hexdigest()
                files[name] = {**about, "sha256": digest, "bytes": len(data)}
            else:
                files[name] = dict(about)
                carry(record.folder / name, place / name, about["sha256"], link=link)
        for path in sorted(record.folder.iterdir()):
            if path.name not in (*files, RECORD, PROGRESS) and path.suffix != TEMPORARY_SUFFIX:
                carry(path, place / path.name, None, link=link)  # somebody's notes, e.g.
    except OSError as error:
        raise write_error(place, error) from error
    write_json(
        place / RECORD,
        {
            **record.data,
            "run_id": identity.run_id,
            "digest": identity.digest,
            "spec": dict(identity.spec),
            "notes": dict(identity.notes),
            "files": files,
            **trail,
        },
    )


def carry(source: Path, target: Path, sha256: str | None, *, link: bool) -> None:
    """Copy a file (or a folder) durably, and hold it against its hash.

    Args:
        source: the file.
        target: its copy; must not exist.
        sha256: what its content has to hash to, or ``None`` where nobody knows.
        link: make it a second name of the same bytes instead, where the file system can.

    Raises:
        InterpError: if the content is not what was recorded.
        OSError: if it cannot be read or written.
    """
    if source.is_dir():
        shutil.copytree(source, target)
        return
    if link:
        try:
            os.link(source, target)
            return
        except FileExistsError:
            raise
        except OSError:
            pass  # not every file system has hard links
    digest = hashlib.sha256()
    with source.open("rb") as reader, target.open("xb") as writer:
        while piece := reader.read(_PIECE):
            digest.update(piece)
            writer.write(piece)
        writer.flush()
        os.fsync(writer.fileno())
    if sha256 is not None and digest.hexdigest() != sha256:
        raise InterpError(
            f"{source} is damaged: its content is not what the run wrote; restore the file, or "
            "remove the run with interp study remove"
        )


def move(source: Path, target: Path) -> None:
    """Move a folder or file within a study: one atomic step, made durable.

    Args:
        source: where it is.
        target: where it goes; must not exist, its folder is made.

    Raises:
        InterpError: if it cannot be moved.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        os.rename(source, target)
    except OSError as error:
        raise write_error(target, error) from error
    sync_folder(target.parent)
    sync_folder(source.parent)


def delete(path: Path) -> None:
    """Delete a folder and what is in it; nothing where it is gone already.

    Raises:
        InterpError: if it cannot be deleted.
    """
    try:
        if path.exists():
            shutil.rmtree(path)
    except OSError as error:
        raise write_error(path, error) from error
