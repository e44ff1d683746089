"""Execute one notebook: its .py through jupytext and papermill, without the network."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jupytext
import nbformat

from analysis_notebooks.machinery.offline import GUARD, own_network
from analysis_notebooks.machinery.tidy import named_cells, tidied

FOLDER = Path(__file__).resolve().parent.parent
"""Of the notebooks; they run there."""

CELL_SECONDS = 300


class NotebookFailed(Exception):
    """A notebook that did not run to its end; one line names it and the cell."""


def sources(names: list[str] | None = None) -> list[Path]:
    """Find notebooks.

    Args:
        names: beginnings of their names, e.g. ``05``; all by default.

    Raises:
        NotebookFailed: for a name that none begins with.
    """
    every = sorted(FOLDER.glob("[0-9][0-9]_*.py"))
    for name in names or []:
        if not any(one.stem.startswith(name.removesuffix(".py")) for one in every):
            known = ", ".join(one.stem for one in every)
            raise NotebookFailed(f"no notebook {name}: expected one of {known}")
    return [
        one
        for one in every
        if not names or any(one.stem.startswith(name.removesuffix(".py")) for name in names)
    ]


def read_source(source: Path) -> Any:
    """Read a .py in the percent format as a notebook without outputs, ids decided by its cells."""
    return named_cells(jupytext.read(source, fmt="py:percent"))


def execute(source: Path, parameters: Mapping[str, str], *, keep_parameters: bool = False) -> Any:
    """Execute a notebook in its folder.

    Args:
        source: a .py in the percent format.
        parameters: name to value, put in behind its cell of parameters.
        keep_parameters: whether the cell that sets them stays in what is returned.

    Returns:
        The notebook with its outputs, tidied.

    Raises:
        NotebookFailed: a cell failed, or papermill did.
    """
    with tempfile.TemporaryDirectory(prefix="interp-notebook-") as name:
        folder = Path(name)
        before, after = folder / "before.ipynb", folder / "after.ipynb"
        nbformat.write(read_source(source), before)
        command = [
            *own_network(), sys.executable, "-m", "papermill", str(before), str(after), "--cwd",
            str(source.parent), "--kernel", "python3", "--no-progress-bar", "--execution-timeout",
            str(CELL_SECONDS),
        ]  # fmt: skip
        for key, value in parameters.items():
            command += ["-r", key, value]
        done = subprocess.run(command, env=_surroundings(folder), capture_output=True, text=True)
        if done.returncode or not after.is_file():
            raise NotebookFailed(_why(source, after, done.stderr))
        return tidied(nbformat.read(after, as_version=4), keep_injected=keep_parameters)


def _surroundings(folder: Path) -> dict[str, str]:
    """Return the environment: nobody's start-up files, one thread, no network."""
    path = [str(GUARD), str(FOLDER.parent), os.environ.get("PYTHONPATH", "")]
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(filter(None, path)),
        "PYTHONWARNINGS": "ignore",
        "HF_HUB_OFFLINE": "1",
        "OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", "1"),
        "IPYTHONDIR": str(folder / "ipython"),
        "JUPYTER_CONFIG_DIR": str(folder / "config"),
        "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
        "COLUMNS": "100",
    }


def _why(source: Path, executed: Path, said: str) -> str:
    """Name the cell that failed, by its number and first line, and its error, in one line."""
    cells = nbformat.read(executed, as_version=4).cells if executed.is_file() else []
    code = [
        cell for cell in cells if cell.cell_type == "code" and "injected" not in str(cell.metadata)
    ]
    for number, cell in enumerate(code, start=1):
        for output in cell.outputs:
            if output.output_type == "error":
                first = cell.source.strip().splitlines()[0]
                why = " ".join(f"{output.ename}: {output.evalue}".split())
                return f"{source.stem}, code cell {number} ({first}): {why}"
    last = said.strip().splitlines()[-1:] or ["papermill ended without a word"]
    return f"{source.stem}: {last[0]}"
