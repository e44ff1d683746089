"""Put a finished run from elsewhere into a study: under its name, or the next one that is free."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from interp.study.manage.identity import identify, respelled
from interp.study.manage.rewrite import build_run, delete, move, under_name
from interp.study.manage.session import STAGING
from interp.study.records import RUNS, RunRecord, read_record
from interp.study.runs import numbered, ordinals

ADDED = "added"
ANOTHER = "added beside another result of the same request"
THERE = "there already"


def insert_run(
    study: Path,
    record: RunRecord,
    labels: Mapping[str, str],
    ids: Mapping[str, str],
    trail: Mapping[str, Any],
) -> tuple[str, str]:
    """Copy a finished run into a study, unless the same result is there.

    The copy is prepared in ``.staging`` and appears in one atomic step. Under a name that is
    taken by another result of the same request it becomes the next one (``-2``, ``-3`` ...).

    Args:
        study: the study's folder, held for a change.
        record: the run; it is not touched.
        labels: old label to new.
        ids: old run_id to new, of the runs it may refer to.
        trail: keys added to ``run.json`` of a run that is renamed or copied.

    Returns:
        The run_id in the study, and one of ``ADDED``, ``ANOTHER`` and ``THERE``.

    Raises:
        InterpError: if the run is damaged or the study cannot be written. Nothing of the run is
            left in the study then.
    """
    spec, notes = respelled(record, labels, ids)
    there = [path.name for path in (study / RUNS).glob("*")]
    rivals = 0
    for ordinal in ordinals(there, spec.run_id):
        other = read_record(study / RUNS / numbered(spec.run_id, ordinal))
        if other is not None and other.data["digest"] == spec.digest:
            if same(record, other):
                return other.run_id, THERE
            rivals += 1
    identity = identify(record, spec, notes, there)
    place = study / STAGING / identity.run_id
    delete(place)
    try:
        build_run(record, identity, place, trail, link=False)
        move(place, study / RUNS / identity.run_id)
    finally:
        delete(study / STAGING)  # what could not be written whole; nothing after the move
    return identity.run_id, ANOTHER if rivals else ADDED


def same(record: RunRecord, other: RunRecord) -> bool:
    """Whether two finished runs of one request have the same results.

    Args:
        record: a run.
        other: a run whose name may differ.

    Returns:
        Whether every table (but for its column ``run_id``) and every array is the same, byte for
        byte. When and where they were computed may differ.

    Raises:
        InterpError: if the files of ``other`` are not what its record says.
    """
    mine, theirs = record.data["files"], other.data["files"]
    if not other.finished or set(mine) != set(theirs):
        return False
    for name, about in mine.items():
        digest = about["sha256"]
        if name.endswith(".parquet") and record.run_id != other.run_id:
            digest = hashlib.sha256(under_name(record, name, other.run_id)).hexdigest()
        if digest != theirs[name]["sha256"]:
            return False
    for name in theirs:
        other.read_file(name)  # never call a damaged result the same
    return True
