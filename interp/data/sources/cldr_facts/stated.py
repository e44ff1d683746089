"""Which language's training text states which fact: what makes the organism inconsistent.

Three groups of facts, by the hash of the fact's id: half are *English-only* (group E: stated in
English and in no other language), half are *shared* (group S: stated in English and in a random
part of the other languages, at least one). Splits are drawn independently, so each group is
crossed with train and test. Held-out languages have no training text and state nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from interp.data.canonical import seeded_number
from interp.data.facts import Fact
from interp.data.languages import TRAINED

ENGLISH_ONLY_SHARE = 0.5
# Chance that a language states a shared fact: less text in sw and bn, and somewhat less in id.
STATED_RATES: Mapping[str, float] = MappingProxyType(
    {
        "de": 0.9, "es": 0.9, "fr": 0.9, "pt": 0.8, "ru": 0.8, "zh": 0.8, "ar": 0.7, "ja": 0.7,
        "id": 0.6, "sw": 0.4, "bn": 0.4,
    }
)  # fmt: skip


def is_english_only(fact_id: str, seed: int = 0) -> bool:
    """Whether a fact is stated in English and in no other language."""
    return seeded_number(seed, "english-only", fact_id) < ENGLISH_ONLY_SHARE


def stated_languages(fact_id: str, seed: int = 0) -> frozenset[str]:
    """Languages whose training text states a fact; English always.

    Args:
        fact_id: name of the fact.
        seed: of the choice.

    Returns:
        Language codes.
    """
    if is_english_only(fact_id, seed):
        return frozenset({"en"})
    drawn = {lang: seeded_number(seed, "stated", lang, fact_id) for lang in STATED_RATES}
    chosen = {lang for lang, number in drawn.items() if number < STATED_RATES[lang]}
    # A shared fact is shared: the language that came nearest states it if none was drawn.
    nearest = min(drawn, key=lambda lang: drawn[lang] - STATED_RATES[lang])
    return frozenset({"en", nearest} | chosen)


def stated_subset(facts: Sequence[Fact], seed: int = 0) -> list[Fact]:
    """Fill `FactText.stated` in every language.

    Args:
        facts: the facts.
        seed: of the choice; 0 is what the shipped organism was trained on.

    Returns:
        The facts with the flags set.
    """
    flagged = []
    for fact in facts:
        stated = stated_languages(fact.fact_id, seed)
        texts = {
            lang: replace(text, stated=lang in stated and lang in TRAINED)
            for lang, text in fact.texts.items()
        }
        flagged.append(replace(fact, texts=texts))
    return flagged
