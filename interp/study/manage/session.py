"""What every change of a study does first: the cheap refusals, the lock, yesterday's leftovers."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from interp.study.atomic import remove_leftovers
from interp.study.door import open_for_writing, read_manifest, refuse_older
from interp.study.locking import writer_lock
from interp.study.manage.rewrite import delete, move
from interp.study.pending import Pending, read_pending, refuse_pending
from interp.study.store import FACTS

STAGING = ".staging"
"""Where folders are prepared; no reader looks there."""

PURGED = ".purged"
"""Where folders are on their way out; no reader looks there."""


@contextlib.contextmanager
def changing(
    study: Path, arguments: Sequence[str], *, probe: bool = True
) -> Iterator[Pending | None]:
    """Hold a study for a change, as its only writer.

    Args:
        study: its folder; it has to be a study of the current schema.
        arguments: what the user asked of ``interp study``.
        probe: prove first that files can be written; not for what frees space.

    Yields:
        What this same command left unfinished, or ``None``.

    Raises:
        InterpError: no study, an older or newer schema, another writer, a target that cannot be
            written, or another command's unfinished change.
    """
    manifest = read_manifest(study)
    refuse_older(study, manifest)
    if probe:
        open_for_writing(study)
    with writer_lock(study, f"interp study {arguments[0]}"):
        pending = read_pending(study)
        if pending is not None and pending.arguments != tuple(arguments):
            refuse_pending(study)
        if pending is None:
            delete(study / STAGING)
        delete(study / PURGED)
        for folder in (study, study / FACTS):
            remove_leftovers(folder)
        yield pending


def discard(study: Path, folder: Path) -> None:
    """Delete a folder of a study for good: out of sight in one step, then file by file."""
    place = study / PURGED / folder.name
    delete(place)
    move(folder, place)
    delete(study / PURGED)
