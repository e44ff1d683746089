"""Prints the matrix: number, case, command and the line that was printed, as Markdown."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests import conftest  # sets what has to be set before torch is imported
from tests.cli.bad_inputs.case import commit, prepare
from tests.cli.bad_inputs.cases import CASES
from tests.cli.bad_inputs.world import build

assert conftest.ROOT


def main(words: list[str]) -> None:
    """Print the cases whose name holds all of the words."""
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        world = build(root / "world")
        print("| | case | command | message |\n|---|---|---|---|")
        for number, case in enumerate(CASES, start=1):
            if not all(word in case.name for word in words):
                continue
            where = prepare(case, world, root / str(number))
            told = commit(case, where)
            message = told.err.strip().replace(str(root / str(number)), "…").replace(str(root), "…")
            line = case.line.replace("{", "").replace("}", "")
            cells = (case.name, f"`interp {_short(line)}`", _short(message, 400))
            print(f"| {number} | " + " | ".join(_cell(cell) for cell in cells) + " |", flush=True)


def _short(text: str, most: int = 160) -> str:
    return text if len(text) <= most else f"{text[: most - 20]} … {text[-15:]}"


def _cell(text: str) -> str:
    """Text that stays in its cell, and in its terminal."""
    shown = "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)
    return shown.replace("|", "\\|")


if __name__ == "__main__":
    main(sys.argv[1:])
