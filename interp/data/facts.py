"""Facts: one question with four options per language, options aligned across languages.

A fact is compared *between* languages, so it must be whole: the same four options in the same
order in every chosen language. `FactSet.build` checks that once, for every source, so that no
analysis has to.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from interp.data.balance import balanced_ids
from interp.data.canonical import canonical_hash
from interp.data.fact_checks import N_OPTIONS, SPLITS, UNALIGNED, fold, problem_of, split_of
from interp.data.fact_tables import as_record, facts_frame
from interp.data.languages import check
from interp.errors import InterpError, unknown

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "N_OPTIONS",
    "SPLITS",
    "UNALIGNED",
    "Fact",
    "FactSet",
    "FactText",
    "as_record",
    "fold",
    "problem_of",
    "split_of",
]


@dataclass(frozen=True)
class FactText:
    """One fact in one language.

    Attributes:
        question: the question, without options.
        options: four answers, in the order of the fact's ``option_ids``.
        answer_index: place of the true one.
        subject: name of the subject in this language.
        prompt: a complete cloze prompt (KLAR), which the answer continues; None where there is
            none.
        stated: whether this language's training text states the fact; None where unknown.
    """

    question: str
    options: tuple[str, ...]
    answer_index: int
    subject: str = ""
    prompt: str | None = None
    stated: bool | None = None

    @property
    def answer(self) -> str:
        """The true option."""
        return self.options[self.answer_index]


@dataclass(frozen=True)
class Fact:
    """One fact in every language.

    Attributes:
        fact_id: unique name.
        relation: readable name of the relation.
        property_id: Wikidata property or another stable id; may be empty.
        option_ids: what each option denotes, the same in every language.
        split: ``train``, ``validation`` or ``test``; empty lets `FactSet.build` assign one.
        texts: language code to text.
        is_proper_noun: whether the answer is a name; None where unknown.
    """

    fact_id: str
    relation: str
    property_id: str
    option_ids: tuple[str, ...]
    split: str
    texts: Mapping[str, FactText]
    is_proper_noun: bool | None = None


@dataclass(frozen=True)
class FactSet:
    """Validated facts, whole in every language of ``languages``.

    Attributes:
        facts: in the order of the source.
        languages: in the order asked for.
        source: where the facts came from.
        data_hash: sha256 of the content; independent of the order of the facts.
        notes: what was dropped or changed on the way, as counts.
    """

    facts: tuple[Fact, ...]
    languages: tuple[str, ...]
    source: str
    data_hash: str
    notes: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def build(
        cls,
        facts: Iterable[Fact],
        languages: Sequence[str],
        source: str,
        *,
        notes: Mapping[str, int] | None = None,
        seed: int = 0,
    ) -> FactSet:
        """Validate facts and keep those that are whole in every chosen language.

        Args:
            facts: the facts, possibly with more languages than are chosen.
            languages: the chosen languages.
            source: named in errors and stored.
            notes: counts the source already made.
            seed: of the split, where facts have none of their own.

        Returns:
            The fact set; facts lacking a language are counted in ``notes``
            (``dropped_incomplete`` and ``missing_<lang>``).

        Raises:
            InterpError: a fact is malformed, an id is used twice, a language is in no fact, or
                nothing is left.
        """
        given = tuple(facts)
        chosen = check(languages, {code for fact in given for code in fact.texts}, source)
        counts: Counter[str] = Counter(notes or {})
        kept: list[Fact] = []
        for fact in given:
            missing = [code for code in chosen if code not in fact.texts]
            counts.update(f"missing_{code}" for code in missing)
            if missing:
                counts["dropped_incomplete"] += 1
                continue
            problem = problem_of(fact, chosen)
            if problem:
                raise InterpError(f"{source}: {problem}")
            kept.append(_restricted(fact, chosen, seed))
        _check_set(given, kept, chosen, source)
        return cls(tuple(kept), chosen, source, _hash(kept, chosen), dict(counts))

    @classmethod
    def load(
        cls,
        text: str,
        *,
        languages: Sequence[str] | None = None,
        split: str | None = None,
        limit: int | None = None,
        seed: int = 0,
    ) -> FactSet:
        """Read facts from a named source.

        Args:
            text: ``cldr`` (embedded), ``polyfact:PATH_OR_ID``, ``klar:FOLDER`` or
                ``jsonl:FILE``; a path ending in ``.jsonl`` alone is read as ``jsonl``.
            languages: chosen languages; None takes all that the source has.
            split: keep one split only.
            limit: keep at most this many facts, balanced over relations.
            seed: of splits and of the sample taken by ``limit``.

        Returns:
            The fact set.

        Raises:
            InterpError: unknown source, or what the source's reader raises.
        """
        from interp.data import sources

        facts = sources.load_facts(text, languages=languages, seed=seed)
        if split is None and limit is None:
            return facts
        return facts.select(split=split, limit=limit, seed=seed)

    def select(
        self,
        split: str | None = None,
        relations: Sequence[str] | None = None,
        languages: Sequence[str] | None = None,
        limit: int | None = None,
        seed: int = 0,
    ) -> FactSet:
        """Narrow the set down.

        Args:
            split: one of ``train``, ``validation``, ``test``.
            relations: names of relations to keep.
            languages: languages to keep, in the new order.
            limit: at most this many facts, taken in turn from each relation.
            seed: of the sample; a larger ``limit`` contains the smaller one.

        Returns:
            A new set with its own ``data_hash``, in the order of this one.

        Raises:
            InterpError: an unknown split, relation or language, or nothing left.
        """
        if split is not None and split not in SPLITS:
            raise unknown("split", split, SPLITS)
        names = sorted({fact.relation for fact in self.facts})
        for relation in relations or ():
            if relation not in names:
                raise unknown(f"relation in {self.source}", relation, names)
        if limit is not None and limit < 1:
            raise InterpError(f"limit {limit} facts: expected at least 1")
        chosen = check(
            languages if languages is not None else self.languages, self.languages, self.source
        )
        kept = [
            _restricted(fact, chosen, seed)
            for fact in self.facts
            if (split is None or fact.split == split)
            and (relations is None or fact.relation in relations)
        ]
        if not kept:
            raise InterpError(
                f"{self.source}: no fact left with split={split} and relations={relations}; "
                f"it has {len(self)} facts in splits "
                f"{dict(Counter(fact.split for fact in self.facts))}"
            )
        if limit is not None:
            chosen_ids = balanced_ids({f.fact_id: f.relation for f in kept}, limit, seed)
            kept = [fact for fact in kept if fact.fact_id in chosen_ids]
        return replace(self, facts=tuple(kept), languages=chosen, data_hash=_hash(kept, chosen))

    @property
    def options_aligned(self) -> bool:
        """Whether each option denotes the same thing in every language.

        False where a source shuffles options per language without ids, so that only the answers
        are known to match; statistics across languages over the whole option list (RankC,
        agreement) must refuse such a set.
        """
        ids = (one for fact in self.facts for one in fact.option_ids)
        return not any(one.startswith(UNALIGNED) for one in ids)

    def __len__(self) -> int:
        return len(self.facts)

    def __iter__(self) -> Iterator[Fact]:
        return iter(self.facts)

    def to_frame(self) -> pd.DataFrame:
        """Give the table ``facts``: one row per fact and language.

        Returns:
            Columns fact_id, relation, property_id, split, lang, subject, question, options,
            option_ids, answer_index, answer, stated, is_proper_noun.
        """
        return facts_frame(self)

    def to_jsonl(self, path: str) -> None:
        """Write the set in the ``jsonl`` schema, which ``jsonl:FILE`` reads back unchanged."""
        from interp.data.sources.jsonl import write_facts

        write_facts(self, path)


def _restricted(fact: Fact, languages: Sequence[str], seed: int) -> Fact:
    texts = {code: fact.texts[code] for code in languages}
    return replace(fact, texts=texts, split=fact.split or split_of(fact.fact_id, seed))


def _check_set(
    given: Sequence[Fact], kept: Sequence[Fact], languages: Sequence[str], source: str
) -> None:
    name, times = Counter(fact.fact_id for fact in given).most_common(1)[0]
    if times > 1:
        raise InterpError(f"{source}: fact_id {name!r} is used {times} times, expected once")
    if not kept:
        raise InterpError(
            f"{source}: none of {len(given)} facts is there in all of {', '.join(languages)}"
        )


def _hash(facts: Sequence[Fact], languages: Sequence[str]) -> str:
    content = [as_record(fact) for fact in sorted(facts, key=lambda fact: fact.fact_id)]
    return canonical_hash({"languages": list(languages), "facts": content})
