"""The page as a file: whole or absent, and never over something that is not ours."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from interp.errors import InterpError
from interp.plates.view import View
from interp.report.chapters import Missing, draw_chapters
from interp.report.page import GENERATOR, render
from interp.study.atomic import write_bytes, write_error

_HEAD = 4096
"""Bytes of a page among which it says what made it."""


@dataclass(frozen=True)
class Written:
    """A page that was written.

    Attributes:
        file: the page.
        size: in MB (millions of bytes).
        failed: what could not be drawn though nothing is lacking, and why.
    """

    file: Path
    size: float
    failed: tuple[Missing, ...]


def default_file(view: View) -> Path:
    """Return where a report goes unasked: the working folder, under the study's name."""
    name = re.sub(r"[^\w.-]+", "-", view.study.name).strip("-.") or "study"
    return Path(f"{name}-report.html")


def check_file(file: Path) -> None:
    """Refuse, before anything is drawn, a file that must not be written.

    Raises:
        InterpError: a folder, or a file that is no report of this program.
    """
    if file.is_dir():
        raise InterpError(f"--out {file} is a folder: expected a file, e.g. {file / 'report.html'}")
    if file.exists() and not _is_ours(file):
        raise InterpError(
            f"--out {file} exists and is no report of interp: expected another name; it is left as it is"
        )


def write_report(
    view: View, file: Path, *, title: str | None = None, progress: str = ""
) -> Written:
    """Write the page of a study; an earlier report of this name is replaced, once the new one is whole.

    Args:
        view: the study, and what of it is shown.
        file: where to; its folder is made when absent.
        title: of the page; the study's name by default.
        progress: title of the progress bar on standard error; empty shows none.

    Returns:
        The file, its size, and the figures that failed: each costs itself and not the page.

    Raises:
        InterpError: the file is a folder or not ours, or cannot be written.
    """
    check_file(file)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _refused(write_error(file.parent, error)) from error
    if not os.access(file.parent, os.W_OK):  # said before minutes are spent on drawing
        raise InterpError(f"cannot write --out {file}: the folder {file.parent} cannot be written")
    chapters = draw_chapters(view, progress=progress)
    content = render(view, chapters, title=title).encode()
    try:
        write_bytes(file, content)
    except InterpError as error:
        raise _refused(error) from error
    failed = tuple(one for chapter in chapters for one in chapter.failed)
    return Written(file, len(content) / 1e6, failed)


def _refused(error: InterpError) -> InterpError:
    """Name this command's option where the study's would be named."""
    return InterpError(str(error).replace("a folder that can be written, with --study or --out", "another file with --out"))  # fmt: skip


def _is_ours(file: Path) -> bool:
    try:
        with file.open("rb") as opened:
            return f'content="{GENERATOR}'.encode() in opened.read(_HEAD)
    except OSError as error:
        raise InterpError(f"cannot read --out {file}: {error.strerror}") from error
