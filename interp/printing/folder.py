"""The figures of a study as a folder: each in the formats asked for, its numbers, and captions."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from interp.errors import InterpError
from interp.plates.plate import Lacking, Plate
from interp.plates.registry import Failed, draw_all, failed
from interp.plates.view import View
from interp.printable import for_spreadsheets
from interp.printing.browser import NoPicture
from interp.printing.captions import Caption, merged, write_captions
from interp.printing.check import missing_glyphs
from interp.printing.glyphs import font_lines, uncovered
from interp.printing.images import FORMS, pictures, why_no_images
from interp.printing.pages import LIBRARY, page
from interp.printing.sheet import Sheet
from interp.printing.texts import figure_characters
from interp.study.atomic import write_bytes

FORMATS = ("html", *FORMS)


@dataclass(frozen=True)
class Wishes:
    """How figures are written.

    Attributes:
        formats: of `FORMATS`.
        sheet: their place in print; of SVG, PDF and PNG.
        numbers: whether the plotted numbers are written beside each, as CSV.
        embed: whether SVG and HTML carry their fonts along.
        shared: whether the HTML pages share one plotly.min.js, or each carries it along.
    """

    formats: tuple[str, ...] = ("html",)
    sheet: Sheet = field(default_factory=Sheet)
    numbers: bool = True
    embed: bool = True
    shared: bool = True


@dataclass
class Written:
    """What was written.

    Attributes:
        captions: per figure or table.
        lacking: name to what the study lacks for it.
        failed: name to why it could not be drawn or written though nothing is lacking.
        fonts: lines about fonts that are missing.
        blocked: why pictures could not be made; None where they were.
    """

    captions: list[Caption] = field(default_factory=list)
    lacking: dict[str, str] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    fonts: list[str] = field(default_factory=list)
    blocked: str | None = None


def write_figures(
    view: View,
    folder: Path,
    *,
    names: Collection[str] | None = None,
    wishes: Wishes | None = None,
    done: Callable[[], None] = lambda: None,
    tell: Callable[[str], None] = lambda line: None,
) -> Written:
    """Draw the figures of a study and write them.

    Args:
        view: the study, and what of it is shown.
        folder: where to; made when absent.
        names: only these; all by default.
        wishes: formats, sizes, fonts.
        done: called after each figure.
        tell: receives a line when something is missing.

    Returns:
        What was written, and what was not and why: a figure that fails does not stop the others.

    Raises:
        InterpError: an unknown name, a folder or file that cannot be written, no Chrome where only
            pictures are asked for, or one that does not draw the first of them.
    """
    wishes = wishes or Wishes()
    written = Written()
    formats = wishes.formats
    if set(formats) & set(FORMS):
        written.blocked = why_no_images()
        if written.blocked is not None:
            formats = tuple(form for form in formats if form not in FORMS)
            if not formats:
                raise InterpError(written.blocked)
    _ready(folder)
    missing: set[str] = set()
    for chapter, entry, plate in draw_all(view, names):
        made: _Made | Lacking | Failed
        made = (
            _write(plate, chapter, folder, formats, wishes, view)
            if isinstance(plate, Plate)
            else plate
        )
        if isinstance(made, _Made):
            written.captions.append(made.caption)
            for line in font_lines(made.without - missing):
                written.fonts.append(line)
                tell(line)
            missing |= made.without
        elif isinstance(made, Lacking):
            written.lacking[entry.name] = str(made)
        else:
            if isinstance(made.__cause__, NoPicture) and not any(map(_is_drawn, written.captions)):
                raise made.__cause__  # it would say the same of every figure, minutes each
            written.failed[entry.name] = str(made)
            tell(f"{entry.name} failed: {made}")
        done()
    for names_of, why in merged(written.lacking):
        tell(f"{names_of} left out: {why}")
    if "html" in formats and wishes.shared and any(c.has("html") for c in written.captions):
        from plotly.offline import get_plotlyjs

        write_bytes(folder / LIBRARY, get_plotlyjs().encode())
    write_captions(view, folder, written.captions, written.lacking, written.failed)
    return written


def _ready(folder: Path) -> None:
    """Make the folder, and refuse one that cannot be written before anything is drawn."""
    reason: str | None
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = error.strerror or type(error).__name__
    else:
        reason = None if os.access(folder, os.W_OK) else "not writable"
    if reason is not None:
        raise InterpError(f"cannot write {folder}: {reason}; choose another folder with --out")


def _japanese_first(view: View) -> bool:
    return "ja" in view.languages and "zh" not in view.languages


@dataclass(frozen=True)
class _Made:
    """A figure that was written, and the characters that no font has."""

    caption: Caption
    without: set[str]


def _is_drawn(caption: Caption) -> bool:
    return any(map(caption.has, FORMS))


def _write(
    plate: Plate,
    chapter: str,
    folder: Path,
    formats: Sequence[str],
    wishes: Wishes,
    view: View,
) -> _Made | Failed:
    """Write one figure.

    Raises:
        InterpError: a file cannot be written.
    """
    try:
        contents = _contents(plate, formats, wishes, _japanese_first(view))
        caption = Caption.of(plate, chapter, list(contents))
    except Exception as error:
        return failed(error)
    for name, content in contents.items():
        write_bytes(folder / name, content)
    try:
        return _Made(caption, _without_glyphs(plate, [folder / name for name in contents], wishes))
    except Exception as error:
        return failed(error)


def _contents(
    plate: Plate, formats: Sequence[str], wishes: Wishes, japanese_first: bool
) -> dict[str, bytes]:
    """Make the files of a figure: name to content."""
    found: dict[str, bytes] = {}
    if plate.figure is not None:
        drawn = pictures(
            plate.figure,
            [form for form in formats if form in FORMS],
            sheet=wishes.sheet,
            embed=wishes.embed,
            japanese_first=japanese_first,
        )
        if "html" in formats:
            drawn["html"] = page(
                plate, shared=wishes.shared, embed=wishes.embed, japanese_first=japanese_first
            ).encode()
        found = {f"{plate.name}.{form}": drawn[form] for form in formats}
    if wishes.numbers or plate.figure is None:
        shown = plate.frame if plate.table is None or wishes.numbers else plate.table
        found[f"{plate.name}.csv"] = for_spreadsheets(shown).to_csv(index=False).encode()
    return found


def _without_glyphs(plate: Plate, paths: Sequence[Path], wishes: Wishes) -> set[str]:
    """Return the characters of a figure that no font has, or that its files do not bring along."""
    without: set[str] = set()
    if plate.figure is not None:
        without |= set(uncovered(figure_characters(plate.figure.to_plotly_json())))
    for path in paths:
        without |= _unprinted(path, wishes.embed, without)
    return without


def _unprinted(path: Path, embedded: bool, without: Collection[str]) -> set[str]:
    """Check a file that was written: the characters that it has no glyph for.

    Raises:
        InterpError: a PDF with empty boxes, though every character has a font.
    """
    if path.suffix == ".svg" and embedded:
        return set(missing_glyphs(path))
    if path.suffix == ".pdf" and not without:
        boxes = len(missing_glyphs(path))
        if boxes:
            raise InterpError(
                f"{path}: {boxes} glyphs are empty boxes although this machine has a font for each "
                "character: fc-cache -f lists its fonts anew"
            )
    return set()
