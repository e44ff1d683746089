r"""Text that was written by others, made safe to be shown in a terminal.

A fact, a token or a file's name may hold escape sequences that recolour or clear a terminal, marks
that turn the direction of what follows, or characters that are not seen at all. Shown, each of them is
named instead (``\x1b``, ``\u202e``); what is stored and compared is never changed.
"""

from __future__ import annotations

import re
import reprlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

# Controls but tab and newline; what reorders or hides text; noncharacters and lone surrogates. The
# joiners U+200C and U+200D stay: Persian and Bengali cannot be written without them.
_UNSAFE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff"
    "\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]"
)

_FORMULA = re.compile(r"[=@\t\r]|[+-](?!\d+(\.\d+)?([ %]|$))", re.DOTALL)
"""How a formula begins; a sign before nothing but a number is none."""


def printable(text: str) -> str:
    """Name every character that would act on a terminal, or hide in it.

    Args:
        text: any text.

    Returns:
        The text with such characters written as Python escapes; newlines and tabs stay.
    """
    return _UNSAFE.sub(_named, text)


def on_one_line(text: str, most: int | None = None) -> str:
    """The same with white space folded to single spaces.

    Args:
        text: any text.
        most: keep at most so many characters: the beginning and the end.
    """
    folded = printable(" ".join(text.split()))
    if most is None or len(folded) <= most:
        return folded
    return f"{folded[: most * 2 // 3]} … {folded[-(most // 3 - 3) :]}"


def brief(value: object, most: int = 60) -> str:
    """Write a value as Python would, short, however large or deeply nested it is.

    Args:
        value: anything that was read from a file.
        most: keep at most so many characters.
    """
    writer = reprlib.Repr()
    writer.maxstring = writer.maxother = writer.maxlong = most
    try:
        return writer.repr(value)[:most]
    except (ValueError, RecursionError):  # a number of thousands of digits has no decimal form
        return f"a {type(value).__name__}"


def for_spreadsheets(frame: pd.DataFrame) -> pd.DataFrame:
    """Put an apostrophe before texts that a spreadsheet would run as a formula.

    Args:
        frame: a table about to be written as CSV; numbers, and intervals such as ``+1.2 [0.4, 2.0]``,
            stay as they are.

    Returns:
        The table; the same object where there is no such text.
    """
    changed = {}
    for name in frame.columns:
        if frame[name].dtype.kind in "biufcmM":
            continue
        unsafe = [
            isinstance(cell, str) and _FORMULA.match(cell) is not None for cell in frame[name]
        ]
        if any(unsafe):
            changed[name] = [
                f"'{cell}" if bad else cell for cell, bad in zip(frame[name], unsafe, strict=True)
            ]
    if not changed:
        return frame
    found = frame.copy()
    for name, cells in changed.items():
        found[name] = cells
    return found


def _named(match: re.Match[str]) -> str:
    return match[0].encode("unicode_escape").decode("ascii")
