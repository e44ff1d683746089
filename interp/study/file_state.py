"""What tells an open file from one that has been changed or replaced since."""

from __future__ import annotations

import os
from typing import BinaryIO

FileState = tuple[int, int, int, int]
"""Device, number, time of the last change in nanoseconds, bytes."""


def file_state(file: BinaryIO) -> FileState | None:
    """Return the state of an open file; None for bytes in memory, which have none."""
    try:
        about = os.fstat(file.fileno())
    except OSError:
        return None
    return about.st_dev, about.st_ino, about.st_mtime_ns, about.st_size
