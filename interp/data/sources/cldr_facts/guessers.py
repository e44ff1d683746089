"""What somebody scores who knows nothing about the world: the check on the wrong answers.

Each guesser sees a fact set and gives, for every fact, the chance that it picks the right
option (ties share it). All of them should be near one in four.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction

import numpy as np

from interp.data.facts import Fact, FactSet


def _share(scores: Sequence[float | Fraction], right: int) -> float:
    best = max(scores)
    return (scores[right] == best) / sum(score == best for score in scores)


def _right(fact: Fact) -> int:
    return next(iter(fact.texts.values())).answer_index


def _counts(facts: Iterable[Fact]) -> tuple[Counter[tuple[str, str]], Counter[tuple[str, str]]]:
    """How often each answer of a relation is right, and how often it is offered."""
    right: Counter[tuple[str, str]] = Counter()
    offered: Counter[tuple[str, str]] = Counter()
    for fact in facts:
        right[fact.relation, fact.option_ids[_right(fact)]] += 1
        offered.update((fact.relation, option) for option in fact.option_ids)
    return right, offered


def by_frequency(facts: FactSet) -> np.ndarray:
    """Pick the option that is most often right in the whole set.

    Returns:
        float `[fact]`, chance of being right.
    """
    right, _ = _counts(facts)
    return np.array(
        [_share([right[f.relation, o] for o in f.option_ids], _right(f)) for f in facts]
    )


def by_rate(facts: FactSet, held_out: bool = True) -> np.ndarray:
    """Pick the option that is right in the largest share of the questions that offer it.

    Args:
        facts: the set.
        held_out: leave the question itself out of the count.

    Returns:
        float `[fact]`, chance of being right.
    """
    right, offered = _counts(facts)
    chances = []
    for fact in facts:
        answer = fact.option_ids[_right(fact)]
        scores = [
            Fraction(
                right[fact.relation, option] - (held_out and option == answer),
                max(1, offered[fact.relation, option] - held_out),
            )
            for option in fact.option_ids
        ]
        chances.append(_share(scores, _right(fact)))
    return np.array(chances)


def _grams(text: str, length: int) -> set[str]:
    folded = f" {' '.join(text.casefold().split())} "
    return {folded[i : i + length] for i in range(len(folded) - length + 1)}


def by_overlap(
    facts: FactSet, lang: str, length: int = 3, of: str = "subject", normalise: bool = True
) -> np.ndarray:
    """Pick the option whose spelling is most like the subject's or the question's.

    Args:
        facts: the set.
        lang: language to look at.
        length: letters in a piece.
        of: ``subject`` or ``question``.
        normalise: divide shared pieces by all pieces (Jaccard); else count shared ones.

    Returns:
        float `[fact]`, chance of being right.
    """
    chances = []
    for fact in facts:
        text = fact.texts[lang]
        asked = _grams(text.subject if of == "subject" else text.question, length)
        scores = []
        for option in text.options:
            grams = _grams(option, length)
            scores.append(Fraction(len(asked & grams), len(asked | grams) if normalise else 1))
        chances.append(_share(scores, text.answer_index))
    return np.array(chances)


def by_length(facts: FactSet, lang: str, pick: Callable[..., int] = max) -> np.ndarray:
    """Pick the longest (or with ``pick=min`` the shortest) option.

    Returns:
        float `[fact]`, chance of being right.
    """
    sign = 1 if pick is max else -1
    return np.array(
        [
            _share([sign * len(o) for o in f.texts[lang].options], f.texts[lang].answer_index)
            for f in facts
        ]
    )


def by_place(facts: FactSet) -> np.ndarray:
    """Pick the place (first to fourth option) that is most often right.

    Returns:
        float `[fact]`, chance of being right.
    """
    places = [_right(fact) for fact in facts]
    best = Counter(places).most_common(1)[0][0]
    return np.array([float(place == best) for place in places])


def _common_run(left: str, right: str) -> int:
    length = 0
    while any(left[i : i + length + 1] in right for i in range(len(left) - length)):
        length += 1
    return length


def by_common_run(facts: FactSet, lang: str) -> np.ndarray:
    """Pick the option that shares the longest run of letters with the subject.

    Returns:
        float `[fact]`, chance of being right.
    """
    return np.array(
        [
            _share(
                [_common_run(t.subject.casefold(), o.casefold()) for o in t.options],
                t.answer_index,
            )
            for t in (fact.texts[lang] for fact in facts)
        ]
    )


def by_learned_rate(facts: FactSet, pick: Callable[..., int] = max) -> np.ndarray:
    """Count on the other splits how often an option is right where offered; guess on ``test``.

    Args:
        facts: the set.
        pick: ``max`` takes the option of the highest rate, ``min`` that of the lowest. The wrong
            answers are balanced over the whole set and not inside a split, so that what was
            rarely right elsewhere is right more often here, and ``min`` beats chance.

    Returns:
        float `[test fact]`, chance of being right.
    """
    right, offered = _counts(fact for fact in facts if fact.split != "test")
    sign = 1 if pick is max else -1
    return np.array(
        [
            _share(
                [
                    sign * Fraction(right[f.relation, o], max(1, offered[f.relation, o]))
                    for o in f.option_ids
                ],
                _right(f),
            )
            for f in facts
            if f.split == "test"
        ]
    )
