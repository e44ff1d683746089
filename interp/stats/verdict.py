"""When a difference is called real: one rule for every statistic (docs/methods.md); pure.

*Beyond noise*: the statistic is farther from no difference than the noise floor (what measuring one
checkpoint on two halves of its texts gives, 95th percentile; a likeness has to lie below its 5th), its
adjusted permutation p is below 0.05 and, if it is a signed difference, its interval leaves out 0.
*Within noise* otherwise. *Not enough data* where too little stands behind it to say either. *Not
comparable* where the two runs measured different things.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

BEYOND = "beyond noise"
WITHIN = "within noise"
NOT_ENOUGH = "not enough data"
NOT_COMPARABLE = "not comparable"

VERDICTS = (BEYOND, WITHIN, NOT_ENOUGH, NOT_COMPARABLE)

ALPHA = 0.05
MIN_UNITS = 20
MIN_NEURONS = 20
MIN_HEADS = 5


@dataclass(frozen=True)
class Evidence:
    """What is known of one statistic.

    Attributes:
        kind: ``difference`` (signed), ``distance`` (0 is no difference) or ``likeness`` (1 is none).
        value: the statistic.
        ci_low: lower end of its interval; not a number where there is none.
        ci_high: upper end.
        noise_floor: on the scale of the value (of a likeness, what has to be undercut).
        p_adjusted: adjusted p; not a number where labels cannot be exchanged.
        n: blocks, samples or facts.
        unit: their name.
        behind: what else stands behind the statistic, e.g. the number of selected neurons.
        behind_what: its name; empty where there is nothing else.
        behind_needed: the least of it that allows a verdict.
        p_least: the least that the adjusted p could have been with so many relabellings.
    """

    kind: str
    value: float
    ci_low: float
    ci_high: float
    noise_floor: float
    p_adjusted: float
    n: int
    unit: str
    behind: int = 0
    behind_what: str = ""
    behind_needed: int = 0
    p_least: float = 0.0


def decide(found: Evidence) -> tuple[str, str]:
    """Apply the rule.

    Args:
        found: what is known.

    Returns:
        One of ``VERDICTS`` and the reason, in words.
    """
    if lacking := _lacking(found):
        return NOT_ENOUGH, lacking
    against = []
    if not _exceeds(found):
        against.append(f"does not exceed the noise floor {_number(found.noise_floor)}")
    if not found.p_adjusted < ALPHA:
        against.append(f"adjusted p {_number(found.p_adjusted)} is not below {ALPHA}")
    if found.kind == "difference" and not (found.ci_low > 0 or found.ci_high < 0):
        against.append("the interval includes 0")
    if against:
        return WITHIN, "; ".join(against)
    return (
        BEYOND,
        f"exceeds the noise floor {_number(found.noise_floor)}, adjusted p {_number(found.p_adjusted)}",
    )


def _lacking(found: Evidence) -> str:
    if found.behind_what and found.behind < found.behind_needed:
        return (
            f"{found.behind} {found.behind_what} stand behind it, {found.behind_needed} are needed"
        )
    if found.n < MIN_UNITS:
        return f"{found.n} {found.unit} stand behind it, {MIN_UNITS} are needed"
    if math.isnan(found.value):
        return "it could not be computed"
    if math.isnan(found.noise_floor) or math.isnan(found.p_adjusted):
        return "it has no noise floor or no p-value"
    if found.kind == "difference" and math.isnan(found.ci_low):
        return "it has no interval"
    if found.p_least >= ALPHA:
        return f"so few relabellings bring the adjusted p to {_number(found.p_least)} at the least"
    return ""


def _exceeds(found: Evidence) -> bool:
    if found.kind == "likeness":
        return found.value < found.noise_floor
    return abs(found.value) > found.noise_floor


def _number(value: float) -> str:
    return f"{value:.3g}"
