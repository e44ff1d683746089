"""The rule, case by case, with numbers chosen by hand."""

from __future__ import annotations

import math
from typing import Any

import pytest

from interp.claims.judge import (
    CANNOT_TELL,
    NOT_COMPUTED,
    NOT_REPRODUCED,
    OPPOSITE,
    REPRODUCED,
    judge,
    rounds_to,
    taken,
)
from interp.stats.verdict import BEYOND, NOT_ENOUGH, WITHIN
from tests.claims.cases import claim, entry

LISTS: dict[str, Any] = {"design": "lists", "verdict": NOT_ENOUGH}
NAN = float("nan")


@pytest.mark.parametrize(
    ("value", "reported", "digits", "same"),
    [
        (38.24, 38.2, 1, True),
        (38.26, 38.2, 1, False),
        (38.25, 38.2, 1, True),  # an exact half may be printed either way
        (38.25, 38.3, 1, True),
        (1670.5, 1671, 0, True),
        (1670.4, 1671, 0, False),
        (0.0240519, 0.0241, 4, True),
        (-30.18, -30.2, 1, True),
        (30.18, -30.2, 1, False),
    ],
)
def test_as_printed(value: float, reported: float, digits: int, same: bool) -> None:
    assert rounds_to(value, reported, digits) is same


def test_a_number_that_is_equal_as_printed_is_reproduced_even_if_it_may_be_noise() -> None:
    assert judge(claim(), [entry(38.24, -5, 80, verdict=WITHIN)]) == (
        REPRODUCED, "equal as printed",
    )  # fmt: skip
    assert judge(claim(), [entry(38.24, **LISTS)])[0] == REPRODUCED


def test_a_number_in_the_interval_is_reproduced_where_the_change_is_shown() -> None:
    verdict, reason = judge(claim(), [entry(30, 20, 40)])
    assert (verdict, reason) == (REPRODUCED, "in the 95 % interval")
    assert judge(claim(), [entry(30, 20, 38.2)])[0] == REPRODUCED


def test_an_interval_that_holds_everything_tells_nothing() -> None:
    wide = entry(10, -50, 70, verdict=WITHIN, reason="the interval includes 0")
    verdict, reason = judge(claim(), [wide])
    assert verdict == CANNOT_TELL and "the interval includes 0" in reason
    assert judge(claim(direction=""), [wide])[0] == CANNOT_TELL
    # what is said to be no change is content with it, and a level is none
    assert judge(claim(direction="none"), [wide])[0] == REPRODUCED
    level = {"statistic": "neurons", "quantity": "level", "unit": "count", "direction": ""}
    assert judge(claim(**level), [wide])[0] == REPRODUCED


DISTANCE: dict[str, Any] = {
    "statistic": "layer_distance",
    "unit": "number",
    "lang": None,
    "digits": 3,
}


@pytest.mark.parametrize(
    ("reported", "direction", "found", "verdict"),
    [
        (0.089, "", entry(0.12, 0.02, 0.25, verdict=WITHIN), CANNOT_TELL),
        (0.089, "", entry(0.12, 0.02, 0.25, verdict=NOT_ENOUGH), CANNOT_TELL),
        (0.089, "", entry(0.12, 0.02, 0.25, verdict=BEYOND), REPRODUCED),
        (0.005, "none", entry(0.02, 0.004, 0.03, verdict=BEYOND), NOT_REPRODUCED),
        (0.005, "none", entry(0.02, 0.004, 0.03, verdict=NOT_ENOUGH), CANNOT_TELL),
        (0.005, "none", entry(0.02, 0.004, 0.03, verdict=WITHIN), REPRODUCED),
        (0.005, "none", entry(0.0051, 0.004, 0.03, verdict=BEYOND), REPRODUCED),  # as printed
    ],
)
def test_a_distance_in_the_interval_has_to_be_beyond_noise_and_no_change_within(
    reported: float, direction: str, found: Any, verdict: str
) -> None:
    one = claim(**DISTANCE, reported=(reported,), direction=direction)
    assert judge(one, [found])[0] == verdict


def test_a_number_outside_says_whether_the_sign_agrees() -> None:
    assert judge(claim(), [entry(7.7, 5, 10)]) == (
        NOT_REPRODUCED, "outside the 95 % interval; the sign agrees",
    )  # fmt: skip
    assert judge(claim(), [entry(7.7, **LISTS)]) == (
        NOT_REPRODUCED, "no interval; the sign agrees",
    )  # fmt: skip
    # a level has no sign to agree
    level = claim(statistic="neurons", quantity="level", unit="count", direction="", digits=0)
    assert judge(level, [entry(20, 10, 25)])[1] == "outside the 95 % interval"
    assert judge(level, [entry(-20, -25, -10)]) == (NOT_REPRODUCED, "outside the 95 % interval")


@pytest.mark.parametrize(
    ("found", "verdict"),
    [
        (entry(-5, -9, -1), OPPOSITE),
        (entry(-5, -11, 1), NOT_REPRODUCED),  # the sign is not settled
        (entry(-5, **LISTS), OPPOSITE),
        (entry(0.0, **LISTS), NOT_REPRODUCED),
    ],
)
def test_the_opposite_sign_has_to_be_settled(found: Any, verdict: str) -> None:
    assert judge(claim(), [found])[0] == verdict


