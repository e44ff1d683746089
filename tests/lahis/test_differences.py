"""Differences of head scores: by hand, against loops, on planted changes and on the released matrices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy.stats import rankdata, spearmanr

from interp.lahis.differences import HeadPair, compare_heads, parts_of, statistics_of
from interp.lahis.replicates import Heads, Samples, count_below, pooled_scores, top_mask
from interp.lahis.scores import head_score
from interp.lahis.select import general_heads, overlap_matrix, specific_heads, top_heads
from interp.options import LahisOptions
from interp.stats.contrast import Settings, contrast
from interp.stats.pair import Statistic, Values
from interp.stats.verdict import BEYOND, NOT_ENOUGH, WITHIN
from tests.reference import lahis as reference

RULES = [
    LahisOptions(top_fraction=0.3),
    LahisOptions(top_fraction=0.33, top_rule="topk_int"),
    LahisOptions(top_rule="quantile", quantile=0.7),
    LahisOptions(top_fraction=0.999),
]


def named(
    found: Values, statistics: Sequence[Statistic], name: str, row: int = 0
) -> NDArray[np.float64]:
    """Value, base's level and model's level of one name, ``[3, statistic]``."""
    at = [place for place, one in enumerate(statistics) if one.name == name]
    assert at, name
    return np.array([getattr(found, part)[row, at] for part in ("value", "first", "second")])


def compared(
    base: NDArray[np.floating], model: NDArray[np.floating], options: LahisOptions
) -> tuple[Values, tuple[Statistic, ...]]:
    """Compare scores ``[language, layer, head]``."""
    languages = [f"l{number}" for number in range(len(base))]
    parts = parts_of(languages, base.shape[1:], model.shape[1:], options, True)
    sides = (Heads(np.asarray(side, np.float64)[None], options) for side in (base, model))
    return compare_heads(parts, *sides), statistics_of(parts)


def gradients(
    rng: np.random.Generator, n: int, shape: tuple[int, int, int], whole: bool = False
) -> list[NDArray[np.float32]]:
    """Per language ``[sample, layer, head]``; whole numbers make ties."""
    k, *heads = shape
    drawn = rng.integers(-2, 3, (k, n, *heads)) if whole else rng.normal(size=(k, n, *heads))
    return list(drawn.astype(np.float32))


# --- replicates -------------------------------------------------------------------------------


@pytest.mark.parametrize("whole", [False, True])
def test_pooled_scores_are_those_of_the_samples_repeated_and_thrown_together(whole: bool) -> None:
    rng = np.random.default_rng(0)
    base, model = gradients(rng, 7, (2, 3, 4), whole), gradients(rng, 5, (2, 3, 4), whole)
    weights = rng.integers(0, 3, (4, 12)).astype(float)
    found = pooled_scores([(Samples.of(base), weights[:, :7]), (Samples.of(model), weights[:, 7:])])
    assert found.shape == (4, 2, 3, 4)
    for row, counts in enumerate(weights.astype(int)):
        for lang in range(2):
            rows = np.concatenate(
                [np.repeat(base[lang], counts[:7], 0), np.repeat(model[lang], counts[7:], 0)]
            )
            np.testing.assert_allclose(found[row, lang], head_score(rows), rtol=1e-12)
            np.testing.assert_allclose(found[row, lang], reference.score(rows), rtol=1e-12)


def test_scores_of_one_side_do_not_depend_on_the_batch() -> None:
    rng = np.random.default_rng(1)
    samples = Samples.of(gradients(rng, 9, (2, 2, 3)))
    weights = rng.integers(0, 3, (5, 9)).astype(float)
    whole = pooled_scores([(samples, weights)])
    each = [pooled_scores([(samples, weights[row : row + 1])])[0] for row in range(5)]
    np.testing.assert_allclose(whole, each, rtol=1e-12)


def test_samples_refuse_what_is_not_one_array_per_language() -> None:
    with pytest.raises(ValueError, match="is expected"):
        Samples.of([np.zeros((3, 2, 2), np.float32), np.zeros((4, 2, 2), np.float32)])
    with pytest.raises(ValueError, match="is expected"):
        Samples.of([np.zeros((0, 2, 2), np.float32)])


@pytest.mark.parametrize("options", RULES)
@pytest.mark.parametrize("levels", [3, 10**6])
def test_top_heads_of_every_replicate_follow_the_rule_ties_included(
    options: LahisOptions, levels: int
) -> None:
    scores = np.random.default_rng(2).integers(0, levels, (40, 3, 4, 5)).astype(float)
    mask = top_mask(scores, options)
    for row, lang in np.ndindex(40, 3):
        expected = top_heads(
            scores[row, lang], fraction=options.top_fraction, rule=options.top_rule,
            quantile=options.quantile,
        )  # fmt: skip
        assert {(int(a), int(b)) for a, b in np.argwhere(mask[row, lang])} == set(expected)


@pytest.mark.parametrize("levels", [1, 3, 10**6])
def test_ranks_with_ties(levels: int) -> None:
    values = np.random.default_rng(8).integers(0, levels, (6, 2, 30)).astype(float)
    np.testing.assert_array_equal(count_below(values), rankdata(values, axis=-1) - 1)
    assert count_below(np.ones((2, 1))).tolist() == [[0], [0]]


# --- statistics -------------------------------------------------------------------------------


def test_top_head_statistics_by_hand() -> None:
    options = LahisOptions(top_fraction=2 / 6)  # two of two layers of three heads
    base = np.array([[[9, 8, 0], [1, 2, 3]], [[9, 0, 1], [8, 2, 3]], [[9, 8, 1], [0, 2, 3]]])
    model = np.array([[[9, 0, 1], [2, 8, 3]], [[9, 0, 1], [8, 2, 3]], [[0, 1, 2], [9, 8, 3]]])
    found, statistics = compared(base, model, options)
    # base tops: {0.0 0.1} {0.0 1.0} {0.0 0.1}; model tops: {0.0 1.1} {0.0 1.0} {1.0 1.1}
    np.testing.assert_allclose(named(found, statistics, "heads_kept")[0], [0.5, 1, 0])
    np.testing.assert_allclose(
        named(found, statistics, "overlap"), [[0, -0.5, 0], [0.5, 1, 0.5], [0.5, 0.5, 0.5]]
    )
    np.testing.assert_allclose(named(found, statistics, "mean_overlap")[:, 0], [-1 / 6, 2 / 3, 0.5])
    # in at least two of three languages: base 0.0 and 0.1; model 0.0, 1.0 and 1.1
    assert named(found, statistics, "general_heads")[:, 0].tolist() == [1, 2, 3]
    assert named(found, statistics, "specific_heads").tolist() == [[0, -1, 0], [0, 1, 0], [0, 0, 0]]
    np.testing.assert_allclose(
        named(found, statistics, "layer_profile"),
        [[-0.5, 0.5, 0, 0, -1, 1], [1, 0, 0.5, 0.5, 1, 0], [0.5, 0.5, 0.5, 0.5, 0, 1]],
    )
    assert named(found, statistics, "layer_peak")[:, 0].tolist() == [-0.5, 1, 0.5]
    behind = {one.name: set() for one in statistics}
    for one, n in zip(statistics, found.behind[0], strict=True):
        assert (one.behind_what == "top heads" and one.behind_needed == 5) == (n == 2)
        behind[one.name].add(int(n))
    assert behind["overlap"] == {2} and behind["delta_raw"] == {0}


def test_score_statistics_by_hand() -> None:
    base = np.array([[[4.0, 2.0], [1.0, 1.0]]])
    model = np.array([[[8.0, 0.5], [1.0, 2.5]]])
    found, statistics = compared(base, model, LahisOptions())
    assert named(found, statistics, "delta_raw").tolist() == [
        [4, -1.5, 0, 1.5], [4, 2, 1, 1], [8, 0.5, 1, 2.5]
    ]  # fmt: skip
    np.testing.assert_allclose(
        named(found, statistics, "delta_share")[0],
        np.array([8, 0.5, 1, 2.5]) / 12 - np.array([4, 2, 1, 1]) / 8,
    )
    # heads with a lower score, ties half: the two 1.0 of the base have each other at their side
    assert named(found, statistics, "delta_rank").tolist() == [
        [0, -2, 0.5, 1.5], [3, 2, 0.5, 0.5], [3, 0, 1, 2]
    ]  # fmt: skip
    # one fell, two rose, one stayed
    assert named(found, statistics, "weakened")[:, 0].tolist() == [-0.25, 0.5, 0.25]
    # shares: 1/2 -> 2/3, 1/4 -> 1/24, 1/8 -> 1/12, 1/8 -> 5/24
    assert named(found, statistics, "weakened_share_scale")[:, 0].tolist() == [0, 0.5, 0.5]
    np.testing.assert_allclose(
        named(found, statistics, "layer_score"), [[1.25, 0.75], [3, 1], [4.25, 1.75]]
    )
    np.testing.assert_allclose(
        named(found, statistics, "layer_score_share")[1:], [[6 / 8, 2 / 8], [8.5 / 12, 3.5 / 12]]
    )
    # base ranks 3 2 .5 .5, model 3 0 1 2
    rank = named(found, statistics, "score_rank_correlation")[0, 0]
    assert rank == pytest.approx(spearmanr(base.ravel(), model.ravel())[0])
    places = [(one.layer, one.head) for one in statistics if one.name == "delta_raw"]
    assert places == [(0, 0), (0, 1), (1, 0), (1, 1)]


@pytest.mark.parametrize("options", [*RULES, replace(RULES[0], general_min=2)])
def test_every_statistic_of_every_replicate_against_loops(options: LahisOptions) -> None:
    rng = np.random.default_rng(3)
    shape, names = (4, 3, 5), ("a", "b", "c", "d")
    pair = HeadPair(
        Samples.of(gradients(rng, 8, shape, True)), Samples.of(gradients(rng, 8, shape, True)),
        names, options, True,
    )  # fmt: skip
    weights = rng.integers(0, 3, (6, 8)).astype(float)
    first, second = pair.pool(weights, None), pair.pool(None, weights)
    found = pair.compare(first, second)
    for row in range(6):
        sides = [dict(zip(names, side.scores[row], strict=True)) for side in (first, second)]
        expected = straight_line(sides[0], sides[1], options)
        for name, values in expected.items():
            np.testing.assert_allclose(
                named(found, pair.statistics, name, row), values, rtol=1e-9, atol=1e-12,
                err_msg=f"{name} {row}",
            )  # fmt: skip
        assert set(expected) == {one.name for one in pair.statistics}


def straight_line(
    base: dict[str, NDArray[np.float64]],
    model: dict[str, NDArray[np.float64]],
    options: LahisOptions,
) -> dict[str, list[list[float]]]:
    """The table in `interp.lahis.differences`, one head at a time: value, base, model per name."""
    rule = (options.top_fraction, options.top_rule, options.quantile)
    tops = [
        {
            lang: top_heads(one, fraction=rule[0], rule=rule[1], quantile=rule[2])
            for lang, one in side.items()
        }
        for side in (base, model)
    ]
    out: dict[str, list[list[float]]] = {}
    nan = float("nan")

    def levels(name: str, old: list[float], new: list[float]) -> None:
        out[name] = [[b - a for a, b in zip(old, new, strict=True)], old, new]

    def likeness(name: str, values: list[float]) -> None:
        out[name] = [values, [nan] * len(values), [nan] * len(values)]

    pairs = list(combinations(range(len(base)), 2))
    overlaps = [[overlap_matrix(top)[i, j] / 100 for i, j in pairs] for top in tops]
    levels("overlap", *overlaps)
    levels("mean_overlap", *([float(np.mean(one))] for one in overlaps))
    least = options.general_min
    levels("general_heads", *([float(len(general_heads(top, least)))] for top in tops))
    levels(
        "specific_heads",
        *([float(len(heads)) for heads in specific_heads(top, least).values()] for top in tops),
    )
    likeness(
        "heads_kept",
        [
            len(set(tops[0][lang]) & set(tops[1][lang])) / min(len(top[lang]) for top in tops)
            for lang in base
        ],
    )
    likeness(
        "score_rank_correlation",
        [spearmanr(base[lang].ravel(), model[lang].ravel())[0] for lang in base],
    )
    n_layers, n_heads = next(iter(base.values())).shape
    profiles = [
        [
            sum(layer == at for layer, _ in heads) / len(heads)
            for heads in top.values()
            for at in range(n_layers)
        ]
        for top in tops
    ]
    levels("layer_profile", *profiles)
    levels("layer_peak", *([max(one[::n_layers])] for one in profiles))
    everything = [
        [float(one[layer, head]) for one in side.values() for layer, head in np.ndindex(one.shape)]
        for side in (base, model)
    ]
    shares = [
        [
            float(one[layer, head] / one.sum())
            for one in side.values()
            for layer, head in np.ndindex(one.shape)
        ]
        for side in (base, model)
    ]
    below = [
        [
            sum(
                float(other < one[layer, head]) + 0.5 * float(other == one[layer, head])
                for other in one.ravel()
            )
            - 0.5
            for one in side.values()
            for layer, head in np.ndindex(one.shape)
        ]
        for side in (base, model)
    ]
    size = n_layers * n_heads
    for name, values in (("layer_score", everything), ("layer_score_share", shares)):
        n = len(base) * (n_heads if name == "layer_score" else 1)
        levels(
            name,
            *(
                [
                    sum(x for place, x in enumerate(one) if place % size // n_heads == layer) / n
                    for layer in range(n_layers)
                ]
                for one in values
            ),
        )
    for name, (old, new) in (("weakened", everything), ("weakened_share_scale", shares)):
        together = list(zip(old, new, strict=True))
        levels(
            name,
            [sum(b > a for a, b in together) / len(together)],
            [sum(b < a for a, b in together) / len(together)],
        )
    levels("delta_raw", *everything)
    levels("delta_share", *shares)
    levels("delta_rank", *below)
    return out


def test_exchanging_the_sides_turns_every_difference_and_no_likeness() -> None:
    rng = np.random.default_rng(4)
    base, model = rng.integers(0, 6, (2, 3, 2, 5)).astype(float)
    options = LahisOptions(top_fraction=0.3)
    there, statistics = compared(base, model, options)
    back, _ = compared(model, base, options)
    sign = np.array([1 if one.kind == "likeness" else -1 for one in statistics])
    np.testing.assert_allclose(there.value[0], sign * back.value[0])
    same, _ = compared(base, base, options)
    np.testing.assert_allclose(same.value[0], (1 + sign) / 2)


def test_what_cannot_be_computed_is_not_a_number() -> None:
    flat, spread = np.ones((3, 2, 2)), np.arange(12.0).reshape(3, 2, 2) + 1
    options = LahisOptions(top_rule="quantile", quantile=0.5)
    found, statistics = compared(flat, spread, options)  # equal scores: nothing is above
    for name in ("heads_kept", "overlap", "mean_overlap", "layer_profile", "layer_peak"):
        assert np.isnan(named(found, statistics, name)[0]).all(), name
    assert np.isnan(named(found, statistics, "score_rank_correlation")[0]).all()
    assert named(found, statistics, "general_heads")[1, 0] == 0
    assert not np.isnan(named(found, statistics, "delta_raw")).any()
    # one language without any score: no shares of it, hence none over all languages
    nothing = spread.copy()
    nothing[1] = 0
    found, statistics = compared(nothing, spread, LahisOptions(top_fraction=0.5))
    assert np.isnan(named(found, statistics, "weakened_share_scale")).all()
    assert np.isnan(named(found, statistics, "layer_score_share")[0]).all()
    unknown = np.isnan(named(found, statistics, "delta_share")[0]).reshape(3, 4)
    assert unknown.all(1).tolist() == [False, True, False] == unknown.any(1).tolist()
    assert named(found, statistics, "weakened")[0, 0] == pytest.approx(-4 / 12)
    # scores of a learned mask may be negative: shares of a total below 0 would turn their order
    nothing[1] = [[1, -9], [1, 1]]
    found, statistics = compared(nothing, spread, LahisOptions(top_fraction=0.5))
    unknown = np.isnan(named(found, statistics, "delta_share")[0]).reshape(3, 4)
    assert unknown.all(1).tolist() == [False, True, False] == unknown.any(1).tolist()


def test_top_heads_behind_are_those_of_the_side_and_language_that_has_fewest() -> None:
    options = LahisOptions(top_rule="quantile", quantile=0.4)
    # of four scores, what is above their quantile 0.4: one, two and two heads (base), two each (model)
    base = np.array([[[0, 0], [0, 4]], [[0, 1], [2, 3]], [[3, 2], [1, 0]]])
    model = np.array([[[0, 1], [2, 3]], [[0, 1], [2, 3]], [[0, 1], [2, 3]]])
    found, statistics = compared(base, model, options)
    behind: dict[str, list[int]] = {}
    for one, n in zip(statistics, found.behind[0], strict=True):
        behind.setdefault(one.name, []).append(int(n))
    assert behind["heads_kept"] == behind["specific_heads"] == [1, 2, 2]
    assert behind["overlap"] == [1, 1, 2]
    assert behind["mean_overlap"] == behind["general_heads"] == behind["layer_peak"] == [1]
    assert behind["layer_profile"] == [1, 1, 2, 2, 2, 2]
    # the smaller set is what an overlap is a share of
    assert named(found, statistics, "overlap")[1].tolist() == [1, 0, 0]


def test_rows_too_many_for_holm_are_adjusted_by_their_largest() -> None:
    scores = np.ones((3, 2, 2))
    _, statistics = compared(scores, scores, LahisOptions())
    largest = {one.name for one in statistics if one.adjust == "max"}
    assert largest == {"layer_profile", "delta_raw", "delta_share", "delta_rank"}


def test_other_shapes_leave_what_lies_within_one_checkpoint() -> None:
    rng = np.random.default_rng(5)
    base, model = rng.random((3, 2, 4)), rng.random((3, 3, 8))
    found, statistics = compared(base, model, LahisOptions(top_fraction=0.5))
    names = {one.name for one in statistics}
    assert names == {"overlap", "mean_overlap", "general_heads", "specific_heads"}
    tops = [
        {str(i): top_heads(one, fraction=0.5) for i, one in enumerate(side)}
        for side in (base, model)
    ]
    expected = [
        [overlap_matrix(top)[i, j] / 100 for i, j in combinations(range(3), 2)] for top in tops
    ]
    np.testing.assert_allclose(named(found, statistics, "overlap")[1:], expected)
    assert (found.behind == 4).all()


def test_one_and_two_languages_have_no_pair_and_no_general_head() -> None:
    scores = np.random.default_rng(6).random((2, 2, 4))
    for n, gone in ((1, {"overlap", "mean_overlap", "general_heads"}), (2, {"general_heads"})):
        _, statistics = compared(scores[:n], scores[:n], LahisOptions())
        assert not gone & {one.name for one in statistics}
    _, statistics = compared(scores, scores, LahisOptions(general_min=2))
    assert "general_heads" in {one.name for one in statistics}


def test_maps_can_be_left_out() -> None:
    samples = Samples.of(gradients(np.random.default_rng(7), 4, (3, 2, 4)))
    pair = HeadPair(samples, samples, ("a", "b", "c"), LahisOptions(), True, maps=False)
    assert not any(one.name.startswith("delta_") for one in pair.statistics)
    assert pair.compare(*(pair.pool(np.ones((2, 4)), None),) * 2).value.shape == (
        2, len(pair.statistics)
    )  # fmt: skip


# --- through the resampling -------------------------------------------------------------------

SHAPE = (3, 4, 10)
FEW = Settings(draws=200, permutations=499, splits=100)
TOP = LahisOptions(top_fraction=0.2)  # 8 of 40


def organism(
    seed: int, n: int, mean: NDArray[np.float64], sizes: tuple[float, float] = (0.5, 2)
) -> list[NDArray[np.float32]]:
    """Gradients around a mean per head, each sample with its own size."""
    rng = np.random.default_rng(seed)
    drawn = mean[:, None] + rng.normal(scale=0.5, size=(len(mean), n, *mean.shape[1:]))
    return list((drawn * rng.uniform(*sizes, (1, n, 1, 1))).astype(np.float32))


def means(seed: int = 0) -> NDArray[np.float64]:
    return -np.abs(np.random.default_rng(seed).normal(size=SHAPE)) * 2


def verdicts(pair: HeadPair) -> dict[str, list[str]]:
    result = contrast(pair, FEW)
    out: dict[str, list[str]] = {}
    for one, (verdict, _) in zip(result.statistics, result.verdicts, strict=True):
        out.setdefault(f"{one.name} {one.lang or ''}".strip(), []).append(verdict)
    return out


@pytest.mark.parametrize("paired", [True, False])
def test_an_unchanged_checkpoint_is_within_noise(paired: bool) -> None:
    pair = HeadPair(
        Samples.of(organism(1, 60, means())), Samples.of(organism(2, 60, means())),
        ("a", "b", "c"), TOP, paired,
    )  # fmt: skip
    assert pair.exchangeable
    found = [one for several in verdicts(pair).values() for one in several]
    assert len(found) > 300 and set(found) == {WITHIN}


def test_a_planted_exchange_of_heads_is_found_where_it_is_and_nowhere_else() -> None:
    mean, changed = means(), means()
    order = np.argsort(mean[0].ravel())
    flat = changed[0].reshape(-1)
    # language a: its four best heads change places with its four worst
    flat[order[:4]], flat[order[-4:]] = mean[0].ravel()[order[-4:]], mean[0].ravel()[order[:4]]
    pair = HeadPair(
        Samples.of(organism(1, 60, mean)), Samples.of(organism(2, 60, changed)),
        ("a", "b", "c"), TOP, True,
    )  # fmt: skip
    found = verdicts(pair)
    assert found["heads_kept a"] == found["score_rank_correlation a"] == [BEYOND]
    for name in ("heads_kept", "score_rank_correlation"):
        assert found[f"{name} b"] == found[f"{name} c"] == [WITHIN]
    for name in ("delta_raw", "delta_share", "delta_rank"):
        moved = [place for place, one in enumerate(found[f"{name} a"]) if one == BEYOND]
        assert set(moved) >= {*order[:4].tolist(), *order[-4:].tolist()}
        assert set(found[f"{name} b"] + found[f"{name} c"]) == {WITHIN}


def test_weakening_of_most_heads_by_about_their_noise_is_found() -> None:
    pair = HeadPair(
        Samples.of(organism(1, 60, means(), (1, 1))),
        Samples.of(organism(2, 60, means() * 0.95, (1, 1))),
        ("a", "b", "c"), TOP, True, maps=False,
    )  # fmt: skip
    result = contrast(pair, FEW)
    at = [one.name for one in result.statistics].index("weakened")
    assert result.value[at] > 0.2 and result.verdicts[at][0] == BEYOND


def test_scale_alone_is_found_in_the_scores_and_is_no_change_of_shares_and_tops() -> None:
    base = organism(1, 60, means())
    pair = HeadPair(
        Samples.of(base), Samples.of([one * np.float32(0.5) for one in base]),
        ("a", "b", "c"), TOP, True, maps=False,
    )  # fmt: skip
    result = contrast(pair, FEW)
    found: dict[str, set[str]] = {}
    for one, (verdict, _) in zip(result.statistics, result.verdicts, strict=True):
        found.setdefault(one.name, set()).add(verdict)
    assert found["layer_score"] == {BEYOND}
    # every head fell; but a relabelling moves all heads together, too, and signs do not say how far
    at = [one.name for one in result.statistics].index("weakened")
    assert result.value[at] == 1 and found["weakened"] == {WITHIN}
    for name in ("weakened_share_scale", "layer_score_share", "mean_overlap", "heads_kept"):
        assert found[name] == {WITHIN}, name


def test_half_of_the_heads_weakening_shows_in_the_shares_though_samples_differ_in_size() -> None:
    changed = means()
    changed[:, :2] *= 0.6
    pair = HeadPair(
        Samples.of(organism(1, 60, means())), Samples.of(organism(2, 60, changed)),
        ("a", "b", "c"), TOP, True, maps=False,
    )  # fmt: skip
    result = contrast(pair, FEW)
    at = [one.name for one in result.statistics].index("layer_score_share")
    assert [verdict for verdict, _ in result.verdicts[at : at + 4]] == [BEYOND] * 4
    assert (np.sign(result.value[at : at + 4]) == [-1, -1, 1, 1]).all()


def test_too_few_top_heads_or_samples_are_not_enough() -> None:
    few_heads = HeadPair(
        Samples.of(organism(1, 30, means())), Samples.of(organism(2, 30, means())),
        ("a", "b", "c"), LahisOptions(top_fraction=0.1), True, maps=False,
    )  # fmt: skip
    found = verdicts(few_heads)
    assert set(found["heads_kept a"] + found["mean_overlap"] + found["layer_profile a"]) == {
        NOT_ENOUGH
    }
    assert found["weakened"] == [WITHIN]
    few_samples = HeadPair(
        Samples.of(organism(1, 19, means())), Samples.of(organism(2, 19, means())),
        ("a", "b", "c"), TOP, True, maps=False,
    )  # fmt: skip
    assert {one for several in verdicts(few_samples).values() for one in several} == {NOT_ENOUGH}


def test_checkpoints_of_other_shapes_have_intervals_but_no_p() -> None:
    wide = np.concatenate([means(), means(1)], axis=2)
    pair = HeadPair(
        Samples.of(organism(1, 30, means())), Samples.of(organism(2, 30, wide)),
        ("a", "b", "c"), TOP, True,
    )  # fmt: skip
    assert not pair.exchangeable
    result = contrast(pair, FEW)
    assert np.isnan(result.p).all() and not np.isnan(result.ci).any()
    assert {verdict for verdict, _ in result.verdicts} == {NOT_ENOUGH}


# --- released matrices (methods, section 6) ---------------------------------------------------

LANGUAGES = ("ar", "bn", "de", "en", "es", "fr", "id", "ja", "pt", "ru", "sw", "zh")


def released(folder: Path, model: str) -> NDArray[np.float64]:
    return np.stack(
        [
            torch.load(
                folder / "release" / "lahis" / model / f"lahis_{lang}.pth", weights_only=True
            ).numpy()
            for lang in LANGUAGES
        ]
    ).astype(np.float64)


@pytest.mark.parametrize(
    ("model", "mean", "peak", "changed", "fell", "first_layer"),
    [
        ("olmo-sft-10k", 53.9, 40, (5, 25), 46.8, 0.19),
        ("olmo-grpo", 54.8, 45, (5, 30), 44.7, 0.71),
    ],
)
def test_the_august_matrices_give_the_recomputed_figures(
    shared_data: Path,
    model: str,
    mean: float,
    peak: float,
    changed: tuple[float, float],
    fell: float,
    first_layer: float,
) -> None:
    base, other = released(shared_data, "olmo-base"), released(shared_data, model)
    languages = list(LANGUAGES)
    parts = parts_of(languages, (32, 32), (32, 32), LahisOptions(), True)
    statistics = statistics_of(parts)
    found = compare_heads(
        parts, Heads(base[None], LahisOptions()), Heads(other[None], LahisOptions())
    )

    def percent(name: str) -> NDArray[np.float64]:
        return 100 * named(found, statistics, name)

    assert percent("mean_overlap")[1:, 0].round(1).tolist() == [58.0, mean]
    assert percent("layer_peak")[1:, 0].round().tolist() == [40, peak]
    moved = (100 - percent("heads_kept")[0]).round()
    assert (moved.min(), moved.max()) == changed
    assert percent("weakened")[2, 0].round(1) == fell
    assert named(found, statistics, "layer_score")[0, 0].round(2) == first_layer
    assert (found.behind[0, : len(parts[0][0])] == 20).all()
    deltas = named(found, statistics, "delta_raw")[0]
    assert (100 * (deltas < 0).mean()).round(1) == fell
    pairs = [one for one in statistics if one.name == "overlap"]
    at = next(i for i, p in enumerate(pairs) if (p.lang, p.other_lang) == ("ja", "zh"))
    if model == "olmo-grpo":
        assert percent("overlap")[1:, at].tolist() == [75, 75]
        # of the August matrices; methods states those of April
        assert named(found, statistics, "general_heads")[1:, 0].tolist() == [7, 4]


def test_the_strict_quantile_takes_one_head_more_of_the_released_matrices(
    shared_data: Path,
) -> None:
    base = released(shared_data, "olmo-base")[None]
    assert (Heads(base, LahisOptions()).n_top == 20).all()
    strict = LahisOptions(top_rule="quantile", quantile=0.98)
    assert (Heads(base, strict).n_top == 21).all()
