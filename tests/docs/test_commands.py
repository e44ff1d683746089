"""Every command in the pages, the README and the commands' own help is one that the command line takes."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import typer.main

from interp.cli.app import build
from tests.docs.blocks import blocks
from tests.docs.site import ROOT

PAGES = [
    path
    for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("*/README.md")]
    if "interp " in path.read_text(encoding="utf-8")
]


def commands_of(text: str) -> Iterator[list[str]]:
    """The words of every command of ours in the lines of a block, without comments."""
    for line in text.replace("\\\n", " ").splitlines():
        found = re.match(r"\s*(?:torchrun .*-m )?interp(?= )(.*)", line)
        if found:
            yield shlex.split(found[1].replace("…", ""), comments=True)


def take(words: list[str]) -> None:
    """Parse a command as the command line does, and run nothing."""
    command: Any = typer.main.get_command(build())
    path = "interp"
    while hasattr(command, "commands") and words and not words[0].startswith("-"):
        path, name, words = f"{path} {words[0]}", words[0], words[1:]
        assert name in command.commands, f"no command {path}"
        command = command.commands[name]
    command.make_context(path, list(words))


def refused(page: str) -> list[str]:
    """Commands in a page's blocks that are not taken, with why."""
    found = []
    for block in blocks(page):
        for words in commands_of(block.text) if block.kind in ("", "sh") else ():
            try:
                take(words)
            # typer brings click's exceptions along under a name of its own
            except Exception as error:
                found.append(f"line {block.line}: interp {shlex.join(words)}: {error}")
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_of_a_page_are_taken(page: Path) -> None:
    assert not refused(page.read_text(encoding="utf-8"))


def test_examples_of_the_help_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "docs" / "_ext"))
    written = import_module("command_pages").commands()
    assert len([block for block in blocks(written) if block.kind == "sh"]) > 20
    assert not refused(written)


def test_a_command_that_is_none_is_seen() -> None:
    text = "$ x\ninterp lens --model M  # what\n  interp lens --modle M\ntorchrun -n 4 -m interp nothing\n"
    one, slip, unknown = commands_of(text)
    take(one)
    with pytest.raises(Exception, match="modle"):
        take(slip)
    with pytest.raises(AssertionError, match="nothing"):
        take(unknown)
