"""Bring the runs of other studies into one."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq

from interp.errors import InterpError, unknown
from interp.study.atomic import write_bytes, write_error
from interp.study.door import open_for_writing, read_manifest, refuse_older
from interp.study.manage.checkpoints import check_checkpoints
from interp.study.manage.identity import in_order
from interp.study.manage.insert import insert_run
from interp.study.manage.rewrite import plain
from interp.study.manage.session import changing
from interp.study.pending import command_line
from interp.study.records import RunRecord, read_records
from interp.study.schema import SCHEMA_VERSION
from interp.study.spec import check_name
from interp.study.store import FACTS
from interp.study.tables import READ_ERRORS

COLUMNS = ("study", "run_id", "becomes", "what")


def merge_studies(
    target: Path, sources: Sequence[Path], labels: Mapping[str, str] | None = None
) -> pd.DataFrame:
    """Copy the finished runs and the facts of other studies into one.

    Every run appears in the target in one atomic step, whole. Interrupted, the same command goes
    on: runs that are there are recognised. Comparisons are not copied; they are computed again.

    Args:
        target: the study that receives; made when absent.
        sources: the studies that give; they are not touched.
        labels: old label to new, for the runs of the sources.

    Returns:
        One row per run of the sources: ``study``, ``run_id``, ``becomes`` (its run_id in the
        target; empty where it stays behind) and ``what``: one of
        ``interp.study.manage.insert.ADDED``, ``ANOTHER``, ``THERE``, or ``unfinished: left``.

    Raises:
        InterpError: before anything is written: a source that is the target or of an older
            schema, a label to rename that no source has, one label for two checkpoints
            (:mod:`interp.study.manage.checkpoints`). Later: damaged runs, facts that differ, a full disk; what was added
            until then is whole and stays.
    """
    labels = dict(labels or {})
    for name in labels.values():
        check_name("label", name)
    _check_places(target, sources)
    given = {source: _readable(source) for source in sources}
    _check_labels(labels, given)
    held = read_records(target) if (target / "study.json").exists() else []
    check_checkpoints(target, held, given, labels)
    open_for_writing(target)
    rows: list[tuple[str, str, str | None, str]] = []
    with changing(target, ["merge", *map(str, sources)]):
        for source, records in given.items():
            _copy_facts(source, target)
            name = str(read_manifest(source)["name"])
            ids = {record.run_id: record.run_id for record in records}
            for record in in_order(records):
                if not record.finished:
                    rows.append((str(source), record.run_id, None, "unfinished: left"))
                    continue
                trail = {"merged_from": {"study": name, "run_id": record.run_id}}
                becomes, what = insert_run(target, record, labels, ids, trail)
                ids[record.run_id] = becomes
                rows.append((str(source), record.run_id, becomes, what))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _check_places(target: Path, sources: Sequence[Path]) -> None:
    if not sources:
        raise InterpError("no study to merge: expected the folders of one or more other studies")
    places = [path.resolve() for path in sources]
    for path, place in zip(sources, places, strict=True):
        if place == target.resolve():
            raise InterpError(f"study {path} is the target itself: expected another study")
        if places.count(place) > 1:
            raise InterpError(f"study {path} is given twice: expected each study once")


def _readable(source: Path) -> list[RunRecord]:
    """Read a source's runs; refuse an older schema."""
    manifest = read_manifest(source)
    refuse_older(source, manifest)
    records = read_records(source, strict=True)
    old = [r.run_id for r in records if r.finished and r.data["schema_version"] < SCHEMA_VERSION]
    if old:
        raise InterpError(
            f"run {old[0]} of study {source} is of an older schema: run "
            f"`{command_line(source, 'migrate')}` first"
        )
    return records


def _check_labels(labels: Mapping[str, str], given: Mapping[Path, list[RunRecord]]) -> None:
    known = sorted({record.spec["label"] for records in given.values() for record in records})
    for name in labels:
        if name not in known:
            raise unknown("label in the studies to merge", name, known or ["(they have no run)"])


def _copy_facts(source: Path, target: Path) -> None:
    for path in sorted((source / FACTS).glob("*.parquet")):
        if path.name.startswith("."):
            continue
        place = target / FACTS / path.name
        try:
            data = path.read_bytes()
        except OSError as error:
            raise InterpError(f"cannot read {path}: {error.strerror}") from error
        if not place.exists():
            try:
                place.parent.mkdir(exist_ok=True)
            except OSError as error:
                raise write_error(place.parent, error) from error
            write_bytes(place, data)
        elif data != place.read_bytes() and not _same_table(data, place.read_bytes()):
            raise InterpError(
                f"{path} and {place} are of one hash and hold other facts: one of them is "
                "damaged; restore it, or remove it and run one of its analyses again"
            )


def _same_table(one: bytes, other: bytes) -> bool:
    try:
        tables = [plain(pq.read_table(io.BytesIO(data))) for data in (one, other)]
    except READ_ERRORS:
        return False
    return bool(tables[0].equals(tables[1]))
