"""KLAR-CLC (Wang et al. 2025, cisnlp/KLAR-CLC): cloze facts of 20 relations in 17 languages.

The release is a folder per language with a file per relation: ``prompt_templates`` with
``<subject>`` and ``<mask>``, and ``samples`` with ``subject``, ``object``, ``object_candidates``
(one string) and ``index``. We join languages by (relation, index), because some hold more facts
than others, and cut template 1 at ``<mask>`` without the space before it, as its authors do; the
Lost-in-Mistranslation release keeps what follows (docs/evaluation.md).

The candidates' strings are *not* aligned by position everywhere (in the capitals of Japanese and
Arabic they are other cities than in English). A candidate is therefore identified by the English
name of the object, and its name in a language is read off the facts that have it as their answer.
Options are the answer and three such candidates of the fact's own list; every fact's choice and
order come from a hash of its id.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from interp.data.canonical import seeded_number
from interp.data.facts import N_OPTIONS, Fact, FactSet, FactText, fold
from interp.data.languages import check, in_table_order, looks_like_code, normalise
from interp.data.relations import PROPER_NOUN_RELATIONS
from interp.data.sources.text import folder_of, read_json, want
from interp.errors import InterpError
from interp.printable import brief

MASK = "<mask>"
SUBJECT = "<subject>"
_QUESTION_END = re.compile(r"^.*[?？؟;]", re.DOTALL)


@dataclass(frozen=True)
class Sample:
    """One fact of one language, as released.

    Attributes:
        subject: name of the subject.
        answer: the object's name.
        candidates: the listed objects, the answer among them.
        concept: English name of the object, which identifies it across languages.
    """

    subject: str
    answer: str
    candidates: tuple[str, ...]
    concept: str


@dataclass(frozen=True)
class Relation:
    """One relation in one language.

    Attributes:
        name: the file's name, the same in every language.
        property_id: the release's id of the relation.
        templates: prompt templates, uncut.
        samples: index to sample.
    """

    name: str
    property_id: str
    templates: tuple[str, ...]
    samples: Mapping[int, Sample]


def load_facts(place: str, *, languages: Sequence[str] | None = None, seed: int = 0) -> FactSet:
    """Read KLAR as four-option facts with a cloze prompt each.

    Args:
        place: the folder that holds a folder per language.
        languages: chosen languages; None takes all that are there.
        seed: of the choice of options and of the split (the release has none).

    Returns:
        The fact set; ``notes`` counts what was dropped: ``dropped_incomplete`` (not in every
        language), ``dropped_object_differs`` (another object under the same index) and
        ``dropped_few_options`` (fewer than three distinct, nameable distractors).

    Raises:
        InterpError: not a folder of the release, or a malformed file.
    """
    folder = folder_of(place, "the folder of KLAR-CLC with one folder per language")
    tables = read_release(folder, languages)
    chosen = tuple(tables)
    notes: Counter[str] = Counter()
    facts: list[Fact] = []
    for name in sorted({name for table in tables.values() for name in table}):
        facts.extend(_facts_of(name, tables, folder, seed, notes))
    if not facts:
        raise InterpError(f"{folder}: no fact is there in all of {', '.join(chosen)}")
    return FactSet.build(facts, chosen, f"klar:{folder}", notes=+notes, seed=seed)


def read_release(
    folder: Path, languages: Sequence[str] | None = None
) -> dict[str, dict[str, Relation]]:
    """Read the files of the release as they are.

    Args:
        folder: the folder that holds a folder per language.
        languages: chosen languages; None takes all that are there.

    Returns:
        Language to relation name to relation, languages in the order asked for.

    Raises:
        InterpError: no language folder, an unknown language, a malformed file.
    """
    folders = {
        normalise(child.name): child
        for child in sorted(folder.iterdir())
        if child.is_dir() and looks_like_code(child.name) and any(child.glob("*.json"))
    }
    if not folders:
        raise InterpError(
            f"{folder}: no folder <language>/<relation>.json in it, expected KLAR-CLC's layout"
        )
    chosen = check(languages, folders, f"klar {folder}")
    return {
        code: {path.stem: _read_relation(path) for path in sorted(folders[code].glob("*.json"))}
        for code in chosen
    }


def cloze(template: str, subject: str) -> str:
    """Fill a template's subject in and cut it at ``<mask>``, without the space before it."""
    return template.split(MASK)[0].rstrip().replace(SUBJECT, subject)


def _read_relation(path: Path) -> Relation:
    content = read_json(path)
    if not isinstance(content, dict):
        raise InterpError(f"{path}: a JSON {type(content).__name__}, expected an object")
    templates = want(content, "prompt_templates", list, str(path))
    for template in templates:
        if not isinstance(template, str):
            raise InterpError(f"{path}: prompt template {brief(template)}, expected texts only")
    for template in templates[:1]:
        if SUBJECT not in template.split(MASK)[0] or MASK not in template:
            raise InterpError(
                f"{path}: prompt template {template!r}: expected {SUBJECT} and, after it, {MASK}"
            )
    if not templates:
        raise InterpError(f"{path}: no prompt template, expected at least one")
    samples: dict[int, Sample] = {}
    for place, sample in enumerate(want(content, "samples", list, str(path))):
        where = f"{path}: sample {place + 1}"
        if not isinstance(sample, dict):
            raise InterpError(f"{where}: {brief(sample)}, expected an object")
        index = want(sample, "index", int, where)
        if index in samples:
            raise InterpError(f"{where}: index {index} is used twice")
        answer = want(sample, "object", str, where)
        listed = want(sample, "object_candidates", str, where).split(", ")
        samples[index] = Sample(
            want(sample, "subject", str, where), answer, tuple(listed),
            str(sample.get("object_en") or answer),
        )  # fmt: skip
    property_id = str(content.get("relation_id") or "")
    return Relation(path.stem, property_id, tuple(templates), samples)


