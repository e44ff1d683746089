"""One mistake: what is wrong, how it is made, the command, and what the line has to say."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.cli.bad_inputs.call import Told, call
from tests.cli.bad_inputs.world import Place, World, copy_study, place


@dataclass(frozen=True)
class Case:
    """A row of the table.

    Attributes:
        name: what is wrong, in a few words; unique.
        line: the command after ``interp``; ``{checkpoint}`` and its like are names of `Place`.
        words: what the line on standard error must hold; braces as in ``line``.
        make: makes what is wrong.
        loads: whether it can be known only when the weights are in memory.
        slow: whether it takes seconds, for the libraries it needs.
    """

    name: str
    line: str
    words: tuple[str, ...]
    make: Callable[[Place], object] | None = None
    loads: bool = False
    slow: bool = False


def prepare(case: Case, world: World, folder: Path) -> Place:
    """Make what the case needs."""
    where = place(world, folder)
    if "{copy}" in case.line:
        copy_study(where)
    if case.make is not None:
        case.make(where)
    return where


def commit(case: Case, where: Place) -> Told:
    """Make the mistake."""
    names = {name: str(path) for name, path in where.names.items()}
    return call([part.format(**names) for part in shlex.split(case.line)], where.here)


def text(make: str | bytes) -> Callable[[Place], object]:
    """A file with this content."""

    def write(where: Place) -> None:
        where.bad.write_bytes(make if isinstance(make, bytes) else make.encode())

    return write


def file_in_folder(name: str, content: str | bytes) -> Callable[[Place], object]:
    """A folder that holds one file."""

    def write(where: Place) -> None:
        where.bad.mkdir()
        (where.bad / name).write_bytes(content if isinstance(content, bytes) else content.encode())

    return write


def folder(where: Place) -> None:
    """An empty folder."""
    where.bad.mkdir()
