"""What kind of answer each relation has: a proper noun (a name) or a common noun.

The paper splits its KLAR results so, says that 55 % of the facts have proper nouns, and gives no
list. Names of places and organisations are 49.3 % of KLAR's facts, with religions 54.1 %; ours is
the first, since a religion, like a language or an occupation, is translated and not transcribed.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

PROPER, COMMON = "proper noun", "common noun"

_KLAR = {
    PROPER: (
        "applies_to_jurisdiction", "capital", "capital_of", "continent", "country_of_citizenship",
        "developer", "headquarters_location", "location_of_formation", "manufacturer", "owned_by",
        "place_of_birth", "place_of_death",
    ),
    COMMON: (
        "field_of_work", "instrument", "language_of_work_or_name", "languages_spoken",
        "native_language", "occupation", "official_language", "religion",
    ),
}  # fmt: skip
_CLDR = {PROPER: ("country", "continent"), COMMON: ("currency", "official_language")}

ANSWER_KINDS: Mapping[str, str] = MappingProxyType(
    {
        name: kind
        for table in (_KLAR, _CLDR)
        for kind, names in table.items()
        for name in names
    }
)  # fmt: skip
"""Relation of KLAR or CLDR to the kind of its answers."""

PROPER_NOUN_RELATIONS = frozenset(name for name, kind in ANSWER_KINDS.items() if kind == PROPER)
"""Relations whose answers are names of places and organisations."""
