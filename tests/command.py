"""The command line as a user calls it; the fixture ``interp`` makes the calls."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

Interp = Callable[..., "Said"]


@dataclass(frozen=True)
class Said:
    """What a command printed and how it ended."""

    code: int
    out: str
    err: str
