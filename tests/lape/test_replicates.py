"""Replicates against the selection from summed counts: the same neurons, whatever the road."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from interp.lape import replicates
from interp.lape.replicates import BlockedCounts, select_replicates
from interp.lape.select import select_from_counts
from interp.lape.selections import Selections
from interp.options import LapeOptions
from interp.presets import preset
from tests.lape.test_select import CASES, LANGUAGES, PRESETS, TOKENS, everyday, full_of_ties
from tests.reference import lape as reference

BLOCKS = 5
DRAWN = 3


def made(
    case: Any, seed: int, shape: tuple[int, int], dtype: Any = np.uint16
) -> tuple[np.ndarray, np.ndarray]:
    """Counts of five blocks, and tokens that differ between blocks and languages."""
    rng = np.random.default_rng(seed)
    counts = np.stack([case(rng, shape) for _ in range(BLOCKS)]).astype(dtype)
    return counts, TOKENS + rng.integers(0, 9, (BLOCKS, len(TOKENS)))


def rows(found: Selections, replicate: int) -> list[tuple[int, list[bool]]]:
    mine = found.replicate == replicate
    return [
        (int(j), a.tolist()) for j, a in zip(found.neuron[mine], found.assigned[mine], strict=True)
    ]


def summed(weights: np.ndarray, counts: np.ndarray) -> np.ndarray:
    return np.tensordot(weights.astype(np.int64), counts.astype(np.int64), 1)


def expect(
    counts: np.ndarray, tokens: np.ndarray, options: LapeOptions, languages: Any = LANGUAGES
) -> list[tuple[int, list[bool]]]:
    """What `select_from_counts` selects, in its order."""
    one = select_from_counts(counts, tokens, options, languages=tuple(languages))
    flat = one.layers * counts.shape[-1] + one.neurons
    return [(int(j), a.tolist()) for j, a in zip(flat, one.assigned, strict=True)]


@pytest.mark.parametrize("name", PRESETS)
@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("shape", [(3, 150), (1, 1)])
def test_every_replicate_is_the_selection_from_its_sums(
    name: str, case: Any, shape: tuple[int, int]
) -> None:
    base, base_tokens = made(case, 0, shape)
    model, model_tokens = made(case, 1, shape)
    rng = np.random.default_rng(2)
    drawn = rng.multinomial(BLOCKS, np.full(BLOCKS, 1 / BLOCKS), DRAWN).astype(float)
    moved = rng.integers(0, 2, (DRAWN, BLOCKS)).astype(float)
    first = BlockedCounts.of(base, base_tokens, LANGUAGES)
    second = BlockedCounts.of(model, model_tokens, LANGUAGES)
    for fraction in (0.01, 0.3):
        options = preset("lape", name, top_fraction=fraction)
        alone = select_replicates([(first, drawn)], options)
        mixed = select_replicates([(first, 1 - moved), (second, moved)], options)
        assert len(alone) == len(mixed) == DRAWN
        for r in range(DRAWN):
            sums = summed(drawn[r], base), summed(drawn[r], base_tokens)
            assert rows(alone, r) == expect(*sums, options)
            counts = summed(1 - moved[r], base) + summed(moved[r], model)
            tokens = summed(1 - moved[r], base_tokens) + summed(moved[r], model_tokens)
            assert rows(mixed, r) == expect(counts, tokens, options)


def test_a_replicate_equals_the_independent_reference() -> None:
    counts, tokens = made(everyday, 3, (3, 60))
    weights = np.array([[2.0, 0, 1, 1, 1]])
    for name in ("default", "release", "tang2024"):
        options = preset("lape", name, top_fraction=0.1)
        found = select_replicates([(BlockedCounts.of(counts, tokens, LANGUAGES), weights)], options)
        expected, _ = reference.select(
            summed(weights[0], counts).tolist(), summed(weights[0], tokens).tolist(), name, 0.1
        )
        assert [(j, set(np.flatnonzero(a))) for j, a in rows(found, 0)] == [
            (layer * 60 + j, langs) for layer, j, langs in expected
        ]


def test_neither_threads_nor_batches_nor_slices_change_anything(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    counts, tokens = made(full_of_ties, 4, (3, 150))
    given = BlockedCounts.of(counts, tokens, LANGUAGES)
    weights = np.random.default_rng(0).integers(0, 3, (9, BLOCKS)) + 1.0
    options = LapeOptions(top_fraction=0.2)
    one = select_replicates([(given, weights)], options, threads=1)
    many = select_replicates([(given, weights)], options, threads=4)
    monkeypatch.setattr(replicates, "_POOLED_BYTES", 4 * given.counts[0].size * 2)
    monkeypatch.setattr(replicates, "_SLICE", 7)
    assert replicates.replicates_at_once(given.shape, len(LANGUAGES)) == 2
    small = select_replicates([(given, weights)], options, threads=3)
    for other in (many, small):
        for name in ("replicate", "neuron", "assigned", "known"):
            np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


def test_sums_that_float32_cannot_hold_are_exact() -> None:
    tokens = np.full((2, 2), 40_000_000)
    counts = np.full((2, 2, 1, 6), 30_000_000, np.uint32)
    counts[:, 1, 0, 3] -= 1  # the one neuron that prefers a language, by one token of 60 million
    given = BlockedCounts.of(counts, tokens, ("en", "de"))
    options = LapeOptions(filter_quantile=None, top_fraction=0.17)
    weights = np.array([[1.0, 1.0], [2.0, 1.0]])
    found = select_replicates([(given, weights)], options)
    # entropies agree to 12 decimals, so the tie goes to neuron 0: only the language may tell
    assert [j for j, _ in rows(found, 0)] == [0]
    tang = LapeOptions(filter_quantile=0.2, top_fraction=0.9, assignment="threshold")
    for r, row in enumerate(weights):
        found = select_replicates([(given, weights)], tang)
        assert rows(found, r) == expect(
            summed(row, counts), summed(row, tokens), tang, ("en", "de")
        )


def test_whole_sums_are_made_in_float32_below_its_limit_only() -> None:
    counts, tokens = made(everyday, 5, (2, 30))
    given = BlockedCounts.of(counts, tokens, LANGUAGES)
    ones = np.ones((1, BLOCKS))
    for weights, total, dtype in [
        (ones, (1 << 24) - 1, np.float32),
        (ones, 1 << 24, np.float64),
        (ones / 2, 1000, np.float64),
    ]:
        assert replicates._exact_dtype([(given, weights)], np.array([[total]])) is dtype


def test_half_weights_select_what_whole_ones_do() -> None:
    counts, tokens = made(everyday, 6, (3, 150))
    given = BlockedCounts.of(counts, tokens, LANGUAGES)
    weights = np.random.default_rng(1).integers(0, 3, (3, BLOCKS)) + 1.0
    whole = select_replicates([(given, weights)], LapeOptions(top_fraction=0.1))
    half = select_replicates([(given, weights / 2)], LapeOptions(top_fraction=0.1))
    np.testing.assert_array_equal(whole.neuron, half.neuron)
    np.testing.assert_array_equal(whole.assigned, half.assigned)


@pytest.mark.parametrize("quantile", [0.001, 0.3, 0.95, 0.999])
@pytest.mark.parametrize("case", CASES)
def test_any_suggested_bound_gives_the_same_cut(
    monkeypatch: pytest.MonkeyPatch, case: Any, quantile: float
) -> None:
    sums = case(np.random.default_rng(7), (3, 100)).reshape(len(TOKENS), -1).astype(np.float32)
    p = sums / TOKENS[:, None].astype(np.float64)
    place = round(quantile * p.size)
    cut = np.sort(p.ravel())[place - 1]
    passing = np.flatnonzero((p > cut).any(axis=0))
    uneven = np.where(
        np.arange(len(TOKENS)) == 0, 0.9, 0.0
    )  # nothing of one language, all of others
    for bound in (0.0, 0.5 * cut, cut, 1.01 * cut + 1e-3, 0.9, uneven):
        monkeypatch.setattr(
            replicates,
            "_suggest_bound",
            lambda s, t, share, bound=bound: (bound * t).astype(np.float32),
        )
        found, neurons = replicates._pass_filter(sums, TOKENS.astype(float), quantile)
        assert found == cut
        np.testing.assert_array_equal(neurons, passing)


def test_the_bound_is_good_enough_to_do_without_sorting_everything(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    counts, tokens = made(everyday, 8, (4, 4000))
    given = BlockedCounts.of(counts, tokens, LANGUAGES)
    plain = select_replicates([(given, np.ones((1, BLOCKS)))], LapeOptions())

    def refuse(*_: Any) -> float:
        raise AssertionError("all probabilities were sorted")

    monkeypatch.setattr(replicates, "probability_cut", refuse)
    monkeypatch.setattr(replicates, "_SAMPLE", 2000)
    sampled = select_replicates([(given, np.ones((1, BLOCKS)))], LapeOptions())
    np.testing.assert_array_equal(plain.neuron, sampled.neuron)


def test_a_language_without_a_token_makes_a_replicate_unknown() -> None:
    counts, tokens = made(everyday, 9, (3, 150))
    counts[1:, 2], tokens[1:, 2] = 0, 0  # only block 0 has a token of zh
    given = BlockedCounts.of(counts, tokens, LANGUAGES)
    weights = np.array([[0.0, 1, 1, 1, 2], [1, 1, 1, 1, 1], [0, 0, 0, 0, 0]])
    found = select_replicates([(given, weights)], LapeOptions(top_fraction=0.1))
    assert found.known.tolist() == [False, True, False]
    assert set(found.replicate) == {1} and len(found) == 3
    assert np.isnan(found.layer_counts()[[0, 2]]).all()
    assert found.layer_counts()[1, len(LANGUAGES)].sum() == 45


def test_some_of_the_languages_in_another_order() -> None:
    counts, tokens = made(everyday, 10, (3, 150))
    given = BlockedCounts.of(counts, tokens, LANGUAGES, ("sw", "en", "zh"))
    options = LapeOptions(top_fraction=0.1)
    found = select_replicates([(given, np.ones((1, BLOCKS)))], options)
    own = [3, 0, 2]
    assert found.languages == ("sw", "en", "zh")
    assert rows(found, 0) == expect(
        counts[:, own].astype(int).sum(0), tokens[:, own].sum(0), options, ("sw", "en", "zh")
    )


def test_counts_out_of_order_in_memory() -> None:
    counts, tokens = made(everyday, 11, (3, 150))
    turned = np.asfortranarray(counts)
    ones = np.ones((1, BLOCKS))
    given = [BlockedCounts.of(one, tokens, LANGUAGES) for one in (counts, turned)]
    first, second = (select_replicates([(one, ones)], LapeOptions()) for one in given)
    np.testing.assert_array_equal(first.neuron, second.neuron)


def test_what_does_not_belong_together_is_refused() -> None:
    counts, tokens = made(everyday, 12, (3, 20))
    with pytest.raises(ValueError, match="disagree"):
        BlockedCounts.of(counts, tokens[:4], LANGUAGES)
    with pytest.raises(ValueError, match="disagree"):
        BlockedCounts.of(counts, tokens, LANGUAGES[:4])
    with pytest.raises(ValueError, match="more tokens than"):
        BlockedCounts.of(counts, tokens * 0, LANGUAGES)
    one = BlockedCounts.of(counts, tokens, LANGUAGES)
    fewer = BlockedCounts.of(counts, tokens, LANGUAGES, LANGUAGES[:3])
    other = BlockedCounts.of(counts[..., :10], tokens, LANGUAGES)
    ones = np.ones((1, BLOCKS))
    for second in ((fewer, ones), (other, ones), (one, np.ones((2, BLOCKS)))):
        with pytest.raises(ValueError, match="cannot be mixed"):
            select_replicates([(one, ones), second], LapeOptions())


def test_counts_as_they_are_stored_give_the_replicates_of_wide_ones() -> None:
    rng = np.random.default_rng(5)
    counts = rng.integers(0, 256, (BLOCKS, 3, 2, 90)) // rng.integers(1, 200, (3, 2, 90))
    tokens, languages = np.full((BLOCKS, 3), 255), tuple("abc")
    weights = rng.integers(0, 4, (7, BLOCKS)).astype(float)
    weights[0] = 0
    wide, stored = (
        select_replicates([(BlockedCounts.of(given, tokens, languages), weights)], preset("lape"))
        for given in (counts, counts.astype(np.uint8))
    )
    assert len(wide.neuron) > 0
    for name in ("replicate", "neuron", "assigned", "known"):
        np.testing.assert_array_equal(getattr(stored, name), getattr(wide, name))
