"""Outlines of PostScript fonts (Noto Sans CJK is one) as TrueType's.

Chrome writes PostScript outlines into a PDF as Type 3 fonts, which many journals refuse; TrueType it embeds.
"""

from __future__ import annotations

from typing import Any

_ERROR = 0.001
"""Of the letter's size, by which a curve may differ: a micrometre or two in print."""


def to_quadratic(font: Any) -> None:
    """Replace a font's cubic outlines by quadratic ones.

    Args:
        font: a ``TTFont`` with the table ``CFF``, of few glyphs; changed in place.
    """
    from fontTools.pens.cu2quPen import Cu2QuPen
    from fontTools.pens.ttGlyphPen import TTGlyphPen
    from fontTools.ttLib import newTable

    outlines, order = font.getGlyphSet(), font.getGlyphOrder()
    drawn = {}
    for name in order:
        pen = TTGlyphPen(outlines)
        error = _ERROR * font["head"].unitsPerEm
        outlines[name].draw(Cu2QuPen(pen, error, reverse_direction=True))
        drawn[name] = pen.glyph()
    font["loca"] = newTable("loca")
    glyf = font["glyf"] = newTable("glyf")
    glyf.glyphOrder, glyf.glyphs = order, drawn
    for name, (advance, _) in list(font["hmtx"].metrics.items()):
        glyph = drawn[name]
        glyph.recalcBounds(glyf)
        font["hmtx"][name] = (advance, getattr(glyph, "xMin", 0))
    about = font["maxp"]
    about.tableVersion = 0x00010000
    about.maxZones = 1
    for unused in (
        "maxTwilightPoints", "maxStorage", "maxFunctionDefs", "maxInstructionDefs",
        "maxStackElements", "maxSizeOfInstructions", "maxComponentElements",
    ):  # fmt: skip
        setattr(about, unused, 0)
    about.numGlyphs = len(order)
    about.recalc(font)
    font["post"].formatType = 3.0
    font["head"].glyphDataFormat = 0
    for table in ("CFF ", "VORG"):
        if table in font:
            del font[table]
    font.sfntVersion = "\000\001\000\000"
