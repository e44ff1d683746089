"""The mathematics on cases worked out by hand, on ties, and against plain loops."""

from __future__ import annotations

import numpy as np
import pytest

from interp.similarity.scores import block_means, directions, retrieved, unit_scores
from tests.similarity import reference

# Three units in two languages, in the plane; lengths differ so that only directions may count.
ONE = np.array([[2.0, 0.0], [0.0, 3.0], [-1.0, 0.0]])
TWO = np.array([[3.0, 4.0], [0.0, 5.0], [1.0, 0.0]])
HAND = np.array([[0.6, 0.0, 1.0], [0.8, 1.0, 0.0], [-0.6, 0.0, -1.0]])
"""Cosines [unit of ONE, unit of TWO]."""


def hand_vectors() -> np.ndarray:
    return np.stack([ONE, TWO], axis=1)


def test_three_units_in_two_languages_by_hand() -> None:
    found = unit_scores(hand_vectors())
    assert found.cosine[:, 0, 1] == pytest.approx([0.6, 1.0, -1.0])
    assert found.cosine[:, 1, 0] == pytest.approx([0.6, 1.0, -1.0])
    assert found.cosine_other[:, 0, 1] == pytest.approx([0.5, 0.4, -0.3])
    assert found.cosine_other[:, 1, 0] == pytest.approx([0.1, 0.0, 0.5])
    # unit 0 of ONE is nearest to unit 2 of TWO; unit 0 of TWO to unit 1 of ONE
    assert found.retrieval[:, 0, 1].tolist() == [0, 1, 0]
    assert found.retrieval[:, 1, 0].tolist() == [0, 1, 0]
    for place in (0, 1):
        assert not found.cosine[:, place, place].any()
        assert not found.retrieval[:, place, place].any()


def test_block_means_by_hand() -> None:
    means = block_means(unit_scores(hand_vectors()), np.array([0, 2, 2]), 3)
    assert means.cosine[:, 0, 1] == pytest.approx([0.6, 0.0, 0.0])  # block 1 has no unit
    assert means.cosine_other[:, 1, 0] == pytest.approx([0.1, 0.0, 0.25])
    assert means.retrieval[:, 0, 1] == pytest.approx([0.0, 0.0, 0.5])


def test_centring_by_hand() -> None:
    # means (1, 1) and (0, 0): the first language lies around (1, 1)
    vectors = np.array([[[2.0, 1.0], [0.0, 1.0]], [[0.0, 1.0], [0.0, -1.0]]])
    assert unit_scores(vectors).cosine[0, 0, 1] == pytest.approx(1 / np.sqrt(5))
    centred = unit_scores(vectors, centre="language")
    assert centred.cosine[:, 0, 1] == pytest.approx([0, 0], abs=1e-15)
    assert directions(vectors[:, 0], centre="language").tolist() == [[1, 0], [-1, 0]]


def test_what_all_texts_share_is_in_the_baseline_and_centring_takes_it_away() -> None:
    rng = np.random.default_rng(0)
    meaning = rng.standard_normal((50, 1, 16))
    vectors = meaning + 0.3 * rng.standard_normal((50, 2, 16))
    apart = unit_scores(vectors, centre="language")
    shared = unit_scores(vectors + 40 * np.array([[rng.standard_normal(16)] * 2]))
    assert shared.cosine_other[:, 0, 1].mean() > 0.99 < shared.cosine[:, 0, 1].mean()
    assert (shared.cosine - shared.cosine_other)[:, 0, 1].mean() < 0.01
    moved = np.stack([vectors[:, 0] + 5, vectors[:, 1] - 3], axis=1)
    for name in ("cosine", "cosine_other", "retrieval"):
        again = getattr(unit_scores(moved, centre="language"), name)
        np.testing.assert_allclose(again, getattr(apart, name), atol=1e-12)
    assert unit_scores(moved).retrieval[:, 0, 1].mean() < 0.5 < apart.retrieval[:, 0, 1].mean()