def _facts_of(
    name: str,
    tables: Mapping[str, Mapping[str, Relation]],
    folder: Path,
    seed: int,
    notes: Counter[str],
) -> Iterator[Fact]:
    """Join one relation over the languages by index."""
    relation = {code: table[name] for code, table in tables.items() if name in table}
    indices = sorted({index for one in relation.values() for index in one.samples})
    whole = [
        index
        for index in indices
        if len(relation) == len(tables) and all(index in r.samples for r in relation.values())
    ]
    for code in tables:
        known = relation[code].samples if code in relation else {}
        notes[f"missing_{code}"] += sum(index not in known for index in indices)
    notes["dropped_incomplete"] += len(indices) - len(whole)
    if not whole:
        return
    reference = _reference(folder, name, relation)
    names = _names(relation)
    true = defaultdict(set)
    for sample in reference.samples.values():
        true[fold(sample.subject)].add(sample.concept)
    for index in whole:
        if (
            len(
                {
                    one.samples[index].concept
                    for one in (reference, *relation.values())
                    if index in one.samples
                }
            )
            > 1
        ):
            notes["dropped_object_differs"] += 1
            continue
        concepts = _options(index, name, relation, reference, names, true, seed)
        if concepts is None:
            notes["dropped_few_options"] += 1
        else:
            yield _fact(index, relation, concepts, names)


def _reference(folder: Path, name: str, relation: Mapping[str, Relation]) -> Relation:
    """Take the language whose candidate lists are used: English wherever the folder has it."""
    if "en" in relation:
        return relation["en"]
    english = folder / "en" / f"{name}.json"
    return _read_relation(english) if english.is_file() else relation[in_table_order(relation)[0]]


def _names(relation: Mapping[str, Relation]) -> dict[str, dict[str, str]]:
    """Name every object in every language: the most frequent answer of the facts that have it."""
    names: dict[str, dict[str, str]] = {}
    for code, one in relation.items():
        seen: dict[str, Counter[str]] = defaultdict(Counter)
        for sample in one.samples.values():
            seen[sample.concept][sample.answer] += 1
        names[code] = {concept: _commonest(found) for concept, found in seen.items()}
    return names


def _commonest(found: Counter[str]) -> str:
    return min(found, key=lambda text: (-found[text], text))


def _options(
    index: int,
    name: str,
    relation: Mapping[str, Relation],
    reference: Relation,
    names: Mapping[str, Mapping[str, str]],
    true: Mapping[str, set[str]],
    seed: int,
) -> list[str] | None:
    """Choose the answer and three distractors, in the order in which they are shown."""
    sample = reference.samples.get(index)
    if sample is None:
        return None
    # The English name of a candidate; a language without one is its own reference.
    concept_of = {one.answer: one.concept for one in reference.samples.values()}
    concepts = dict.fromkeys(concept_of[c] for c in sample.candidates if c in concept_of)
    fact_id = f"{name}/{index}"
    order = sorted(concepts, key=lambda concept: seeded_number(seed, "option", fact_id, concept))
    chosen = [sample.concept]
    taken = {code: {fold(one.samples[index].answer)} for code, one in relation.items()}
    for concept in order:
        if concept in true[fold(sample.subject)] or len(chosen) == N_OPTIONS:
            continue
        if any(concept not in names[code] for code in relation):
            continue
        folded = {code: fold(names[code][concept]) for code in relation}
        if any(not folded[code] or folded[code] in taken[code] for code in relation):
            continue
        chosen.append(concept)
        for code in relation:
            taken[code].add(folded[code])
    if len(chosen) < N_OPTIONS:
        return None
    return sorted(chosen, key=lambda concept: seeded_number(seed, "place", fact_id, concept))


def _fact(
    index: int,
    relation: Mapping[str, Relation],
    concepts: Sequence[str],
    names: Mapping[str, Mapping[str, str]],
) -> Fact:
    texts = {}
    some = next(iter(relation.values()))
    for code, one in relation.items():
        sample = one.samples[index]
        answer = concepts.index(sample.concept)
        options = [names[code][concept] for concept in concepts]
        options[answer] = sample.answer
        prompt = cloze(one.templates[0], sample.subject)
        texts[code] = FactText(
            _question(one.templates[0], sample.subject), tuple(options), answer,
            sample.subject, prompt,
        )  # fmt: skip
    return Fact(
        fact_id=f"{some.name}/{index}", relation=some.name, property_id=some.property_id,
        option_ids=tuple(concepts), split="", texts=texts,
        is_proper_noun=some.name in PROPER_NOUN_RELATIONS,
    )  # fmt: skip


def _question(template: str, subject: str) -> str:
    """Take the template up to its question mark; the whole cloze prompt where it has none."""
    found = _QUESTION_END.match(template.split(MASK)[0])
    return (found[0] if found else template.split(MASK)[0].rstrip()).replace(SUBJECT, subject)
