"""A drawing made ready: true size, fonts inside, the same text for the same figure."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from xml.etree import ElementTree

from interp.printing.glyphs import CHINESE, JAPANESE, is_kana
from interp.printing.subset import Wanted, font_style

_TEXT = re.compile(r"<text\b[^>]*>.*?</text>", re.DOTALL)
_FAMILY = re.compile(r"font-family:([^;\"]*)")
_UID = re.compile(r'<defs id="(?:top)?defs-([0-9a-f]{6})"')
_SIZE = re.compile(r'(<svg\b[^>]*?) width="[^"]*" height="[^"]*"')
_BOLD = {"bold": 700, "bolder": 700, "normal": 400}


def finished(drawing: str, *, width: str, height: str, embed: bool = True) -> str:
    """Finish a drawing that plotly made.

    Args:
        drawing: SVG with a view box.
        width: in print or on screen, e.g. ``85mm``.
        height: likewise.
        embed: whether the fonts come along; else they are named, and looked for wherever it is opened.

    Returns:
        SVG. Strings with kana ask for the Japanese font before the Chinese one.
    """
    drawing = _SIZE.sub(rf'\1 width="{width}" height="{height}"', drawing, count=1)
    drawing = _TEXT.sub(lambda found: _japanese(found.group()), _steady(drawing))
    if not embed:
        return drawing
    ways: dict[Wanted, set[str]] = defaultdict(set)
    for way, text in drawn_texts(drawing):
        ways[way].update(text)
    style = font_style(ways)
    if not style:
        return drawing
    head = drawing.index(">") + 1
    return f"{drawing[:head]}<style>{style}</style>{drawing[head:]}"


def _steady(drawing: str) -> str:
    """Give the drawing's parts names that do not change from one export to the next."""
    for number, uid in enumerate(dict.fromkeys(_UID.findall(drawing))):
        drawing = re.sub(
            rf'(?<=[a-z-]){uid}(?=[xyz"\-)]|&quot;)|(?<=#g){uid}', f"f{number}", drawing
        )
    return drawing


def _japanese(text: str) -> str:
    """Put the Japanese fonts before the Chinese ones in a text that has kana."""
    if not any(map(is_kana, text)):
        return text

    def turned(found: re.Match[str]) -> str:
        names = _names(found.group(1))
        han = [name for name in names if name in (*JAPANESE, *CHINESE)]
        own = iter(sorted(han, key=lambda name: name not in JAPANESE))
        kept = [next(own) if name in han else name for name in names]
        return "font-family: " + ", ".join(_quoted(name) for name in kept)

    return _FAMILY.sub(turned, text)


def _quoted(name: str) -> str:
    return name if name.isidentifier() or name in ("sans-serif", "system-ui") else f"'{name}'"


def _names(families: str) -> list[str]:
    plain = families.replace("&quot;", "'")
    return [name.strip().strip("'\"") for name in plain.split(",") if name.strip()]


def drawn_texts(drawing: str) -> Iterator[tuple[Wanted, str]]:
    """Return every text of a drawing, and in which fonts it is drawn.

    Args:
        drawing: SVG.

    Yields:
        How it is drawn, and the text.
    """
    yield from _below(ElementTree.fromstring(drawing), Wanted(()))


def _below(element: ElementTree.Element, way: Wanted) -> Iterator[tuple[Wanted, str]]:
    own = _way(element, way)
    if element.tag.rpartition("}")[2] in ("text", "tspan", "a") and element.text:
        yield own, element.text
    for child in element:
        if child.tag.rpartition("}")[2] not in ("style", "title", "desc"):
            yield from _below(child, own)
            if child.tail and child.tail.strip():
                yield own, child.tail


def _way(element: ElementTree.Element, outside: Wanted) -> Wanted:
    style = dict(
        (name.strip(), value.strip())
        for name, _, value in (
            part.partition(":") for part in element.get("style", "").split(";") if ":" in part
        )
    )
    said = {
        name: style.get(name, element.get(name))
        for name in ("font-family", "font-weight", "font-style")
    }
    weight = said["font-weight"]
    return Wanted(
        families=outside.families
        if said["font-family"] is None
        else tuple(_names(said["font-family"])),
        weight=outside.weight if weight is None else _BOLD.get(weight) or int(weight),
        italic=outside.italic if said["font-style"] is None else said["font-style"] == "italic",
    )
