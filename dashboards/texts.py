"""Text in any script as HTML: escaped, with its language and direction, tokens shaded by strength."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence

import streamlit as st

from interp.data import languages


def emit(text: str, lang: str, *, bold: bool = False) -> None:
    """Show a text; right-to-left scripts run right to left.

    Args:
        text: shown as it is, whatever it contains.
        lang: code of its language.
        bold: whether it stands out.
    """
    st.html(paragraph(html.escape(text), lang, bold=bold))


def paragraph(inner: str, lang: str, *, bold: bool = False) -> str:
    """Wrap HTML that is already escaped in a paragraph of a language."""
    code = html.escape(lang, quote=True)
    weight = ' style="font-weight:600"' if bold else ""
    return f'<p lang="{code}" dir="{direction(lang)}"{weight}>{inner}</p>'


def plain(text: str) -> str:
    """Escape what ``st.caption``, ``st.info`` and their like would take for Markdown.

    Args:
        text: a token, an id, an answer: whatever it contains, it is shown as it is.
    """
    return re.sub(r"([!-/:-@\[-`{-~])", r"\\\1", text)


def direction(lang: str) -> str:
    """Return ``rtl`` or ``ltr``; ``auto``, which the browser decides, for a code nobody knows."""
    if lang in languages.LANGUAGES:
        return languages.LANGUAGES[lang].direction
    return "auto"


def language_name(lang: str) -> str:
    """Return e.g. ``Chinese (zh)``."""
    name = languages.get(lang).name if languages.looks_like_code(lang) else lang
    return lang if name == lang else f"{name} ({lang})"


def shaded(pieces: Sequence[str], strengths: Sequence[float]) -> str:
    """Shade a text where a neuron was active.

    Characters are shaded, not tokens: a token that ends within a character is the empty piece
    (`interp.data.token_text`), and its strength counts for the character that it begins; and marks that
    belong to one visible sign (vowel signs, joiners, variation selectors) are shaded together, so that
    Arabic stays joined and a Bengali conjunct stays one.

    Args:
        pieces: one per token; joined they are the text.
        strengths: one per token, at most 1; 0 and below is not shaded, nor what is not a number.

    Returns:
        HTML with everything escaped; the strength is also in each span's title.
    """
    spans = []
    for text, strength in _signs(pieces, strengths):
        shown = html.escape(text).replace("\n", "↵<br>")
        if strength > 0:
            shade = f"background-color:rgba(238,102,119,{0.15 + 0.6 * min(strength, 1):.2f})"
            shown = f'<span style="{shade}" title="{strength:.2f}">{shown}</span>'
        spans.append(shown)
    return "".join(spans)


def _signs(pieces: Sequence[str], strengths: Sequence[float]) -> list[tuple[str, float]]:
    """Merge what is one visible sign, then neighbours of equal strength."""
    import regex

    per_character: list[tuple[str, float]] = []
    waiting = 0.0  # of tokens that have not completed a character yet
    for piece, strength in zip(pieces, strengths, strict=True):
        own = max(0.0, strength) if strength == strength else 0.0
        if not piece:
            waiting = max(waiting, own)
            continue
        for place, character in enumerate(piece):
            per_character.append((character, max(own, waiting) if place == 0 else own))
        waiting = 0.0
    signs: list[tuple[str, float]] = []
    at = 0
    for sign in regex.findall(r"\X", "".join(character for character, _ in per_character)):
        strength = max(one for _, one in per_character[at : at + len(sign)])
        at += len(sign)
        if signs and signs[-1][1] == strength:
            signs[-1] = (signs[-1][0] + sign, strength)
        else:
            signs.append((sign, strength))
    return signs
