"""Intervals against scipy's, whatever the numbers are."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from interp.stats.bootstrap import percentile_interval
from interp.stats.wilson import wilson

quick = settings(max_examples=60, deadline=None, derandomize=True)


@quick
@given(st.integers(1, 10**6), st.floats(0, 1), st.sampled_from([0.5, 0.9, 0.95, 0.99]))
def test_wilson_is_scipys(n: int, share: float, level: float) -> None:
    hits = round(share * n)
    low, high = wilson(np.array([hits]), np.array([n]), level)
    expected = stats.binomtest(hits, n).proportion_ci(level, method="wilson")
    assert (low[0], high[0]) == pytest.approx((expected.low, expected.high), abs=1e-9)
    assert 0 <= low[0] <= hits / n <= high[0] <= 1
    mirrored_low, mirrored_high = wilson(np.array([n - hits]), np.array([n]), level)
    assert (1 - mirrored_high[0], 1 - mirrored_low[0]) == pytest.approx(
        (low[0], high[0]), abs=1e-12
    )


@quick
@given(
    arrays(
        np.float64, st.tuples(st.integers(1, 30), st.integers(1, 3)), elements=st.floats(-1e6, 1e6)
    ),
    st.sampled_from([0.5, 0.9, 0.95]),
    st.data(),
)
def test_percentiles_are_scipys_of_the_known_draws(
    drawn: np.ndarray, level: float, data: st.DataObject
) -> None:
    known = data.draw(arrays(np.bool_, drawn.shape))
    holes = np.where(known, drawn, np.nan)
    with np.errstate(all="ignore"):
        found = percentile_interval(np.zeros(drawn.shape[1]), holes, 5, level=level)
    for place in range(drawn.shape[1]):
        values = drawn[known[:, place], place]
        if not len(values):
            assert np.isnan(found.low[place]) and np.isnan(found.high[place])
            continue
        tails = [100 * (1 - level) / 2, 100 * (1 + level) / 2]
        expected = [stats.scoreatpercentile(values, tail) for tail in tails]
        assert [found.low[place], found.high[place]] == pytest.approx(expected, rel=1e-9, abs=1e-9)
        assert found.low[place] <= found.high[place]
    few = percentile_interval(np.zeros(drawn.shape[1]), drawn, 1)
    assert np.isnan(few.low).all() and np.isnan(few.high).all()
