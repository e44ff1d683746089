"""The fenced blocks of a page, run in their order as a reader would: commands, Python, and what they print.

A block ``sh`` holds commands, one a line (a line that ends in a backslash goes on); ``python`` holds code, and all
such blocks of a page share their names. A block ``text`` right after one of them is what it prints: ``…`` alone on
a line stands for lines left out, within a line for a part left out. ``text about`` is what a model's arithmetic
gives: its numbers may differ by the little that another processor changes. ``sh exits=2`` fails so, and its output
is what it says to standard error.
"""

from __future__ import annotations

import contextlib
import io
import re
import shlex
from dataclasses import dataclass
from typing import Any

from interp.cli import main

_FENCE = re.compile(r"^```(\w+)?([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_NUMBER = r"[-+−]?\d+(?:[.,]\d+)*"


@dataclass(frozen=True)
class Block:
    """One fenced block: its language, the words after it, its text and the line it begins on."""

    kind: str
    words: tuple[str, ...]
    text: str
    line: int


def blocks(page: str) -> list[Block]:
    """Find the fenced blocks of a page, in their order."""
    return [
        Block(
            match[1] or "",
            tuple(match[2].split()),
            match[3],
            page.count("\n", 0, match.start()) + 1,
        )
        for match in _FENCE.finditer(page)
    ]


class Reader:
    """Runs blocks one after the other in this process, in the working folder."""

    def __init__(self) -> None:
        self.names: dict[str, Any] = {"__name__": "__main__"}

    def run(self, block: Block) -> str:
        """Run one block and return what it prints."""
        if block.kind == "python":
            out = io.StringIO()
            with contextlib.redirect_stdout(out):
                exec(compile(block.text, f"line {block.line}", "exec"), self.names)
            return out.getvalue()
        expected = next(
            (int(word.removeprefix("exits=")) for word in block.words if "exits=" in word), 0
        )
        said = ""
        for line in block.text.replace("\\\n", " ").splitlines():
            words = shlex.split(line, comments=True)
            if words:
                said += self._command(words, expected)
        return said

    def _command(self, words: list[str], expected: int) -> str:
        assert words[0] == "interp", f"not a command of ours: {words}"
        out, err, code = io.StringIO(), io.StringIO(), 0
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                main(words[1:])
            except SystemExit as stop:
                code = int(stop.code or 0)
        assert code == expected, f"{shlex.join(words)} exits {code}: {err.getvalue()}"
        return err.getvalue() if expected else out.getvalue()


def shows(expected: str, said: str, *, about: bool) -> bool:
    """Whether a block shows what was said, to the digits that it shows.

    Args:
        expected: the block's text.
        said: what was printed.
        about: whether numbers may differ a little.
    """
    pattern = ""
    for line in _lines(expected, about):
        pattern += r"(?:.*\n)*?" if line.strip() == "…" else _line(line, about) + r"\n"
    found = re.fullmatch(pattern, "".join(f"{line}\n" for line in _lines(said, about)))
    if not found:
        return False
    numbers = [one for line in _lines(expected, about) for one in re.findall(_NUMBER, line)]
    return not about or all(map(_near, numbers, found.groups()))


def _lines(text: str, about: bool) -> list[str]:
    lines = [line.rstrip() for line in text.strip("\n").splitlines()]
    # a number with another number of digits makes a column wider
    return [re.sub(r"[ ━─]+", " ", line) for line in lines] if about else lines


def _line(line: str, about: bool) -> str:
    return ".*?".join(
        "".join(
            f"({_NUMBER})" if about and re.fullmatch(_NUMBER, piece) else re.escape(piece)
            for piece in re.split(f"({_NUMBER})", part)
        )
        for part in line.split("…")
    )


def _near(one: str, other: str) -> bool:
    a, b = (float(text.replace(",", "").replace("−", "-")) for text in (one, other))
    digits = len(one.partition(".")[2])
    return abs(a - b) <= max(0.02 * abs(a), 1.01 * 10.0**-digits)
