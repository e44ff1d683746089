"""Parts of pages that are written from the code at every build, so that they cannot fall behind it.

A page asks for one by a comment on a line of its own, which is what a code host shows: nothing.

    <!-- generated: presets -->
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from command_pages import commands
from figure_pages import figures
from module_pages import modules, report
from notebook_pages import notebooks
from preset_pages import presets
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

PARTS: dict[str, Callable[..., str]] = {
    "commands": commands,
    "figures": figures,
    "modules": modules,
    "notebooks": notebooks,
    "presets": presets,
    "report": report,
}

_ASKED = re.compile(r"^<!-- generated: (.+?) -->$", re.MULTILINE)


def _write(app: Sphinx, page: str, source: list[str]) -> None:
    def part(match: re.Match[str]) -> str:
        name, *arguments = match[1].split()
        if name not in PARTS:
            raise ExtensionError(f"{page}: no generated part {name!r}: one of {', '.join(PARTS)}")
        return PARTS[name](*arguments)

    source[0] = _ASKED.sub(part, source[0])


def setup(app: Sphinx) -> dict[str, Any]:
    """Replace the comments when a page is read."""
    app.connect("source-read", _write)
    # what they are written from is no file of the page, so that Sphinx would not see it change
    app.connect("env-get-outdated", lambda app, env, added, changed, removed: _pages(app, env))
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _pages(app: Sphinx, env: Any) -> list[str]:
    return [page for page in env.found_docs if _ASKED.search(_text(env, page))]


def _text(env: Any, page: str) -> str:
    with open(env.doc2path(page), encoding="utf-8") as file:
        return file.read()
