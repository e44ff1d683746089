"""Selection of heads, by known answers and on the released matrices."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
import torch

from interp.errors import InterpError
from interp.lahis.select import (
    general_heads,
    layer_profile,
    n_top,
    overlap_matrix,
    specific_heads,
    top_heads,
)

LANGUAGES = ("ar", "bn", "de", "en", "es", "fr", "id", "ja", "pt", "ru", "sw", "zh")


def test_number_of_top_heads():
    assert n_top(1024, 0.02) == n_top(1024, 0.02, "topk_int") == 20
    assert n_top(784, 0.02) == 16  # Qwen-2.5-7B: 15.68
    assert n_top(784, 0.02, "topk_int") == 15
    assert n_top(10, 0.02) == 1
    with pytest.raises(InterpError, match="topk_round"):
        n_top(10, 0.02, "ceil")


def test_top_heads_best_first_and_ties_by_layer_then_head():
    scores = np.array([[1.0, 5.0, 3.0], [5.0, 2.0, 5.0]])
    assert top_heads(scores, fraction=4 / 6) == [(0, 1), (1, 0), (1, 2), (0, 2)]


def test_quantile_is_strict():
    scores = np.arange(101.0).reshape(1, 101)
    assert [h for _, h in top_heads(scores, rule="quantile", quantile=0.96)] == [100, 99, 98, 97]
    assert top_heads(np.ones((2, 2)), rule="quantile") == []


def test_quantile_of_1024_distinct_scores_is_one_head_more_than_topk():
    scores = np.random.default_rng(0).permutation(1024.0 * np.arange(1024)).reshape(32, 32)
    # 0.98 * 1023 = 1002.54: the scores of rank 1003 to 1023 are above it.
    assert len(top_heads(scores, rule="quantile", quantile=0.98)) == 21
    assert len(top_heads(scores)) == len(top_heads(scores, rule="topk_int")) == 20
    qwen = scores.ravel()[:784].reshape(28, 28)
    assert (len(top_heads(qwen)), len(top_heads(qwen, rule="topk_int"))) == (16, 15)


def test_quantile_equals_torch():
    scores = np.random.default_rng(0).normal(size=(8, 16))
    flat = torch.from_numpy(scores).flatten()
    expected = (flat > torch.quantile(flat, 0.9)).nonzero().flatten().tolist()
    found = top_heads(scores, rule="quantile", quantile=0.9)
    assert sorted(layer * 16 + head for layer, head in found) == expected


def test_refuses_unknown_rules_and_broken_scores():
    with pytest.raises(InterpError, match="expected one of topk_round"):
        top_heads(np.ones((2, 2)), rule="best")
    with pytest.raises(ValueError, match="finite"):
        top_heads(np.array([[np.nan, 1.0]]))


TOP = {"en": [(0, 0), (0, 1), (2, 0)], "de": [(0, 1), (0, 0), (1, 1)], "zh": [(0, 0), (1, 0)],
       "ar": [(0, 0), (0, 1)]}  # fmt: skip


def test_general_and_specific():
    assert general_heads(TOP) == [(0, 0), (0, 1)]  # in 4 and in 3 of 4
    assert general_heads(TOP, 4) == [(0, 0)]
    assert general_heads(TOP, 5) == []
    specific = specific_heads(TOP)
    assert specific == {"en": [(2, 0)], "de": [(1, 1)], "zh": [(1, 0)], "ar": []}
    # With two languages "all but one" would make every top head general.
    two = {lang: TOP[lang] for lang in ("en", "de")}
    assert general_heads(two) == [] and specific_heads(two) == two


@pytest.mark.parametrize("general_min", ["K-1", 1, 3, 4])
def test_general_and_specific_by_counting(general_min):
    rng = np.random.default_rng(0)
    top = {lang: top_heads(rng.random((4, 5)) + rng.random(), fraction=0.5) for lang in "abcde"}
    needed = 4 if general_min == "K-1" else general_min
    every = {head for heads in top.values() for head in heads}
    expected = {head for head in every if sum(head in heads for heads in top.values()) >= needed}
    general = general_heads(top, general_min)
    assert set(general) == expected and general == sorted(general)
    assert expected  # else the next lines say nothing
    for lang, heads in specific_heads(top, general_min).items():
        assert heads == [head for head in top[lang] if head not in expected]


def test_overlap_is_symmetric_with_a_diagonal_of_100_and_profiles_sum_to_100():
    rng = np.random.default_rng(1)
    top = {lang: top_heads(rng.random((8, 16)), fraction=0.2) for lang in "abcde"}
    matrix = overlap_matrix(top)
    assert np.array_equal(matrix, matrix.T) and (np.diag(matrix) == 100).all()
    assert len(np.unique(matrix)) > 3
    a, b = set(top["a"]), set(top["b"])
    assert matrix[0, 1] == pytest.approx(100 * sum(head in b for head in a) / len(a))
    for heads in top.values():
        profile = layer_profile(heads, 8)
        assert profile.sum() == pytest.approx(100)
        assert profile[3] == pytest.approx(100 * sum(layer == 3 for layer, _ in heads) / 26)


def test_layer_profile_and_overlap():
    np.testing.assert_allclose(layer_profile(TOP["en"], 3), [200 / 3, 0, 100 / 3])
    assert layer_profile([], 3).sum() == 0
    overlap = overlap_matrix({"en": TOP["en"], "de": TOP["de"]})
    np.testing.assert_allclose(overlap, [[100, 200 / 3], [200 / 3, 100]])


def released(folder, model):
    return {
        lang: torch.load(
            folder / "release" / "lahis" / model / f"lahis_{lang}.pth", weights_only=True
        ).numpy()
        for lang in LANGUAGES
    }


@pytest.mark.parametrize(
    ("model", "mean"), [("olmo-base", 58.0), ("olmo-sft-10k", 53.9), ("olmo-grpo", 54.8)]
)
def test_overlap_of_the_released_matrices(shared_data, model, mean):
    top = {lang: top_heads(scores) for lang, scores in released(shared_data, model).items()}
    assert {len(heads) for heads in top.values()} == {20}
    matrix = overlap_matrix(top)
    assert np.array_equal(matrix, matrix.T) and (np.diag(matrix) == 100).all()
    pairs = [matrix[i, j] for i, j in combinations(range(12), 2)]
    assert np.mean(pairs) == pytest.approx(mean, abs=0.05)
    for heads in top.values():
        assert layer_profile(heads, 32).sum() == pytest.approx(100)


def test_quantile_and_topk_differ_on_the_released_matrices(shared_data):
    scores = released(shared_data, "olmo-base")["en"]
    assert len(top_heads(scores, rule="quantile", quantile=0.98)) == 21
    assert len(top_heads(scores)) == 20
