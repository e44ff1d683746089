"""Which answer is true of which subject, by code: nothing here is written in any language.

Currency and official language are CLDR's supplemental data, country is CLDR's territory of a
time zone, continent is the M49 table (`continents.json`): Babel ships no containment, and zone
prefixes mislead (`Indian/Mauritius`, `Atlantic/Azores`). Each triple also names every *other*
answer that is true, or that somebody may hold to be, so that none is offered as wrong.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from babel.core import get_global

from interp.data.sources.cldr_facts.names import own_data

# Currencies in use on a fixed day: facts must not change with the date of a run.
REFERENCE_DATE = (2025, 12, 31)
# Groupings, pseudo-locales and placeholders that CLDR lists beside real territories.
NOT_TERRITORIES = frozenset({"EU", "EZ", "QO", "UN", "XA", "XB", "ZZ"})
_OFFICIAL = frozenset({"official", "de_facto_official", "official_regional"})
# Names that denote the same language, or parts of one another.
_SAME_LANGUAGE = ({"no", "nb", "nn"}, {"ms", "id"}, {"sr", "hr", "bs"}, {"fa", "tg"})


@dataclass(frozen=True)
class Relation:
    """One relation: its name, Wikidata property, and what its answers are.

    Attributes:
        name: readable name, used as `Fact.relation`.
        property_id: Wikidata property.
        answer_kind: ``currency``, ``language`` or ``territory``.
        is_proper_noun: whether the answer is a proper name.
    """

    name: str
    property_id: str
    answer_kind: str
    is_proper_noun: bool


RELATIONS: dict[str, Relation] = {
    relation.name: relation
    for relation in (
        Relation("currency", "P38", "currency", False),
        Relation("official_language", "P37", "language", False),
        Relation("country", "P17", "territory", True),
        Relation("continent", "P30", "territory", True),
    )
}


@dataclass(frozen=True)
class Triple:
    """One true statement, by code.

    Attributes:
        relation: name of the relation.
        subject: territory code or time zone.
        answer: currency, language or territory code; continents are M49 codes.
        also_true: further answers that must not be offered as wrong.
    """

    relation: str
    subject: str
    answer: str
    also_true: frozenset[str] = frozenset()

    @property
    def fact_id(self) -> str:
        """Stable name of the fact."""
        return f"cldr:{self.relation}:{self.subject}"

    @property
    def about_city(self) -> bool:
        """Whether the subject is the exemplar city of a time zone."""
        return "/" in self.subject


@cache
def territories() -> tuple[str, ...]:
    """Every real territory that CLDR names, by code."""
    codes = own_data("en")["territories"]
    return tuple(
        sorted(c for c in codes if re.fullmatch("[A-Z]{2}", c) and c not in NOT_TERRITORIES)
    )


@cache
def table(name: str) -> dict[str, Any]:
    """Read one of the small tables beside this file."""
    text = files(__package__).joinpath(f"{name}.json").read_text("utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded


def currencies(territory: str) -> tuple[str, ...]:
    """Currencies that are tender in a territory on `REFERENCE_DATE`, CLDR's first first."""
    rows = get_global("territory_currencies").get(territory, ())
    return tuple(
        code
        for code, start, end, tender in rows
        if tender
        and (start is None or tuple(start) <= REFERENCE_DATE)
        and (end is None or tuple(end) >= REFERENCE_DATE)
    )


def official_languages(territory: str) -> frozenset[str]:
    """Languages official anywhere in a territory, de facto and regional ones included."""
    spoken = get_global("territory_languages").get(territory, {})
    return frozenset(
        code.split("_")[0] for code, row in spoken.items() if row["official_status"] in _OFFICIAL
    )


def _near_languages(territory: str, answer: str) -> frozenset[str]:
    same = set().union(*(group for group in _SAME_LANGUAGE if answer in group))
    return frozenset(same | official_languages(territory)) - {answer}


def continents(territory: str) -> tuple[str, ...]:
    """Continents of a territory by M49 code, the one M49 assigns first; empty where none is."""
    data = table("continents")
    first = [code for code, members in data["continents"].items() if territory in members.split()]
    return (*first, *data["also"].get(territory, "").split()) if first else ()


def _near_places(zone: str, territory: str) -> frozenset[str]:
    data = table("places")
    owners = {owner for owner, owned in data["belongs_to"].items() if territory in owned.split()}
    return frozenset(owners | set(data["namesakes"].get(zone, "").split())) - {territory}


def triples(dropped: Counter[str]) -> Iterator[Triple]:
    """Give all true statements in a fixed order.

    Args:
        dropped: is told how many subjects have no single answer, as ``<relation>_<reason>``.

    Yields:
        The triples, relation by relation.
    """
    for territory in territories():
        money = currencies(territory)
        if len(money) == 1:
            yield Triple("currency", territory, money[0])
        dropped["currency_none"] += not money
        dropped["currency_several"] += len(money) > 1
    for territory in territories():
        spoken = official_languages(territory)
        if len(spoken) == 1:
            (answer,) = spoken
            near = _near_languages(territory, answer)
            yield Triple("official_language", territory, answer, near)
        dropped["official_language_none"] += not spoken
        dropped["official_language_several"] += len(spoken) > 1
    yield from _city_triples(dropped)
    for territory in territories():
        where = continents(territory)
        if where:
            yield Triple("continent", territory, where[0], frozenset(where[1:]))
        dropped["continent_none"] += not where


def _city_triples(dropped: Counter[str]) -> Iterator[Triple]:
    """Country of every exemplar city, and its continent where its country has only one."""
    real = frozenset(territories()) - {"AQ"}
    zones = sorted(get_global("zone_territories").items())
    named = [(zone, territory) for zone, territory in zones if territory in real]
    for zone, territory in named:
        disputed = zone in table("places")["disputed"]
        dropped["country_disputed"] += disputed
        if not disputed:
            yield Triple("country", zone, territory, _near_places(zone, territory))
    for zone, territory in named:
        where = continents(territory)
        if len(where) == 1:
            yield Triple("continent", zone, where[0])
        dropped["continent_of_city_unclear"] += len(where) != 1
