"""From triples to facts: names in every language, leaks dropped, wrong answers dealt."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import cache

import numpy as np

from interp.data.canonical import seeded_number
from interp.data.facts import SPLITS, Fact, FactText, fold
from interp.data.languages import HELD_OUT, LANGUAGES, TRAINED
from interp.data.sources.cldr_facts import names
from interp.data.sources.cldr_facts.distractors import capped, deal, length_mismatch, mixed
from interp.data.sources.cldr_facts.leaks import clues, leaks
from interp.data.sources.cldr_facts.stated import stated_subset
from interp.data.sources.cldr_facts.templates import question
from interp.data.sources.cldr_facts.truths import RELATIONS, Triple, triples

ALL = tuple(LANGUAGES)
# Cumulative edges of train and validation: 60, 10 and 30 %.
SPLIT_EDGES = (0.6, 0.7)
_NAME_OF: Mapping[str, Callable[[str, str], str | None]] = {
    "currency": names.currency_name,
    "language": names.language_name,
    "territory": names.territory_name,
}
Names = Mapping[str, str]


@cache
def subject_names(triple: Triple) -> Names:
    """Names of a triple's subject in the languages that have one."""
    name_of = names.city_name if triple.about_city else names.territory_name
    return {lang: name for lang in ALL if (name := name_of(triple.subject, lang))}


@cache
def answer_names(relation: str, answer: str) -> Names:
    """Names of an answer in the languages that have one."""
    name_of = _NAME_OF[RELATIONS[relation].answer_kind]
    return {lang: name for lang in ALL if (name := name_of(answer, lang))}


def usable(candidates: Sequence[Triple], dropped: Counter[str]) -> list[Triple]:
    """Keep triples that are whole, unambiguous and not leaked in every trained language.

    Args:
        candidates: all triples.
        dropped: is told how many went, as ``<relation>_<reason>``.

    Returns:
        The kept triples.
    """
    shared = _shared_names(candidates)
    kept = []
    for triple in candidates:
        subject, answer = subject_names(triple), answer_names(triple.relation, triple.answer)
        reason = ""
        if any(lang not in subject or lang not in answer for lang in TRAINED):
            reason = "unnamed"
        elif any((triple.relation, lang, fold(subject[lang])) in shared for lang in TRAINED):
            reason = "ambiguous_name"
        elif any(leaks(subject[lang], answer[lang], lang) for lang in TRAINED):
            reason = "leaked"
        if reason:
            dropped[f"{triple.relation}_{reason}"] += 1
        else:
            kept.append(triple)
    return kept


def _shared_names(candidates: Sequence[Triple]) -> set[tuple[str, str, str]]:
    """Names that two subjects of a relation with different answers share in some language."""
    answers: dict[tuple[str, str, str], set[str]] = {}
    for triple in candidates:
        for lang, name in subject_names(triple).items():
            answers.setdefault((triple.relation, lang, fold(name)), set()).add(triple.answer)
    return {key for key, found in answers.items() if len(found) > 1}


def with_wrong_answers(
    relation: str, kept: Sequence[Triple], seed: int
) -> list[tuple[Triple, tuple[str, ...]]]:
    """Deal the wrong answers of one relation.

    Returns:
        The triples that got three, each with them.
    """
    pool = sorted({triple.answer for triple in kept})
    column = {answer: place for place, answer in enumerate(pool)}
    answers = np.array([column[triple.answer] for triple in kept])
    forbidden = np.array([[answer in triple.also_true for answer in pool] for triple in kept])
    forbidden |= _resembling(relation, kept, pool)
    lengths = np.array(
        [[len(answer_names(relation, answer)[lang]) for lang in TRAINED] for answer in pool]
    )
    draw = np.array([seeded_number(seed, "longer", triple.fact_id) for triple in kept])
    mismatch = length_mismatch(lengths, answers, draw)
    noise = mixed([triple.fact_id for triple in kept], pool, seed)
    dealt = deal(answers, forbidden, _clashing(relation, pool), mismatch, noise)
    return [
        (triple, tuple(pool[place] for place in places))
        for triple, places in zip(kept, dealt, strict=True)
        if (places >= 0).all()
    ]


