"""The built site, for tests that read it: built once per test run, without a network."""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Site:
    """Where it is, what the build said, and how long it took."""

    folder: Path
    code: int
    said: str
    seconds: float


def build(folder: Path) -> Site:
    """Build the site as the Makefile does: a warning is an error."""
    started = time.monotonic()
    command = ["-W", "--keep-going", "-q", "-b", "html", "docs", str(folder / "html")]
    done = subprocess.run(
        [sys.executable, "-m", "sphinx", "-d", str(folder / "doctrees"), *command],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    return Site(
        folder / "html", done.returncode, done.stdout + done.stderr, time.monotonic() - started
    )
