"""Runs one thing in a process of its own and says how much memory it took at most.

``python benchmarks/_child.py REPORT imports``, ``... save FOLDER SIZE`` or ``... interp COMMAND ...``; ``alone`` starts
it from Python. The peak is ``VmHWM`` where there is ``/proc``: ``ru_maxrss`` of a child would begin
with what its parent had.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent


def alone(*arguments: object, quiet: bool = True) -> dict[str, Any]:
    """Run one thing in a process of its own.

    Args:
        arguments: ``imports``; ``save``, a folder and a size; or ``interp`` and what follows it.
        quiet: whether what it prints is only shown where it fails.

    Returns:
        ``peak`` (resident memory, bytes), ``gpu_peak`` (bytes, or None), ``cpu_seconds``, ``seconds``.

    Raises:
        SystemExit: where it fails, with what it said.
    """
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        command = [sys.executable, __file__, str(report), *map(str, arguments)]
        done = subprocess.run(command, cwd=ROOT, capture_output=quiet, text=True)
        if done.returncode or not report.is_file():
            said = f"{done.stdout or ''}{done.stderr or ''}"
            raise SystemExit(f"{' '.join(map(str, arguments))} fails:\n{said}")
        found: dict[str, Any] = json.loads(report.read_text())
        return found


def peak() -> int:
    """The largest resident memory of this process so far, in bytes."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) * 1024
    except (OSError, StopIteration):
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return most * (1 if sys.platform == "darwin" else 1024)


def imports() -> None:
    """Import what the analyses import, and let the libraries of linear algebra get their workspace."""
    import torch
    import transformers.models.olmo2.modeling_olmo2  # noqa: F401

    import interp.evals.run_mcq
    import interp.lahis.run
    import interp.lape.run
    import interp.lens.run
    import interp.model.hooked  # noqa: F401

    square = torch.ones(512, 512)
    (square @ square).sum().item()


def save(folder: str, size: str) -> None:
    """Save a random OLMo-2 and a tokenizer of bytes, as a user's checkpoint."""
    from _models import save_olmo2

    save_olmo2(Path(folder), **json.loads(size))


def interp(*arguments: str) -> None:
    """Run a command of the command line, in this process."""
    from interp.cli import main

    try:
        main(list(arguments))
    except SystemExit as stop:
        if stop.code:
            raise


def main() -> None:
    """Do the thing and write the report."""
    report, what, *rest = sys.argv[1:]
    start = time.perf_counter()
    {"imports": imports, "save": save, "interp": interp}[what](*rest)
    torch = sys.modules.get("torch")
    cuda = torch is not None and torch.cuda.is_available()
    times = os.times()
    found = {
        "peak": peak(),
        "gpu_peak": torch.cuda.max_memory_allocated() if cuda and torch else None,
        "cpu_seconds": times.user + times.system,
        "seconds": time.perf_counter() - start,
    }
    Path(report).write_text(json.dumps(found))


if __name__ == "__main__":
    main()
