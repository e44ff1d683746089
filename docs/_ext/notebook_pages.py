"""The list of notebooks, from their own first cells."""

from __future__ import annotations

import re
from pathlib import Path

_FOLDER = Path(__file__).resolve().parents[2] / "analysis_notebooks"


def notebooks() -> str:
    """Write title, purpose and files of every notebook, in their order."""
    written = []
    for script in sorted(_FOLDER.glob("[0-9]*.py")):
        title, purpose = _beginning(script.read_text(encoding="utf-8"))
        files = [script.with_suffix(".ipynb"), script]
        links = ", ".join(
            f"{{download}}`{one.name} <../analysis_notebooks/{one.name}>`"
            for one in files
            if one.exists()
        )
        written.append(f"## {title}\n\n{purpose}\n\nFiles: {links}")
    return "\n\n".join(written)


def _beginning(script: str) -> tuple[str, str]:
    """Return title and first paragraph of the first Markdown cell of a jupytext script."""
    cell = script.split("# %% [markdown]\n", 1)[1].split("\n# %%", 1)[0]
    text = re.sub(r"^# ?", "", cell, flags=re.MULTILINE).strip()
    title, _, rest = text.partition("\n")
    return title.removeprefix("# ").strip(), rest.strip().split("\n\n", 1)[0]
