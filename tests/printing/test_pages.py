"""Pages of their own: no network, no markup from a study, fonts inside."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import plotly.graph_objects as go
import pytest

from interp.figures.layout import finish
from interp.plates import Plate
from interp.printing.pages import LIBRARY, page
from interp.printing.subset import embedded_characters
from tests.printing.fonts import Machine, write_font

RUNS = pd.DataFrame(
    {"label": ["base"], "model": ["m"], "revision": [None], "analysis": ["lens"],
     "preset": ["default"], "data_hash": ["d" * 9], "finished_at": ["2026-01-01T00:00"],
     "run_id": ["r1"]}
)  # fmt: skip


@pytest.fixture
def plate() -> Plate:
    made = go.Figure(
        go.Bar(x=["ক", "</script><script>alert(1)</script>"], y=[1, 2], hovertext=["খ", "b"])
    )
    finish(made, title="<script>alert(2)</script>")
    return Plate(
        name="bars",
        title="<script>alert(2)</script> & more",
        figure=made,
        frame=pd.DataFrame({"x": [1]}),
        reading="<img src=x onerror=alert(3)> 5 < 6.",
        runs=RUNS,
        paper="Figure 3",
    )


class Reader(HTMLParser):
    """Counts scripts and collects what a page asks for and says."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.asked: list[str] = []
        self.words = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.asked += [value or "" for name, value in attrs if name in ("src", "href")]

    def handle_data(self, data: str) -> None:
        self.words += data


def read(text: str) -> Reader:
    reader = Reader()
    reader.feed(text)
    return reader


def test_words_of_a_study_are_no_markup(plate: Plate) -> None:
    seen = read(page(plate, shared=True))
    assert "img" not in seen.tags and "alert(3)" in seen.words
    assert seen.words.count("<script>alert(2)</script> & more") >= 2  # title and heading
    assert "5 < 6." in seen.words and "Figure 3’s form." in seen.words and "base: m" in seen.words
    for script in re.findall(r"<script[^>]*>(.*?)</script>", page(plate, shared=True), re.DOTALL):
        assert not script.startswith("alert")


def test_a_page_asks_for_the_file_beside_it_or_for_nothing(plate: Plate) -> None:
    assert read(page(plate, shared=True)).asked == [LIBRARY]
    alone = page(plate, shared=False)
    assert read(alone).asked == [] and len(alone) > 3_000_000


def test_the_heading_is_not_said_twice(plate: Plate) -> None:
    drawn = page(plate, shared=True).split("Plotly.newPlot")[1]
    assert "alert(2)" not in drawn


def test_fonts_are_inside_those_of_hovers_too(
    plate: Plate, tmp_path: Path, machine: Machine
) -> None:
    machine(
        write_font(tmp_path / "a.ttf", "Noto Sans", "abc123"),
        write_font(tmp_path / "b.ttf", "Noto Sans Bengali", "কখগ"),
    )
    assert embedded_characters(page(plate, shared=True))["Noto Sans Bengali"] == set(map(ord, "কখ"))
    assert embedded_characters(page(plate, shared=True, embed=False)) == {}


def test_the_same_plate_gives_the_same_page(plate: Plate) -> None:
    assert page(plate, shared=True) == page(plate, shared=True)
