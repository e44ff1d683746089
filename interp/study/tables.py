"""Frames and arrays to bytes or files and back: the same content gives the same bytes.

Parquet is written with a fixed schema, compression and row-group size and no pandas metadata;
safetensors with one metadata entry. Neither holds a time or a path, so two identical runs leave
identical files.
"""

from __future__ import annotations

import io
import json
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from safetensors import SafetensorError, safe_open
from safetensors import numpy as safetensors

from interp.errors import unknown
from interp.study.atomic import to_json, whole_file
from interp.study.schema import SCHEMA_VERSION, TABLES, Column, TableSchema

READ_ERRORS = (pa.ArrowException, SafetensorError, OSError, ValueError, KeyError)
"""What reading a damaged file may raise."""

_ROWS_PER_GROUP = 1 << 17
_VALUES_PER_GROUP = 1 << 18
"""Of lists: the texts of one neuron are found without reading those of thousands of others."""

_ARROW = {
    "str": pa.string(),
    "int": pa.int64(),
    "float": pa.float64(),
    "bool": pa.bool_(),
    "list[str]": pa.list_(pa.string()),
    "list[int]": pa.list_(pa.int64()),
    "list[float]": pa.list_(pa.float64()),
}


class TableError(ValueError):
    """A frame does not fit its table: a defect of the code that made it, not of the input."""


def schema_of(name: str) -> TableSchema:
    """Look a table up.

    Args:
        name: a key of ``TABLES``.

    Raises:
        InterpError: for an unknown name.
    """
    if name not in TABLES:
        raise unknown("table", name, TABLES)
    return TABLES[name]


def arrow_schema(schema: TableSchema) -> pa.Schema:
    """Return the Arrow schema under which a table is stored."""
    fields = [pa.field(c.name, _ARROW[c.kind], nullable=c.empty) for c in schema.columns]
    return pa.schema(
        fields, metadata={"interp_table": schema.name, "schema_version": str(SCHEMA_VERSION)}
    )


def to_arrow(schema: TableSchema, frame: pd.DataFrame) -> pa.Table:
    """Hold a frame against its schema and convert it.

    Args:
        schema: the table.
        frame: columns in any order; optional ones may be missing. The index is not stored.

    Returns:
        The Arrow table, columns in stored order.

    Raises:
        TableError: for a missing, unknown or repeated column, a value of the wrong kind, or an
            empty cell where none may be.
    """
    names = [str(name) for name in frame.columns]
    problems = []
    required = [c.name for c in schema.columns if not c.optional]
    if missing := [name for name in required if name not in names]:
        problems.append(f"missing {', '.join(missing)}")
    if extra := [name for name in names if name not in schema.names]:
        problems.append(f"unknown {', '.join(extra)}")
    if repeated := sorted({name for name in names if names.count(name) > 1}):
        problems.append(f"repeated {', '.join(repeated)}")
    if problems:
        raise TableError(
            f"table {schema.name!r}: {'; '.join(problems)} (expected {', '.join(schema.names)})"
        )
    arrays = [_to_array(schema.name, column, frame) for column in schema.columns]
    return pa.Table.from_arrays(arrays, schema=arrow_schema(schema))


def _to_array(table: str, column: Column, frame: pd.DataFrame) -> pa.Array:
    kind = _ARROW[column.kind]
    if column.name not in frame.columns:
        return pa.nulls(len(frame), kind)
    series = frame[column.name]
    types = pd.api.types
    where = f"table {table!r}, column {column.name!r}"
    if not _fits(column.kind, series):
        example = next((v for v in series if not _is_empty(v)), None)
        raise TableError(f"{where}: expected {column.kind}, got {series.dtype} such as {example!r}")
    # Texts of millions of rows stay out of Python where pandas holds them as texts or categories.
    whole = column.kind in ("int", "float") or not types.is_object_dtype(series)
    try:
        if isinstance(series.dtype, pd.CategoricalDtype):
            array = pa.array(series, from_pandas=True).cast(kind)
        else:
            array = pa.array(series if whole else _plain_cells(series), type=kind, from_pandas=True)
    except (pa.ArrowException, TypeError, ValueError, OverflowError) as error:
        raise TableError(f"{where}: expected {column.kind}: {error}") from error
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks()
    if array.null_count and not column.empty:
        row = array.is_null().index(pa.scalar(True)).as_py()
        raise TableError(f"{where}: row {row} is empty, and this column may not be")
    return array


def _plain_cells(series: pd.Series[Any]) -> list[Any]:
    return [None if _is_empty(value) else value for value in series]


def _is_empty(value: Any) -> bool:
    return value is None or value is pd.NA or (isinstance(value, float) and np.isnan(value))


def _fits(kind: str, series: pd.Series[Any]) -> bool:
    """Judge the kind strictly: ``1.0`` is no int and ``"1"`` no number."""
    types = pd.api.types
    if kind == "int":
        return types.is_integer_dtype(series) or _cells_are(series, (int, np.integer))
    if kind == "float":
        numeric = types.is_numeric_dtype(series) and not types.is_bool_dtype(series)
        return numeric or _cells_are(series, (int, float, np.integer, np.floating))
    if kind == "bool":
        return types.is_bool_dtype(series) or _cells_are(series, (bool, np.bool_))
    if kind == "str":
        if isinstance(series.dtype, pd.CategoricalDtype):
            return _cells_are(series.cat.categories.to_series(), (str,))
        if isinstance(series.dtype, pd.StringDtype):
            return True
        return types.infer_dtype(series, skipna=True) in ("string", "empty")
    return all(
        isinstance(v, Sequence | np.ndarray) and not isinstance(v, str | bytes)
        for v in series
        if not _is_empty(v)
    )


