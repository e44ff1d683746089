"""The built site, for tests that read it: built once per test run, without a network."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Site:
    """Where it is, and what the build said."""

    folder: Path
    code: int
    said: str


def build(folder: Path) -> Site:
    """Build the site as the Makefile does: a warning is an error."""
    command = ["-W", "--keep-going", "-q", "-b", "html", "docs", str(folder / "html")]
    done = subprocess.run(
        [sys.executable, "-m", "sphinx", "-d", str(folder / "doctrees"), *command],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    return Site(folder / "html", done.returncode, done.stdout + done.stderr)
