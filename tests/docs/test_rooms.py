"""Imports between the rooms that read studies point the way that `docs/architecture.md` draws."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.docs.site import ROOT

ROOMS = ("study", "comparison", "evidence", "figures", "plates", "printing", "report", "cli")


def _imported(file: Path) -> set[str]:
    """Rooms of ``interp`` that a module imports when it is loaded, not within its functions."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    named = [node.module or "" for node in tree.body if isinstance(node, ast.ImportFrom)]
    named += [one.name for node in tree.body if isinstance(node, ast.Import) for one in node.names]
    parts = [name.split(".") for name in named]
    return {part[1] for part in parts if part[0] == "interp" and len(part) > 1}


def test_the_page_draws_these_rooms_in_this_order() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    drawn = text.split("`model →", 1)[1].split("`", 1)[0]
    places = [drawn.index(room) for room in ROOMS]
    assert places == sorted(places)


@pytest.mark.parametrize("room", ROOMS[:-1])
def test_no_room_imports_one_to_its_right(room: str) -> None:
    files = sorted((ROOT / "interp" / room).rglob("*.py"))
    assert files
    later = {*ROOMS[ROOMS.index(room) + 1 :], "dashboards"}
    wrong = {
        str(file.relative_to(ROOT)): found for file in files if (found := _imported(file) & later)
    }
    assert not wrong
