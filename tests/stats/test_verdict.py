"""The one rule of docs/methods.md as a table: each condition alone changes the verdict."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from interp.stats.verdict import BEYOND, NOT_ENOUGH, WITHIN, Evidence, decide

CLEAR = Evidence(
    kind="difference",
    value=0.3,
    ci_low=0.1,
    ci_high=0.5,
    noise_floor=0.2,
    p_adjusted=0.01,
    n=20,
    unit="facts",
    behind=20,
    behind_what="selected neurons",
    behind_needed=20,
)
DOWN = replace(CLEAR, value=-0.3, ci_low=-0.5, ci_high=-0.1)
FAR = replace(CLEAR, kind="distance", value=0.3, ci_low=0.0, ci_high=0.5)
ALIKE = replace(CLEAR, kind="likeness", value=0.3, ci_low=0.2, ci_high=0.5, noise_floor=0.4)
NAN = math.nan

TABLE = [
    ("all conditions met", CLEAR, BEYOND, "exceeds the noise floor 0.2, adjusted p 0.01"),
    ("downwards", DOWN, BEYOND, "exceeds"),
    ("a distance may have 0 in its interval", FAR, BEYOND, "exceeds"),
    ("a distance needs no interval", replace(FAR, ci_low=NAN, ci_high=NAN), BEYOND, "exceeds"),
    ("a likeness undercuts", ALIKE, BEYOND, "exceeds the noise floor 0.4"),
    ("floor not exceeded", replace(CLEAR, noise_floor=0.31), WITHIN, "noise floor 0.31"),
    ("floor met exactly", replace(CLEAR, noise_floor=0.3), WITHIN, "noise floor"),
    ("downwards within the floor", replace(DOWN, noise_floor=0.31), WITHIN, "noise floor"),
    ("a distance within the floor", replace(FAR, noise_floor=0.4), WITHIN, "noise floor"),
    ("a likeness above the floor", replace(ALIKE, noise_floor=0.2), WITHIN, "noise floor"),
    ("a likeness at the floor", replace(ALIKE, noise_floor=0.3), WITHIN, "noise floor"),
    ("p at the limit", replace(CLEAR, p_adjusted=0.05), WITHIN, "adjusted p 0.05 is not below"),
    ("p above the limit", replace(FAR, p_adjusted=0.2), WITHIN, "adjusted p 0.2"),
    ("a likeness with a large p", replace(ALIKE, p_adjusted=0.2), WITHIN, "adjusted p 0.2"),
    ("interval over 0", replace(CLEAR, ci_low=-0.01), WITHIN, "includes 0"),
    ("interval to 0", replace(CLEAR, ci_low=0.0), WITHIN, "includes 0"),
    ("downwards over 0", replace(DOWN, ci_high=0.01), WITHIN, "includes 0"),
    ("downwards to 0", replace(DOWN, ci_high=0.0), WITHIN, "includes 0"),
    ("too few units", replace(CLEAR, n=19), NOT_ENOUGH, "19 facts stand behind it, 20 are needed"),
    ("too few neurons", replace(CLEAR, behind=19), NOT_ENOUGH, "19 selected neurons"),
    (
        "too few heads",
        replace(ALIKE, behind=4, behind_what="top heads", behind_needed=5),
        NOT_ENOUGH,
        "4 top heads stand behind it, 5 are needed",
    ),
    ("nothing else needed", replace(CLEAR, behind=0, behind_what=""), BEYOND, "exceeds"),
    ("no value", replace(CLEAR, value=NAN), NOT_ENOUGH, "could not be computed"),
    ("no floor", replace(CLEAR, noise_floor=NAN), NOT_ENOUGH, "no noise floor"),
    ("no p", replace(FAR, p_adjusted=NAN), NOT_ENOUGH, "no p-value"),
    ("no interval", replace(CLEAR, ci_low=NAN, ci_high=NAN), NOT_ENOUGH, "no interval"),
    ("too few and far too large", replace(CLEAR, n=5, value=99.0), NOT_ENOUGH, "5 facts"),
]


@pytest.mark.parametrize(
    ("evidence", "verdict", "words"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE]
)
def test_the_rule(evidence: Evidence, verdict: str, words: str) -> None:
    found, reason = decide(evidence)
    assert found == verdict
    assert words in reason


def test_every_reason_against_is_named() -> None:
    _, reason = decide(replace(CLEAR, noise_floor=1.0, p_adjusted=0.4, ci_low=-1.0))
    assert reason == (
        "does not exceed the noise floor 1; adjusted p 0.4 is not below 0.05; the interval includes 0"
    )
