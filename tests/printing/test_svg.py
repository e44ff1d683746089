"""Drawings: steady names, true size, fonts inside, and the check that says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from interp.errors import InterpError
from interp.printing.check import missing_glyphs
from interp.printing.subset import Wanted, embedded_characters
from interp.printing.svg import drawn_texts, finished
from tests.printing.fonts import Machine, write_font

HEAD = '<svg xmlns="http://www.w3.org/2000/svg" class="m" width="500" height="300" viewBox="0 0 500 300">'


def drawing(body: str) -> str:
    return f"{HEAD}{body}</svg>"


def text(words: str, families: str = "'A', 'B'", more: str = "") -> str:
    return f'<text x="1" style="font-family: {families}; {more}fill: red;">{words}</text>'


def test_size_is_true_and_the_view_box_stays() -> None:
    made = finished(drawing(""), width="85mm", height="51mm", embed=False)
    assert 'width="85mm" height="51mm"' in made and 'viewBox="0 0 500 300"' in made


def test_names_drawn_by_lot_become_steady() -> None:
    def plotly(uid: str) -> str:
        return drawing(
            f'<defs id="defs-{uid}"><clipPath id="clip{uid}xyplot"/></defs>'
            f'<g clip-path="url(#clip{uid}xyplot)" style="fill: url(#g{uid}-t0)"/>'
            f'<defs id="topdefs-{uid}"/><g fill="#{uid}"/>'
        )

    one = finished(plotly("a1b2c3"), width="1", height="1", embed=False)
    other = finished(plotly("4d5e6f"), width="1", height="1", embed=False)
    assert one.replace('fill="#a1b2c3"', "") == other.replace('fill="#4d5e6f"', "")
    assert 'fill="#a1b2c3"' in one  # a colour is no name


def test_ways_of_writing_are_inherited() -> None:
    body = (
        '<g style="font-family: A; font-weight: 600">'
        + text('one <tspan style="font-weight:bold">two</tspan> three', "&quot;B C&quot;, D")
        + "<text>four</text></g>"
    )
    found = [(way.families, way.weight, words) for way, words in drawn_texts(drawing(body))]
    assert found == [
        (("B C", "D"), 600, "one "), (("B C", "D"), 700, "two"), (("B C", "D"), 600, " three"),
        (("A",), 600, "four"),
    ]  # fmt: skip


def test_kana_take_the_japanese_font_and_others_do_not() -> None:
    families = "'Noto Sans', 'Noto Sans CJK SC', 'Noto Sans CJK JP', sans-serif"
    made = finished(
        drawing(text("直か", families) + text("直", families)), width="1", height="1", embed=False
    )
    japanese, chinese = (way.families for way, _ in drawn_texts(made))
    assert japanese == ("Noto Sans", "Noto Sans CJK JP", "Noto Sans CJK SC", "sans-serif")
    assert chinese == ("Noto Sans", "Noto Sans CJK SC", "Noto Sans CJK JP", "sans-serif")


def test_fonts_are_inside_and_checked(tmp_path: Path, machine: Machine) -> None:
    machine(write_font(tmp_path / "a.ttf", "A", "ab"), write_font(tmp_path / "b.ttf", "B", "bক"))
    path = tmp_path / "a.svg"
    body = drawing(text("abক") + text("b", "'B'"))
    path.write_text(finished(body, width="1", height="1"), encoding="utf-8")
    assert embedded_characters(path.read_text("utf-8")) == {
        "A": {ord("a"), ord("b")}, "B": {ord("b"), ord("ক")}
    }  # fmt: skip
    assert missing_glyphs(path) == []
    path.write_text(finished(body, width="1", height="1", embed=False), encoding="utf-8")
    assert missing_glyphs(path) == ["a", "b", "ক"]


def test_a_character_without_font_is_found(tmp_path: Path, machine: Machine) -> None:
    machine(write_font(tmp_path / "a.ttf", "A", "ab"))
    path = tmp_path / "a.svg"
    path.write_text(finished(drawing(text("a ক\u200dখ")), width="1", height="1"), encoding="utf-8")
    assert missing_glyphs(path) == ["ক", "খ"]


def test_a_font_under_a_name_nobody_asks_for_does_not_count(
    tmp_path: Path, machine: Machine
) -> None:
    machine(write_font(tmp_path / "a.ttf", "A", "ab"))
    made = finished(drawing(text("a")), width="1", height="1").replace("'A', 'B'", "'C'")
    path = tmp_path / "a.svg"
    path.write_text(made, encoding="utf-8")
    assert missing_glyphs(path) == ["a"]


def test_other_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InterpError, match=r"\.svg, \.pdf"):
        missing_glyphs(tmp_path / "a.png")


def test_a_way_has_defaults() -> None:
    assert Wanted(("A",)) == Wanted(("A",), 400, False)
