"""Parts of a large table: rows by value, without reading the whole file.

A file of a run is held against its recorded SHA-256 once: what was found is remembered for as long
as the file keeps its identity, time and size. What is then read are only the row groups whose
statistics leave room for the wanted values.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as pads
import pyarrow.parquet as pq

from interp.errors import InterpError, unknown
from interp.study.file_state import FileState, file_state
from interp.study.schema import TableSchema
from interp.study.tables import arrow_schema
from interp.study.text_groups import groups_with

Where = Mapping[str, Any]
"""Wanted values by column: one value or a sequence of them; ``None`` stands for an empty cell."""

_CHUNK = 1 << 20

_DIGESTS: dict[Path, tuple[FileState, str]] = {}


def digest_of(path: Path, file: BinaryIO) -> str:
    """Return the SHA-256 of an open file, computed again only where the file has changed.

    Args:
        path: where it is; absolute, so that it means the same after a change of folder.
        file: it, open for reading; left at its beginning.
    """
    state = file_state(file)
    known = _DIGESTS.get(path)
    if known is not None and known[0] == state:
        return known[1]
    digest = hashlib.sha256()
    while chunk := file.read(_CHUNK):
        digest.update(chunk)
    file.seek(0)
    if state is not None:
        _DIGESTS[path] = (state, digest.hexdigest())
    return digest.hexdigest()


def filter_of(schema: TableSchema, where: Where) -> pc.Expression | None:
    """Turn wanted values into an expression that parquet statistics can be held against.

    Args:
        schema: the table.
        where: all of its conditions have to hold; an empty sequence lets no row through.

    Returns:
        The expression, ``None`` where there is no condition.

    Raises:
        InterpError: for an unknown column, one of lists, and a value that its kind cannot hold.
    """
    whole = None
    for name, wanted in where.items():
        one = _condition(schema, name, wanted)
        whole = one if whole is None else whole & one
    return whole


def _condition(schema: TableSchema, name: str, wanted: Any) -> pc.Expression:
    if name not in schema.names:
        raise unknown(f"column of {schema.name}", name, schema.names)
    kind = arrow_schema(schema).field(name).type
    if pa.types.is_list(kind):
        raise InterpError(f"{schema.name}.{name} holds lists: rows cannot be chosen by it")
    single = isinstance(wanted, str) or not hasattr(wanted, "__iter__")
    cells = [wanted] if single else list(wanted)
    values = [cell for cell in cells if not _is_empty(cell)]
    if pa.types.is_floating(kind) and len(values) > 1 and 0 in values:
        values += [0.0, -0.0]  # equal, but two members to `isin`
    try:
        plain = [one.item() if isinstance(one, np.generic) else one for one in values]
        given = pa.array(plain, from_pandas=False)
        # By way of its own type, so that 1.5 is no int, "1" no number and True no 1.
        fits = not values or _same_kind(given.type, kind)
        array = given.cast(kind) if fits else None
    except (pa.ArrowException, OverflowError):
        array = None
    if array is None:
        raise InterpError(
            f"{schema.name}.{name} is {_said(schema, name)}: no row can be {values!r:.80}"
        )
    field = pc.field(name)
    condition = field.isin(array) if len(array) != 1 else field == array[0]
    if len(array) > 1 and not pa.types.is_boolean(kind):
        # `isin` alone prunes no row group: its smallest and largest value do.
        bounds = pc.min_max(array)
        condition = (field >= bounds["min"]) & (field <= bounds["max"]) & condition
    if any(map(_is_empty, cells)):
        condition = field.is_null() | condition if values else field.is_null()
    return condition


def _is_empty(value: Any) -> bool:
    number = isinstance(value, float | np.floating)
    return value is None or value is pd.NA or bool(number and np.isnan(value))


def _same_kind(given: pa.DataType, stored: pa.DataType) -> bool:
    types = pa.types
    if types.is_floating(stored):
        return bool(types.is_floating(given) or types.is_integer(given))
    if types.is_integer(stored):
        return bool(types.is_integer(given))
    if types.is_boolean(stored):
        return bool(types.is_boolean(given))
    return bool(types.is_string(given) or types.is_large_string(given))


def _said(schema: TableSchema, name: str) -> str:
    return next(column.kind for column in schema.columns if column.name == name)


def read_rows(
    file: BinaryIO,
    schema: TableSchema,
    condition: pc.Expression | None,
    columns: Sequence[str] | None,
    where: Where,
    categories: Sequence[str] = (),
) -> pd.DataFrame:
    """Read the rows of an open parquet file that a condition lets through.

    Args:
        file: the file.
        schema: the table that it holds.
        condition: ``filter_of`` the wanted values.
        columns: the columns wanted, or all; those of the condition need not be among them. One that
            the file lacks is left out.
        where: the wanted values.
        categories: columns of texts to return as categories.

    Returns:
        The rows in stored order. A column that may be empty has, where none of these rows is,
        the type of its values.

    Raises:
        ValueError: the condition names a column that has to be there and is not. One that a writer
            may leave out is empty.
    """
    fragment = pads.ParquetFileFormat().make_fragment(file)
    names = fragment.physical_schema.names
    whole = pq.ParquetFile(
        file, metadata=fragment.metadata, read_dictionary=_held(categories, names)
    )
    wanted = _held(names if columns is None else columns, names)
    if condition is None:
        return whole.read(columns=wanted).select(wanted).to_pandas(ignore_metadata=True)
    absent = [column for column in schema.columns if column.name in where]
    absent = [column for column in absent if column.name not in names]
    if lacking := [column.name for column in absent if not column.optional]:
        raise ValueError(f"no column {', '.join(lacking)}")
    empty = [arrow_schema(schema).field(column.name) for column in absent]
    asked = _held(list(where), names)
    kept = wanted or names[:1]  # a table without columns forgets how many rows it had
    read = list(dict.fromkeys([*kept, *asked]))
    # Of the groups that statistics leave (all of them, where ids come in any order) only the columns
    # asked are read, their texts as dictionaries: a tenth of what decoding every column takes.
    coded = pq.ParquetFile(file, metadata=fragment.metadata, read_dictionary=asked)

    def chosen(reader: pq.ParquetFile, group: int, some: Sequence[str]) -> pa.Table:
        table = reader.read_row_group(group, columns=list(some))
        for field in empty:
            table = table.append_column(field, pa.nulls(len(table), field.type))
        return table.filter(condition)

    left = fragment.subset(condition, schema=pa.schema([*fragment.physical_schema, *empty]))
    found = [
        chosen(whole, group, read).select(kept)
        for group in _with_texts(file, coded, [one.id for one in left.row_groups], schema, where)
        if chosen(coded, group, asked).num_rows
    ]
    table = pa.concat_tables(found) if found else whole.schema_arrow.empty_table().select(kept)
    return table.to_pandas(ignore_metadata=True)[wanted]


_FEW = 3
"""Row groups that are looked at without asking where a text is."""


def _with_texts(
    file: BinaryIO, coded: pq.ParquetFile, groups: list[int], schema: TableSchema, where: Where
) -> list[int]:
    """Keep the row groups that may hold the wanted texts, where statistics leave many."""
    state = file_state(file)
    if state is None or len(groups) <= _FEW:
        return groups
    for name in _held(list(where), coded.schema_arrow.names):
        texts = [where[name]] if isinstance(where[name], str) else list(_many(where[name]))
        coded_so = pa.types.is_dictionary(coded.schema_arrow.field(name).type)
        if coded_so and texts and all(isinstance(text, str) for text in texts):
            among = groups_with(state, coded, name, texts)
            groups = groups if among is None else [group for group in groups if group in among]
    return groups


def _many(wanted: Any) -> Sequence[Any]:
    return wanted if hasattr(wanted, "__iter__") else [wanted]


def _held(columns: Sequence[str], names: Sequence[str]) -> list[str]:
    return [name for name in columns if name in names]
