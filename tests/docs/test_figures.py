"""The page of the paper's figures lists every plate with its notebook and its command."""

from __future__ import annotations

import re
from collections.abc import Callable
from importlib import import_module

import pytest

from interp.plates.registry import chapters
from tests.docs.site import ROOT

ENTRIES = [entry for own in chapters().values() for entry in own]


@pytest.fixture
def figures(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], str]:
    monkeypatch.syspath_prepend(str(ROOT / "docs" / "_ext"))
    found: Callable[[str], str] = import_module("figure_pages").figures
    return found


def rows(table: str) -> list[list[str]]:
    """Cells of a Markdown table's lines, without its head."""
    lines = [line for line in table.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines[1:]]


def test_every_form_of_the_paper_has_its_plate_notebook_and_command(
    figures: Callable[[str], str],
) -> None:
    found = {row[3]: row for row in rows(figures("paper"))}
    wanted = [entry for entry in ENTRIES if entry.paper]
    assert len(found) == len(wanted) > 15
    for entry in wanted:
        paper, plate, notebooks, _ = found[f"`--only {entry.name}`"]
        assert paper == entry.paper
        assert f".{entry.function.__name__}>`" in plate
        # the call stands in that notebook's source, with the options of the entry
        linked = re.findall(r"analysis_notebooks/(\w+)\.ipynb>", notebooks)
        assert linked, entry.name
        for name in linked:
            source = (ROOT / "analysis_notebooks" / f"{name}.py").read_text(encoding="utf-8")
            calls = [line for line in source.splitlines() if f".{entry.function.__name__}(" in line]
            assert any(
                all(f'"{value}"' in line for value in entry.options.values()) for line in calls
            )


def test_figures_come_by_number_and_before_tables(figures: Callable[[str], str]) -> None:
    papers = [row[0] for row in rows(figures("paper"))]
    kinds = [one.split()[0].rstrip("s") for one in papers]
    assert kinds == sorted(kinds)
    for kind in ("Figure", "Table"):
        numbers = [int(re.findall(r"\d+", one)[0]) for one in papers if one.startswith(kind)]
        assert numbers == sorted(numbers)
        assert len(numbers) > 3


def test_every_plate_says_what_it_shows(figures: Callable[[str], str]) -> None:
    written = figures("all")
    assert [title for title in re.findall(r"^### (.+)$", written, re.MULTILINE)] == list(chapters())
    found = [row for part in written.split("### ")[1:] for row in rows(part)]
    assert [row[2] for row in found] == [entry.paper or "–" for entry in ENTRIES]
    for entry, row in zip(ENTRIES, found, strict=True):
        assert f".{entry.function.__name__}>`" in row[0]
        assert len(row[1].split()) > 4
        assert not row[1].startswith("partial(")
