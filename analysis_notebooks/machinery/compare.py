"""Hold a notebook that was just executed against the committed one: its text, not its pictures' bytes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat

PICTURE = "[picture]"
_PICTURES = ("image/png", "image/svg+xml", "application/vnd.plotly.v1+json")
_DATE = re.compile(r"\b20\d\d-\d\d-\d\d\b")
"""When a run ended: of runs that the notebook itself made, today."""


def first_difference(fresh: Any, committed: Path, *, only_source: bool = False) -> str | None:
    """Name the first thing in which two notebooks differ.

    Args:
        fresh: just executed.
        committed: file of the other.
        only_source: whether outputs are passed over.

    Returns:
        One line; None where they are alike.
    """
    if not committed.is_file():
        return f"{committed.name} is not there"
    old = nbformat.read(committed, as_version=4)
    for number, (new_cell, old_cell) in enumerate(
        zip(fresh.cells, old.cells, strict=False), start=1
    ):
        where = f"{committed.stem}, cell {number} ({_first_line(new_cell.source)})"
        for kind, new, was in _pairs(new_cell, old_cell, only_source):
            if new != was:
                return f"{where}: its {kind} is now {_change(new, was)}"
    if len(fresh.cells) != len(old.cells):
        return f"{committed.stem}: {len(fresh.cells)} cells, {len(old.cells)} are committed"
    return None


def texts(cell: Any) -> list[str]:
    """Return what a cell shows as texts; a picture is one that says only that it is there."""
    found = []
    for output in cell.get("outputs", []):
        if output.output_type == "error":
            found.append(f"{output.ename}: {output.evalue}")
        elif output.output_type == "stream":
            found.append(str(output.text))
        elif any(kind in output.data for kind in _PICTURES):
            found.append(PICTURE)
        else:
            found.append("\n".join(str(output.data[kind]) for kind in sorted(output.data)))
    return [_DATE.sub("DATE", text) for text in found]


def is_lacking(cell: Any) -> bool:
    """Say whether a cell shows nothing but what the study lacks for it."""
    return any("interp-lacking" in output.get("metadata", {}) for output in cell.get("outputs", []))


def _pairs(new: Any, old: Any, only_source: bool) -> Iterator[tuple[str, str, str]]:
    yield "kind", new.cell_type, old.cell_type
    yield "source", new.source, old.source
    tags = (str(cell.metadata.get("tags", [])) for cell in (new, old))
    yield "tags", *tags  # type: ignore[misc]
    if not only_source:
        after, before = texts(new), texts(old)
        for one, other in zip(after, before, strict=False):
            yield "output", one, other
        yield "number of outputs", str(len(after)), str(len(before))


def _change(new: str, old: str) -> str:
    """Show the first line that differs, around where it does."""
    lines = zip([*new.splitlines(), ""], [*old.splitlines(), ""], strict=False)
    after, before = next(((a, b) for a, b in lines if a != b), (new, old))
    at = next(
        (place for place, (a, b) in enumerate(zip(after, before, strict=False)) if a != b),
        min(len(after), len(before)),
    )
    begin = max(0, at - 30)
    return f"{after[begin : at + 60]!r}, committed is {before[begin : at + 60]!r}"


def _first_line(source: str) -> str:
    return (source.strip().splitlines() or [""])[0][:60]