def test_a_signed_distance_has_the_verdict_of_its_size_instead_of_an_interval() -> None:
    signed = claim(statistic="layer_distance", quantity="signed", unit="number", lang=None,
                   reported=(-0.089,), digits=3, direction="down")  # fmt: skip
    assert judge(signed, [entry(0.024, verdict=BEYOND)])[0] == OPPOSITE
    assert judge(signed, [entry(0.024, verdict=WITHIN)])[0] == NOT_REPRODUCED
    # the size alone has no sign to be opposite
    size = claim(statistic="layer_distance", quantity="value", unit="number", lang=None,
                 reported=(0.089,), digits=3, direction="")  # fmt: skip
    assert judge(size, [entry(0.024, **LISTS)]) == (NOT_REPRODUCED, "no interval")


@pytest.mark.parametrize(
    ("direction", "found", "verdict"),
    [
        ("up", entry(3, 1, 5), REPRODUCED),
        ("down", entry(3, 1, 5), OPPOSITE),
        ("up", entry(3, -1, 5, verdict=WITHIN), CANNOT_TELL),
        ("up", entry(-3, -5, 1, verdict=WITHIN), CANNOT_TELL),
        ("up", entry(3, verdict=NOT_ENOUGH), CANNOT_TELL),
        ("up", entry(3, **LISTS), REPRODUCED),
        ("up", entry(-3, **LISTS), OPPOSITE),
        ("up", entry(0.0, **LISTS), NOT_REPRODUCED),
        ("none", entry(3, -1, 5, verdict=WITHIN), REPRODUCED),
        ("none", entry(3, 1, 5), NOT_REPRODUCED),
        ("none", entry(3, **LISTS), CANNOT_TELL),
    ],
)
def test_a_direction_without_a_number(direction: str, found: Any, verdict: str) -> None:
    assert judge(claim(reported=None, direction=direction), [found])[0] == verdict


def each(*found: Any, take: str = "every", **more: Any) -> tuple[str, str]:
    return judge(claim(lang="each", take=take, **more), list(found))


def test_in_every_language() -> None:
    up = {"reported": None, "direction": "up"}
    good, open_ = entry(3, 1, 5, where="en"), entry(1, -1, 3, where="sw", verdict=WITHIN)
    bad = entry(-3, -5, -1, where="zh")
    assert each(good, **up) == (REPRODUCED, "in 1 of 1")
    verdict, reason = each(good, open_, **up)
    assert verdict == CANNOT_TELL and "in 1 of 2" in reason and "open in sw" in reason
    verdict, reason = each(good, open_, bad, **up)
    assert verdict == NOT_REPRODUCED and reason == "in 1 of 3; against it zh"
    lists = [entry(1, where="en", **LISTS), entry(2, where="sw", **LISTS)]
    verdict, reason = each(*lists, **up)
    assert verdict == REPRODUCED and "lists have no noise floor" in reason


def test_a_range_is_compared_end_by_end() -> None:
    kept = {"statistic": "heads_kept", "analysis": "lahis", "quantity": "complement", "digits": 0,
            "reported": (5.0, 25.0), "direction": "", "take": "range"}  # fmt: skip
    found = [entry(value, where=name) for value, name in ((10, "en"), (25, "sw"), (5, "zh"))]
    verdict, reason = each(*found, **kept)
    assert verdict == REPRODUCED and "over 3 languages (zh to sw)" in reason
    assert each(*found[:2], **kept)[0] == NOT_REPRODUCED
    assert taken(claim(lang="each", **kept), found) == (5, 25)


def test_an_extreme_is_one_number() -> None:
    keys = {"reported": (25.0,), "digits": 0, "direction": ""}
    found = [entry(10, where="en"), entry(25, where="sw")]
    assert each(*found, take="max", **keys)[0] == REPRODUCED
    assert each(*found, take="min", **keys)[0] == NOT_REPRODUCED
    assert taken(claim(lang="each", take="max", **keys), found) == (25,)
    assert taken(claim(lang="each", take="min", **keys), found) == (10,)


def test_what_could_not_be_computed_is_never_zero() -> None:
    assert judge(claim(), [entry(NAN, reason="no neuron")]) == (NOT_COMPUTED, "no neuron")
    assert judge(claim(), [])[0] == NOT_COMPUTED
    assert taken(claim(), [entry(NAN)]) == ()
    found = [entry(3, 1, 5, where="en"), entry(NAN, where="sw")]
    assert all(not math.isnan(one) for one in taken(claim(lang="each", take="every"), found))


def test_every_language_cannot_be_told_while_one_is_not_known() -> None:
    known, lost = entry(3, 1, 5, where="en"), entry(NAN, where="sw")
    verdict, reason = each(known, lost, reported=None)
    assert verdict == CANNOT_TELL
    assert reason == "in 1 of 2; without sw, which could not be computed"
    # what stands against it does so whatever the lost one is
    against = entry(-3, -5, -1, where="zh")
    verdict, reason = each(known, lost, against, reported=None)
    assert verdict == NOT_REPRODUCED and reason.startswith("in 1 of 3; against it zh; without sw")
    # nor while a language of the claim has no entry at all, unless the claim leaves it out
    up = {"reported": None, "languages": ("en", "sw")}
    assert each(known, **up) == (
        CANNOT_TELL, "in 1 of 2; without sw, which could not be computed",
    )  # fmt: skip
    assert each(known, without=("sw",), **up) == (REPRODUCED, "in 1 of 1")
