"""Rows of a data set that may be a file, a folder of files or a data set on the hub."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from interp.data.sources.text import read_records
from interp.errors import InterpError

_SUFFIXES = (".jsonl", ".parquet")
_HUB_ID = re.compile(r"[\w.-]+/[\w.-]+")


@dataclass(frozen=True)
class Row:
    """One row and where it came from.

    Attributes:
        values: the row, by column.
        group: the split, read off the name of the file or of the hub's split.
        number: place in its file, from 1.
        where: file and line for errors.
    """

    values: dict[str, Any]
    group: str
    number: int
    where: str


def read_rows(place: str, config: str) -> Iterator[Row]:
    """Read rows from wherever ``place`` points.

    Args:
        place: a ``.jsonl`` or ``.parquet`` file, a folder of them, or a hub id with an optional
            ``:config``.
        config: the subfolder or hub configuration to prefer, if there is one.

    Yields:
        The rows, files in the order of their names.

    Raises:
        InterpError: nothing there, no readable file, or the hub cannot be reached.
    """
    path = Path(place).expanduser()
    if path.is_file():
        yield from _read_file(path)
    elif path.is_dir():
        for file in _files(path, config):
            yield from _read_file(file)
    else:
        yield from _read_hub(place, config)


def _files(folder: Path, config: str) -> list[Path]:
    for candidate in (folder, folder / config, folder / "data" / config, folder / "data"):
        files = sorted(p for p in candidate.glob("*") if p.suffix in _SUFFIXES)
        if files:
            return files
    raise InterpError(f"{folder}: no .jsonl or .parquet file in it or in {config}/, data/{config}/")


def _read_file(path: Path) -> Iterator[Row]:
    group = re.split(r"[-_.]", path.stem.lower())[0]
    if path.suffix == ".jsonl":
        for number, values in read_records(path):
            yield Row(values, group, number, f"{path}:{number}")
        return
    if path.suffix != ".parquet":
        raise InterpError(
            f"{path}: a {path.suffix or 'nameless'} file, expected .jsonl or .parquet"
        )
    import pyarrow.lib
    import pyarrow.parquet

    try:
        table = pyarrow.parquet.read_table(path)
    except (pyarrow.lib.ArrowInvalid, OSError) as error:
        raise InterpError(f"{path}: not a parquet file ({_first_line(error)})") from None
    for number, values in enumerate(table.to_pylist(), start=1):
        yield Row(values, group, number, f"{path}: row {number}")


def _read_hub(place: str, preferred: str) -> Iterator[Row]:
    name, _, config = place.partition(":")
    if not _HUB_ID.fullmatch(name):
        raise InterpError(
            f"{place}: no such file or folder, and not a hub id; expected a .jsonl or .parquet "
            "file, a folder of them or owner/name[:config]"
        )
    splits = load_hub(name, config or None, preferred)
    for group, rows in splits.items():
        for number, values in enumerate(rows, start=1):
            yield Row(dict(values), str(group), number, f"{name} {group}: row {number}")


def hub_configs(name: str) -> list[str]:
    """List the configurations of a data set (a hub id or a local folder).

    Raises:
        InterpError: it cannot be found or reached.
    """
    import datasets

    try:
        return list(datasets.get_dataset_config_names(name))
    except Exception as error:  # the library raises a dozen unrelated types
        raise _hub_error(name, error) from None


def load_hub(name: str, config: str | None, preferred: str = "") -> Any:
    """Load all splits of a data set through ``datasets``.

    Args:
        name: hub id or local folder.
        config: the configuration; None takes ``preferred`` if there, else the only or default.
        preferred: see ``config``.

    Returns:
        A mapping of split to rows.

    Raises:
        InterpError: it cannot be found or reached, or has no such configuration.
    """
    import datasets

    known = hub_configs(name)
    chosen = config or (preferred if preferred in known else None)
    if config and config not in known:
        raise InterpError(f"{name}: no configuration {config!r}, it has {', '.join(known[:40])}")
    try:
        return datasets.load_dataset(name, chosen)
    except Exception as error:  # as above
        raise _hub_error(name, error) from None


def _hub_error(name: str, error: Exception) -> InterpError:
    return InterpError(
        f"data set {name}: cannot be loaded ({type(error).__name__}: {_first_line(error)}); "
        "expected a local folder, or a hub id and a connection"
    )


def _first_line(error: BaseException) -> str:
    lines = str(error).splitlines()
    return lines[0][:200] if lines else "no message"
