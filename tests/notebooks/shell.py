"""Run notebooks cell by cell in one IPython, as a kernel does, and print what every cell came to.

``python -m tests.notebooks.shell STUDY SOURCE…``; a JSON list per notebook, and whether torch was imported.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import jupytext
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output


def run(study: str, source: Path) -> list[dict[str, Any]]:
    """Run one notebook; the cell of parameters is followed by the study's path."""
    shell = InteractiveShell.instance()
    shell.reset()
    os.chdir(source.parent)
    found = []
    for cell in jupytext.read(source, fmt="py:percent").cells:
        if cell.cell_type != "code":
            continue
        with capture_output() as said:
            result = shell.run_cell(cell.source)
        found.append(
            {
                "source": cell.source,
                "failed": None if result.success else str(result.error_in_exec),
                "lacking": any("interp-lacking" in one.metadata for one in said.outputs),
                "texts": [str(one.data.get("text/plain", "")) for one in said.outputs],
                "printed": said.stdout,
            }
        )
        if "parameters" in cell.metadata.get("tags", []):
            shell.user_ns["study"] = study
    return found


if __name__ == "__main__":
    every = {Path(one).stem: run(sys.argv[1], Path(one)) for one in sys.argv[2:]}
    print(json.dumps({"notebooks": every, "torch": "torch" in sys.modules}))
