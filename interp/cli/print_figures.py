"""Prints which figures there are, and what was written."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from interp.cli.tables import console, print_frame

if TYPE_CHECKING:
    from interp.plates.registry import Entry
    from interp.printing.folder import Written


def print_list() -> None:
    """Print every figure: its name, the paper's number, what it shows."""
    from interp.plates.registry import chapters

    for title, entries in chapters().items():
        rows = [(entry.name, entry.paper or "–", _about(entry)) for entry in entries]
        if rows:
            frame = pd.DataFrame(rows, columns=["figure", "paper", "what it shows, and needs"])
            print_frame(frame, title, whole=("figure", "paper"))


def _about(entry: Entry) -> str:
    """What a plate's docstring says first, and what it says it lacks."""
    lines = (entry.function.__doc__ or "").strip().splitlines()
    first = lines[0].rstrip(".") if lines else ""
    text = " ".join(" ".join(lines).split())
    _, found, needs = text.partition("Lacking: ")
    lacks = needs.split(" InterpError:")[0].strip().rstrip(".") if found else ""
    of = "".join(f" ({value})" for value in entry.options.values())
    return f"{first}{of}; left out where: {lacks}" if lacks else first + of


def print_written(written: Written, folder: Path) -> None:
    """Print how many figures are where, and what is missing."""
    from interp.printing.captions import JSON, MARKDOWN

    n = len(written.captions)
    files = sum(len(caption.files) for caption in written.captions)
    line = f"{n} {'figure' if n == 1 else 'figures'} ({files} files) in {folder}"
    if written.lacking:
        line += f"; {len(written.lacking)} left out, which the study does not hold"
    if written.failed:
        line += f"; {len(written.failed)} failed"
    console().print(f"{line}; captions in {MARKDOWN} and {JSON}", markup=False, highlight=False)
