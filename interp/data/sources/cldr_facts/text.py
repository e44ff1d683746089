"""Ordinary parallel text that states no fact: short sentences around what CLDR formats.

A unit is four sentences: a list of names of *one* kind, and three about dates, times, amounts or
measures, drawn by the unit's name and the same in every language. Since a unit never holds names
of two kinds, it cannot say which country a city is in or what is paid where, so that no language
learns from it a fact which only English is meant to state.

Formatting is Babel's, used only where the language's own data has what is formatted: Babel
writes `12.5 length-kilometer` where a long unit pattern is missing (Chinese, Persian). CLDR's
root locale has the short pattern stand in there, and so it does here.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Literal

from babel import Locale
from babel.core import get_global
from babel.dates import format_date, format_timedelta, get_day_names
from babel.lists import format_list
from babel.numbers import format_currency, format_percent
from babel.units import format_unit

from interp.data.canonical import seeded_number
from interp.data.corpus import Unit
from interp.data.languages import LANGUAGES
from interp.data.sources.cldr_facts import names
from interp.data.sources.cldr_facts.truths import currencies, table, territories

N_UNITS = 480
_NAMES_PER_LIST = 6
_UNITS = [
    "length-kilometer",
    "length-meter",
    "length-centimeter",
    "length-millimeter",
    "length-mile",
    "length-foot",
    "length-inch",
    "mass-kilogram",
    "mass-gram",
    "mass-tonne",
    "mass-pound",
    "mass-ounce",
    "volume-liter",
    "volume-milliliter",
    "volume-cubic-meter",
    "area-square-kilometer",
    "area-square-meter",
    "area-hectare",
    "speed-kilometer-per-hour",
    "speed-meter-per-second",
    "temperature-celsius",
    "temperature-kelvin",
    "digital-megabyte",
    "digital-gigabyte",
    "power-watt",
    "power-kilowatt",
    "electric-volt",
    "electric-ampere",
    "energy-joule",
    "energy-kilowatt-hour",
    "frequency-hertz",
    "frequency-megahertz",
    "pressure-hectopascal",
    "angle-degree",
    "duration-century",
    "duration-millisecond",
]
_LENGTHS: tuple[Literal["long", "short"], ...] = ("long", "short")
_FIRST_DAY = datetime.date(1950, 1, 1)
_N_DAYS = 36_000
_PLACE_OF: Mapping[str, Callable[[str, str], str | None]] = {
    "cities": names.city_name,
    "territories": names.territory_name,
    "languages": names.language_name,
    "currencies": names.currency_name,
}


@cache
def _draw(name: str, size: int) -> int:
    return int(seeded_number(0, "cldr-text", name) * size)


@cache
def _sample(name: str, items: tuple[str, ...], size: int) -> tuple[str, ...]:
    order = sorted(items, key=lambda item: seeded_number(0, "cldr-text", name, item))
    return tuple(order[:size])


@cache
def _pool(kind: str) -> tuple[str, ...]:
    """Codes that have a name of this kind in every language."""
    codes: set[str] = set(territories())
    if kind == "cities":
        codes = {zone for zone, place in get_global("zone_territories").items() if place in codes}
    elif kind == "languages":
        codes = set(names.own_data("en")["languages"])
    elif kind == "currencies":
        codes = {code for territory in codes for code in currencies(territory)}
    name_of = _PLACE_OF[kind]
    return tuple(sorted(code for code in codes if all(name_of(code, lang) for lang in LANGUAGES)))


def _length_of(unit: str, lang: str) -> Literal["long", "short"] | None:
    """The pattern length that the language itself has for a unit, the longer one first."""
    own = names.own_data(lang)["unit_patterns"].get(unit, {})
    return next((n for n in _LENGTHS if "other" in own.get(n, {})), None)


@cache
def _measures() -> tuple[str, ...]:
    """Units of measure that every language has a pattern for."""
    return tuple(unit for unit in _UNITS if all(_length_of(unit, lang) for lang in LANGUAGES))


def _listed(items: Sequence[str], lang: str) -> str:
    return format_list(items, locale=_locale(lang))


@cache
def _locale(lang: str) -> Locale:
    return Locale(lang)


def _name_list(kind: str, name: str, lang: str) -> str:
    if kind == "weekdays":
        days = get_day_names("wide", locale=_locale(lang))
        size = 2 + _draw(f"{name} days", 4)
        chosen = sorted(_sample(name, tuple("0123456"), size))
        return _listed([days[int(day)] for day in chosen], lang)
    name_of = _PLACE_OF[kind]
    codes = _sample(name, _pool(kind), _NAMES_PER_LIST)
    return _listed([name_of(code, lang) or "" for code in codes], lang)


def _date(name: str, lang: str) -> str:
    day = _FIRST_DAY + datetime.timedelta(days=_draw(name, _N_DAYS))
    style = ("full", "long")[_draw(f"{name} style", 2)]
    return format_date(day, style, locale=_locale(lang))


def _time(name: str, lang: str, *, sign: int) -> str:
    step = ("minutes", "hours", "days", "weeks")[_draw(f"{name} step", 4)]
    # Few enough of each that Babel does not round them up to the next one.
    size = 2 + _draw(name, {"minutes": 40, "hours": 18, "days": 4, "weeks": 3}[step])
    delta = datetime.timedelta(**{step: size})
    return format_timedelta(delta * (sign or 1), add_direction=sign != 0, locale=_locale(lang))


def _measure_list(name: str, lang: str) -> str:
    found = []
    for unit in _sample(name, _measures(), 3):
        value = (_draw(f"{name} {unit}", 1900) + 11) / 10
        length = _length_of(unit, lang) or "long"
        found.append(format_unit(value, unit, length=length, locale=_locale(lang)))
    return _listed(found, lang)


def _amount_list(name: str, lang: str) -> str:
    found = []
    for code in _sample(name, _pool("currencies"), 2):
        value = _draw(f"{name} {code}", 4900) + 100
        found.append(format_currency(value, code, locale=_locale(lang), format_type="name"))
    return _listed(found, lang)


def _percent(name: str, lang: str) -> str:
    value = (_draw(name, 980) + 11) / 1000
    return format_percent(value, locale=_locale(lang), decimal_quantization=False)


_OTHERS: Mapping[str, Callable[[str, str], str]] = {
    "date": _date,
    "ago": lambda name, lang: _time(name, lang, sign=-1),
    "ahead": lambda name, lang: _time(name, lang, sign=1),
    "duration": lambda name, lang: _time(name, lang, sign=0),
    "measures": _measure_list,
    "amounts": _amount_list,
    "percent": _percent,
}
_KINDS = ("territories", "cities", "languages", "currencies", "weekdays")


def _sentences(number: int, lang: str) -> list[str]:
    unit = f"unit {number}"
    kind = _KINDS[number % len(_KINDS)]
    # Amounts name currencies: never beside names of places.
    places = kind in ("territories", "cities")
    chosen = _sample(f"{unit} kinds", tuple(k for k in _OTHERS if not places or k != "amounts"), 3)
    frames = table("frames")[lang]
    filled = [(kind, _name_list(kind, unit, lang))]
    filled += [(other, _OTHERS[other](f"{unit} {other}", lang)) for other in chosen]
    order = _sample(f"{unit} order", tuple("0123"), len(filled))
    return [frames[filled[int(i)][0]].replace("{x}", filled[int(i)][1]) for i in order]


def _joined(sentences: Sequence[str], lang: str) -> str:
    end = table("frames")[lang]["end"]
    gap = "" if end == "。" else " "
    # Abbreviations (Russian "г.") bring a full stop of their own.
    return gap.join(text if text.endswith(end) else text + end for text in sentences)


@cache
def _texts(lang: str) -> tuple[str, ...]:
    return tuple(_joined(_sentences(number, lang), lang) for number in range(N_UNITS))


def units(languages: Sequence[str]) -> list[Unit]:
    """Write every unit.

    Args:
        languages: in which languages, out of the 22.

    Returns:
        The units, in a fixed order.
    """
    texts = {lang: _texts(lang) for lang in languages}
    return [
        Unit(f"cldr:text:{number:03d}", {lang: texts[lang][number] for lang in languages})
        for number in range(N_UNITS)
    ]
