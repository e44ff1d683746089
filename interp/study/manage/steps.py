"""From one schema to the next: what changes in a table, in ``run.json`` and in the study.

A step is written once and never changed: it knows what its two schemas were, and asks nothing of
the schema of today.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from interp.study.store import FACTS, facts_stem
from interp.study.tables import READ_ERRORS


@dataclass(frozen=True)
class Step:
    """One version to the next.

    Attributes:
        about: what changed between the two, in one line.
        table: a table's name and content to its new content.
        record: the study's folder and a finished run's ``run.json`` to its new content, and what
            cannot be brought up to date (``None`` where nothing is left open).
        set_aside: files of the study's folder that the new schema cannot read and that can be
            computed again; they go to the trash.
    """

    about: str
    table: Callable[[str, pa.Table], pa.Table]
    record: Callable[[Path, Mapping[str, Any]], tuple[dict[str, Any], str | None]]
    set_aside: tuple[str, ...] = ()


def _table_1(name: str, table: pa.Table) -> pa.Table:
    """``neurons.entropy`` and ``neurons.n_active`` may be empty; every file says its schema."""
    fields = [
        field.with_nullable(True)
        if name == "neurons" and field.name in ("entropy", "n_active")
        else field
        for field in table.schema
    ]
    metadata = {**(table.schema.metadata or {}), b"schema_version": b"2"}
    return table.cast(pa.schema(fields, metadata=metadata))


def _record_1(study: Path, data: Mapping[str, Any]) -> tuple[dict[str, Any], str | None]:
    """Option scores say whether an option denotes the same thing in every language."""
    new = {**data, "schema_version": 2}
    notes = dict(data.get("notes", {}))
    if data["spec"]["analysis"] != "mcq" or "options_aligned" in notes:
        return new, None
    ids = _option_ids(study / FACTS / f"{facts_stem(data['spec']['data_hash'])}.parquet")
    if ids is None:
        return new, (
            "does not say whether options are aligned across languages, and its facts are not in "
            "the study: interp eval mcq --overwrite computes it again"
        )
    # The prefix with which schema 1 marked options that are shuffled per language.
    aligned = not pc.any(pc.starts_with(ids, "unaligned-")).as_py()
    return {**new, "notes": {**notes, "options_aligned": aligned}}, None


def _option_ids(path: Path) -> pa.Array | None:
    try:
        table = pq.read_table(io.BytesIO(path.read_bytes()), columns=["option_ids"])
    except READ_ERRORS:
        return None
    return pc.list_flatten(table.column("option_ids").combine_chunks())


STEPS: Mapping[int, Step] = MappingProxyType(
    {
        1: Step(
            "neurons.entropy and neurons.n_active may be empty; comparisons has other columns; "
            "mcq runs say whether their options are aligned across languages",
            _table_1,
            _record_1,
            ("comparisons.parquet",),
        )
    }
)
"""The step away from every version but the newest."""
