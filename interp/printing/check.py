"""Whether a file that was written holds the glyphs of its text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from interp.errors import unknown
from interp.printing.glyphs import needs_glyph
from interp.printing.subset import embedded_characters
from interp.printing.svg import drawn_texts

UNKNOWN = "\ufffd"
"""Stands for a character that was drawn as an empty box, where the file does not say which."""


def missing_glyphs(path: Path) -> list[str]:
    """Return the characters of a file's text that it does not bring a glyph for.

    Args:
        path: an SVG: every character has to be in a font that it carries, under a name that the text asks
            for. A PDF: every font has to be embedded, and no glyph may be ``.notdef`` (the empty box).

    Returns:
        The characters, sorted, each once; `UNKNOWN` for each boxed glyph of a PDF.

    Raises:
        InterpError: neither SVG nor PDF.
    """
    if path.suffix == ".svg":
        return _of_svg(path.read_text(encoding="utf-8"))
    if path.suffix == ".pdf":
        return _of_pdf(path)
    raise unknown("kind of file to check", path.suffix, (".svg", ".pdf"))


def _of_svg(drawing: str) -> list[str]:
    carried = embedded_characters(drawing)
    missing: set[str] = set()
    for way, text in drawn_texts(drawing):
        drawable = frozenset().union(*(carried.get(family, ()) for family in way.families))
        missing.update(
            character
            for character in text
            if needs_glyph(character) and ord(character) not in drawable
        )
    return sorted(missing)


def _of_pdf(path: Path) -> list[str]:
    from pypdf import PdfReader

    reader = PdfReader(path)
    boxes = sum(_boxes(page, reader) for page in reader.pages)
    loose = [name for page in reader.pages for name, font in _fonts(page) if not _embedded(font)]
    return [UNKNOWN] * (boxes + len(loose))


def embedded_fonts(path: Path) -> list[str]:
    """Return the names of the fonts that a PDF carries, e.g. ``NotoSansBengali-Regular``."""
    from pypdf import PdfReader

    names = {
        re.sub(r"^/([A-Z]{6}\+)?", "", str(font.get("/BaseFont") or font.get("/Name") or "/Type3"))
        for page in PdfReader(path).pages
        for _, font in _fonts(page)
        if _embedded(font)
    }
    return sorted(names)


def _resources(part: Any) -> Any:
    found = part.get("/Resources")
    return {} if found is None else found.get_object()


def _forms(part: Any) -> Iterator[Any]:
    """The drawings inside a page or a drawing."""
    for form in _resources(part).get("/XObject", {}).values():
        inside = form.get_object()
        if inside.get("/Subtype") == "/Form":
            yield inside


def _fonts(part: Any) -> Iterator[tuple[str, Any]]:
    for name, font in _resources(part).get("/Font", {}).items():
        yield name, font.get_object()
    for form in _forms(part):
        yield from _fonts(form)


def _embedded(font: Any) -> bool:
    if font.get("/Subtype") == "/Type3":  # drawn by the file itself
        return True
    parts = font.get("/DescendantFonts")
    holder = font if parts is None else parts[0].get_object()
    about = holder.get("/FontDescriptor", {})
    return any(name in about for name in ("/FontFile", "/FontFile2", "/FontFile3"))


def _boxes(part: Any, reader: Any) -> int:
    """Count the glyphs 0 that a page draws; in a font of Unicode text a glyph is two bytes."""
    from pypdf.generic import ArrayObject, ContentStream, TextStringObject

    content = part.get_contents() if hasattr(part, "get_contents") else part
    if content is None:
        return 0
    fonts = {name: font.get_object() for name, font in _resources(part).get("/Font", {}).items()}
    font, boxes = None, 0
    for operands, operator in ContentStream(content, reader).operations:
        if operator == b"Tf":
            font = fonts.get(operands[0])
        elif operator in (b"Tj", b"TJ") and font and font.get("/Subtype") == "/Type0":
            strings = operands[0] if isinstance(operands[0], ArrayObject) else operands
            for string in strings:
                if isinstance(string, bytes | TextStringObject):
                    codes = string if isinstance(string, bytes) else string.original_bytes
                    boxes += sum(not any(codes[at : at + 2]) for at in range(0, len(codes), 2))
    return boxes + sum(_boxes(form, reader) for form in _forms(part))
