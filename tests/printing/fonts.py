"""Small fonts made for a test, and a machine that has no others."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from fontTools.feaLib.builder import addOpenTypeFeaturesFromString
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen

from interp.printing.faces import Face, read_faces

Machine = Callable[..., tuple[Face, ...]]


def write_font(
    path: Path,
    family: str,
    characters: str,
    *,
    ligatures: dict[str, str] | None = None,
    weight: int = 400,
    fs_type: int = 0,
) -> Face:
    """Write a font in which every character is a box, and read it as the suite does.

    Args:
        path: of the file.
        family: its name.
        characters: that it can draw.
        ligatures: string to the name of the glyph that stands for it, which no character has.
        weight: as in CSS.
        fs_type: what the foundry allows.
    """
    named = {ord(character): f"u{ord(character):04X}" for character in characters}
    extra = list((ligatures or {}).values())
    glyphs = [".notdef", *named.values(), *extra]
    pen = TTGlyphPen(None)
    pen.moveTo((0, 0))
    for point in ((0, 500), (500, 500), (500, 0)):
        pen.lineTo(point)
    pen.closePath()
    box = pen.glyph()
    builder = FontBuilder(1000, isTTF=True)
    builder.setupGlyphOrder(glyphs)
    builder.setupCharacterMap(named)
    builder.setupGlyf(dict.fromkeys(glyphs, box))
    builder.setupHorizontalMetrics(dict.fromkeys(glyphs, (600, 0)))
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    builder.setupNameTable({"familyName": family, "styleName": "Regular"})
    builder.setupOS2(usWeightClass=weight, fsType=fs_type, usWidthClass=5)
    builder.setupPost()
    if ligatures:
        rules = "".join(
            f"sub {' '.join(named[ord(one)] for one in string)} by {glyph};"
            for string, glyph in ligatures.items()
        )
        addOpenTypeFeaturesFromString(builder.font, f"feature liga {{ {rules} }} liga;")
    builder.save(path)
    (face,) = read_faces(path)
    return face


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    """Give the machine these fonts and no others."""

    def only(*faces: Face) -> tuple[Face, ...]:
        monkeypatch.setattr("interp.printing.faces._listed", lambda *_: faces)
        return faces

    return only
