"""One writer at a time: an operating-system lock that dies with its process.

Readers never lock: everything they read is written atomically. The lock is ``flock``'s, so a
writer that is killed leaves nothing behind that would block the next one.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import filelock

from interp.errors import InterpError
from interp.study.atomic import write_error

LOCK_NAME = ".lock"
HOLDER_NAME = ".lock.holder"


@contextlib.contextmanager
def writer_lock(folder: Path, what: str) -> Iterator[None]:
    """Hold a study's writer lock for the length of the block.

    Args:
        folder: the study's folder.
        what: what the holder is doing, shown to whoever is refused.

    Raises:
        InterpError: if another process still holds it after ``INTERP_LOCK_SECONDS`` (default 3),
            or the file system cannot lock.
    """
    lock = _acquire(folder)
    holder = folder / HOLDER_NAME
    try:
        note = {"pid": os.getpid(), "what": what, "since": _now()}
        with contextlib.suppress(OSError):  # only a courtesy to whoever is refused
            holder.write_text(json.dumps(note))
        yield
    finally:
        with contextlib.suppress(OSError):
            holder.unlink(missing_ok=True)
        lock.release()


def check_free(folder: Path) -> None:
    """Refuse at the door a study that another process is writing to.

    Args:
        folder: the study's folder.

    Raises:
        InterpError: as :func:`writer_lock`.
    """
    _acquire(folder).release()


def _acquire(folder: Path) -> filelock.BaseFileLock:
    lock = filelock.FileLock(str(folder / LOCK_NAME), timeout=_patience())
    try:
        lock.acquire()
    except filelock.Timeout as error:
        raise InterpError(
            f"study {folder} is being written by {_holder(folder)}: wait until it has finished, "
            "or give another folder with --study"
        ) from error
    except NotImplementedError as error:
        raise InterpError(
            f"the file system of {folder} cannot lock files: give a local folder with --study"
        ) from error
    except OSError as error:
        raise write_error(folder, error) from error
    return lock


def _patience() -> float:
    return env_seconds("INTERP_LOCK_SECONDS", 3.0)


def env_seconds(name: str, default: float) -> float:
    """Read a number of seconds from the environment.

    Args:
        name: the variable.
        default: the value where it is not set.

    Raises:
        InterpError: if it is not a number >= 0.
    """
    text = os.environ.get(name, "")
    try:
        value = float(text) if text else default
    except ValueError:
        value = -1.0
    if not value >= 0:
        raise InterpError(f"environment variable {name} is {text!r}: expected seconds >= 0")
    return value


def _holder(folder: Path) -> str:
    try:
        note = json.loads((folder / HOLDER_NAME).read_text())
        return f"another process (pid {note['pid']}: {note['what']}, since {note['since']})"
    except (OSError, ValueError, KeyError, TypeError):
        return "another process"


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
