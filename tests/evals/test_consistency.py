"""Consistency by brute force, by hand, and by its own published numbers."""

from __future__ import annotations

from itertools import permutations, product

import numpy as np
import pytest
from hypothesis import given as given_examples
from hypothesis import strategies as st

from interp.errors import InterpError
from interp.evals.consistency import (
    agreement,
    clc,
    given,
    histogram,
    independent_histogram,
    rank_weights,
    rankc,
    rankc_chance,
    rankc_floor,
    total_consistency,
)
from interp.evals.consistency_tables import Answered, histogram_table, overall_table, pair_table

# Five facts in three languages: all right, two, one, none, all right.
CORRECT = np.array([[1, 1, 1], [1, 1, 0], [1, 0, 0], [0, 0, 0], [1, 1, 1]], bool)


def one_rankc(first, second):
    """RankC of two rankings of one fact, as the formula reads."""
    n = len(first)
    total = sum(np.exp(n - j) for j in range(1, n + 1))
    return sum(
        np.exp(n - j) / total * len(set(first[:j]) & set(second[:j])) / j for j in range(1, n + 1)
    )


def test_rankc_of_four_options_by_brute_force() -> None:
    every = list(permutations(range(4)))
    values = [one_rankc(a, b) for a, b in product(every, every)]
    assert rankc_floor(4) == pytest.approx(min(values)) == pytest.approx(0.0902, abs=5e-5)
    assert rankc_chance(4) == pytest.approx(np.mean(values)) == pytest.approx(0.3768, abs=5e-5)
    assert max(values) == pytest.approx(1)
    ours = rankc(np.array([every]))[0]  # one fact in 24 "languages"
    np.testing.assert_allclose(ours.ravel(), values)
    assert np.allclose(np.diag(ours), 1)


def test_weights_of_four_options_are_the_printed_ones() -> None:
    np.testing.assert_allclose(rank_weights(4), [0.6439, 0.2369, 0.0871, 0.0321], atol=5e-5)


@pytest.mark.parametrize("n_options", [2, 3, 5])
def test_floor_and_chance_of_other_numbers_of_options(n_options: int) -> None:
    every = list(permutations(range(n_options)))
    first = [one_rankc(every[0], other) for other in every]
    assert rankc_floor(n_options) == pytest.approx(min(first))
    assert rankc_chance(n_options) == pytest.approx(np.mean(first))


def test_total_consistency_and_the_histogram_by_hand() -> None:
    assert total_consistency(CORRECT).tolist() == [1, 0, 0, 0, 1]
    assert histogram(CORRECT).tolist() == [1, 1, 1, 2]


def test_independent_errors_by_enumeration() -> None:
    rates = CORRECT.mean(0)
    expected = np.zeros(4)
    for outcome in product((0, 1), repeat=3):
        chance = np.prod([r if o else 1 - r for r, o in zip(rates, outcome, strict=True)])
        expected[sum(outcome)] += 5 * chance
    np.testing.assert_allclose(independent_histogram(CORRECT), expected)


def test_pairs_by_hand() -> None:
    top, bottom = (part.sum(0) for part in clc(CORRECT))
    assert top[0, 1] / bottom[0, 1] == 3 / 4
    assert top[1, 2] / bottom[1, 2] == 2 / 3
    assert (np.diag(top / bottom) == 1).all()
    top, bottom = (part.sum(0) for part in given(CORRECT))
    assert top[0, 1] / bottom[0, 1] == 3 / 4  # of 4 facts right in the first, 3 in the second
    assert top[1, 0] / bottom[1, 0] == 1
    shared = agreement(np.array([[0, 0, 1], [2, 3, 2]])).mean(0)
    assert shared.tolist() == [[1, 0.5, 0.5], [0.5, 1, 0], [0.5, 0, 1]]


@given_examples(st.integers(0, 2**32 - 1), st.integers(2, 5), st.integers(1, 30))
def test_what_always_holds(seed: int, n_languages: int, n_facts: int) -> None:
    rng = np.random.default_rng(seed)
    ranks = rng.permuted(np.tile(np.arange(4), (n_facts, n_languages, 1)), axis=-1)
    values = rankc(ranks)
    assert np.allclose(values, values.transpose(0, 2, 1))
    assert np.allclose(np.diagonal(values, axis1=1, axis2=2), 1)
    assert values.min() >= rankc_floor(4) - 1e-12
    correct = ranks[..., 0] == 0
    assert histogram(correct).sum() == n_facts
    assert histogram(correct)[-1] == total_consistency(correct).sum()
    np.testing.assert_allclose(independent_histogram(correct).sum(), n_facts)
    top, bottom = clc(correct)
    assert (top <= bottom).all()


def answered() -> Answered:
    rng = np.random.default_rng(0)
    ranks = rng.permuted(np.tile(np.arange(4), (60, 3, 1)), axis=-1)
    return Answered(("en", "de", "sw"), ranks[..., 0] == 0, ranks)


def test_tables_hold_the_statistics_and_their_limits() -> None:
    both = answered()
    overall = overall_table(both, draws=200).set_index("statistic")
    assert overall.loc["rankc", "value"] == pytest.approx(
        rankc(both.ranks).mean(0)[np.triu_indices(3, 1)].mean()
    )
    assert overall.loc["rankc", ["chance", "floor"]].tolist() == pytest.approx(
        [0.3768, 0.0902], abs=5e-5
    )
    assert (overall["ci_low"] <= overall["value"]).all()
    assert (overall["value"] <= overall["ci_high"]).all()
    # Random rankings: chance lies in the interval, the floor does not.
    assert overall.loc["rankc", "ci_low"] < overall.loc["rankc", "chance"]
    assert overall.loc["rankc", "chance"] < overall.loc["rankc", "ci_high"]
    pairs = pair_table(both, draws=200)
    assert pairs.groupby("statistic").size().to_dict() == {
        "agreement": 3, "clc": 3, "given": 6, "rankc": 3,
    }  # fmt: skip
    counts = histogram_table(both, draws=200)
    assert counts["facts"].sum() == 60
    assert counts["share"].sum() == pytest.approx(1)


def test_free_answers_have_no_rankings() -> None:
    table = overall_table(Answered(("en", "de"), CORRECT[:, :2]), draws=20)
    assert table["statistic"].tolist() == ["total consistency", "clc"]
    assert "not enough data" in table["note"].iloc[0]


def test_one_language_is_refused() -> None:
    with pytest.raises(InterpError, match="needs two, there is only en"):
        Answered(("en",), CORRECT[:, :1])
