"""Files that are either whole or absent: write beside, flush to disk, rename.

A reader sees the old file or the new one, never a half of either; a full disk or a kill leaves
the earlier file as it was. What a killed writer leaves beside it is removed by the next writer of the
same file; a temporary file that is being written is locked, and never taken for such a leftover.
"""

from __future__ import annotations

import contextlib
import errno
import glob
import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from interp.errors import InterpError

try:
    import fcntl
except ImportError:  # Windows: a leftover is then removed by age of its name alone
    fcntl = None  # type: ignore[assignment]

TEMPORARY_SUFFIX = ".part"

_FULL = (errno.ENOSPC, errno.EDQUOT)


def write_error(path: Path, error: OSError) -> InterpError:
    """Say in one line why a file could not be written and what to do.

    Args:
        path: the file or folder that was to be written.
        error: what the operating system answered.

    Returns:
        The error, to be raised by the caller.
    """
    if error.errno in _FULL:
        return InterpError(
            f"no space left on the device while writing {path}: earlier results are untouched; "
            "free some space and run the same command again, it continues from its progress"
        )
    if error.errno == errno.EFBIG:
        return InterpError(
            f"cannot write {path}: {error.strerror} for this process (ulimit -f) or file system: "
            "earlier results are untouched; raise the limit and run the same command again, it "
            "continues from its progress"
        )
    reason = error.strerror or type(error).__name__
    return InterpError(
        f"cannot write {path}: {reason}; choose a folder that can be written, with --study or --out"
    )


def write_bytes(path: Path, data: bytes | memoryview) -> None:
    """Write a file atomically and durably.

    Args:
        path: the file; its folder must exist.
        data: its whole content.

    Raises:
        InterpError: if the folder cannot be written or the disk is full; an earlier file of
            this name is then untouched and nothing is left beside it.
    """
    with whole_file(path) as temporary, temporary.open("wb") as file:
        file.write(data)


@contextlib.contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Fill a temporary file, which takes the place of ``path`` when the block is left.

    Args:
        path: the file; its folder must exist.

    Yields:
        The temporary file, empty, to be written by its name.

    Raises:
        InterpError: for an ``OSError`` of the block or of the exchange: the folder cannot be written,
            the disk is full. An earlier file of this name is then untouched and nothing is left
            beside it.
    """
    try:
        remove_leftovers(path.parent, path.name)
        temporary, held = _begin(path)
    except OSError as error:
        raise write_error(path, error) from error
    try:
        yield temporary
        with temporary.open("r+b") as file:
            os.fsync(file.fileno())
        os.chmod(temporary, 0o644)  # mkstemp's 0600 would hide a shared study from colleagues
        os.replace(temporary, path)
        sync_folder(path.parent)
    except OSError as error:
        raise write_error(path, error) from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)  # gone already unless something failed
        if held is not None:
            os.close(held)


def _begin(path: Path) -> tuple[Path, int | None]:
    """Make a temporary file beside ``path``; while its handle is open, nobody removes it."""
    while True:
        handle, name = tempfile.mkstemp(
            dir=path.parent, prefix=f".{path.name}.", suffix=TEMPORARY_SUFFIX
        )
        if fcntl is None:
            os.close(handle)
            return Path(name), None
        with contextlib.suppress(OSError):  # some network file systems cannot lock
            fcntl.flock(handle, fcntl.LOCK_EX)
        if os.path.exists(name):
            return Path(name), handle
        os.close(handle)  # removed between its making and its lock: another one


def write_json(path: Path, value: Mapping[str, Any]) -> None:
    """Write a mapping as JSON, atomically, keys sorted.

    Args:
        path: the file.
        value: what :func:`to_json` accepts.
    """
    write_bytes(path, (to_json(value, indent=2) + "\n").encode())


def to_json(value: Any, *, indent: int | None = None) -> str:
    """Serialise deterministically: sorted keys; numpy scalars, arrays, sets and paths as plain.

    Args:
        value: nested mappings, sequences and scalars. Not a number and infinity are refused,
            because JSON has no word for them.
        indent: spaces of indentation, or ``None`` for one line.

    Returns:
        The text.
    """
    separators = (",", ":") if indent is None else None
    return json.dumps(
        value,
        indent=indent,
        separators=separators,
        sort_keys=True,
        ensure_ascii=False,
        allow_nan=False,
        default=_plain,
    )


def remove_leftovers(folder: Path, name: str = "") -> None:
    """Delete the temporary files that a killed writer left in ``folder``.

    Args:
        folder: where to look.
        name: only those that were to become this file; all by default.
    """
    pattern = f".{glob.escape(name)}.*{TEMPORARY_SUFFIX}" if name else f".*{TEMPORARY_SUFFIX}"
    for path in folder.glob(pattern):
        with contextlib.suppress(OSError):
            if not _is_written(path):
                path.unlink(missing_ok=True)


def _is_written(path: Path) -> bool:
    """Whether a living writer holds a temporary file."""
    if fcntl is None:
        return False
    handle = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        os.close(handle)
    return False


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, set | frozenset):
        return sorted(value)
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"cannot store {type(value).__name__} {value!r} as JSON")


def sync_folder(folder: Path) -> None:
    """Make a rename inside a folder durable, where the platform can open a folder.

    Args:
        folder: the folder.
    """
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(handle)
    except OSError:
        pass  # some network file systems refuse; the rename has happened either way
    finally:
        os.close(handle)
