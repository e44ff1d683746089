"""Calls the command line in this process, and listens to whoever else wants to say something."""

from __future__ import annotations

import contextlib
import io
import logging
import os
import traceback
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_LIBRARIES = (
    "",
    "transformers",
    "peft",
    "torch",
    "datasets",
    "huggingface_hub",
    "accelerate",
    "py.warnings",
)
_SILENT = (DeprecationWarning, PendingDeprecationWarning, ImportWarning, ResourceWarning)
"""Warnings that Python does not show unless it is asked to."""


@dataclass(frozen=True)
class Told:
    """How a command ended.

    Attributes:
        code: its exit status.
        out: standard output.
        err: standard error.
        beside: what libraries would have printed: warnings, and records of level WARNING.
        loaded: whether weights were read.
    """

    code: int
    out: str
    err: str
    beside: tuple[str, ...]
    loaded: bool


def call(arguments: Sequence[str], folder: Path) -> Told:
    """Run ``interp`` with these arguments in this working directory."""
    from interp.cli import main

    before = Path.cwd()
    out, err = io.StringIO(), io.StringIO()
    os.chdir(folder)
    code = 0
    try:
        with _heard() as beside, _weights() as loads, warnings.catch_warnings(record=True) as found:
            warnings.simplefilter("always")
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
                try:
                    main(list(arguments))
                except SystemExit as stop:
                    code = int(stop.code or 0)
                except Exception:  # what a user would see as a traceback
                    code = 1
                    err.write(traceback.format_exc())
    finally:
        os.chdir(before)
    beside += [str(one.message) for one in found if not issubclass(one.category, _SILENT)]
    return Told(code, out.getvalue(), err.getvalue(), tuple(beside), bool(loads))


class _Listener(logging.Handler):
    """Keeps what is logged. Handlers of libraries hold the stderr of the moment they were made."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.heard: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.heard.append(f"{record.name}: {record.getMessage()}")


@contextlib.contextmanager
def _heard() -> Iterator[list[str]]:
    listener = _Listener()
    loggers = [logging.getLogger(name) for name in _LIBRARIES]
    for logger in loggers:
        logger.addHandler(listener)
    try:
        yield listener.heard
    finally:
        for logger in loggers:
            logger.removeHandler(listener)


@contextlib.contextmanager
def _weights() -> Iterator[list[str]]:
    """Count how often weights are read; they are read as ever."""
    from interp.model import loading

    real = loading._load_weights
    loads: list[str] = []

    def load(spec: Any, *rest: Any) -> Any:
        loads.append(spec.text)
        return real(spec, *rest)

    loading._load_weights = load
    try:
        yield loads
    finally:
        loading._load_weights = real