def _cells_are(series: pd.Series[Any], types: tuple[type, ...]) -> bool:
    wants_bool = bool in types
    return all(
        isinstance(value, types) and (wants_bool or not isinstance(value, bool))
        for value in series
        if not _is_empty(value)
    )


def table_bytes(table: pa.Table) -> bytes:
    """Serialise an Arrow table to parquet, deterministically.

    Numbers that hardly repeat are stored byte by byte (byte stream split), which compresses them
    better than a dictionary as long as themselves; everything else has a dictionary.
    """
    buffer = io.BytesIO()
    split = [_leaf(field) for field in table.schema if _hardly_repeats(table.column(field.name))]
    pq.write_table(
        table,
        buffer,
        compression="zstd",
        compression_level=3,
        use_dictionary=[leaf for leaf in map(_leaf, table.schema) if leaf not in split],
        use_byte_stream_split=split,
        use_compliant_nested_type=True,
        write_statistics=True,
        row_group_size=_rows_per_group(table),
        version="2.6",
        data_page_version="1.0",
    )
    return buffer.getvalue()


def _rows_per_group(table: pa.Table) -> int:
    lists = [column for column in table.columns if pa.types.is_list(column.type)]
    values = max((len(pc.list_flatten(column)) for column in lists), default=0)
    if not values:
        return _ROWS_PER_GROUP
    return min(_ROWS_PER_GROUP, max(1, _VALUES_PER_GROUP * len(table) // values))


def _leaf(field: pa.Field) -> str:
    """Name the parquet column that holds a field's values."""
    return f"{field.name}.list.element" if pa.types.is_list(field.type) else str(field.name)


def _hardly_repeats(values: pa.ChunkedArray) -> bool:
    """Whether numbers, or those in lists, are mostly different from each other."""
    if pa.types.is_list(values.type):
        values = pc.list_flatten(values)
    if not pa.types.is_float64(values.type):
        return False
    bits = np.sort(values.drop_null().to_numpy().view(np.int64))  # ten times as quick as hashing
    different = np.count_nonzero(bits[1:] != bits[:-1]) + min(len(bits), 1)
    return bool(2 * different > len(bits))


def read_table(data: bytes, columns: Sequence[str] | None = None) -> pd.DataFrame:
    """Read parquet bytes.

    Args:
        data: a whole file.
        columns: the columns wanted, or all; one that the file lacks is left out.

    Returns:
        The frame; empty cells satisfy ``pandas.isna``, lists are numpy arrays.
    """
    # unlike `pq.read_table`, this passes over a column that the file lacks
    file = pq.ParquetFile(io.BytesIO(data))
    table = file.read(columns=None if columns is None else list(columns))
    return table.to_pandas(ignore_metadata=True)


def replace_rows(data: bytes, table: pa.Table, key: Sequence[str]) -> pa.Table:
    """Put new rows in the place of those stored rows that agree with one of them.

    Args:
        data: a whole file of the same table.
        table: the new rows.
        key: the columns they are held against each other by.

    Returns:
        The stored rows that stay, then the new ones.
    """
    stored = pq.read_table(io.BytesIO(data), schema=table.schema)
    old, new = (
        pd.MultiIndex.from_frame(one.select(list(key)).to_pandas()) for one in (stored, table)
    )
    return pa.concat_tables([stored.filter(pa.array(~old.isin(new))), table])


def empty_frame(schema: TableSchema) -> pd.DataFrame:
    """Return a frame of no rows with the table's columns and types."""
    return arrow_schema(schema).empty_table().to_pandas(ignore_metadata=True)


def write_tensors(
    path: Path, arrays: Mapping[str, np.ndarray], metadata: Mapping[str, Any]
) -> None:
    """Write named arrays as safetensors: atomic, durable, the same content in the same bytes.

    The arrays go from their memory to the file; beside them nothing of their size is held (but for a
    copy of one that is not contiguous).

    Args:
        path: the file; its folder must exist.
        arrays: numpy arrays of any shape, no object arrays.
        metadata: JSON-able; stored under the single key ``interp``, because the format's own
            order of several metadata keys is random.

    Raises:
        TableError: for what is no array.
        InterpError: if it cannot be written.
    """
    for name, array in arrays.items():
        if not isinstance(array, np.ndarray | np.generic) or array.dtype == object:
            raise TableError(f"tensor {name!r}: expected a numpy array, got {type(array).__name__}")
    plain = {name: np.asarray(array, order="C") for name, array in arrays.items()}
    text = {"interp": to_json(metadata)}
    with whole_file(path) as temporary:
        try:
            safetensors.save_file(plain, temporary, metadata=text)
        except SafetensorError as error:
            raise _os_error(error) or error from error


def _os_error(error: SafetensorError) -> OSError | None:
    """Return what the operating system answered the library, which says it in words only."""
    number = re.search(r"\(os error (\d+)\)", str(error))
    return OSError(int(number[1]), os.strerror(int(number[1]))) if number else None


def read_tensor_file(path: Path) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Read a safetensors file, each array into memory of its own and nothing twice.

    Args:
        path: the file.

    Returns:
        The arrays by name, and the metadata they were written with.

    Raises:
        FileNotFoundError: where there is none.
        SafetensorError, ValueError: if it is damaged; see ``READ_ERRORS``.
    """
    # Not mapped: a file that is cut short while it is read is an error then, and not a dead process.
    with safe_open(path, framework="np", backend="pread") as file:
        stored = file.metadata() or {}
        arrays: dict[str, np.ndarray] = file.get_tensors()
    return arrays, json.loads(stored.get("interp", "{}"))
