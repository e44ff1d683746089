"""What makes one fact well-formed, and which split it falls into."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from interp.data.canonical import seeded_number

if TYPE_CHECKING:
    from interp.data.facts import Fact, FactText

SPLITS = ("train", "validation", "test")
N_OPTIONS = 4
UNALIGNED = "unaligned-"
"""How the id of an option begins of which nothing is known but its text."""
# Shares of a source without splits of its own: the cumulative edges of train and validation.
_SPLIT_EDGES = (0.8, 0.9)


def problem_of(fact: Fact, languages: Sequence[str]) -> str | None:
    """Say in one sentence what is wrong with a fact, or None.

    Args:
        fact: the fact; must have a text in every language of ``languages``.
        languages: the languages to look at.

    Returns:
        The problem, naming fact and language, or None if there is none.
    """
    name = f"fact {fact.fact_id!r}"
    if not fact.fact_id:
        return f"a fact of relation {fact.relation!r} has an empty fact_id"
    if fact.split and fact.split not in SPLITS:
        return f"{name} has split {fact.split!r}, expected one of {', '.join(SPLITS)}"
    if len(fact.option_ids) != N_OPTIONS or len(set(fact.option_ids)) != N_OPTIONS:
        return f"{name} has option_ids {list(fact.option_ids)}, expected four different ones"
    for code in languages:
        problem = _problem_of_text(fact.texts[code])
        if problem:
            return f"{name} in {code}: {problem}"
    places = {code: fact.texts[code].answer_index for code in languages}
    if len(set(places.values())) > 1:
        return (
            f"{name}: the answer's place differs between languages ({places}), "
            "expected every language's options in the order of option_ids"
        )
    return None


def _problem_of_text(text: FactText) -> str | None:
    if len(text.options) != N_OPTIONS:
        return f"{len(text.options)} options, expected four"
    if not 0 <= text.answer_index < N_OPTIONS:
        return f"answer_index {text.answer_index}, expected 0 to 3"
    if not text.question.strip():
        return "the question is empty"
    folded = [fold(option) for option in text.options]
    if "" in folded:
        return f"option {folded.index('') + 1} is empty"
    if len(set(folded)) != N_OPTIONS:
        return f"options {list(text.options)} are not distinct (case and spaces do not count)"
    return None


def fold(text: str) -> str:
    """Fold case and white space away: the sense in which options must be distinct."""
    return " ".join(text.casefold().split())


def split_of(fact_id: str, seed: int = 0) -> str:
    """Assign a split by the hash of the fact's id: 80 % train, 10 % validation, 10 % test."""
    number = seeded_number(seed, "split", fact_id)
    return SPLITS[sum(number >= edge for edge in _SPLIT_EDGES)]
