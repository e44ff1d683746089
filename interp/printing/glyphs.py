"""Which fonts a figure's characters need, and what is said of those that no font has."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterable, Sequence

from fontTools.unicodedata import script, script_name

from interp.printing.faces import Face, installed

LATIN = ("Noto Sans", "Arial", "Helvetica", "Liberation Sans", "DejaVu Sans")
"""The first that is installed leads; the others draw what nothing else has."""

CHINESE = (
    "Noto Sans CJK SC",
    "Noto Sans SC",
    "Source Han Sans SC",
    "PingFang SC",
    "Microsoft YaHei",
)
JAPANESE = ("Noto Sans CJK JP", "Noto Sans JP", "Source Han Sans", "Hiragino Sans", "Yu Gothic")
_OTHERS = (
    "Noto Sans Arabic", "Geeza Pro", "Segoe UI", "Noto Sans Bengali", "Kohinoor Bangla",
    "Nirmala UI",
)  # fmt: skip
_SIGNS = ("Noto Sans Math", "Noto Sans Symbols", "Noto Sans Symbols 2", "Noto Sans Symbols2")

_CJK = {"Hani", "Hira", "Kana", "Bopo", "Hang"}
_SHARED = {"Zyyy", "Zinh"}
_HIDDEN = {"Cc", "Cf", "Zs", "Zl", "Zp", "Cs"}
"""Categories of characters that have no shape of their own."""

_SHOWN = 8
"""Characters that a message names."""


def families(*, japanese_first: bool = False) -> tuple[str, ...]:
    """Return the fonts asked for, in order.

    Chinese and Japanese write the same code points (Han) in different shapes, so one of the two fonts has
    to come first: the Chinese one, unless the figure has no Chinese. Strings with kana are Japanese for
    certain; `interp.printing.svg` gives them the Japanese font whatever the order.

    Args:
        japanese_first: of figures that show Japanese and no Chinese.
    """
    han = (*JAPANESE, *CHINESE) if japanese_first else (*CHINESE, *JAPANESE)
    present = {face.family for face in installed()}
    leading = next((family for family in LATIN if family in present), LATIN[0])
    return tuple(dict.fromkeys((leading, *_OTHERS, *han, *_SIGNS, *LATIN)))


def is_kana(character: str) -> bool:
    """Whether a character is written in Japanese only."""
    return script(character) in ("Hira", "Kana")


def needs_glyph(character: str) -> bool:
    """Whether something has to be drawn for a character; not for joiners, marks of direction, breaks."""
    return unicodedata.category(character) not in _HIDDEN and not "\ufe00" <= character <= "\ufe0f"


def first_face(
    character: str, order: Sequence[str], *, weight: int = 400, italic: bool = False
) -> Face | None:
    """Return the font that draws a character: of the first family in order that has it, the nearest weight.

    Args:
        character: one.
        order: names of families.
        weight: as in CSS.
        italic: whether it should slant; an upright font serves where none does.
    """
    code = ord(character)
    by_family: dict[str, list[Face]] = {}
    for face in installed():
        if code in face.characters:
            by_family.setdefault(face.family, []).append(face)
    for family in order:
        if family in by_family:
            return min(
                by_family[family],
                key=lambda face: (
                    face.italic != italic,
                    0 if face.variable else abs(face.weight - weight),
                    face.path,
                ),
            )
    return None


def needed_families(characters: Iterable[str], *, japanese_first: bool = False) -> tuple[str, ...]:
    """Return the families that a figure needs, in the order in which it should ask for them.

    Args:
        characters: of its text.
        japanese_first: of figures that show Japanese and no Chinese.

    Returns:
        Of the families wanted those that draw some character; then others that are installed, for
        characters that none of the wanted has.
    """
    order = families(japanese_first=japanese_first)
    used: set[str] = set()
    rest = set()
    for character in sorted(set(characters)):
        face = first_face(character, order)
        if face is not None:
            used.add(face.family)
            own = first_face(character, JAPANESE) if is_kana(character) else None
            used.update(() if own is None else (own.family,))
        elif needs_glyph(character):
            rest.add(ord(character))
    chosen = [family for family in order if family in used]
    while rest:
        best = max(
            (face for face in installed() if not face.italic),
            key=lambda face: (len(face.characters & rest), *_liking(face)),
            default=None,
        )
        if best is None or not best.characters & rest:
            break
        chosen.append(best.family)
        rest -= best.characters
    return tuple(dict.fromkeys(chosen))


def _liking(face: Face) -> tuple[bool, bool, int]:
    """Prefer what looks like the rest: Noto Sans, then Noto, then what is regular."""
    return (
        face.family.startswith("Noto Sans"),
        face.family.startswith("Noto"),
        -abs(face.weight - 400),
    )


def uncovered(characters: Iterable[str]) -> list[str]:
    """Return the characters that no font of this machine has, sorted."""
    wanted = {character for character in characters if needs_glyph(character)}
    for face in installed():
        wanted = {character for character in wanted if ord(character) not in face.characters}
        if not wanted:
            break
    return sorted(wanted)


def font_lines(missing: Collection[str]) -> list[str]:
    """Say per script which font is missing, and where it comes from.

    Args:
        missing: characters without a font.
    """
    scripts: dict[str, list[str]] = {}
    for character in sorted(set(missing)):
        code = script(character)
        scripts.setdefault("Hani" if code in _CJK else code, []).append(character)
    return [_line(code, found) for code, found in scripts.items()]


def _line(code: str, found: Sequence[str]) -> str:
    named = " ".join(found[:_SHOWN]) + (" …" if len(found) > _SHOWN else "")
    font, package = _font(code)
    count = "1 character" if len(found) == 1 else f"{len(found)} characters"
    what = count if code in (*_SHARED, "Zzzz") else f"{count} of {_script(code)} script"
    return (
        f"no installed font has {what} that the figures show ({named}); empty boxes stand for them: "
        f"install {font} (Debian, Ubuntu: apt-get install {package}; elsewhere from notofonts.github.io)"
    )


def _script(code: str) -> str:
    return "Chinese, Japanese or Korean" if code == "Hani" else script_name(code).replace("_", " ")


def _font(code: str) -> tuple[str, str]:
    """The font of a script, and the package that brings it."""
    if code == "Hani":
        return "Noto Sans CJK", "fonts-noto-cjk"
    if code in _SHARED or code == "Zzzz":
        return "Noto Sans Symbols", "fonts-noto-core"
    if code in ("Latn", "Grek", "Cyrl"):
        return "Noto Sans", "fonts-noto-core"
    return f"Noto Sans {_script(code)}", "fonts-noto-core"