@pytest.mark.parametrize("centre", ["none", "language"])
def test_equal_vectors_in_two_languages_are_found(centre: str) -> None:
    vectors = np.random.default_rng(1).standard_normal((40, 1, 8)).repeat(3, axis=1)
    found = unit_scores(vectors, centre=centre)
    apart = ~np.eye(3, dtype=bool)
    np.testing.assert_allclose(found.cosine[:, apart], 1, atol=1e-12)
    assert (found.retrieval[:, apart] == 1).all()
    assert (found.cosine_other[:, apart] < 0.5).all()


def test_a_shuffled_alignment_gives_chance() -> None:
    rng = np.random.default_rng(2)
    vectors = rng.standard_normal((200, 12))
    shares = []
    for _ in range(40):
        order = rng.permutation(200)
        found = unit_scores(np.stack([vectors, vectors[order]], axis=1))
        fixed = float((order == np.arange(200)).mean())
        assert found.retrieval[:, 0, 1].mean() == found.retrieval[:, 1, 0].mean() == fixed
        gap = (found.cosine - found.cosine_other)[:, 0, 1]
        assert abs(gap[order != np.arange(200)].mean()) < 0.1
        shares.append(fixed)
    # the number of fixed points has mean 1 and variance 1: 3.5 standard errors
    assert abs(np.mean(shares) - 1 / 200) < 3.5 / 200 / np.sqrt(40)


@pytest.mark.parametrize("rounding", [0.0, 1e-7])
def test_ties_share_one_point(rounding: float) -> None:
    rng = np.random.default_rng(3)
    one = rng.standard_normal((6, 8))
    one[1] = one[0]
    one[4] = one[3] = one[2]
    two = one + rounding * rng.standard_normal(one.shape)
    found = unit_scores(np.stack([one, two], axis=1)).retrieval[:, 0, 1]
    assert found == pytest.approx([1 / 2, 1 / 2, 1 / 3, 1 / 3, 1 / 3, 1])


@pytest.mark.parametrize("centre", ["none", "language"])
def test_a_collapsed_representation_scores_chance(centre: str) -> None:
    """Texts apart by less than fp32 can tell at that size: centring must not blow that up."""
    noise = np.random.default_rng(5).standard_normal((5, 2, 3))
    found = unit_scores(100 + 1e-6 * noise, centre=centre)
    assert found.retrieval[:, 0, 1] == pytest.approx(1 / 5)
    assert found.cosine[:, 0, 1] == pytest.approx(0.0 if centre == "language" else 1.0)


def test_neighbours_that_nearly_coincide_are_told_apart() -> None:
    """Cosines of 0.9999999 that differ by 1e-8: a distance of 1e-4 is more than rounding."""
    angle = np.array([0.0, 4e-4, 9e-4])
    one = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    assert retrieved(one @ one.T).tolist() == [1, 1, 1]


@pytest.mark.parametrize("centre", ["none", "language"])
def test_plain_loops_give_the_same(centre: str) -> None:
    rng = np.random.default_rng(4)
    vectors = (rng.standard_normal((9, 3, 5)) + 0.5).astype(np.float32)
    found = unit_scores(vectors, centre=centre)
    names = "abc"
    expected = reference.scores(
        {name: vectors[:, k].astype(float).tolist() for k, name in enumerate(names)}, centre
    )
    assert len(expected) == 9 * 6
    for (lang, other, unit), (own, rest, hit) in expected.items():
        at = (unit, names.index(lang), names.index(other))
        assert found.cosine[at] == pytest.approx(own, abs=1e-12)
        assert found.cosine_other[at] == pytest.approx(rest, abs=1e-12)
        assert found.retrieval[at] == hit


def test_one_unit_cannot_be_scored() -> None:
    with pytest.raises(ValueError, match="1 units"):
        unit_scores(np.ones((1, 2, 3)))
