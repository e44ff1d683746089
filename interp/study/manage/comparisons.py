"""Rows of ``comparisons`` when the runs that they rest on change their names or go."""

from __future__ import annotations

import io
from collections.abc import Collection, Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from interp.errors import InterpError
from interp.study.atomic import write_bytes
from interp.study.manage.rewrite import plain
from interp.study.tables import READ_ERRORS, table_bytes

FILE = "comparisons.parquet"


def read_comparisons(study: Path) -> pa.Table | None:
    """Read a study's comparisons as they are stored.

    Args:
        study: the study's folder.

    Returns:
        The table, or ``None`` where there is none.

    Raises:
        InterpError: if the file is damaged.
    """
    path = study / FILE
    try:
        return plain(pq.read_table(io.BytesIO(path.read_bytes())))
    except FileNotFoundError:
        return None
    except READ_ERRORS as error:
        raise InterpError(
            f"{path} is damaged: delete it and run interp compare --study {study} again"
        ) from error


def renamed(table: pa.Table, names: Mapping[str, Mapping[str, str]]) -> pa.Table:
    """Replace whole cells.

    Args:
        table: the rows.
        names: column to (old value to new). Words inside ``reason`` and ``notes`` stay as they
            were said.

    Returns:
        The rows, in their order.
    """
    for column, changes in names.items():
        place = table.schema.get_field_index(column)
        if place >= 0:
            cells = [changes.get(cell, cell) for cell in table.column(place).to_pylist()]
            field = table.schema.field(place)
            table = table.set_column(place, field, pa.array(cells, type=field.type))
    return table


def resting_on(table: pa.Table, runs: Collection[str], labels: Collection[str]) -> pa.Table:
    """Keep the rows whose runs and labels are all there.

    Args:
        table: the rows.
        runs: run_ids of the study. A row may rest on no run: one that says that a run is missing.
        labels: labels of the study.

    Returns:
        The rows that stay, in their order.
    """
    keep = pa.array([True] * table.num_rows, type=pa.bool_())
    there = (*runs, "")
    for column, known in (
        ("base_run", there), ("label_run", there), ("base", labels), ("label", labels),
    ):  # fmt: skip
        if column in table.schema.names:
            among = pa.array(sorted(set(known)), type=pa.string())
            keep = pc.and_(keep, pc.is_in(table.column(column).combine_chunks(), value_set=among))
    return table.filter(keep)


def write_comparisons(study: Path, table: pa.Table) -> None:
    """Write the rows in place of those that are there, atomically."""
    write_bytes(study / FILE, table_bytes(table.combine_chunks()))