def _resembling(relation: str, kept: Sequence[Triple], pool: Sequence[str]) -> np.ndarray:
    """Answers that a subject's name would suggest wrongly, bool `[fact, answer]`."""
    by_clue: dict[tuple[str, str], list[int]] = {}
    for place, answer in enumerate(pool):
        for lang in TRAINED:
            for clue in clues(answer_names(relation, answer)[lang], lang, of_answer=True):
                by_clue.setdefault((lang, clue), []).append(place)
    found = np.zeros((len(kept), len(pool)), dtype=bool)
    for row, triple in enumerate(kept):
        subject = subject_names(triple)
        for lang in TRAINED:
            for clue in clues(subject[lang], lang, of_answer=False):
                found[row, by_clue.get((lang, clue), [])] = True
    return found


def _clashing(relation: str, pool: Sequence[str]) -> np.ndarray:
    """Answers alike in some language, every answer with itself, bool `[answer, answer]`."""
    by_name: dict[tuple[str, str], list[int]] = {}
    for place, answer in enumerate(pool):
        for lang, name in answer_names(relation, answer).items():
            by_name.setdefault((lang, fold(name)), []).append(place)
    clashing = np.eye(len(pool), dtype=bool)
    for places in by_name.values():
        clashing[np.ix_(places, places)] = True
    return clashing


def make_fact(triple: Triple, wrong: Sequence[str], place: int, seed: int) -> Fact:
    """Write one fact in every language that has all its names and does not leak it.

    Args:
        triple: what is true.
        wrong: the three wrong answers.
        place: place of the right answer among the options.
        seed: of the order of the wrong answers and of the split.
    """
    options = sorted(wrong, key=lambda o: seeded_number(seed, "order", triple.fact_id, o))
    options.insert(place, triple.answer)
    subject = subject_names(triple)
    option_names = [answer_names(triple.relation, option) for option in options]
    texts = {}
    for lang in ALL:
        if lang not in subject or any(lang not in name for name in option_names):
            continue
        if lang in HELD_OUT and leaks(subject[lang], option_names[place][lang], lang):
            continue
        texts[lang] = FactText(
            question=question(triple.relation, lang, subject[lang]),
            options=tuple(name[lang] for name in option_names),
            answer_index=place,
            subject=subject[lang],
        )
    number = seeded_number(seed, "cldr-split", triple.fact_id)
    relation = RELATIONS[triple.relation]
    return Fact(
        fact_id=triple.fact_id,
        relation=relation.name,
        property_id=relation.property_id,
        option_ids=tuple(options),
        split=SPLITS[sum(number >= edge for edge in SPLIT_EDGES)],
        texts=texts,
        is_proper_noun=relation.is_proper_noun,
    )


@cache
def all_facts(seed: int = 0) -> tuple[tuple[Fact, ...], Mapping[str, int]]:
    """Build every fact, in all languages it has, with the stated flags set.

    Args:
        seed: of everything drawn; 0 is what is shipped.

    Returns:
        The facts, taken in turn from each relation, and what was dropped, as counts.
    """
    dropped: Counter[str] = Counter()
    kept = usable(list(triples(dropped)), dropped)
    queues: list[list[Fact]] = []
    for relation in RELATIONS:
        mine = [triple for triple in kept if triple.relation == relation]
        fair = capped(mine, seed)
        ready = with_wrong_answers(relation, fair, seed)
        dropped[f"{relation}_too_frequent_answer"] += len(mine) - len(fair)
        dropped[f"{relation}_no_wrong_answers"] += len(fair) - len(ready)
        drawn = sorted(ready, key=lambda pair: seeded_number(seed, "place", pair[0].fact_id))
        queues.append(
            [make_fact(t, wrong, turn % 4, seed) for turn, (t, wrong) in enumerate(drawn)]
        )
    turns = [(turn, n, f) for n, queue in enumerate(queues) for turn, f in enumerate(queue)]
    facts = [fact for _, _, fact in sorted(turns, key=lambda item: item[:2])]
    return tuple(stated_subset(facts, seed)), dict(+dropped)
