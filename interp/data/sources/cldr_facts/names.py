"""Localised CLDR names, and only names that CLDR really gives in that language.

Babel answers a missing localisation silently with an inherited one (English or the bare code).
Here a name counts only if the language's own CLDR data has the key, in the language's own
script; the one exception is a city in a Latin-script language, where CLDR itself leaves out
names equal to the inherited one, so that the inherited name *is* the localised name.

Source: Unicode CLDR through Babel's compiled locale data (`babel.localedata`).
"""

from __future__ import annotations

import importlib.util
import unicodedata
from collections.abc import Mapping
from functools import cache
from types import ModuleType
from typing import Any

from babel.core import get_global

# First word of the Unicode character names of a language's letters; absent means Latin.
_SCRIPTS: Mapping[str, tuple[str, ...]] = {
    "ru": ("CYRILLIC",),
    "uk": ("CYRILLIC",),
    "ar": ("ARABIC",),
    "fa": ("ARABIC",),
    "zh": ("CJK",),
    "ja": ("CJK", "HIRAGANA", "KATAKANA"),
    "bn": ("BENGALI",),
    "el": ("GREEK",),
    "he": ("HEBREW",),
    "ko": ("HANGUL",),
}


def is_latin(lang: str) -> bool:
    """Whether a supported language is written in the Latin script."""
    return lang not in _SCRIPTS


def in_script(text: str, lang: str) -> bool:
    """Whether `text` has at least one letter of the language's own script."""
    scripts = _SCRIPTS.get(lang, ("LATIN",))
    return any(
        unicodedata.name(char, "").split(" ")[0] in scripts for char in text if char.isalpha()
    )


@cache
def _localedata() -> ModuleType:
    """A second, private instance of Babel's loader of locale data, with a cache of its own.

    Babel keeps one cache per module, and it does not tell merged data from a language's own:
    `localedata.load(lang, merge_inherited=False)` returns merged data once anybody in the
    process has formatted a date, and, called first, it leaves unmerged data behind, which breaks
    the formatting of those who come later. A private instance can do neither.
    """
    spec = importlib.util.find_spec("babel.localedata")
    if spec is None or spec.loader is None:
        raise ImportError("babel.localedata not found: Babel is not installed completely")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)  # not put into sys.modules: nobody else gets to see it
    return module


@cache
def own_data(lang: str) -> Mapping[str, Any]:
    """The language's own CLDR data without anything inherited from the root locale.

    All supported languages are direct children of CLDR's root (`pt` is Brazilian, `zh`
    simplified), so nothing between the language and the root is lost.
    """
    own: Mapping[str, Any] = _localedata().load(lang, merge_inherited=False)
    return own


@cache
def _root() -> Mapping[str, Any]:
    return own_data("root")


def _own_name(kind: str, code: str, lang: str) -> str | None:
    name = own_data(lang).get(kind, {}).get(code)
    if not isinstance(name, str) or name == code or not in_script(name, lang):
        return None
    return unicodedata.normalize("NFC", name)


@cache
def territory_name(code: str, lang: str) -> str | None:
    """Name of a territory or continent (`JP`, `150`), or None where CLDR has none."""
    return _own_name("territories", code, lang)


@cache
def currency_name(code: str, lang: str) -> str | None:
    """Name of a currency (`JPY`), or None where CLDR has none in this language."""
    return _own_name("currency_names", code, lang)


@cache
def language_name(code: str, lang: str) -> str | None:
    """Name of a language (`pt`), or None where CLDR has none in this language."""
    return _own_name("languages", code, lang)


@cache
def _zone_ids(zone: str) -> tuple[str, ...]:
    """A zone's id and its older ones: CLDR keys names by the oldest (`Asia/Calcutta`)."""
    aliases = get_global("zone_aliases")
    return (zone, *sorted(old for old, new in aliases.items() if new == zone))


@cache
def city_name(zone: str, lang: str) -> str | None:
    """Exemplar city of a time zone (`Asia/Tokyo`), or None where CLDR has none.

    In a Latin-script language a missing name is CLDR's root name, or the last part of the
    zone's id: CLDR drops names that equal what is inherited.
    """
    ids = _zone_ids(zone)
    named = [own_data(lang)["time_zones"].get(i, {}).get("city") for i in ids]
    if is_latin(lang):
        named += [_root()["time_zones"].get(i, {}).get("city") for i in ids]
        named.append(zone.rsplit("/", 1)[-1].replace("_", " "))
    name = next((name for name in named if name), None)
    if name is None or not in_script(name, lang):
        return None
    return unicodedata.normalize("NFC", name)
