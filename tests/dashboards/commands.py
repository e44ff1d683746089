"""Whether a command that a page shows would be taken: its names and options exist."""

from __future__ import annotations

import shlex
from functools import cache
from typing import Any

import typer

from interp.cli.app import build


def check_runnable(shown: str) -> list[str]:
    """Parse every line of a shown block with the parser of the command line, running nothing.

    Returns:
        The commands of ``interp`` among them, e.g. ``eval mcq``.
    """
    found = []
    for line in shown.splitlines():
        words = shlex.split(line, comments=True)
        if words and words[0] == "interp":
            found.append(_parse(words[1:]))
    return found


def _parse(words: list[str]) -> str:
    command, name, context = _root(), "interp", None
    path = []
    while hasattr(command, "commands"):
        word = words.pop(0)
        assert word in command.commands, f"{name} has no command {word!r}"
        context = command.context_class(command, info_name=name, parent=context)
        command, name = command.commands[word], word
        path.append(word)
    if words != ["--help"]:
        command.make_context(name, words, parent=context)  # raises what a user would be told
    return " ".join(path)


@cache
def _root() -> Any:
    return typer.main.get_command(build())
