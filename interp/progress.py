"""How far a run is: a bar on a terminal, a line now and then in a log; always standard error."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Iterator

from interp.parallel import is_first

_SECONDS_BETWEEN_LINES = 10.0


@contextlib.contextmanager
def progress_bar(title: str, *, total: int, done: int = 0) -> Iterator[Callable[..., None]]:
    """Show progress for the length of the block; of several processes the first one does.

    Args:
        title: what is being done; empty shows nothing.
        total: steps in all.
        done: steps done before.

    Yields:
        The function to call after every step, or with a number after several.
    """
    if not title or not is_first():
        yield lambda steps=1: None
    elif sys.stderr.isatty():
        with _bar(title, total, done) as advance:
            yield advance
    else:
        yield _lines(title, total, done)


@contextlib.contextmanager
def _bar(title: str, total: int, done: int) -> Iterator[Callable[..., None]]:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as shown:
        task = shown.add_task(title, total=total, completed=done)
        yield lambda steps=1: shown.advance(task, steps)


def _lines(title: str, total: int, done: int) -> Callable[..., None]:
    """Write ``title: 40 % (12 of 30)`` at most every ten seconds."""
    count = done
    last = time.monotonic()

    def advance(steps: int = 1) -> None:
        nonlocal count, last
        count += steps
        if time.monotonic() - last >= _SECONDS_BETWEEN_LINES:
            last = time.monotonic()
            percent = 100 * count // total
            print(f"{title}: {percent} % ({count} of {total})", file=sys.stderr, flush=True)

    return advance
