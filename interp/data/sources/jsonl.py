"""Facts in the suite's own JSONL schema: one fact per line, read back unchanged.

    {"fact_id": "Q142-P36", "relation": "capital", "property_id": "P36", "split": "test",
     "option_ids": ["Q90", "Q84", "Q64", "Q220"], "is_proper_noun": true,
     "texts": {"en": {"subject": "France", "question": "What is the capital of France?",
                      "options": ["Paris", "London", "Berlin", "Rome"], "answer_index": 0,
                      "prompt": null, "stated": null}, "de": {...}}}

``fact_id``, ``relation``, ``option_ids`` and ``texts`` with ``question``, ``options`` and
``answer_index`` are required; options stand in the order of ``option_ids`` in every language.
Without ``split`` the fact's id decides.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from interp.data.facts import Fact, FactSet, FactText, as_record, problem_of
from interp.data.languages import check
from interp.data.sources.text import file_of, read_records, want
from interp.errors import InterpError
from interp.printable import brief


def load_facts(place: str, *, languages: Sequence[str] | None = None, seed: int = 0) -> FactSet:
    """Read facts from a JSONL file.

    Args:
        place: the file.
        languages: chosen languages; None takes every language that occurs.
        seed: of the split, where facts have none.

    Returns:
        The fact set.

    Raises:
        InterpError: naming file and line: not JSON, a missing or wrong field, three options, an
            id used twice; or what `FactSet.build` raises.
    """
    path = file_of(place, "a JSONL file of facts")
    facts: dict[str, Fact] = {}
    lines: dict[str, int] = {}
    for number, record in read_records(path):
        where = f"{path}:{number}"
        fact = read_fact(record, where)
        problem = problem_of(fact, tuple(fact.texts))
        if problem:
            raise InterpError(f"{where}: {problem}")
        if fact.fact_id in facts:
            raise InterpError(
                f"{where}: fact_id {fact.fact_id!r} was used on line {lines[fact.fact_id]} already"
            )
        facts[fact.fact_id], lines[fact.fact_id] = fact, number
    if not facts:
        raise InterpError(f"{path}: no fact in it, expected one JSON object per line")
    found = {code for fact in facts.values() for code in fact.texts}
    chosen = check(languages, found, f"facts {path}")
    return FactSet.build(facts.values(), chosen, f"jsonl:{path}", seed=seed)


def read_fact(record: dict[str, Any], where: str) -> Fact:
    """Turn one record into a fact.

    Args:
        record: see the module's docstring.
        where: file and line for errors.

    Returns:
        The fact, not yet checked by `problem_of`.

    Raises:
        InterpError: a field is missing or of the wrong type.
    """
    texts = want(record, "texts", dict, where)
    if not texts:
        raise InterpError(f"{where}: field 'texts' is empty, expected at least one language")
    proper = record.get("is_proper_noun")
    return Fact(
        fact_id=want(record, "fact_id", str, where),
        relation=want(record, "relation", str, where),
        property_id=str(record.get("property_id") or ""),
        option_ids=_strings(record, "option_ids", where),
        split=str(record.get("split") or ""),
        texts={code: _read_text(text, f"{where}: {code}") for code, text in texts.items()},
        is_proper_noun=None if proper is None else bool(proper),
    )


def write_facts(facts: FactSet, place: str) -> None:
    """Write facts as JSONL, one line per fact, keys in a fixed order."""
    with Path(place).open("w", encoding="utf-8", newline="\n") as file:
        for fact in facts:
            file.write(json.dumps(as_record(fact), ensure_ascii=False) + "\n")


def _read_text(text: Any, where: str) -> FactText:
    if not isinstance(text, dict):
        raise InterpError(f"{where}: {brief(text)}, expected an object with question and options")
    prompt, stated = text.get("prompt"), text.get("stated")
    return FactText(
        question=want(text, "question", str, where),
        options=_strings(text, "options", where),
        answer_index=want(text, "answer_index", int, where),
        subject=str(text.get("subject") or ""),
        prompt=None if prompt is None else str(prompt),
        stated=None if stated is None else bool(stated),
    )


def _strings(record: dict[str, Any], key: str, where: str) -> tuple[str, ...]:
    values = want(record, key, list, where)
    for value in values:
        if not isinstance(value, str):
            raise InterpError(f"{where}: field {key!r} holds {brief(value)}, expected strings only")
    return tuple(values)
