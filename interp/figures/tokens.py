"""Tokens as labels: white space visible, nothing taken for markup, right-to-left text kept to itself."""

from __future__ import annotations

import html
import re
import unicodedata

_VISIBLE = str.maketrans({" ": "␣", "\n": "↵", "\r": "↵", "\t": "⇥"})
_BYTES = re.compile(r"<(0x)?[0-9A-F]{2}( [0-9A-F]{2})*>")
_ISOLATE, _END = "\u2068", "\u2069"


def token_label(token: str, *, most: int | None = None) -> str:
    """Write a token so that all of it can be seen.

    Args:
        token: as stored.
        most: cut after so many characters.

    Returns:
        The token with spaces as ``␣`` and line breaks as ``↵``; ``∅`` for the empty one, names of
        bytes (`is_bytes`) as they are. Right-to-left
        text is isolated, so that a number beside it stays where it is written.
    """
    text = token if is_bytes(token) else token.translate(_VISIBLE) or "∅"
    if most is not None and len(text) > most:
        text = text[: most - 1] + "…"
    return isolated(text)


def isolated(text: str) -> str:
    """Keep right-to-left text to itself, so that what stands beside it stays where it is written."""
    if any(unicodedata.bidirectional(character) in ("R", "AL") for character in text):
        return f"{_ISOLATE}{text}{_END}"
    return text


def phrase(text: str, *, most: int = 48) -> str:
    """Write a text of a fact (a subject, an answer) on one line, cut to length and kept to itself.

    Args:
        text: as stored.
        most: cut after so many characters.
    """
    line = " ".join(text.split()) or "∅"
    return isolated(line if len(line) <= most else f"{line[: most - 1]}…")


def plotly_text(text: str) -> str:
    """Escape what a chart would take for markup (``<b>``, ``<a href>``, ``&amp;``) or for a formula (``$x$``)."""
    return html.escape(text, quote=False).replace("$", "&#36;")


def is_bytes(token: str) -> bool:
    """Whether a token holds no whole character and is named by its bytes, e.g. ``<E6 97>``."""
    return _BYTES.fullmatch(token.strip()) is not None
