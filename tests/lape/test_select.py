"""Selection against an independent implementation, and on cases whose answer is known by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from interp.lape.entropy import activation_probabilities, entropy, probability_cut
from interp.lape.select import LapeSelection, select_from_counts
from interp.presets import preset
from tests.reference import lape as reference

PRESETS = ("default", "paper", "release", "tang2024")
LANGUAGES = ("en", "de", "zh", "sw", "ar")
TOKENS = np.array([1000, 1000, 970, 333, 640])
"""Unequal, as under ``budget="all"``."""


def everyday(rng: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    """Every neuron has its own rate, and a language or two that it likes more."""
    rate = rng.beta(0.6, 3.0, shape) * rng.dirichlet(np.full(len(TOKENS), 0.7), shape).T.swapaxes(
        1, 2
    )
    return rng.binomial(TOKENS[:, None, None], rate.clip(0, 1))


def with_dead_neurons(rng: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    counts = everyday(rng, shape)
    counts[:, rng.random(shape) < 0.4] = 0
    return counts


def rarely_firing(rng: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    """Many neurons fire once or twice, in one language: entropy 0, and nothing behind it."""
    counts = everyday(rng, shape)
    rare = rng.random(shape) < 0.5
    counts[:, rare] = 0
    language = rng.integers(len(TOKENS), size=rare.sum())
    counts[language, *np.nonzero(rare)] = rng.integers(1, 3, size=rare.sum())
    return counts


def hardly_anything_fires(rng: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    """More than 95 % of the probabilities are 0, so the cut itself is 0."""
    counts = rng.binomial(TOKENS[:, None, None], 0.01, (len(TOKENS), *shape))
    counts[rng.random(counts.shape) < 0.97] = 0
    return counts


def full_of_ties(rng: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    """Few distinct neurons, with equal probabilities in several languages and permuted copies."""
    # fewer than 5 % have the highest rate: otherwise it is the cut, and nothing lies above
    rates = rng.choice([0, 1, 6], size=(len(TOKENS), *shape), p=[0.6, 0.36, 0.04])
    counts = rates * (TOKENS[:, None, None] // 10)
    counts[1] = counts[0]  # same tokens, same counts: p is equal to the last bit
    flipped = rng.random(shape) < 0.5
    counts[0][flipped], counts[1][flipped] = 100, 0
    return counts


CASES = [everyday, with_dead_neurons, rarely_firing, hardly_anything_fires, full_of_ties]
SHAPES = [(3, 150), (4, 90), (2, 17)]
"""1 % of the neurons is 4.5, 3.6 and 0.34: rounding to even, up and down to nothing."""


def as_listed(selection: LapeSelection) -> list[tuple[int, int, set[int]]]:
    rows = zip(selection.layers, selection.neurons, selection.assigned, strict=True)
    return [(int(layer), int(j), set(np.flatnonzero(langs))) for layer, j, langs in rows]


@pytest.mark.parametrize("name", PRESETS)
@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("shape", SHAPES)
def test_selection_equals_the_reference(name: str, case: Any, shape: tuple[int, int]) -> None:
    counts = case(np.random.default_rng(shape[1]), shape)
    p = reference.probabilities(counts.tolist(), TOKENS.tolist())
    for fraction in (0.01, 0.2, 0.9):
        options = preset("lape", name, top_fraction=fraction)
        found = select_from_counts(counts, TOKENS, options, languages=LANGUAGES)
        expected, cut = reference.select(counts.tolist(), TOKENS.tolist(), name, fraction)
        assert as_listed(found) == expected
        assert found.cut == (None if cut is None else float(cut))
        dead = sum(not any(values) for values in p.values())
        kept = [v for v in p.values() if any(v) and (cut is None or max(v) > cut)]
        assert found.n_dead == dead
        assert found.n_filtered == len(p) - dead - len(kept)
        rare = [counts[:, layer, j].sum() < 50 for layer, j, _ in expected]
        assert found.n_rare == sum(rare)


def test_the_cases_hold_what_they_promise() -> None:
    rng = np.random.default_rng(0)
    found = {}
    for case in CASES:
        counts = case(rng, (3, 150))
        assert (counts <= TOKENS[:, None, None]).all()
        found[case] = select_from_counts(
            counts, TOKENS, preset("lape", top_fraction=0.2), languages=LANGUAGES
        )
    assert found[with_dead_neurons].n_dead > 100
    assert found[rarely_firing].n_filtered > 100
    assert found[hardly_anything_fires].cut == 0.0
    ties = found[full_of_ties]
    chosen = ties.p[:, ties.layers, ties.neurons]
    assert len(np.unique(ties.entropy[ties.layers, ties.neurons].round(12))) < len(ties) / 2
    assert ((chosen == chosen.max(axis=0)).sum(axis=0) > 1).any(), "no tie between languages"


def test_equal_entropies_go_to_the_lower_layer_then_the_lower_neuron() -> None:
    counts = np.full((2, 2, 4), 5)
    for number, (layer, neuron) in enumerate([(1, 0), (0, 3), (1, 2), (0, 1)]):
        # the same two rates, either way round: equal entropies up to rounding
        counts[:, layer, neuron] = (3, 9) if number % 2 else (9, 3)
    options = preset("lape", top_fraction=0.375, filter_quantile=0.5)
    found = select_from_counts(counts, np.array([10, 10]), options, languages=("en", "de"))
    assert as_listed(found) == [(0, 1, {1}), (0, 3, {1}), (1, 0, {0})]


def test_the_cut_is_a_value_among_all_probabilities_and_never_between_two() -> None:
    p = (np.random.default_rng(1).permutation(20).astype(float) + 1).reshape(2, 2, 5) / 100
    assert probability_cut(p, 0.95) == 19 / 100  # 19th of 20; np.quantile gives 0.1905
    assert probability_cut(p, 0.5) == 10 / 100
    assert probability_cut(p, 0.62) == 12 / 100  # round(12.4)
    assert probability_cut(p, 0.64) == 13 / 100  # round(12.8)
    assert probability_cut(p, 1e-9) == 1 / 100


def test_threshold_assigns_every_language_above_the_cut_and_none_on_it() -> None:
    counts = np.full((3, 1, 20), 10)
    counts[:, 0, 4] = 90, 80, 10
    counts[:, 0, 9] = 80, 70, 1
    tokens = np.full(3, 100)
    # the four highest of 60 are 90, 80, 80, 70: round(0.95 * 60) = 57th smallest is 70
    tang = select_from_counts(
        counts, tokens, preset("lape", "tang2024", top_fraction=0.1), languages=LANGUAGES[:3]
    )
    assert tang.cut == 0.7
    assert as_listed(tang) == [(0, 9, {0}), (0, 4, {0, 1})]
    assert tang.per_language() == {"en": 2, "de": 1, "zh": 0}
    frame = tang.to_frame()
    assert frame[frame.selected][["neuron", "lang"]].to_numpy().tolist() == [
        [4, "en"], [4, "de"], [9, "en"],
    ]  # fmt: skip
    assert len(frame) == 21  # one row per neuron, and one more for the second language


def test_a_neuron_that_fired_once_is_filtered_and_released() -> None:
    counts = np.full((3, 1, 100), 500)
    counts[:, 0, 60] = 0, 1, 0
    counts[:, 0, 70] = 990, 2, 2
    tokens = np.full(3, 1000)
    default = select_from_counts(counts, tokens, preset("lape"), languages=LANGUAGES[:3])
    release = select_from_counts(counts, tokens, preset("lape", "release"), languages=LANGUAGES[:3])
    assert as_listed(default) == [(0, 70, {0})] and default.n_rare == 0
    assert as_listed(release) == [(0, 60, {1})] and release.n_rare == 1
    assert default.entropy[0, 60] == np.inf and np.isfinite(release.entropy[0, 60])


def test_too_few_neurons_left_is_not_filled_with_dead_ones() -> None:
    counts = np.zeros((2, 1, 200), dtype=np.int64)
    counts[0, 0, 7] = 3
    found = select_from_counts(
        counts, np.array([9, 9]), preset("lape", "tang2024"), languages=("en", "de")
    )
    assert as_listed(found) == [(0, 7, {0})] and found.n_wanted == 2 and found.n_dead == 199
    frame = found.to_frame()
    assert frame["lang"].isna().sum() == 199 and np.isinf(frame["entropy"]).sum() == 199


def test_eps_moves_a_neuron_that_fired_once() -> None:
    p = np.zeros((12, 1, 1))
    p[0] = 1 / 2_000_000
    assert entropy(p)[0, 0] == 0.0
    assert entropy(p, eps=1e-9)[0, 0] == pytest.approx(0.0020, abs=5e-5)
    assert entropy(p, eps=1e-9)[0, 0] == pytest.approx(
        reference.entropy([5e-7] + [0.0] * 11, 1e-9), rel=1e-9
    )


def test_uniform_firing_has_the_largest_entropy_and_one_language_none() -> None:
    p = np.array([[[0.2, 0.5, 0.0]], [[0.2, 0.0, 0.0]], [[0.2, 0.0, 0.0]]])
    np.testing.assert_allclose(entropy(p), [[np.log(3), 0.0, np.inf]], atol=1e-12)
    assert not np.signbit(entropy(p)[0, 1]), "printed as -0.0"


def test_probabilities_are_counts_over_tokens() -> None:
    counts = np.array([[[3, 0]], [[1, 4]]])
    p = activation_probabilities(counts, np.array([6, 8]))
    assert p[:, 0].tolist() == [[0.5, 0.0], [0.125, 0.5]]
    with pytest.raises(ValueError, match="at least one token"):
        activation_probabilities(counts, np.array([6, 0]))
    with pytest.raises(ValueError, match="more tokens than its language has"):
        activation_probabilities(counts, np.array([6, 3]))


def test_tables_hold_every_neuron_and_every_probability() -> None:
    counts = with_dead_neurons(np.random.default_rng(5), (3, 40))
    found = select_from_counts(
        counts, TOKENS, preset("lape", top_fraction=0.1), languages=LANGUAGES
    )
    frame = found.to_frame()
    assert frame[["layer", "neuron"]].to_numpy().tolist() == [
        [layer, j] for layer in range(3) for j in range(40)
    ]
    assert frame["selected"].sum() == len(found) == 12
    for row in frame.itertuples():
        own = counts[:, row.layer, row.neuron]
        assert row.n_active == own.sum()
        if own.any():
            rates = (own / TOKENS).tolist()
            assert row.lang == LANGUAGES[rates.index(max(rates))]
        else:
            assert pd.isna(row.lang) and not row.selected and row.entropy == np.inf
    probs = found.probs_frame()
    assert len(probs) == counts.size and not probs.duplicated(["layer", "neuron", "lang"]).any()
    for row in probs.itertuples():
        k = LANGUAGES.index(row.lang)
        assert row.p_active == counts[k, row.layer, row.neuron] / TOKENS[k]
        assert row.n_tokens == TOKENS[k]


@pytest.mark.parametrize("name", PRESETS)
@pytest.mark.parametrize("blocks", [True, False])
def test_counts_as_they_are_stored_select_what_wide_ones_do(name: str, blocks: bool) -> None:
    """In bytes, near their end: every sum and difference of them leaves the type."""
    rng = np.random.default_rng(4)
    languages = tuple("abcde")
    counts = rng.integers(0, 256, (6, 5, 3, 120)) // rng.integers(1, 200, (5, 3, 120))
    counts[:, 2, 1, :9] = 255
    tokens = np.full((6, 5), 255)
    if not blocks:
        counts, tokens = counts[0], tokens[0]
    wide, stored = (
        select_from_counts(given, tokens, preset("lape", name), languages=languages)
        for given in (counts, counts.astype(np.uint8))
    )
    assert len(wide) > 0
    pd.testing.assert_frame_equal(stored.to_frame(), wide.to_frame(), check_exact=True)
    pd.testing.assert_frame_equal(stored.probs_frame(), wide.probs_frame(), check_exact=True)
    assert stored.to_dict() == wide.to_dict()
