"""What the organism may be taught: facts, names and ordinary text, out of a FactSet and a Corpus.

The rule that makes the organism what it is lives here: English may state every fact, another
language only those whose `FactText.stated` is true. Documents are written from `Material.stated`
and never look at the other facts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from interp.data.canonical import canonical_hash, seeded_number
from interp.data.corpus import Corpus
from interp.data.facts import Fact, FactSet
from interp.errors import InterpError

ENGLISH = "en"
StatementOf = Callable[[str, str, str, str], Sequence[str]]
"""(relation, language, subject, answer) to one or more sentences that state the fact."""


@dataclass(frozen=True)
class Material:
    """Everything documents are written from.

    Attributes:
        languages: English first.
        facts: the taught facts.
        statement_of: writes a fact's sentences.
        stated: language to the facts its text may state; English states all.
        names: groups of things of one kind (cities, currencies, ...), each thing a mapping of
            language to name.
        phrases: aligned ordinary text, language to text.
        data_hash: changes with any of these.
    """

    languages: tuple[str, ...]
    facts: tuple[Fact, ...]
    statement_of: StatementOf
    stated: Mapping[str, tuple[Fact, ...]]
    names: tuple[tuple[Mapping[str, str], ...], ...]
    phrases: tuple[Mapping[str, str], ...]
    data_hash: str

    @property
    def others(self) -> tuple[str, ...]:
        """The languages that are not English and state at least one fact."""
        return tuple(lang for lang in self.languages if lang != ENGLISH and self.stated[lang])


def make_material(
    facts: FactSet,
    corpus: Corpus,
    statement_of: StatementOf,
    *,
    n_facts: int | None = None,
    seed: int = 0,
) -> Material:
    """Collect the material of one organism.

    Args:
        facts: with `FactText.stated` set in every language.
        corpus: ordinary parallel text in the same languages.
        statement_of: writes a fact's sentences.
        n_facts: teach only so many facts, chosen by seed and balanced over relations.
        seed: of that choice.

    Returns:
        The material.

    Raises:
        InterpError: English is missing, a fact does not say where it is stated, or English
            does not state one.
    """
    if ENGLISH not in facts.languages:
        raise InterpError(f"{facts.source} has no English: expected en in {facts.languages}")
    _check_stated(facts)
    taught = _choose(facts.facts, n_facts, seed)
    stated = {
        lang: tuple(fact for fact in taught if fact.texts[lang].stated) for lang in facts.languages
    }
    phrases = tuple(dict(unit.texts) for unit in corpus.units)
    hashed = [facts.data_hash, corpus.data_hash, [fact.fact_id for fact in taught]]
    sentences = [
        statement_of(fact.relation, lang, fact.texts[lang].subject, fact.texts[lang].answer)
        for lang in facts.languages
        for fact in stated[lang]
    ]
    return Material(
        languages=facts.languages,
        facts=taught,
        statement_of=statement_of,
        stated=stated,
        names=_names(taught, facts.languages),
        phrases=phrases,
        data_hash=canonical_hash([*hashed, [list(s) for s in sentences]]),
    )


def _check_stated(facts: FactSet) -> None:
    for fact in facts:
        unknown = [lang for lang in facts.languages if fact.texts[lang].stated is None]
        if unknown:
            raise InterpError(
                f"fact {fact.fact_id!r} does not say whether {unknown[0]} states it: "
                "expected FactText.stated in every language"
            )
        if not fact.texts[ENGLISH].stated:
            raise InterpError(f"fact {fact.fact_id!r} is not stated in English: expected all are")


def _choose(facts: Sequence[Fact], n_facts: int | None, seed: int) -> tuple[Fact, ...]:
    if n_facts is None or n_facts >= len(facts):
        return tuple(facts)
    by_relation: dict[str, list[Fact]] = {}
    for fact in sorted(facts, key=lambda f: seeded_number(seed, "taught", f.fact_id)):
        by_relation.setdefault(fact.relation, []).append(fact)
    chosen: list[str] = []
    depth = 0
    while len(chosen) < n_facts:
        for relation in sorted(by_relation):
            if depth < len(by_relation[relation]) and len(chosen) < n_facts:
                chosen.append(by_relation[relation][depth].fact_id)
        depth += 1
    keep = set(chosen)
    return tuple(fact for fact in facts if fact.fact_id in keep)


def _names(
    facts: Sequence[Fact], languages: Sequence[str]
) -> tuple[tuple[Mapping[str, str], ...], ...]:
    """Group things by the part they play in a relation; a thing is known by all its names."""
    groups: dict[str, dict[tuple[str, ...], Mapping[str, str]]] = {}
    seen: set[tuple[str, ...]] = set()

    def add(group: str, name_in: Mapping[str, str]) -> None:
        key = tuple(name_in[lang] for lang in languages)
        if all(key) and key not in seen:
            seen.add(key)
            groups.setdefault(group, {})[key] = name_in

    for fact in facts:
        add(f"{fact.relation} subject", {lang: fact.texts[lang].subject for lang in languages})
        for place in range(len(fact.option_ids)):
            options = {lang: fact.texts[lang].options[place] for lang in languages}
            add(f"{fact.relation} answer", options)
    return tuple(tuple(group.values()) for _, group in sorted(groups.items()))
