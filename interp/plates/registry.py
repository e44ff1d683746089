"""Every plate, in the order of the chapters of notebooks and report."""

from __future__ import annotations

import re
import traceback
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from interp.errors import InterpError, unknown
from interp.plates.plate import Lacking, Plate
from interp.plates.view import View

_PAPER = re.compile(r"(fig|figure|tab|table)\.? ?(\d+[ab]?)", re.IGNORECASE)


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
        names: only these plates, by their names or the paper's (``Figure 7``); all by default.

    Yields:
        The chapter's title, the entry, and the plate, or what the study lacks for it, or why it failed.

    Raises:
        InterpError: for a name that no plate has.
    """
    wanted = named(names)
    for title, entries in chapters().items():
        for entry in entries:
            if entry.name in wanted:
                yield title, entry, _drawn(entry, view)


def named(names: Collection[str] | None) -> set[str]:
    """Find the plates of some names.

    Args:
        names: plates' names, or the paper's of their form: ``Figure 7``, ``fig. 7``, ``Table 1``; of
            ``Figures 16 and 17`` either; None for all.

    Returns:
        The plates' names.

    Raises:
        InterpError: for a name that no plate has.
    """
    every = [entry for entries in chapters().values() for entry in entries]
    if names is None:
        return {entry.name for entry in every}
    found = set()
    for name in names:
        own = {entry.name for entry in every if entry.name == name or _has_form(entry, name)}
        if not own:
            forms = dict.fromkeys(entry.paper for entry in every if entry.paper)
            raise unknown("figure", name, [*(entry.name for entry in every), *forms])
        found |= own
    return found


def _has_form(entry: Entry, name: str) -> bool:
    """Whether a plate has the form of ``Figure 4b``; all parts of Figure 4 have that of ``Figure 4``."""
    asked = _PAPER.fullmatch(name.strip())
    kind, _, numbers = entry.paper.partition(" ")  # "Figure 7", "Figures 16 and 17", or empty
    return asked is not None and any(
        asked[1][0].lower() == kind[:1].lower() and asked[2].lower() in (one, one.rstrip("ab"))
        for one in numbers.split(" and ")
    )


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
