"""Words of a study inside English sentences: escaped, and marked where they are in another script."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from markupsafe import Markup, escape

from interp.data.languages import LANGUAGES, get, looks_like_code
from interp.plates import words

_SCRIPTS = {
    "ARABIC": ("Arab", "Arabic"), "BENGALI": ("Beng", "Bengali"), "CJK": ("Hani", "Han"),
    "HIRAGANA": ("Jpan", "Japanese"), "KATAKANA": ("Jpan", "Japanese"),
    "HANGUL": ("Kore", "Hangul"), "CYRILLIC": ("Cyrl", "Cyrillic"),
    "HEBREW": ("Hebr", "Hebrew"), "DEVANAGARI": ("Deva", "Devanagari"), "THAI": ("Thai", "Thai"),
}  # fmt: skip
"""First word of a character's Unicode name to its script (ISO 15924) and the table's name of it.

Greek is left out: Δ and σ are signs in an English sentence.
"""

_HAN_TOO = ("Han", "Japanese")

_FOREIGN = re.compile(
    "[\u0400-\u052f\u0590-\u08ff\u0900-\u0e7f\u1100-\u11ff\u3040-\u30ff\u3130-\u318f\u3400-\u9fff"
    "\uac00-\ud7af\ufb1d-\ufdff\ufe70-\ufeff\U00020000-\U0003134f]"
)
_RUN = re.compile(rf"{_FOREIGN.pattern}+(?:[\s\u200c\u200d]+{_FOREIGN.pattern}+)*")


def listed(names: Sequence[str], *, most: int | None = None) -> str:
    """Write names as ``a, b and c``; beyond ``most``, ``a, b and 3 more``."""
    if most is not None and len(names) > most:
        return f"{', '.join(names[:most])} and {len(names) - most} more"
    return words.listed(names)


def spoken(text: object) -> Markup:
    """Escape a sentence; what is in another script is isolated and its script declared.

    Args:
        text: plain text.

    Returns:
        HTML in which a right-to-left word keeps the order of its neighbours, and a screen reader is told
        the script (which language it is cannot be known).
    """
    said, at, parts = str(text), 0, []
    for found in _RUN.finditer(said):
        parts.append(escape(said[at : found.start()]))
        lang = language_tag(found[0])
        parts.append(Markup('<bdi lang="{}">{}</bdi>').format(lang, found[0]))
        at = found.end()
    parts.append(escape(said[at:]))
    return Markup("").join(parts)


def is_foreign(text: str) -> bool:
    """Whether a text has letters of another script than Latin."""
    return _FOREIGN.search(text) is not None


def language_tag(text: str, lang: object = None) -> str:
    """Name the language of a text in another script, as BCP 47.

    Args:
        text: with letters of another script.
        lang: code of the language that it should be in, if there is one.

    Returns:
        The code where its script is the text's, else ``und`` with the script, e.g. ``und-Arab``.
    """
    short, name = _script(text)
    if isinstance(lang, str) and lang in LANGUAGES:
        own = LANGUAGES[lang].script
        if name == own or {name, own} <= set(_HAN_TOO):
            return lang
    return f"und-{short}" if short else "und"


def html_lang(code: object) -> str:
    """Return a language code that HTML accepts; empty where it is none."""
    if not isinstance(code, str) or not looks_like_code(code):
        return ""
    return code if code in LANGUAGES or get(code).script != "unknown" else ""


def _script(text: str) -> tuple[str, str]:
    for letter in text:
        if _FOREIGN.match(letter):
            first = unicodedata.name(letter, "").split(" ")[0]
            if first in _SCRIPTS:
                return _SCRIPTS[first]
    return "", ""
