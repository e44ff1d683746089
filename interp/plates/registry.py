"""Every plate, in the order of the chapters of notebooks and report."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from interp.errors import InterpError, unknown
from interp.plates.plate import Lacking, Plate
from interp.plates.view import View


class Failed(InterpError):
    """A plate that could not be drawn though nothing is lacking; the line says why."""


@dataclass(frozen=True)
class Entry:
    """A plate that can be drawn of any study that holds what it needs.

    Attributes:
        name: the plate's.
        draw: reads and draws; raises `Lacking` where the study does not hold what it needs.
        paper: the figure or table of the paper whose form it has; empty for our own.
    """

    name: str
    draw: Callable[[View], Plate]
    paper: str = ""

    @property
    def function(self) -> Callable[..., Plate]:
        """The plate's function, which says what it shows; several entries may share one."""
        return self.draw.func if isinstance(self.draw, partial) else self.draw

    @property
    def options(self) -> Mapping[str, Any]:
        """What the entry calls it with, beside the view."""
        return self.draw.keywords if isinstance(self.draw, partial) else {}


def chapters() -> dict[str, tuple[Entry, ...]]:
    """Return title to plates of every chapter."""
    from interp.plates import claims, evaluation, heads, neurons, overview, transition

    return {
        "Overview and training": overview.ENTRIES,
        "Language transition": transition.ENTRIES,
        "Evaluation": evaluation.ENTRIES,
        "Language-specific neurons (LAPE)": neurons.ENTRIES,
        "Attention heads (LAHIS)": heads.ENTRIES,
        "The paper's claims": claims.ENTRIES,
    }


def draw_all(
    view: View, names: Collection[str] | None = None
) -> Iterator[tuple[str, Entry, Plate | Lacking | Failed]]:
    """Draw the plates of a study, one after the other; one that fails does not stop the others.

    Args:
        view: the study, and what of it is shown.
        names: only these plates; all by default.

    Yields:
        The chapter's title, the entry, and the plate, or what the study lacks for it, or why it failed.

    Raises:
        InterpError: for a name that no plate has.
    """
    known = [entry.name for entries in chapters().values() for entry in entries]
    for name in names or ():
        if name not in known:
            raise unknown("figure", name, known)
    for title, entries in chapters().items():
        for entry in entries:
            if names is None or entry.name in names:
                yield title, entry, _drawn(entry, view)


def _drawn(entry: Entry, view: View) -> Plate | Lacking | Failed:
    try:
        return entry.draw(view)
    except Lacking as lacking:
        return lacking
    except Exception as error:
        return failed(error)


def failed(error: Exception) -> Failed:
    """Say in one line why a plate failed: the mistake in the data, or the defect and its place in the code."""
    said = " ".join(str(error).split())
    if not isinstance(error, InterpError):
        at = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{Path(at.filename).name}, line {at.lineno}"
        said = f"{type(error).__name__}{': ' * bool(said)}{said} ({where}), a defect of interp: please report it"
    found = Failed(said)
    found.__cause__ = error
    return found
