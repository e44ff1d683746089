"""The choice of heads: as typed, and from LAHIS scores with planted ranks."""

from __future__ import annotations

import numpy as np
import pytest

from interp.attention.heads import (
    check_engine,
    check_heads,
    choose_heads,
    layers_of,
    parse_heads,
    which_heads,
)
from interp.errors import InterpError
from interp.lahis.select import Head


def test_heads_are_read_as_typed() -> None:
    assert parse_heads(" 3.5, 4.0,12.40,") == ((3, 5), (4, 0), (12, 40))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "--heads is empty"),
        (" , ", "--heads is empty"),
        ("3", "head '3': expected layer.head"),
        ("3.5,x", "head 'x': expected layer.head"),
        ("-1.2", "head '-1.2'"),
        ("1.2.3", "head '1.2.3'"),
    ],
)
def test_what_is_no_head_is_refused(text: str, message: str) -> None:
    with pytest.raises(InterpError, match=message) as said:
        parse_heads(text)
    assert "\n" not in str(said.value)


@pytest.mark.parametrize(
    ("heads", "message"),
    [
        ([(12, 40)], r"unknown head '12.40': 'base' has 8 layers × 16 heads, expected 0.0 to 7.15"),
        ([(0, 16)], r"unknown head '0.16'"),
        ([(8, 0)], r"unknown head '8.0'"),
        ([(0, -1)], r"unknown head"),
        ([], "no heads are chosen"),
        ([(1, 2), (3, 4), (1, 2)], "name 1.2 twice"),
    ],
)
def test_heads_that_a_model_lacks_are_refused(heads: list[Head], message: str) -> None:
    with pytest.raises(InterpError, match=message):
        check_heads(heads, 8, 16, "base")


def test_the_last_head_is_one() -> None:
    assert check_heads([(7, 15), (0, 0)], 8, 16, "base") == ((7, 15), (0, 0))


def test_exactly_one_way_to_name_heads() -> None:
    which_heads("1.2", None)
    which_heads(None, "base")
    with pytest.raises(InterpError, match="both missing"):
        which_heads(None, None)
    with pytest.raises(InterpError, match="both given"):
        which_heads("1.2", "base")


def test_engines_but_the_native_one_are_refused() -> None:
    check_engine("native")
    with pytest.raises(InterpError, match=r"'nnsight' gives no attention patterns.*'native'"):
        check_engine("nnsight")


def test_heads_by_layer() -> None:
    assert dict(layers_of([(3, 5), (0, 2), (3, 1)])) == {0: [2], 3: [1, 5]}


GENERAL_A, GENERAL_B, GENERAL_C = (0, 0), (0, 1), (0, 2)
OWN = {"en": [(1, 0), (1, 1)], "ar": [(2, 0), (1, 1)], "bn": [(2, 1), (2, 2), (2, 3)],
       "zh": [(1, 3)]}  # fmt: skip
TOP = {lang: [GENERAL_B, *own, GENERAL_A, GENERAL_C] for lang, own in OWN.items()}


def planted() -> dict[str, np.ndarray]:
    """Scores in which B ranks first, C second, A third; English ones are a thousand times larger."""
    scores = {}
    for lang, scale in (("en", 1000.0), ("ar", 1.0), ("bn", 0.1), ("zh", 1.0)):
        values = np.zeros((3, 4))
        values[GENERAL_B], values[GENERAL_C], values[GENERAL_A] = 3, 2, 1
        for place, head in enumerate(OWN[lang]):
            values[head] = 0.5 - 0.1 * place
        scores[lang] = values * scale
    # by mean score A would come second: English alone would decide
    scores["en"][GENERAL_A], scores["en"][GENERAL_C] = 2000.0, 1500.0
    return scores


def test_general_heads_come_first_then_every_languages_own_in_turn() -> None:
    found = choose_heads(planted(), TOP, at_most=20)
    assert list(found) == [
        GENERAL_B, GENERAL_C, GENERAL_A,
        (1, 0), (2, 0), (2, 1), (1, 3),  # everybody's best
        (1, 1), (2, 2),  # the second ones; (1, 1) is also Arabic's
        (2, 3),
    ]  # fmt: skip
    assert found[GENERAL_B] == found[GENERAL_A] == "general"
    assert (found[1, 0], found[1, 1]) == ("top in en", "top in en, ar")


def test_general_heads_take_at_most_half_where_others_want_the_places() -> None:
    assert list(choose_heads(planted(), TOP, at_most=4)) == [GENERAL_B, GENERAL_C, (1, 0), (2, 0)]
    assert list(choose_heads(planted(), TOP, at_most=5)) == [
        GENERAL_B, GENERAL_C, GENERAL_A, (1, 0), (2, 0)
    ]  # fmt: skip
    assert list(choose_heads(planted(), TOP, at_most=1)) == [GENERAL_B]


def test_general_heads_take_the_places_that_nobody_wants() -> None:
    only_general = {lang: [GENERAL_B, GENERAL_A, GENERAL_C] for lang in TOP}
    assert len(choose_heads(planted(), only_general, at_most=3)) == 3


def test_only_the_languages_asked_for_have_their_own_heads() -> None:
    found = choose_heads(planted(), TOP, languages=["bn", "xx"], at_most=20)
    assert list(found)[3:] == [(2, 1), (2, 2), (2, 3)]
    # what a head is top in is still said of all languages
    found = choose_heads(planted(), TOP, languages=["ar"], at_most=20)
    assert found[1, 1] == "top in en, ar"


def test_no_language_asked_leaves_the_general_ones() -> None:
    assert list(choose_heads(planted(), TOP, languages=["xx"], at_most=2)) == [GENERAL_B, GENERAL_C]
