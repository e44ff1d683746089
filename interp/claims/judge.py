"""Whether a claim is reproduced: one rule, on top of the comparison's own verdict; pure.

A number is *reproduced* where the study's rounds to it as it is printed, or where it lies in the study's
95 % interval; a difference has the *opposite sign* where it lies on the other side of 0 and its
interval, if there is one, leaves out 0. Where a change, distance or likeness is claimed and the interval
holds both the reported number and no change worth the name (the comparison is not beyond noise), the
study *cannot tell*; where no change is claimed beside the number, the comparison has to be within noise,
and one beyond it is *not reproduced*. A direction without a number needs a difference beyond noise; lists have no noise floor, there
the sign alone decides, which is said. What is said of every language cannot be told while one could not
be computed, unless another stands against it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from interp.claims.claim import Claim
from interp.claims.found import Entry
from interp.stats.verdict import BEYOND, WITHIN

REPRODUCED = "reproduced"
NOT_REPRODUCED = "not reproduced"
OPPOSITE = "opposite sign"
CANNOT_TELL = "cannot tell"
NOT_COMPUTED = "cannot be computed"
OTHER_MODEL = "other model"
OTHER_DATA = "other data"

VERDICTS = (
    REPRODUCED, NOT_REPRODUCED, OPPOSITE, CANNOT_TELL, OTHER_DATA, OTHER_MODEL, NOT_COMPUTED,
)  # fmt: skip

_TOLERANCE = 1e-9
_LISTS = "lists have no noise floor"


def judge(claim: Claim, entries: Sequence[Entry]) -> tuple[str, str]:
    """Hold a claim against what the study gives.

    Args:
        claim: the claim.
        entries: from `interp.claims.found.entries_of`.

    Returns:
        Verdict and reason.
    """
    known = [one for one in entries if not np.isnan(one.value)]
    if not known:
        reason = entries[0].reason if entries else "the comparison has no such entry"
        return NOT_COMPUTED, reason
    lost = _lost(claim, entries)
    if claim.take == "every":
        verdict, reason = _every(claim, known, len(lost))
    elif claim.take:
        verdict, reason = _extremes(claim, known)
    elif claim.reported is None:
        verdict, reason = _direction(claim, known[0])
    else:
        verdict, reason = _number(claim, known[0])
    if lost:
        reason += f"; without {' '.join(lost)}, which could not be computed"
    return verdict, reason


def _lost(claim: Claim, entries: Sequence[Entry]) -> list[str]:
    """List what could not be computed, and of "every language" those that have no entry at all."""
    lost = [one.where for one in entries if np.isnan(one.value)]
    if claim.take == "every" and not claim.other_lang:
        there = {*claim.without, *(one.where for one in entries)}
        lost += [code for code in claim.languages if code not in there]
    return lost


def taken(claim: Claim, entries: Sequence[Entry]) -> tuple[float, ...]:
    """Return the numbers that stand against the reported ones.

    Args:
        claim: the claim.
        entries: the study's.

    Returns:
        One number; for ``range`` and ``every`` the least and the largest; none where nothing is known.
    """
    values = [one.value for one in entries if not np.isnan(one.value)]
    if not values:
        return ()
    if claim.take in ("range", "every"):
        return min(values), max(values)
    return (max(values) if claim.take == "max" else min(values),)


def rounds_to(value: float, reported: float, digits: int) -> bool:
    """Tell whether a number is printed as the reported one; an exact half may go either way."""
    return abs(value - reported) <= 0.5 * 10.0**-digits + _TOLERANCE


def _number(claim: Claim, one: Entry) -> tuple[str, str]:
    assert claim.reported is not None
    reported = claim.reported[0]
    if rounds_to(one.value, reported, claim.digits):
        return REPRODUCED, "equal as printed"
    if one.has_interval and one.low <= reported <= one.high:
        return _in_interval(claim, one)
    if claim.is_change and _opposes(one, reported):
        return OPPOSITE, _without_interval(one)
    if one.has_interval:
        return NOT_REPRODUCED, "outside the 95 % interval" + _sign(claim, one, reported)
    return NOT_REPRODUCED, _without_interval(one) + _sign(claim, one, reported)


def _in_interval(claim: Claim, one: Entry) -> tuple[str, str]:
    """Judge a number that the interval holds: a change has to be one, and none has to be none."""
    held = "the interval holds it, but"
    if claim.quantity == "level":
        return REPRODUCED, "in the 95 % interval"
    if claim.direction == "none":
        if one.verdict == BEYOND:
            return NOT_REPRODUCED, f"{held} there is a change: {one.reason}"
        if one.verdict == WITHIN:
            return REPRODUCED, "in the 95 % interval"
    elif one.verdict == BEYOND:
        return REPRODUCED, "in the 95 % interval"
    # a distance has no direction, but one of noise shows no more than a difference of noise
    return CANNOT_TELL, f"{held} the change is not shown: {one.reason}"


def _opposes(one: Entry, reported: float) -> bool:
    """On the other side of 0, and not by chance as far as an interval tells."""
    if one.has_interval:
        firm = not one.low <= 0 <= one.high
    else:  # a signed distance has the verdict of its size; lists have nothing but the number
        firm = one.design == "lists" or one.verdict == BEYOND
    return firm and one.value * reported < 0


def _sign(claim: Claim, one: Entry, reported: float) -> str:
    if not claim.is_change or reported == 0 or one.value == 0:
        return ""
    return "; the sign agrees" if one.value * reported > 0 else "; the sign does not agree"


def _without_interval(one: Entry) -> str:
    return "" if one.has_interval else "no interval"


def _extremes(claim: Claim, entries: Sequence[Entry]) -> tuple[str, str]:
    assert claim.reported is not None
    numbers = taken(claim, entries)
    equal = all(
        rounds_to(value, reported, claim.digits)
        for value, reported in zip(numbers, claim.reported, strict=True)
    )
    over = f"over {len(entries)} {'pairs' if claim.other_lang else 'languages'}"
    which = " to ".join(
        next(one.where for one in entries if one.value == value) for value in numbers
    )
    if equal:
        return REPRODUCED, f"equal as printed, {over} ({which})"
    return NOT_REPRODUCED, f"{over} ({which}); an extreme has no interval"


def _direction(claim: Claim, one: Entry) -> tuple[str, str]:
    if claim.direction == "none":
        if one.verdict == WITHIN:
            return REPRODUCED, f"within noise: {one.reason}"
        if one.verdict == BEYOND:
            return NOT_REPRODUCED, f"there is a change: {one.reason}"
        return CANNOT_TELL, _why_open(one)
    agrees = _agrees(claim, one)
    if one.verdict == BEYOND or one.design == "lists":
        how = (
            one.reason if one.verdict == BEYOND else "by its sign alone; lists have no noise floor"
        )
        if one.value == 0:
            return NOT_REPRODUCED, f"no change; {how}"
        return (REPRODUCED if agrees else OPPOSITE), how
    return CANNOT_TELL, one.reason


def _why_open(one: Entry) -> str:
    return _LISTS if one.design == "lists" else one.reason


def _agrees(claim: Claim, one: Entry) -> bool:
    return one.value > 0 if claim.direction == "up" else one.value < 0


def _every(claim: Claim, entries: Sequence[Entry], n_lost: int) -> tuple[str, str]:
    verdicts = {one.where: _direction(claim, one)[0] for one in entries}
    against = [where for where, one in verdicts.items() if one in (OPPOSITE, NOT_REPRODUCED)]
    open_ = [one for one in entries if verdicts[one.where] == CANNOT_TELL]
    so = f"in {sum(one == REPRODUCED for one in verdicts.values())} of {len(verdicts) + n_lost}"
    if against:
        return NOT_REPRODUCED, f"{so}; against it {' '.join(against)}"
    if open_:
        names = " ".join(one.where for one in open_)
        return CANNOT_TELL, f"{so}; open in {names}, e.g. {_why_open(open_[0])}"
    if n_lost:  # one that is not known may stand against it
        return CANNOT_TELL, so
    how = f"; by the sign alone: {_LISTS}" if entries[0].design == "lists" else ""
    return REPRODUCED, so + how
