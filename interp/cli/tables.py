"""Prints frames as tables that fit a terminal."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import pandas as pd
from rich.console import Console
from rich.table import Table
from rich.text import Text

from interp.errors import InterpError
from interp.printable import for_spreadsheets, printable
from interp.study.atomic import write_bytes, write_error


class SafeConsole(Console):
    """A console that names, and does not obey, control characters in the texts it is given."""

    def print(self, *objects: Any, **options: Any) -> None:
        """Print, see ``rich.console.Console.print``."""
        super().print(*map(_safe, objects), **options)


def _safe(shown: Any) -> Any:
    if isinstance(shown, str):
        return printable(shown)
    if isinstance(shown, Text) and printable(shown.plain) != shown.plain:
        return Text(printable(shown.plain))
    return shown


def console() -> Console:
    """A console on standard output; 120 columns where the output is a file or a pipe."""
    probe = SafeConsole()
    return probe if probe.is_terminal else SafeConsole(width=120)


def _cell(value: object) -> str:
    if value is None or (isinstance(value, float) and value != value):
        return "–"
    if isinstance(value, float):
        return f"{value:.4g}"
    return printable(str(value))


def print_frame(
    frame: pd.DataFrame, title: str, *, caption: str | None = None, whole: Collection[str] = ()
) -> None:
    """Print one frame.

    Args:
        frame: the rows; numbers are right-aligned and floats shown with four significant digits.
        title: what the table shows.
        caption: how to read it.
        whole: columns whose cells are never broken over two lines, because they are copied.
    """
    # As Text, because in a plain string rich takes [brackets] for markup and drops them.
    table = Table(
        title=Text(printable(title)),
        caption=None if caption is None else Text(printable(caption)),
        title_justify="left",
        caption_justify="left",
    )
    for name in frame.columns:
        numeric = pd.api.types.is_numeric_dtype(frame[name])
        table.add_column(
            Text(printable(str(name))),
            justify="right" if numeric else "left",
            overflow="fold",
            no_wrap=name in whole,
        )
    for row in frame.itertuples(index=False, name=None):
        table.add_row(*(Text(_cell(value)) for value in row))
    console().print(table)


def write_frames(frames: Mapping[str, pd.DataFrame], folder: Path) -> None:
    """Write frames as CSV, one file each, for a spreadsheet or a plot of one's own.

    Args:
        frames: file stem to frame.
        folder: where to; made when absent.

    Raises:
        InterpError: the folder cannot be written.
    """
    check_out(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise write_error(folder, error) from error
    for name, frame in frames.items():
        path = folder / f"{name.replace(' ', '_')}.csv"
        write_bytes(path, for_spreadsheets(frame).to_csv(index=False).encode())
    console().print(f"{len(frames)} tables are in {folder}")


def check_out(folder: Path | None) -> None:
    """Refuse a folder of tables that cannot become one; asked before anything is computed.

    Raises:
        InterpError: it, or a folder it lies in, is a file.
    """
    for place in () if folder is None else (folder, *folder.parents):
        if place.exists() and not place.is_dir():
            raise InterpError(f"--out {folder}: {place} is a file, expected a folder")


def with_interval(
    value: pd.Series,
    low: pd.Series,
    high: pd.Series,
    *,
    scale: float = 100,
    signed: bool = False,
    digits: int = 1,
    absent: str = " [no interval]",
) -> list[str]:
    """Write numbers with their intervals, e.g. ``54.7 [52.6, 56.7]``.

    Args:
        value: the numbers; ``–`` stands for one that is none.
        low: lower ends.
        high: upper ends.
        scale: what all are multiplied by; 100 shows shares as percent.
        signed: whether positive ones get a sign.
        digits: after the point.
        absent: what stands behind a number without interval.
    """
    shape = f"{'+' if signed else ''}.{digits}f"
    rows = []
    for one, below, above in zip(value, low, high, strict=True):
        if pd.isna(one):
            rows.append("–")
        elif pd.isna(below):
            rows.append(f"{scale * one:{shape}}{absent}")
        else:
            rows.append(f"{scale * one:{shape}} [{scale * below:{shape}}, {scale * above:{shape}}]")
    return rows
