"""Where attention goes: known answers, plain loops, and what is refused."""

from __future__ import annotations

import math

import numpy as np
import pytest

from interp.attention.measures import Measures, check_pattern, even_pattern, measure
from interp.errors import InterpError


def one_hot(keys: list[int]) -> np.ndarray:
    """Query ``i`` looks at ``keys[i]`` only."""
    return np.eye(len(keys))[keys]


def test_a_sink_looks_at_the_first_token() -> None:
    found = measure([one_hot([0, 0, 0, 0, 0])])
    # queries 2, 3, 4 are 2, 3 and 4 tokens away from it
    assert found == Measures(1.0, 0.0, 0.0, 3.0, 0.0, n_queries=3)


def test_a_previous_token_head() -> None:
    assert measure([one_hot([0, 0, 1, 2, 3])]) == Measures(0.0, 1.0, 0.0, 1.0, 0.0, 3)


def test_a_head_that_looks_at_itself() -> None:
    assert measure([one_hot([0, 1, 2, 3])]) == Measures(0.0, 0.0, 1.0, 0.0, 0.0, 2)


def test_attention_spread_evenly() -> None:
    found = measure([even_pattern(4)])
    share = (1 / 3 + 1 / 4) / 2
    entropy = (math.log(3) + math.log(4)) / 2
    expected = (share, share, share, (1 + 1.5) / 2, entropy)
    got = (found.first, found.previous, found.itself, found.distance, found.entropy)
    assert got == pytest.approx(expected, abs=1e-12) and found.n_queries == 2


def test_every_query_counts_the_same_whatever_its_sample() -> None:
    sink, itself = one_hot([0] * 6), one_hot([0, 1, 2])  # four queries, and one
    found = measure([sink, itself])
    assert found.n_queries == 5
    assert (found.first, found.itself) == pytest.approx((0.8, 0.2))
    assert found.distance == pytest.approx((2 + 3 + 4 + 5 + 0) / 5)


def test_patterns_against_plain_loops() -> None:
    rng = np.random.default_rng(0)
    patterns = []
    for length in (3, 9, 17):
        weights = np.tril(rng.random((length, length)) ** 4)
        weights[:, 1:][rng.random((length, length - 1)) < 0.3] = 0  # some entries are exactly 0
        weights[:, 0] += 1e-3
        patterns.append((weights / weights.sum(1, keepdims=True)).astype(np.float16))
    sums = dict.fromkeys(("first", "previous", "itself", "distance", "entropy"), 0.0)
    count = 0
    for pattern in patterns:
        for query in range(2, len(pattern)):
            count += 1
            sums["first"] += float(pattern[query][0])
            sums["previous"] += float(pattern[query][query - 1])
            sums["itself"] += float(pattern[query][query])
            for key in range(query + 1):
                p = float(pattern[query][key])
                sums["distance"] += p * (query - key)
                sums["entropy"] -= p * math.log(p) if p else 0.0
    found = measure(patterns).to_dict()
    assert found.pop("n_queries") == count == 1 + 7 + 15
    assert found == pytest.approx({name: total / count for name, total in sums.items()}, abs=1e-12)


@pytest.mark.parametrize("patterns", [[], [np.ones((1, 1))], [one_hot([0, 1])]])
def test_too_few_tokens_are_no_number(patterns: list[np.ndarray]) -> None:
    found = measure(patterns)
    assert found.n_queries == 0 and math.isnan(found.first) and math.isnan(found.entropy)


def test_an_even_pattern_is_a_causal_pattern() -> None:
    pattern = even_pattern(5)
    check_pattern(pattern, "here")
    assert pattern[3].tolist() == [0.25, 0.25, 0.25, 0.25, 0.0]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ((1, 2, 1e-7), "looks at later tokens"),
        ((2, 1, 0.4), "does not sum to 1 .off by 0.067"),
        ((2, 1, float("nan")), "not finite.*float32"),
    ],
)
def test_what_is_no_pattern_is_refused(change: tuple[int, int, float], message: str) -> None:
    pattern = even_pattern(4)
    query, key, value = change
    pattern[query, key] = value
    with pytest.raises(InterpError, match=f"head 3.5.*{message}") as said:
        check_pattern(pattern, "head 3.5 on the en text")
    assert "\n" not in str(said.value)


def test_rounding_is_no_reason_to_refuse() -> None:
    check_pattern((even_pattern(300) * (1 + 2**-8)).astype(np.float16), "bf16 rounds like that")
