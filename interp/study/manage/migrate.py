"""Bring a study of an older schema up to date, file by file.

Readers go on reading: every file is replaced atomically, and ``run.json`` names the hash that a
file is about to have before the file changes (``next_sha256``). ``study.json`` gets its new
version last, so an interrupted migration is still an older study, and the same command goes on.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from interp.errors import InterpError
from interp.study.atomic import remove_leftovers, write_bytes, write_json
from interp.study.door import MANIFEST, prove_writable, read_manifest
from interp.study.locking import writer_lock
from interp.study.manage.remove import TRASH
from interp.study.manage.rewrite import move, plain, read_arrow
from interp.study.manage.steps import STEPS
from interp.study.pending import refuse_pending
from interp.study.records import RECORD, RunRecord, read_record, read_records
from interp.study.schema import SCHEMA_VERSION
from interp.study.store import FACTS
from interp.study.tables import READ_ERRORS, table_bytes


@dataclass(frozen=True)
class Migrated:
    """What a migration did, or would do.

    Attributes:
        found: the study's schema before.
        files: one row per thing: ``what`` (its path in the study), ``schema`` (its version
            before) and ``action``.
    """

    found: int
    files: pd.DataFrame


def migrate(study: Path, *, dry_run: bool = False) -> Migrated:
    """Bring a study to ``SCHEMA_VERSION``.

    Finished runs, those in the trash included, and facts are rewritten and keep their run_ids and
    numbers. Unfinished runs are left: their command begins them again. Files that can be computed
    again and that the new schema cannot read go to ``trash/schema-<version>/``.

    Args:
        study: the study's folder.
        dry_run: say what would be done, and write nothing.

    Returns:
        What was done.

    Raises:
        InterpError: no study, a newer one, another writer, a folder that cannot be written, or a
            damaged file (which is named; what was done until then stays).
    """
    found = int(read_manifest(study)["schema_version"])
    if dry_run:
        return _report(found, list(_work(study, found, write=False)))
    prove_writable(study)
    with writer_lock(study, "interp study migrate"):
        refuse_pending(study)
        for folder in (study, study / FACTS):
            remove_leftovers(folder)
        found = int(read_manifest(study)["schema_version"])
        return _report(found, list(_work(study, found, write=True)))


def _report(found: int, rows: list[tuple[str, int, str]]) -> Migrated:
    return Migrated(found, pd.DataFrame(rows, columns=["what", "schema", "action"]))


def _work(study: Path, found: int, *, write: bool) -> Iterator[tuple[str, int, str]]:
    for record in [*read_records(study, strict=True), *_trashed(study)]:
        version = int(record.data.get("schema_version", 1))
        where = str(record.folder.relative_to(study))
        if version >= SCHEMA_VERSION:
            continue
        if not record.finished:
            yield where, version, "left: unfinished, its command begins it again"
            continue
        left = _migrate_run(study, record, version, write=write)
        yield where, version, "rewritten" + "".join(f"; {text}" for text in left)
    for path in sorted((study / FACTS).glob("*.parquet")):
        if not path.name.startswith("."):
            table = _read(path)
            version = _version(table)
            if version < SCHEMA_VERSION:
                if write:
                    write_bytes(path, table_bytes(_through("facts", table, version)))
                yield str(path.relative_to(study)), version, "rewritten"
    yield from _set_aside(study, write=write)
    if found < SCHEMA_VERSION:
        if write:
            manifest = read_manifest(study)
            earlier = [*manifest.get("migrated_from", []), found]
            new = {**manifest, "schema_version": SCHEMA_VERSION, "migrated_from": earlier}
            write_json(study / MANIFEST, new)
        yield MANIFEST, found, "version raised, last of all"


def _trashed(study: Path) -> list[RunRecord]:
    """Runs in the trash; one whose record is damaged stays there as it is."""
    found = []
    for folder in sorted(path for path in (study / TRASH).glob("*/*") if path.is_dir()):
        with contextlib.suppress(InterpError):
            record = read_record(folder)
            found += [record] if record is not None else []
    return found


def _migrate_run(study: Path, record: RunRecord, version: int, *, write: bool) -> list[str]:
    """Rewrite a run's tables, then its record; return what is left open."""
    data: dict[str, Any] = dict(record.data)
    left = []
    for step in range(version, SCHEMA_VERSION):
        data, problem = STEPS[step].record(study, data)
        left += [problem] if problem else []
    if not write:
        for name in _tables(record):
            read_arrow(record, name)  # what is damaged shows now
        return left
    remove_leftovers(record.folder)
    files = {name: dict(about) for name, about in record.data["files"].items()}
    for name in _tables(record):
        table = _through(name.removesuffix(".parquet"), read_arrow(record, name), version)
        content = table_bytes(table)
        coming = hashlib.sha256(content).hexdigest()
        files[name]["next_sha256"] = coming
        write_json(record.folder / RECORD, {**record.data, "files": files})
        write_bytes(record.folder / name, content)
        files[name] = {**files[name], "sha256": coming, "bytes": len(content)}
        del files[name]["next_sha256"]
    write_json(record.folder / RECORD, {**data, "files": files})
    return left


def _tables(record: RunRecord) -> list[str]:
    return [name for name in record.data["files"] if name.endswith(".parquet")]


def _through(name: str, table: pa.Table, version: int) -> pa.Table:
    """Take a table through every step; one that was rewritten before a kill stays as it is."""
    for step in range(max(version, _version(table)), SCHEMA_VERSION):
        table = STEPS[step].table(name, table)
    return table


def _set_aside(study: Path, *, write: bool) -> Iterator[tuple[str, int, str]]:
    for version in range(1, SCHEMA_VERSION):
        for name in STEPS[version].set_aside:
            path = study / name
            if path.exists() and _version(_read(path)) <= version:
                place = study / TRASH / f"schema-{version}" / name
                if write:
                    move(path, place)
                yield name, version, f"moved to {place.relative_to(study)}: compute it again"


def _read(path: Path) -> pa.Table:
    try:
        return plain(pq.read_table(io.BytesIO(path.read_bytes())))
    except READ_ERRORS as error:
        raise InterpError(
            f"{path} is damaged: it is no parquet file; restore it, or delete it and run one of "
            "its analyses again"
        ) from error


def _version(table: pa.Table) -> int:
    """The schema that a stored table says it was written by."""
    metadata: Mapping[bytes, bytes] = table.schema.metadata or {}
    return int(metadata.get(b"schema_version", b"1"))
