"""The languages of the study, and what is known about any other code.

Twelve languages are trained on and ten are held out (paper §3); others are accepted wherever a
data source has them. ``tier`` follows Joshi et al. 2020 (classes 4-5 "high", 0-3 "low"), which
among the trained languages makes id, sw and bn low: the grouping of the release's later tables.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from interp.errors import InterpError, unknown


@dataclass(frozen=True)
class Language:
    """One language.

    Attributes:
        code: the short code used everywhere in the suite (ISO 639-1 where there is one).
        name: English name.
        script: English name of the script it is written in.
        family: language family or, inside Indo-European, its branch.
        tier: ``"high"`` or ``"low"`` resource, ``"unknown"`` where nothing is recorded.
        direction: ``"ltr"`` or ``"rtl"``.
    """

    code: str
    name: str
    script: str
    family: str
    tier: str
    direction: str = "ltr"


_TABLE = tuple(
    Language(*row)
    for row in (
        ("en", "English", "Latin", "Germanic", "high"),
        ("de", "German", "Latin", "Germanic", "high"),
        ("es", "Spanish", "Latin", "Romance", "high"),
        ("fr", "French", "Latin", "Romance", "high"),
        ("pt", "Portuguese", "Latin", "Romance", "high"),
        ("id", "Indonesian", "Latin", "Austronesian", "low"),
        ("ru", "Russian", "Cyrillic", "Slavic", "high"),
        ("ar", "Arabic", "Arabic", "Semitic", "high", "rtl"),
        ("zh", "Chinese", "Han", "Sinitic", "high"),
        ("ja", "Japanese", "Japanese", "Japonic", "high"),
        ("sw", "Swahili", "Latin", "Bantu", "low"),
        ("bn", "Bengali", "Bengali", "Indo-Aryan", "low"),
        ("ca", "Catalan", "Latin", "Romance", "high"),
        ("el", "Greek", "Greek", "Hellenic", "low"),
        ("fa", "Persian", "Arabic", "Iranian", "high", "rtl"),
        ("he", "Hebrew", "Hebrew", "Semitic", "low", "rtl"),
        ("hu", "Hungarian", "Latin", "Uralic", "high"),
        ("ko", "Korean", "Hangul", "Koreanic", "high"),
        ("nl", "Dutch", "Latin", "Germanic", "high"),
        ("tr", "Turkish", "Latin", "Turkic", "high"),
        ("uk", "Ukrainian", "Cyrillic", "Slavic", "low"),
        ("vi", "Vietnamese", "Latin", "Austroasiatic", "high"),
    )
)
LANGUAGES = {language.code: language for language in _TABLE}
TRAINED: tuple[str, ...] = tuple(LANGUAGES)[:12]
HELD_OUT: tuple[str, ...] = tuple(LANGUAGES)[12:]

# ISO 639-3 codes of FLORES and the regional forms of TED, for the languages in the table.
_ISO_639_3 = dict(
    zip(
        [
            "eng",
            "deu",
            "spa",
            "fra",
            "por",
            "ind",
            "rus",
            "arb",
            "zho",
            "jpn",
            "swh",
            "ben",
            "cat",
            "ell",
            "pes",
            "heb",
            "hun",
            "kor",
            "nld",
            "tur",
            "ukr",
            "vie",
        ],
        LANGUAGES,
        strict=True,
    )
) | {"ara": "ar", "cmn": "zh", "swa": "sw", "fas": "fa"}
_OLD_CODES = {"iw": "he", "in": "id"}
_CODE = re.compile(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*")


def looks_like_code(text: str) -> bool:
    """Say whether a text could be a language code (``en``, ``zh-CN``, ``eng_Latn``)."""
    return _CODE.fullmatch(text) is not None


def normalise(code: str) -> str:
    """Map the codes of other conventions to the ones used here.

    ``eng_Latn`` and ``eng`` give ``en``; ``zh-CN`` and ``pt_BR`` give ``zh`` and ``pt``; a code
    that is not in the table keeps its region, in lower case (``fr-ca`` gives ``fr``, ``scn``
    stays).

    Args:
        code: a BCP 47, FLORES or TED language code.

    Returns:
        The code of the table, or the lower-cased code itself.
    """
    low = code.replace("_", "-").lower()
    primary = low.split("-")[0]
    primary = _OLD_CODES.get(primary, _ISO_639_3.get(primary, primary))
    return primary if primary in LANGUAGES else low


def get(code: str) -> Language:
    """Look a language up, falling back to Babel's CLDR data for codes outside the table.

    Args:
        code: a language code.

    Returns:
        The language; family and tier are ``"unknown"`` outside the table.

    Raises:
        InterpError: the text is not shaped like a language code.
    """
    if code in LANGUAGES:
        return LANGUAGES[code]
    if not looks_like_code(code):
        raise InterpError(f"{code!r} is not a language code: expected one such as en, zh or scn")
    return _from_babel(code)


def _from_babel(code: str) -> Language:
    from babel import Locale, UnknownLocaleError
    from babel.core import get_global

    try:
        locale = Locale.parse(code.replace("-", "_"))
    except (UnknownLocaleError, ValueError):
        return Language(code, code, "unknown", "unknown", "unknown")
    likely = get_global("likely_subtags").get(locale.language, "").split("_")
    script = locale.script or (likely[1] if len(likely) > 1 else "")
    english = Locale("en")
    return Language(
        code,
        english.languages.get(locale.language, code),
        english.scripts.get(script, "unknown"),
        "unknown",
        "unknown",
        locale.text_direction,
    )


def check(codes: Iterable[str] | None, available: Iterable[str], what: str) -> tuple[str, ...]:
    """Check a user's list of languages against what some data holds.

    Args:
        codes: the languages asked for; None means all that are available.
        available: the languages that exist in ``what``.
        what: names the data in the error, e.g. ``"corpus ../udhr"``.

    Returns:
        The languages: in the order asked for, or (None) table order first, others after.

    Raises:
        InterpError: a language is not available or named twice, or none was named.
    """
    known = in_table_order(available)
    if codes is None:
        return known
    chosen = tuple(codes)
    if not chosen:
        raise InterpError(f"no language chosen for {what}: it has {', '.join(known)}")
    for code in chosen:
        if code not in known:
            raise unknown(f"language in {what}", code, known)
    if len(set(chosen)) != len(chosen):
        raise InterpError(f"languages {', '.join(chosen)} for {what}: each may be named once")
    return chosen


def need_several(codes: Sequence[str], what: str) -> None:
    """Refuse a single language for what compares languages.

    Raises:
        InterpError: there are fewer than two.
    """
    if len(codes) < 2:
        raise InterpError(
            f"languages {', '.join(codes)}: {what} compares languages, expected at least two"
        )


def in_table_order(codes: Iterable[str]) -> tuple[str, ...]:
    """Sort language codes as the table has them, codes outside it alphabetically at the end."""
    order = {code: place for place, code in enumerate(LANGUAGES)}
    return tuple(sorted(set(codes), key=lambda code: (order.get(code, len(order)), code)))
