"""Prints frames as tables that fit a terminal."""

from __future__ import annotations

import pandas as pd
from rich.console import Console
from rich.table import Table


def console() -> Console:
    """A console on standard output; 120 columns where the output is a file or a pipe."""
    probe = Console()
    return probe if probe.is_terminal else Console(width=120)


def _cell(value: object) -> str:
    if value is None or (isinstance(value, float) and value != value):
        return "–"
    if isinstance(value, float):
        return f"{value:.4g}"
    return str(value)


def print_frame(frame: pd.DataFrame, title: str, *, caption: str | None = None) -> None:
    """Print one frame.

    Args:
        frame: the rows; numbers are right-aligned and floats shown with four significant digits.
        title: what the table shows.
        caption: how to read it.
    """
    table = Table(title=title, caption=caption, title_justify="left", caption_justify="left")
    for name in frame.columns:
        numeric = pd.api.types.is_numeric_dtype(frame[name])
        table.add_column(str(name), justify="right" if numeric else "left", overflow="fold")
    for row in frame.itertuples(index=False, name=None):
        table.add_row(*(_cell(value) for value in row))
    console().print(table)
