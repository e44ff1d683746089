"""The English-pivot statistics: by hand, against loops, against scipy, and as properties."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import CensoredData, ecdf

from interp.lens import pivot

INF, NAN = math.inf, math.nan
# ranks at points 0 to 3 (three blocks: the last third is point 3) of (target, English)
CASES = {
    "late": ([50, 9, 1, 0], [2, 2, 4, 4]),
    "never": ([0, 9, 5, 7], [3, 3, 3, 3]),
    "tie": ([1, 1, 1, 1], [1, 1, 1, 1]),
    "back": ([0, 8, 8, 2], [5, 5, 5, 5]),
    "behind but far": ([90, 90, 90, 90], [11, 0, 0, 11]),
    "at the brink": ([90, 90, 90, 90], [99, 99, 99, 10]),
}
TARGET, ENGLISH = (np.array([case[role] for case in CASES.values()]) for role in (0, 1))


def test_by_hand() -> None:
    ahead = pivot.english_ahead(TARGET, ENGLISH).tolist()
    assert ahead[:4] == [[1, 1, 0, 0], [0, 1, 1, 1], [0, 0, 0, 0], [0, 1, 1, 0]]
    assert pivot.crossover(TARGET, ENGLISH).tolist() == [2, INF, 0, 3, INF, INF]
    # English of "behind but far" is 0 in the middle and 11 at the end: only the last third counts,
    # and 0-based 10 is just within.
    assert pivot.transition_failure(TARGET, ENGLISH).tolist() == [0, 1, 0, 0, 0, 1]
    log = math.log10
    expected = [
        log(51 / 3) + log(10 / 3), log(10 / 4) + log(6 / 4) + log(8 / 4), 0, 2 * log(9 / 6),
        2 * log(91 / 12) + 2 * log(91), log(91 / 11),
    ]  # fmt: skip
    np.testing.assert_allclose(pivot.pivot_mass(TARGET, ENGLISH), expected)


@pytest.mark.parametrize(
    ("blocks", "points"),
    [(1, [1]), (2, [2]), (3, [3]), (4, [3, 4]), (8, [6, 7, 8]), (32, list(range(22, 33)))],
)
def test_the_last_third_counts_blocks_and_rounds_up(blocks: int, points: list[int]) -> None:
    assert list(range(blocks + 1))[pivot.last_third(blocks + 1)] == points


def test_embeddings_alone_have_no_last_third() -> None:
    with pytest.raises(ValueError, match="1 points"):
        pivot.last_third(1)


def test_a_missing_rank_makes_everything_of_its_fact_missing() -> None:
    target, english = TARGET.astype(float), ENGLISH.astype(float)
    target[0, 2], english[1, 0] = NAN, NAN
    for function in (pivot.crossover, pivot.pivot_mass, pivot.transition_failure):
        found = function(target, english)
        assert np.isnan(found).tolist() == [True, True, False, False, False, False]
        np.testing.assert_array_equal(found[2:], function(TARGET, ENGLISH)[2:])
    assert np.isnan(pivot.english_ahead(target, english)).sum() == 2


def product_limit(times: list[float], n_points: int) -> list[float]:
    """Kaplan-Meier as the textbook writes it; infinite times are censored after the last layer."""
    curve, survival = [], 1.0
    for layer in range(n_points):
        at_risk = sum(time >= layer for time in times)
        events = sum(time == layer for time in times)
        if at_risk:
            survival *= 1 - events / at_risk
        curve.append(survival)
    return curve


def test_kaplan_meier_by_hand() -> None:
    # Of five facts one crosses at layer 0, two at 2, and two never: 4/5, 4/5, 4/5 * 2/4, the same.
    times = np.array([2.0, INF, 0.0, 2.0, INF])
    assert pivot.survival(times, 4).tolist() == pytest.approx([0.8, 0.8, 0.4, 0.4])
    assert pivot.median_crossover(pivot.survival(times, 4)) == 2
    # A mean over those that cross would say 4/3, as if the others were not there.
    assert pivot.median_crossover(pivot.survival(np.array([0.0, 1, INF, INF, INF]), 4)) == INF
    # exactly half have crossed by layer 1
    assert pivot.median_crossover(pivot.survival(np.array([0.0, 1, 3, INF]), 4)) == 1
    assert np.isnan(pivot.survival(np.array([NAN, NAN]), 4)).all()
    assert np.isnan(pivot.median_crossover(pivot.survival(np.array([NAN]), 4)))


@pytest.mark.parametrize("seed", range(5))
def test_kaplan_meier_of_scipy_and_of_the_textbook(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n_points, n_facts = 9, 60
    times = rng.integers(0, n_points + 4, n_facts).astype(float)
    times[times >= n_points] = INF
    ours = pivot.survival(times, n_points)
    crossed = np.isfinite(times)
    # The end of the network censors: the last layer was looked at, and no later one.
    sample = CensoredData(
        uncensored=times[crossed], right=np.full(int((~crossed).sum()), n_points - 1)
    )
    theirs = ecdf(sample).sf
    np.testing.assert_allclose(ours, theirs.evaluate(np.arange(n_points)))
    np.testing.assert_allclose(ours, product_limit(times.tolist(), n_points))


def test_windows() -> None:
    share = [
        [0.5, 0.51, 0.9, 0.2, 0.6],
        [0.1, 0.6, 0.5, 0.7, 0.8],
        [0, 0, 0, 0, 0],
        [1, 1, 1, 1, 1],
    ]
    window = pivot.pivot_window(share)
    assert window.tolist()[0] == [False, True, True, False, True]  # one half is no majority
    first, length = pivot.longest_run(window)
    assert (first.tolist(), length.tolist()) == ([1, 3, 0, 0], [2, 2, 0, 5])
    average = (5 / 6 + 3 / 6 + 1 / 6) / 3
    assert average > 0.5  # by rounding only
    assert not pivot.pivot_window([average]).any() and pivot.median_crossover([average]) == 0
    assert pivot.longest_run([True, False, True])[0] == 0  # the first of equally long ones


def slow(target: list[float], english: list[float]) -> tuple[list[int], float, float, int]:
    """One fact, written as the definitions read."""
    last = len(target) - 1
    ahead = [int(e < t) for t, e in zip(target, english, strict=True)]
    cross = next((float(i) for i in range(last + 1) if not any(ahead[i:])), INF)
    mass = sum(
        max(0.0, math.log10(1 + t) - math.log10(1 + e))
        for t, e in zip(target, english, strict=True)
    )
    third = math.ceil(last / 3)
    near = any(english[layer] <= 10 for layer in range(last - third + 1, last + 1))
    return ahead, cross, mass, int(near and target[last] > english[last])


@pytest.mark.parametrize("n_points", [2, 3, 5, 9, 14])
def test_arrays_against_loops(n_points: int) -> None:
    rng = np.random.default_rng(n_points)
    for top in (3, 25, 4000):  # few ranks: many ties
        target, english = rng.integers(0, top, (2, 40, 4, n_points)).astype(float)
        target[rng.random(target.shape) < 0.1] += 0.5  # halves of ties=mean
        expected = [slow(t, e) for t, e in zip(
            target.reshape(-1, n_points).tolist(), english.reshape(-1, n_points).tolist(),
            strict=True)]  # fmt: skip
        functions = (
            pivot.english_ahead,
            pivot.crossover,
            pivot.pivot_mass,
            pivot.transition_failure,
        )
        for place, function in enumerate(functions):
            found = function(target, english)
            assert found.shape[:2] == (40, 4)
            want = np.array([one[place] for one in expected]).reshape(found.shape)
            np.testing.assert_allclose(found, want)


ranks = st.integers(2, 12).flatmap(
    lambda points: st.integers(1, 12).flatmap(
        lambda facts: arrays(float, (2, facts, points), elements=st.integers(0, 14).map(float))
    )
)


@settings(max_examples=100, deadline=None)
@given(ranks)
def test_what_follows_from_the_definitions(both: np.ndarray) -> None:
    target, english = both
    n_points = target.shape[1]
    ahead, cross = pivot.english_ahead(target, english), pivot.crossover(target, english)
    share, curve = ahead.mean(0), pivot.survival(cross, n_points)
    assert ((share >= 0) & (share <= 1)).all()
    # A fact crosses if and only if the target is not behind at the end ...
    np.testing.assert_array_equal(np.isfinite(cross), target[:, -1] <= english[:, -1])
    # ... from there on it never is, and just before it is.
    for fact, layer in enumerate(cross):
        if np.isfinite(layer):
            assert not ahead[fact, int(layer) :].any()
            assert layer == 0 or ahead[fact, int(layer) - 1] == 1
    # So the share that never crosses is the pivot share of the last layer,
    assert curve[-1] == pytest.approx(share[-1])
    # no pivot share is above the share that has not crossed by then, and that only falls.
    assert (np.diff(curve) <= 1e-12).all()
    assert (share <= curve + 1e-12).all()
    # A failure never crosses.
    failed = pivot.transition_failure(target, english) == 1
    assert np.isinf(cross[failed]).all()
    # There is mass exactly where English is ahead somewhere.
    mass = pivot.pivot_mass(target, english)
    np.testing.assert_array_equal(mass > 0, ahead.any(1))
    np.testing.assert_array_equal(
        pivot.longest_run(pivot.pivot_window(share))[1] > 0, (share > 0.5).any()
    )


def test_what_does_not_follow() -> None:
    # English ahead at the end, and neither near the top: never crosses, and is no failure.
    target, english = [[500.0, 500.0, 500.0]], [[20.0, 20.0, 20.0]]
    assert np.isinf(pivot.crossover(target, english)).all()
    assert pivot.transition_failure(target, english).tolist() == [0]
