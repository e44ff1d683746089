"""What the launcher says about this process; asked without importing torch.

``torchrun`` and ``accelerate launch`` set the same four variables, and so does ``torchrun`` under
Slurm. Without them there is one process.
"""

from __future__ import annotations

import os

from interp.errors import InterpError


def n_processes() -> int:
    """Count the processes that were started together."""
    return _number("WORLD_SIZE", 1, least=1)


def rank() -> int:
    """This process's number, from 0."""
    found = _number("RANK", 0, least=0)
    if found >= n_processes():
        raise InterpError(
            f"environment variable RANK is {found} and WORLD_SIZE {n_processes()}: expected a rank "
            "below it; start the processes with torchrun or accelerate launch"
        )
    return found


def local_index() -> int:
    """This process's number on its own machine, from 0: which GPU is its own."""
    return _number("LOCAL_RANK", 0, least=0)


def n_local() -> int:
    """Count the processes on this machine."""
    return _number("LOCAL_WORLD_SIZE", 1, least=1)


def is_first() -> bool:
    """Whether this process is the one that writes and speaks."""
    return rank() == 0


def _number(name: str, default: int, *, least: int) -> int:
    text = os.environ.get(name, "")
    if not text:
        return default
    if not text.isdecimal() or int(text) < least:
        raise InterpError(
            f"environment variable {name} is {text!r}: expected a whole number >= {least}, as "
            "torchrun and accelerate launch set it"
        )
    return int(text)
