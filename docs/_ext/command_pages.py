"""The command reference, from the application that runs: what ``--help`` says, as a page."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from typing import Any

import typer.main

from interp.cli.app import build

_SPECIAL = re.compile(r"([\\*_<>$|\[\]])")
_EXAMPLE = re.compile(r"^Examples?:\s*", re.IGNORECASE)


def commands() -> str:
    """Write a section per command, with a table of the panels that its help has."""
    root = typer.main.get_command(build())
    return "\n\n".join(
        part for path, command in _walk(root, ["interp"]) for part in _section(path, command)
    )


def _walk(command: Any, path: list[str]) -> Iterator[tuple[list[str], Any]]:
    yield path, command
    for name, own in getattr(command, "commands", {}).items():
        if not own.hidden:
            yield from _walk(own, [*path, name])


def _section(path: list[str], command: Any) -> Iterator[str]:
    name = " ".join(path)
    yield f"{'#' * min(len(path) + 1, 4)} `{name}`"
    yield _prose(inspect.cleandoc(command.help or ""))
    if below := [one for one in getattr(command, "commands", {}) if len(path) > 1]:
        yield "Commands: " + ", ".join(f"`{name} {one}`" for one in below) + "."
    options = [one for one in command.params if not getattr(one, "hidden", False)]
    panels: dict[str, list[Any]] = {}
    for one in options:
        if "--help" not in one.opts:
            panels.setdefault(getattr(one, "rich_help_panel", None) or "", []).append(one)
    for panel, own in panels.items():
        if panel:
            yield f"*{panel}*"
        yield "\n\n".join(_option(one) for one in own)


def _prose(text: str) -> str:
    """Write a help text as Markdown: paragraphs, and examples as code."""
    written: list[str] = []
    code: list[str] = []
    example = False
    for block in re.split(r"\n\s*\n", text):
        lines = block.splitlines()
        if not lines:
            continue
        begins = _EXAMPLE.match(lines[0])
        example = bool(begins) or (example and all(line.startswith("    ") for line in lines))
        if begins:
            lines[0] = lines[0][begins.end() :]
        if not example:
            written.append(_plain(" ".join(line.strip() for line in lines)))
            continue
        code += _unwrapped([line.strip() for line in lines if line.strip()])
    if code:
        written.append("```sh\n" + "\n".join(code) + "\n```")
    return "\n\n".join(written)


def _unwrapped(lines: list[str]) -> list[str]:
    """Join the lines of an example that the source had to break."""
    joined: list[str] = []
    for line in lines:
        if joined and not line.startswith(("interp ", "torchrun ", "python ", "pip ")):
            joined[-1] += f" {line}"
        else:
            joined.append(line)
    return joined


def _option(option: Any) -> str:
    """Write one option or argument as an entry of a definition list."""
    is_option = str(option.opts[0]).startswith("-")
    names = [*option.opts, *getattr(option, "secondary_opts", [])]
    title = ", ".join(f"`{one if is_option else one.upper()}`" for one in names)
    said = [_plain(" ".join((option.help or "").split()))]
    if option.required:
        said.append("Required.")
    elif (default := _default(option)) is not None:
        said.append(f"Default: `{default}`.")
    if getattr(option, "multiple", False) or option.nargs == -1:
        said.append("May be given several times.")
    return f"{title}\n: {' '.join(part for part in said if part)}"


def _default(option: Any) -> str | None:
    value = option.default
    if value is None or callable(value) or isinstance(value, bool) or value in ((), []):
        return None
    return str(getattr(value, "value", value))


def _plain(text: str) -> str:
    """Escape what Markdown would read as markup; what stands in backticks is code."""
    parts = re.split(r"(`[^`]*`)", text)
    return "".join(part if part.startswith("`") else _SPECIAL.sub(r"\\\1", part) for part in parts)
