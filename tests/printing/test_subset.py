"""Fonts that travel with a figure: all glyphs of its text, and nothing else."""

from __future__ import annotations

import base64
import io
import re
from pathlib import Path

import pytest
from fontTools.pens.areaPen import AreaPen
from fontTools.ttLib import TTFont

from interp.printing.glyphs import first_face
from interp.printing.subset import Wanted, embedded_characters, font_style, subset
from tests.printing.fonts import Machine, write_font


def fonts_of(style: str) -> list[TTFont]:
    return [
        TTFont(io.BytesIO(base64.b64decode(content)))
        for content in re.findall(r"base64,([^)]*)\)", style)
    ]


def test_a_glyph_that_only_a_rule_makes_comes_along(tmp_path: Path, machine: Machine) -> None:
    ligatures = {"fi": "joined", "fl": "unneeded"}
    machine(write_font(tmp_path / "a.ttf", "F", "abfil", ligatures=ligatures))
    (font,) = fonts_of(font_style({Wanted(("F",)): "fix"}))
    assert set(font.getBestCmap()) == {ord("f"), ord("i")}
    assert len(font.getGlyphOrder()) == 4  # empty box, f, i and the two joined
    assert "GSUB" in font


def test_each_character_is_in_the_first_font_that_has_it(tmp_path: Path, machine: Machine) -> None:
    machine(write_font(tmp_path / "a.ttf", "A", "xy"), write_font(tmp_path / "b.ttf", "B", "xyz"))
    carried = embedded_characters(font_style({Wanted(("A", "B")): "xz"}))
    assert carried == {"A": {ord("x")}, "B": {ord("z")}}
    assert font_style({Wanted(("C",)): "x"}) == "" and font_style({}) == ""


def test_shared_characters_are_in_every_font_that_draws_beside_them(
    tmp_path: Path, machine: Machine
) -> None:
    """A joiner or digit inside a Bengali word is shaped in the Bengali font."""
    machine(
        write_font(tmp_path / "a.ttf", "A", "a1 \u200d"),
        write_font(tmp_path / "b.ttf", "B", "ক1\u200d"),
    )
    carried = embedded_characters(font_style({Wanted(("A", "B")): "aক1 \u200d"}))
    assert carried["B"] == {ord("ক"), ord("1"), 0x200D}
    assert carried["A"] == {ord("a"), ord("1"), ord(" "), 0x200D}


def test_bold_and_regular_are_rules_of_their_own(tmp_path: Path, machine: Machine) -> None:
    machine(
        write_font(tmp_path / "a.ttf", "A", "ab"),
        write_font(tmp_path / "b.ttf", "A", "ab", weight=700),
    )
    style = font_style({Wanted(("A",)): "a", Wanted(("A",), weight=700): "b"})
    assert re.findall(r"font-weight: (\d+)", style) == ["400", "700"]
    regular, bold = fonts_of(style)
    assert set(regular.getBestCmap()) == {ord("a")} and set(bold.getBestCmap()) == {ord("b")}


def test_a_font_that_may_not_be_embedded_is_not(tmp_path: Path, machine: Machine) -> None:
    machine(write_font(tmp_path / "a.ttf", "A", "ab", fs_type=2))
    assert font_style({Wanted(("A",)): "a"}) == ""


def test_the_same_text_gives_the_same_bytes(tmp_path: Path, machine: Machine) -> None:
    (face,) = machine(write_font(tmp_path / "a.ttf", "A", "abc"))
    one = subset(face, frozenset("abc"))
    subset.cache_clear()
    assert subset(face, frozenset("cba")) == one and one is not None


@pytest.mark.parametrize(
    ("family", "text", "least"),
    [("Noto Sans Arabic", "عربية", 12), ("Noto Sans Bengali", "ক্ষত্রিয়", 14)],
)
def test_real_scripts_keep_joined_forms_and_conjuncts(family: str, text: str, least: int) -> None:
    if first_face(text[0], [family]) is None:
        pytest.skip(f"{family} is not installed")
    (font,) = fonts_of(font_style({Wanted((family,)): text}))
    n_glyphs = len(font.getGlyphOrder())
    assert n_glyphs >= least > len(set(text)) + 1  # more glyphs than characters
    features = {record.FeatureTag for record in font["GSUB"].table.FeatureList.FeatureRecord}
    assert features & ({"init", "medi", "fina"} if "Arabic" in family else {"akhn", "half", "blwf"})


def test_postscript_outlines_become_truetype_of_the_same_shape() -> None:
    """Chrome would write them into a PDF as Type 3 fonts."""
    face = first_face("の", ["Noto Sans CJK SC"])
    if face is None or not face.path.endswith((".ttc", ".otf", ".otc")):
        pytest.skip("Noto Sans CJK with PostScript outlines is not installed")
    content = subset(face, frozenset("の"))
    assert content is not None
    made = TTFont(io.BytesIO(content))
    assert "glyf" in made and "CFF " not in made
    areas = []
    with TTFont(face.path, fontNumber=face.number, lazy=True) as before:
        for font in (before, made):
            pen = AreaPen()
            font.getGlyphSet()[font.getBestCmap()[ord("の")]].draw(pen)
            areas.append(pen.value)
    # the same shape, drawn the other way round, which is TrueType's
    assert areas[0] == pytest.approx(-areas[1], rel=1e-3) and abs(areas[0]) > 1e4
    assert made["hmtx"][made.getBestCmap()[ord("の")]][0] == 1000
