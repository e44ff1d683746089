"""The paper's figures and tables, and which plate, notebook and command draws each; from the plates' registry."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from interp.plates.registry import Entry, chapters

_FOLDER = Path(__file__).resolve().parents[2] / "analysis_notebooks"


def figures(of: str) -> str:
    """Write a table of plates.

    Args:
        of: ``paper`` for those in the paper's form, in its order; ``all`` for every one, chapter by chapter, with
            what it shows.
    """
    if of == "paper":
        entries = [entry for own in chapters().values() for entry in own if entry.paper]
        head = "| of the paper | plate | notebook | `interp figures` … |"
        rows = [_cells(entry.paper, *_ways(entry)) for entry in sorted(entries, key=_place)]
        return "\n".join(["{.plates}", head, "|---" * 4 + "|", *rows])
    return "\n\n".join(f"### {title}\n\n{_chapter(own)}" for title, own in chapters().items())


def _chapter(entries: Iterable[Entry]) -> str:
    head = "| plate | what it shows | of the paper |"
    rows = [_cells(_plate(entry), _shows(entry), entry.paper or "–") for entry in entries]
    return "\n".join(["{.plates}", head, "|---" * 3 + "|", *rows])


def _cells(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _place(entry: Entry) -> tuple[bool, int, str]:
    """Order figures before tables, each by number."""
    number = re.search(r"\d+", entry.paper)
    assert number is not None, entry
    return entry.paper.startswith("Table"), int(number[0]), entry.paper


def _ways(entry: Entry) -> tuple[str, str, str]:
    """Say which function, notebooks and command draw a plate."""
    command = f"`--only {entry.name}`"
    return _plate(entry), ", ".join(_notebooks(entry)) or "–", command


def _plate(entry: Entry) -> str:
    """Link to the function, with the options that the entry gives it."""
    name = entry.function.__name__
    link = f"{{py:func}}`{_theme(entry).rpartition('.')[2]}.{name} <{_theme(entry)}.{name}>`"
    return link + "".join(f" `{one}`" for one in _options(entry))


def _shows(entry: Entry) -> str:
    said = (inspect.getdoc(entry.function) or "").split("\n", 1)[0]
    return said.rstrip(".").replace("``", "`")


def _options(entry: Entry) -> list[str]:
    """What stands behind the view in a call, as the notebooks write it."""
    return [f"{name}={value!r}".replace("'", '"') for name, value in entry.options.items()]


def _theme(entry: Entry) -> str:
    """The package that exports the function, e.g. ``interp.plates.heads``."""
    return entry.function.__module__.rpartition(".")[0]


def _notebooks(entry: Entry) -> Iterator[str]:
    """Name the notebooks that call the plate so, in their order."""
    theme = _theme(entry).removeprefix("interp.")
    call = re.compile(
        rf"^(?:\w+ = )?{re.escape(theme)}\.{entry.function.__name__}\((.*)", re.MULTILINE
    )
    for script in sorted(_FOLDER.glob("[0-9]*.py")):
        given = call.findall(script.read_text(encoding="utf-8"))
        if any(all(one in arguments for one in _options(entry)) for arguments in given):
            yield f"{{download}}`{script.stem[:2]} <../analysis_notebooks/{_best(script).name}>`"


def _best(script: Path) -> Path:
    """The notebook with its outputs, where it is there."""
    notebook = script.with_suffix(".ipynb")
    return notebook if notebook.exists() else script
