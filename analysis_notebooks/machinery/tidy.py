"""Make a notebook's file the same every time the same code runs: no times, no random ids, no machine."""

from __future__ import annotations

import hashlib
from collections import Counter
from typing import Any

INJECTED = "injected-parameters"
"""Tag of the cell that papermill adds."""

KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}


def named_cells(notebook: Any) -> Any:
    """Give each cell an id that its source and place among equals decide; changes and returns it."""
    seen: Counter[str] = Counter()
    for cell in notebook.cells:
        digest = hashlib.sha256(f"{cell.cell_type}\n{cell.source}".encode()).hexdigest()[:8]
        seen[digest] += 1
        cell.id = digest if seen[digest] == 1 else f"{digest}-{seen[digest]}"
    return notebook


def tidied(notebook: Any, *, keep_injected: bool = False) -> Any:
    """Drop what differs from run to run; changes and returns the notebook.

    Args:
        notebook: executed by papermill.
        keep_injected: whether the parameters stay that were put in.
    """
    if not keep_injected:
        notebook.cells = [cell for cell in notebook.cells if INJECTED not in _tags(cell)]
    count = 0
    for cell in notebook.cells:
        tags = _tags(cell)
        cell.metadata = {"tags": tags} if tags else {}
        if cell.cell_type != "code":
            continue
        count += 1
        cell.execution_count = count
        # standard error is progress with its times; what a notebook says it displays or prints
        cell.outputs = [one for one in cell.outputs if one.get("name") != "stderr"]
        for output in cell.outputs:
            if "execution_count" in output:
                output["execution_count"] = count
    named_cells(notebook)
    notebook.metadata = {
        "jupytext": {"formats": "ipynb,py:percent"},
        "kernelspec": dict(KERNEL),
        "language_info": {"name": "python"},
    }
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    return notebook


def _tags(cell: Any) -> list[str]:
    return list(cell.metadata.get("tags", []))
