r"""Text that was written by others, made safe to be shown in a terminal.

A fact, a token or a file's name may hold escape sequences that recolour or clear a terminal, marks
that turn the direction of what follows, or characters that are not seen at all. Shown, each of them is
named instead (``\x1b``, ``\u202e``); what is stored and compared is never changed.
"""

from __future__ import annotations

import re

# Controls but tab and newline; what reorders or hides text; noncharacters and lone surrogates. The
# joiners U+200C and U+200D stay: Persian and Bengali cannot be written without them.
_UNSAFE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff"
    "\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]"
)


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


def _named(match: re.Match[str]) -> str:
    return match[0].encode("unicode_escape").decode("ascii")
