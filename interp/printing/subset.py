"""The part of a font that a figure needs, as a style that a drawing or a page carries with it."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from fontTools.unicodedata import script

from interp.printing.faces import Face
from interp.printing.glyphs import first_face, needs_glyph
from interp.printing.quadratic import to_quadratic

_RESTRICTED = 0x0002
"""Bit of ``OS/2.fsType`` by which a foundry forbids to embed a font."""


@dataclass(frozen=True)
class Wanted:
    """Characters that are drawn in one way.

    Attributes:
        families: names of fonts in order; of each character the first that has it draws it.
        weight: as in CSS.
        italic: whether it slants.
    """

    families: tuple[str, ...]
    weight: int = 400
    italic: bool = False


def font_style(wanted: Mapping[Wanted, Iterable[str]]) -> str:
    """Write the rules that bring the glyphs of a text along.

    Each font is cut to the characters of the text and whatever they become: joined forms of Arabic,
    conjuncts of Bengali, ligatures, marks at their places.

    Args:
        wanted: how characters are drawn, and which.

    Returns:
        CSS ``@font-face`` rules; empty where no font was found or may be embedded.
    """
    needed: dict[tuple[Face, int, bool], set[str]] = {}
    for way, characters in wanted.items():
        faces: set[Face] = set()
        shared = set()
        for character in sorted(set(characters)):
            face = first_face(character, way.families, weight=way.weight, italic=way.italic)
            if script(character) in ("Zyyy", "Zinh"):
                shared.add(character)
            if face is not None:
                faces.add(face)
                needed.setdefault((face, way.weight, way.italic), set()).add(character)
        # digits, spaces and joiners are shaped with the letters beside them
        for face in faces:
            own = {character for character in shared if ord(character) in face.characters}
            needed[face, way.weight, way.italic] |= own
    rules = [
        _rule(face, weight, italic, frozenset(characters))
        for (face, weight, italic), characters in sorted(
            needed.items(), key=lambda pair: (pair[0][0].family, *pair[0][1:])
        )
        if any(map(needs_glyph, characters))
    ]
    return "\n".join(rule for rule in rules if rule)


def _rule(face: Face, weight: int, italic: bool, characters: frozenset[str]) -> str:
    content = subset(face, characters)
    if content is None:
        return ""
    return (
        f"@font-face {{ font-family: '{face.family}'; "
        f"font-weight: {'100 900' if face.variable else weight}; "
        f"font-style: {'italic' if italic else 'normal'}; "
        f"src: url(data:font/woff2;base64,{base64.b64encode(content).decode()}) format('woff2'); }}"
    )


@lru_cache(maxsize=64)
def subset(face: Face, characters: frozenset[str]) -> bytes | None:
    """Cut a font to some characters, and all glyphs that its rules make of them.

    Args:
        face: the font.
        characters: to keep; those that it lacks are passed over.

    Returns:
        The font as WOFF2, the same bytes for the same input; None where it may not be embedded.
    """
    from fontTools.subset import Options, Subsetter
    from fontTools.ttLib import TTFont

    options = Options(  # fontTools' own list of features holds all that shape a text by themselves
        hinting=False,
        notdef_outline=True,
        name_IDs=[0, 1, 2, 4, 6, 13, 14],  # without 6 a PDF would not say which font it holds
        drop_tables=[*Options._drop_tables_default, "DSIG", "FFTM", "SVG "],
        ignore_missing_unicodes=True,
    )
    with TTFont(face.path, fontNumber=face.number, lazy=True, recalcTimestamp=False) as font:
        if font["OS/2"].fsType & _RESTRICTED:
            return None
        cutter = Subsetter(options)
        cutter.populate(unicodes=[ord(character) for character in sorted(characters)])
        cutter.subset(font)
        if "CFF " in font:
            to_quadratic(font)
        font.flavor = "woff2"
        written = io.BytesIO()
        font.save(written)
        return written.getvalue()


def embedded_characters(rules: str) -> dict[str, frozenset[int]]:
    """Read back which characters the fonts in a style can draw.

    Args:
        rules: CSS, or a document that holds it.

    Returns:
        Family to code points.
    """
    import re

    from fontTools.ttLib import TTFont

    found: dict[str, frozenset[int]] = {}
    faces: Sequence[tuple[str, str]] = re.findall(
        r"@font-face\s*{\s*font-family: '([^']*)'[^}]*?base64,([A-Za-z0-9+/=]+)\)", rules
    )
    for family, content in faces:
        font = TTFont(io.BytesIO(base64.b64decode(content)))
        found[family] = found.get(family, frozenset()) | frozenset(font.getBestCmap() or {})
    return found
