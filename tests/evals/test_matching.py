"""The release's matching: cases by hand, a second implementation, and every published verdict."""

from __future__ import annotations

import random
import unicodedata

import pytest

from interp.errors import InterpError
from interp.evals.matching import answer_line, lenient, matches, normalise, strict
from tests.evals.released import LANGUAGES, MODELS, released


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("  Paris, France!  ", "paris france"),
        ("«Рим»", "рим"),
        ("北京。", "北京"),
        ("Sa\u0303o", "são"),  # composed
        ("jean-paul", "jean-paul"),  # a hyphen stays, as does the Arabic comma
        ("باريس،", "باريس،"),
        ("...", ""),
        ("a\u00a0 \u3000b\tc", "a b c"),
    ],
)
def test_normalise(text, expected):
    assert normalise(text) == expected


@pytest.mark.parametrize(
    ("prediction", "target", "is_lenient", "is_strict"),
    [
        ("Paris.", "paris", True, True),
        ("france paris", "Paris", True, False),  # a word of it
        ("parisian", "Paris", True, False),  # it starts so
        ("римская", "Рим", True, False),
        ("北京市", "北京", True, False),
        ("in北京", "北京", False, False),  # neither start nor word
        ("the new york times", "New York", False, False),  # two words are no word
        ("new york times", "New York", True, False),
        ("par", "Paris", False, False),
        ("", "Paris", False, False),
        ("...", "Paris", False, False),
        ("", "", False, False),
        ("anything", "", False, False),
        ("anything", "?", False, False),
        ("Apple Inc", "Apple Inc.", True, True),
    ],
)
def test_rules(prediction, target, is_lenient, is_strict):
    assert lenient(prediction, target) is is_lenient
    assert strict(prediction, target) is is_strict
    assert matches(prediction, target, "lenient") is is_lenient
    assert matches(prediction, target, "strict") is is_strict


@pytest.mark.parametrize(
    ("text", "first", "first_non_empty"),
    [
        (" Paris.\nThe", "Paris.", "Paris."),
        ("\n\n Paris\nx", "", "Paris"),
        ("  \t\nParis", "", "Paris"),
        ("Paris", "Paris", "Paris"),
        ("", "", ""),
        ("\n \n", "", ""),
        ("a\u2028b\r\nc", "a\u2028b", "a\u2028b"),  # a line ends at a line feed only
        (".\nParis", ".", "."),  # not empty, though nothing is left of it
    ],
)
def test_answer_line(text, first, first_non_empty):
    assert answer_line(text, "first") == first
    assert answer_line(text, "first_non_empty") == first_non_empty


def test_unknown_rules_are_said():
    with pytest.raises(InterpError, match="unknown line rule 'last': expected one of first_non_e"):
        answer_line("a", "last")
    with pytest.raises(InterpError, match="unknown match rule 'loose': expected one of lenient"):
        matches("a", "a", "loose")


PUNCTUATION = set(".,!?:;\"'()[]{}«»“”‘’、。，．！？；：")


def by_hand(text: str) -> str:
    """Normalise character by character."""
    out = ""
    for one in unicodedata.normalize("NFC", text).lower():
        blank = one in PUNCTUATION or one.isspace()
        out += " " if blank else one
    return " ".join(piece for piece in out.split(" ") if piece)


def test_a_second_implementation_agrees():
    rng = random.Random(0)
    pool = [*PUNCTUATION, *"aAbé\u0301İß北京 \n\u3000-،؟·", "ab", "AB"]
    for _ in range(3000):
        a, b = ("".join(rng.choices(pool, k=rng.randrange(6))) for _ in range(2))
        assert normalise(a) == by_hand(a)
        p, t = by_hand(a), by_hand(b)
        expected = p != "" and t != "" and (p == t or t in p.split() or p.startswith(t))
        assert lenient(a, b) == expected
        assert strict(a, b) == (t != "" and p == t)


@pytest.mark.parametrize(
    ("model", "accuracy", "by_language"),
    [
        ("olmo-base", 18.17, [21.92, 40.05, 21.04, 9.70, 8.25, 8.09]),
        ("olmo-cpt-grpo", 23.53, [41.39, 35.82, 19.21, 13.86, 14.62, 16.30]),
    ],
)
def test_every_published_verdict_is_derived_again(shared_data, model, accuracy, by_language):
    rows = released(shared_data, model)
    assert len(rows) == 6 * 2619 and model in MODELS
    found = rows.apply(lambda row: lenient(row["line"], row["target"]), axis=1)
    assert (found != rows["correct"]).sum() == 0
    assert round(100 * found.mean(), 2) == accuracy
    means = found.groupby(rows["lang"]).mean()
    assert [round(100 * means[lang], 2) for lang in LANGUAGES] == by_language
    exact = rows.apply(lambda row: strict(row["line"], row["target"]), axis=1)
    assert not (exact & ~found).any() and exact.sum() < found.sum()
