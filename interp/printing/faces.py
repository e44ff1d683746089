"""The fonts that this machine has, and which characters each of them can draw."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_FORMAT = "%{file}\t%{index}\t%{family}\t%{weight}\t%{slant}\t%{width}\t%{variable}\t%{charset}\n"
_WEIGHTS = (
    (0, 100), (40, 200), (50, 300), (80, 400), (100, 500), (180, 600), (200, 700), (205, 800),
    (210, 900),
)  # fmt: skip
"""Fontconfig's number to that of CSS."""

_NORMAL_WIDTH = 100
_ENDINGS = {".ttf", ".otf", ".ttc", ".otc"}


@dataclass(frozen=True)
class Face:
    """One font: a file, or a part of a collection.

    Attributes:
        path: of the file.
        number: in the collection; 0 of a file with one font.
        family: the name that a figure asks for.
        weight: as in CSS; 400 is regular, 700 bold.
        italic: whether it slants.
        variable: whether one file holds all weights.
        characters: code points that it can draw.
    """

    path: str
    number: int
    family: str
    weight: int
    italic: bool
    variable: bool
    characters: frozenset[int]


def installed() -> tuple[Face, ...]:
    """Return the fonts of this machine, as the browser finds them.

    Fontconfig lists them where it is there (Linux, as Chrome does); elsewhere the system's folders are read.
    """
    return _listed(os.environ.get("FONTCONFIG_FILE"), os.environ.get("FONTCONFIG_PATH"))


@cache
def _listed(*_: str | None) -> tuple[Face, ...]:
    """Read once per configuration; reading folders takes seconds."""
    found = _fontconfig() if shutil.which("fc-list") else list(_scanned())
    return tuple(sorted(found, key=lambda face: (face.family, face.weight, face.path)))


def _fontconfig() -> list[Face]:
    said = subprocess.run(["fc-list", "--format", _FORMAT], capture_output=True, check=False).stdout
    return [
        face for line in said.decode("utf-8", "replace").splitlines() if (face := _of_line(line))
    ]


def _of_line(line: str) -> Face | None:
    """Read a font; None for what cannot be embedded: bitmaps, other widths, instances of variable fonts."""
    parts = line.split("\t")
    if len(parts) != 8 or Path(parts[0]).suffix.lower() not in _ENDINGS:
        return None
    path, index, families, weight, slant, width, variable, charset = parts
    number = int(index or 0)
    if number >> 16:  # a named instance of a variable font, which is listed itself, too
        return None
    is_variable = variable == "True" or weight.startswith("[")
    if not is_variable and float(width or _NORMAL_WIDTH) != _NORMAL_WIDTH:
        return None
    return Face(
        path=path,
        number=number,
        family=families.split(",")[0],
        weight=400 if is_variable else _css_weight(float(weight or 80)),
        italic=slant not in ("", "0"),
        variable=is_variable,
        characters=frozenset(_ranges(charset)),
    )


def _css_weight(weight: float) -> int:
    return min(_WEIGHTS, key=lambda pair: abs(pair[0] - weight))[1]


def _ranges(charset: str) -> Iterator[int]:
    for span in charset.split():
        first, _, last = span.partition("-")
        yield from range(int(first, 16), int(last or first, 16) + 1)


def font_folders() -> tuple[Path, ...]:
    """Return the folders in which this system keeps fonts."""
    home = Path.home()
    if sys.platform == "darwin":
        return (home / "Library/Fonts", Path("/Library/Fonts"), Path("/System/Library/Fonts"))
    if sys.platform == "win32":
        own = Path(os.environ.get("LOCALAPPDATA", home)) / "Microsoft/Windows/Fonts"
        return (own, Path(os.environ.get("WINDIR", "C:/Windows")) / "Fonts")
    return (
        home / ".fonts",
        home / ".local/share/fonts",
        Path("/usr/local/share/fonts"),
        Path("/usr/share/fonts"),
    )


def _scanned() -> Iterator[Face]:
    for folder in font_folders():
        for path in sorted(folder.rglob("*")) if folder.is_dir() else ():
            if path.suffix.lower() in _ENDINGS:
                yield from read_faces(path)


def read_faces(path: Path) -> Iterator[Face]:
    """Read the fonts of a file; nothing where it is no font that can be read."""
    from fontTools.ttLib import TTCollection, TTFont, TTLibError

    try:
        with path.open("rb") as file:
            if path.suffix.lower() in (".ttc", ".otc"):
                fonts = TTCollection(file, lazy=True).fonts
            else:
                fonts = [TTFont(file, lazy=True)]
            for number, font in enumerate(fonts):
                cmap = font.getBestCmap()
                family = font["name"].getBestFamilyName()
                os2 = font.get("OS/2")
                if not cmap or not family or (os2 is not None and os2.usWidthClass != 5):
                    continue
                yield Face(
                    path=str(path),
                    number=number,
                    family=family,
                    weight=400 if os2 is None else os2.usWeightClass,
                    italic=os2 is not None and bool(os2.fsSelection & 1),
                    variable="fvar" in font,
                    characters=frozenset(cmap),
                )
    except (TTLibError, OSError, KeyError, ValueError, AssertionError):
        return
