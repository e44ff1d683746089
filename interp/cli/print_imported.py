"""Prints where an imported run comes from and what cannot be known from it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from interp.cli.tables import console

if TYPE_CHECKING:
    from interp.study import Study


def print_imported(study: Study, run_id: str) -> None:
    """Print the origin of a run, what it lacks and what to know; nothing for a run of our own.

    Args:
        study: the study.
        run_id: a finished run of any analysis.
    """
    about = study.notes(run_id).get("imported")
    if about is None:
        return
    lines = [f"imported from {about['source']}: {about['format']}"]
    lines += [f"not in the file: {text}" for text in about["missing"]]
    if about["caveat"]:
        lines.append(f"note: {about['caveat']}")
    for line in lines:
        console().print(Text(line))
