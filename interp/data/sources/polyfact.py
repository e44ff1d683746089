"""PolyFact (jvonrad/PolyFact, PolyFact-Clean and WIKI-FACT): parallel four-option questions.

Two schemas: ``translations`` with ``option_a`` to ``option_d``, ``answer_index`` and
``answer_text`` per language, and ``langs`` with an ``options`` list, where the index may be
text. Every language shuffles its options; where it has ``option_ids`` we undo that. Where the ids
are missing (the verification sample) only the answer can be matched: the set is then marked
``options_aligned=False`` and its other options carry ids that say so.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from interp.data.canonical import seeded_number
from interp.data.facts import N_OPTIONS, UNALIGNED, Fact, FactSet, FactText, problem_of
from interp.data.languages import check, in_table_order
from interp.data.sources.tables import Row, read_rows
from interp.data.sources.text import want
from interp.errors import InterpError
from interp.printable import brief

_LETTERS = "ABCD"
_SPLITS = {
    "train": "train", "validation": "validation", "valid": "validation", "val": "validation",
    "dev": "validation", "test": "test",
}  # fmt: skip


@dataclass(frozen=True)
class _Text:
    """One language of a row, as released.

    ``ids`` is None where the release gives none, ``answer`` None where it cannot be told.
    """

    question: str
    options: tuple[str, ...]
    answer: int | None
    ids: tuple[str, ...] | None
    subject: str


def load_facts(place: str, *, languages: Sequence[str] | None = None, seed: int = 0) -> FactSet:
    """Read PolyFact from a file, a folder or the hub.

    Args:
        place: a ``.jsonl`` or ``.parquet`` file, a folder of them (the split is read off the
            file's name), or a hub id with an optional configuration, ``jvonrad/PolyFact:parallel``.
        languages: chosen languages; None takes every language that occurs.
        seed: of the answer's place where options cannot be aligned, and of missing splits.

    Returns:
        The fact set; ``notes`` counts what was dropped: ``dropped_duplicate_id`` (the first is
        kept, so what is also trained on leaves the test split), ``dropped_no_answer`` (no usable
        or a contradictory answer), ``dropped_option_ids`` (not the same four in every language),
        ``dropped_options`` (empty or equal options), ``dropped_incomplete``; and
        ``unaligned_facts``.

    Raises:
        InterpError: nothing there, or a row that is in neither schema, naming file and row.
    """
    rows = sorted(read_rows(place, config="parallel"), key=lambda row: _split_place(row.group))
    parsed = [(row, _texts_of(row)) for row in rows]
    if not parsed:
        raise InterpError(f"polyfact {place}: no fact in it")
    chosen = check(languages, {code for _, texts in parsed for code in texts}, f"polyfact {place}")
    notes: Counter[str] = Counter()
    facts = list(_facts(parsed, chosen, seed, notes))
    if not facts:
        raise InterpError(
            f"polyfact {place}: none of {len(parsed)} facts is usable in all of "
            f"{', '.join(chosen)}: {dict(notes)}"
        )
    return FactSet.build(facts, chosen, f"polyfact:{place}", notes=+notes, seed=seed)


def _facts(
    parsed: Iterable[tuple[Row, Mapping[str, _Text]]],
    chosen: Sequence[str],
    seed: int,
    notes: Counter[str],
) -> Iterator[Fact]:
    """Align the options of every row and drop, with a count, the rows that are defective."""
    seen: set[str] = set()
    for row, texts in parsed:
        fact_id = _fact_id(row)
        if fact_id in seen:
            notes["dropped_duplicate_id"] += 1
            continue
        seen.add(fact_id)
        used = {code: texts[code] for code in chosen if code in texts}
        if len(used) < len(chosen):
            notes["dropped_incomplete"] += 1
            notes.update(f"missing_{code}" for code in chosen if code not in texts)
            continue
        if any(text.answer is None for text in used.values()):
            notes["dropped_no_answer"] += 1
            continue
        aligned = all(text.ids is not None for text in used.values())
        # The order of the first language of the table, whatever was chosen: English, if there.
        first = texts[in_table_order(texts)[0]]
        ids = (first.ids or next(iter(used.values())).ids) if aligned else None
        if ids is None:
            option_ids = _placeholder_ids(row, fact_id, seed)
            ordered = {code: _answer_to(text, option_ids) for code, text in used.items()}
        elif len({frozenset(text.ids or ()) for text in used.values()} | {frozenset(ids)}) > 1:
            notes["dropped_option_ids"] += 1
            continue
        else:
            option_ids = ids
            ordered = {code: _by_ids(text, ids) for code, text in used.items()}
        fact = _fact(row, fact_id, option_ids, ordered)
        if problem_of(fact, chosen):
            notes["dropped_options"] += 1
            continue
        notes["unaligned_facts"] += not aligned
        yield fact


def _fact(
    row: Row, fact_id: str, option_ids: tuple[str, ...], texts: Mapping[str, FactText]
) -> Fact:
    parts = fact_id.split("|")
    return Fact(
        fact_id=fact_id,
        relation=str(row.values.get("relation") or row.values.get("property_id") or ""),
        property_id=str(row.values.get("property_id") or (parts[1] if len(parts) == 3 else "")),
        option_ids=option_ids,
        split=_SPLITS.get(str(row.values.get("split") or row.group).lower(), ""),
        texts=texts,
    )


def _texts_of(row: Row) -> dict[str, _Text]:
    values = row.values
    name = next((key for key in ("translations", "langs") if values.get(key)), None)
    if name is None:
        raise InterpError(
            f"{row.where}: neither 'translations' nor 'langs', it has {', '.join(values)}; "
            "expected the parallel form of PolyFact"
        )
    languages = want(values, name, dict, row.where)
    shared = values.get("option_ids")
    return {
        code: _text(text, shared, values, code, f"{row.where}: {code}")
        for code, text in languages.items()
        if text is not None
    }


def _text(text: Any, shared: Any, row: Mapping[str, Any], code: str, where: str) -> _Text:
    if not isinstance(text, dict):
        raise InterpError(f"{where}: {brief(text)}, expected an object with question and options")
    options = text.get("options")
    if options is None:
        options = [text.get(f"option_{letter.lower()}") for letter in _LETTERS]
    options = [option for option in options if option is not None]
    if len(options) != N_OPTIONS:
        raise InterpError(f"{where}: {len(options)} options, expected four")
    ids = text.get("option_ids") or shared
    usable = ids is not None and len(ids) == N_OPTIONS and len(set(map(str, ids))) == N_OPTIONS
    subject = text.get("subject") or (row.get("subject") if code == "en" else "")
    strings = tuple(str(option) for option in options)
    return _Text(
        want(text, "question", str, where), strings, _answer(text, strings),
        tuple(map(str, ids)) if usable else None, str(subject or ""),
    )  # fmt: skip


def _answer(text: Mapping[str, Any], options: tuple[str, ...]) -> int | None:
    """Find the answer's place from index, letter or text; None if they are absent or disagree."""
    claims = set()
    for key in ("answer_index", "answer"):
        value = text.get(key)
        if value is None:
            continue
        place = _place(value, options)
        if place is None:
            return None
        claims.add(place)
    spelled = text.get("answer_text")
    if spelled is not None:
        if spelled not in options:
            return None
        claims.add(options.index(spelled))
    return claims.pop() if len(claims) == 1 else None


def _place(value: Any, options: tuple[str, ...]) -> int | None:
    """Read 2, "2", "C" or the option itself as a place."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, str):
        if value in options:
            return options.index(value)
        stripped = value.strip()
        if stripped in _LETTERS and len(stripped) == 1:
            return _LETTERS.index(stripped)
        if not stripped.isdecimal():
            return None
        value = int(stripped)
    return value if isinstance(value, int) and 0 <= value < N_OPTIONS else None


def _by_ids(text: _Text, option_ids: tuple[str, ...]) -> FactText:
    """Put the options into the order of the ids."""
    assert text.ids is not None and text.answer is not None
    options = tuple(text.options[text.ids.index(one)] for one in option_ids)
    return FactText(text.question, options, option_ids.index(text.ids[text.answer]), text.subject)


def _placeholder_ids(row: Row, fact_id: str, seed: int) -> tuple[str, ...]:
    """Name the options of a fact without ids: the object at a seeded place, the rest unknown."""
    parts = fact_id.split("|")
    answer = str(row.values.get("object_id") or (parts[2] if len(parts) == 3 else "answer"))
    ids = [f"{UNALIGNED}{number}" for number in range(1, N_OPTIONS)]
    ids.insert(int(seeded_number(seed, "place", fact_id) * N_OPTIONS), answer)
    return tuple(ids)


def _answer_to(text: _Text, option_ids: tuple[str, ...]) -> FactText:
    """Move only the answer to its common place; the other options keep their own order."""
    assert text.answer is not None
    place = next(i for i, one in enumerate(option_ids) if not one.startswith(UNALIGNED))
    rest = [option for i, option in enumerate(text.options) if i != text.answer]
    rest.insert(place, text.options[text.answer])
    return FactText(text.question, tuple(rest), place, text.subject)


def _fact_id(row: Row) -> str:
    return str(row.values.get("fact_id") or f"{row.group or 'fact'}/{row.number}")


def _split_place(group: str) -> int:
    """Order of reading: train before validation before test, anything else last."""
    return list(_SPLITS).index(group) if group in _SPLITS else len(_SPLITS)
