"""Starting processes together, and holding the studies that they write against each other."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
TIMES = ("started_at", "finished_at", "created_at", "resumed_at_steps")


def command(n: int, *arguments: object) -> list[str]:
    """``python …`` for one process, ``torchrun … python …`` for several."""
    if n == 1:
        return [sys.executable, *map(str, arguments)]
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node"]
    return [*torchrun, str(n), *map(str, arguments)]


def environment(**changes: str) -> dict[str, str]:
    """One thread per process, as torchrun sets it, so that sums have the same order."""
    clean = {key: value for key, value in os.environ.items() if "PYTEST" not in key}
    return {**clean, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT), **changes}


def launch(n: int, *arguments: object, **changes: str) -> subprocess.CompletedProcess[str]:
    """Start them and wait."""
    return subprocess.run(
        command(n, *arguments), cwd=ROOT, env=environment(**changes), capture_output=True,
        text=True, timeout=540,
    )  # fmt: skip


def contents(study: Path) -> dict[str, Any]:
    """Every file of a study: bytes, or JSON without times."""
    found: dict[str, Any] = {}
    for path in sorted(study.rglob("*")):
        if path.is_dir() or path.name.startswith(".lock"):
            continue
        name = str(path.relative_to(study))
        if path.suffix != ".json":
            found[name] = path.read_bytes()
            continue
        data = json.loads(path.read_text())
        found[name] = {key: value for key, value in data.items() if key not in (*TIMES, "name")}
    return found


def same(one: Path, other: Path) -> None:
    """Two studies hold the same, byte for byte apart from times."""
    left, right = contents(one), contents(other)
    assert left.keys() == right.keys()
    differing = [name for name in left if left[name] != right[name]]
    assert not differing, differing


def said(done: subprocess.CompletedProcess[str]) -> list[str]:
    """What our own processes wrote as errors; the launcher's report is left out."""
    return [line for line in done.stderr.splitlines() if line.startswith("error")]
