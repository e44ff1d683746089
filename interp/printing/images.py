"""Figures as SVG, PDF and PNG, through Kaleido and a Chrome on this machine."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence

import plotly.graph_objects as go

from interp.errors import unknown
from interp.printing.browser import BROWSER, why_no_browser
from interp.printing.glyphs import needed_families
from interp.printing.paper import HEIGHT, as_printed, laid_out, still
from interp.printing.pdf import steady
from interp.printing.sheet import Sheet
from interp.printing.svg import finished
from interp.printing.texts import figure_characters

FORMS = ("svg", "pdf", "png")
WIDTH = 1000
"""Pixels of a picture for the screen."""

why_no_images = why_no_browser

_CSS_MM = 96 / 25.4
"""Pixels of a screen in a millimetre."""


def image_bytes(
    figure: go.Figure,
    form: str,
    *,
    sheet: Sheet | None = None,
    embed: bool = True,
    japanese_first: bool = False,
) -> bytes:
    """Draw a figure on white, as it would be printed.

    Many calls in one process share a Chrome.

    Args:
        figure: as it is shown; stays as it is.
        form: ``svg``, ``pdf`` or ``png``.
        sheet: its place in print; for a screen (1000 pixels wide) by default.
        embed: whether an SVG carries its fonts along.
        japanese_first: of figures that show Japanese and no Chinese.

    Raises:
        InterpError: another form, or no Chrome.
    """
    return pictures(figure, [form], sheet=sheet, embed=embed, japanese_first=japanese_first)[form]


def pictures(
    figure: go.Figure,
    forms: Sequence[str],
    *,
    sheet: Sheet | None = None,
    embed: bool = True,
    japanese_first: bool = False,
) -> dict[str, bytes]:
    """Draw a figure once, and make several forms of the drawing.

    Args:
        figure: as it is shown; stays as it is.
        forms: of `FORMS`.
        sheet: as for `image_bytes`.
        embed: likewise.
        japanese_first: likewise.

    Returns:
        Form to content.

    Raises:
        InterpError: another form, or no Chrome.
    """
    for form in forms:
        if form not in FORMS:
            raise unknown("form of pictures", form, FORMS)
    if not forms:
        return {}
    drawing, width, height = _drawing(figure, sheet, embed or "svg" not in forms, japanese_first)
    return {form: _made(drawing, form, width, height, sheet) for form in forms}


def _made(drawing: str, form: str, width: float, height: float, sheet: Sheet | None) -> bytes:
    if form == "svg":
        return drawing.encode()
    if form == "pdf":
        return steady(BROWSER.pdf(drawing, width, height))
    wide, high = width * _CSS_MM, height * _CSS_MM
    if sheet is None:
        return BROWSER.png(drawing, wide, high, 2)
    return _with_density(BROWSER.png(drawing, wide, high, sheet.dpi / 96), sheet.dpi)


def _drawing(
    figure: go.Figure, sheet: Sheet | None, embed: bool, japanese_first: bool
) -> tuple[str, float, float]:
    """Draw as SVG; also width and height in millimetres."""
    characters = figure_characters(figure.to_plotly_json())
    families = needed_families(characters, japanese_first=japanese_first)
    made = still(as_printed(figure, families))
    if sheet is None:
        wide, high = float(WIDTH), float(made["layout"].get("height") or HEIGHT)
        unit, pixel = "", 1 / _CSS_MM
        size = (wide, high)
    else:
        wide, high = laid_out(made, sheet)
        unit, pixel = "mm", sheet.width / wide
        size = (sheet.width, high * pixel)
    drawing = finished(
        BROWSER.svg(made, wide, high),
        width=f"{round(size[0], 3):g}{unit}",
        height=f"{round(size[1], 3):g}{unit}",
        embed=embed,
    )
    return drawing, wide * pixel, high * pixel


def _with_density(picture: bytes, dpi: int) -> bytes:
    """Write into a PNG how large it is printed."""
    per_metre = round(dpi / 0.0254)
    content = b"pHYs" + struct.pack(">IIB", per_metre, per_metre, 1)
    chunk = struct.pack(">I", 9) + content + struct.pack(">I", zlib.crc32(content))
    head = 33  # signature and IHDR
    return picture[:head] + chunk + picture[head:]
