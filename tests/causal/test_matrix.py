"""Effects, intervals and dominance from sums that are known, without a model."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from interp.causal.dominance import diagonal_excess, dominance, largest
from interp.causal.matrix import Losses, effects_frame
from interp.causal.sets import AblationSet
from interp.causal.tables import describe_sets, places_array, read_sets
from interp.stats.bootstrap import draw_counts

LANGUAGES = ("en", "de", "es")
N_BLOCKS = 30


def sets_of(n_controls: int, languages: tuple[str, ...] = LANGUAGES) -> tuple[AblationSet, ...]:
    own = [AblationSet(lang, "heads", None, ((0, i),)) for i, lang in enumerate(languages)]
    controls = [
        AblationSet(lang, kind, draw, ((1, draw),))
        for lang in languages
        for kind in ("random", "layer-matched")
        for draw in range(n_controls)
    ]
    return (AblationSet("", "intact", None, ()), *own, *controls)


def made(seed: int = 0, n_controls: int = 4, diagonal: float = 0.5, loss: str = "nll") -> Losses:
    """Random sums; own sets add ``diagonal`` nats per token to their language."""
    rng = np.random.default_rng(seed)
    sets = sets_of(n_controls)
    weights = rng.integers(5, 60, (3, N_BLOCKS)).astype(float)
    base = weights * rng.uniform(2, 3, (3, N_BLOCKS))
    sums = np.repeat(base[None], len(sets), 0)
    sums[1:] += weights * rng.normal(0.1, 0.2, (len(sets) - 1, 3, N_BLOCKS))
    for i in range(3):
        sums[1 + i, i] += diagonal * weights[i]
    return Losses(sets, LANGUAGES, sums, weights, loss)


def test_an_effect_is_the_token_weighted_change():
    losses = made()
    found = losses.effects([2, 7])
    for row, place in enumerate((2, 7)):
        for j in range(3):
            change = sum(losses.sums[place, j] - losses.sums[0, j]) / sum(losses.weights[j])
            assert found[row, j] == pytest.approx(change, rel=1e-12)
    assert np.abs(losses.effects([0])).max() == 0


def test_chunk_ppl_is_the_logarithm_of_the_ratio():
    losses = made(loss="chunk_ppl")
    means = losses.sums.sum(-1) / losses.weights.sum(-1)
    np.testing.assert_allclose(losses.effects([1, 2]), np.log(means[1:3] / means[0]), rtol=1e-12)


def test_intervals_are_joint_over_sets_and_languages():
    losses = made(3)
    frame = effects_frame(losses, draws=400, seed=5)
    frame = frame.set_index(["source_lang", "lang", "statistic", "kind"]).sort_index()
    counts = draw_counts(N_BLOCKS, 400, 5)
    rows = {"own": [2], "random": losses.controls("de", "random")}
    drawn = {}
    for name, places in rows.items():
        drawn[name] = np.array(
            [
                [
                    ((losses.sums[p, 0] - losses.sums[0, 0]) @ c) / (losses.weights[0] @ c)
                    for p in places
                ]
                for c in counts
            ]
        ).mean(1)
    whole = losses.effects([2, *rows["random"]])[:, 0]
    excess = frame.loc[[("de", "en", "excess", "random")]].iloc[0]
    assert excess["delta"] == pytest.approx(whole[0] - whole[1:].mean(), rel=1e-12)
    ends = np.quantile(drawn["own"] - drawn["random"], [0.025, 0.975])
    assert [excess["ci_low"], excess["ci_high"]] == pytest.approx(ends.tolist(), rel=1e-9)
    own = frame.loc[[("de", "en", "effect", "heads")]].iloc[0]
    ends = np.quantile(drawn["own"], [0.025, 0.975])
    assert [own["ci_low"], own["ci_high"]] == pytest.approx(ends.tolist(), rel=1e-9)
    means = frame.loc[[("de", "en", "effect", "random")]]
    over = means[means["draw"].isna()].iloc[0]
    ends = np.quantile(drawn["random"], [0.025, 0.975])
    assert [over["ci_low"], over["ci_high"]] == pytest.approx(ends.tolist(), rel=1e-9)


def test_what_blocks_share_cancels_in_the_excess():
    # Every set adds the same noise, block by block: own minus controls has no noise at all.
    losses = made()
    noise = np.random.default_rng(1).normal(0, 1, N_BLOCKS)
    sums = np.repeat(losses.sums[:1], len(losses.sets), 0)
    sums[1:] += noise * losses.weights
    sums[1] += 0.25 * losses.weights
    frame = effects_frame(Losses(losses.sets, LANGUAGES, sums, losses.weights), draws=200)
    mine = frame[frame["source_lang"] == "en"]
    excess = mine[mine["statistic"] == "excess"]
    np.testing.assert_allclose(excess[["delta", "ci_low", "ci_high"]], 0.25, atol=1e-12)
    effect = mine[(mine["statistic"] == "effect") & (mine["kind"] == "heads")]
    assert (effect["ci_high"] - effect["ci_low"] > 0.2).all()


def test_one_block_has_no_interval():
    losses = made()
    one = Losses(losses.sets, LANGUAGES, losses.sums[..., :1], losses.weights[:, :1])
    frame = effects_frame(one, draws=50)
    assert frame["ci_low"].isna().all() and frame["delta"].notna().all()


def test_the_largest_is_strict_and_looks_at_rows_and_columns():
    # The fourth language has no set; the first row and the second column end in a tie.
    matrix = np.array([[5.0, 4, 1, 5], [6, 4, 3, 0], [0, 3, 7, 0]])
    in_row, in_column = largest(matrix, [0, 1, 2])
    assert in_row.tolist() == [0, 0, 1] and in_column.tolist() == [0, 0, 1]
    in_row, in_column = largest(matrix + 0.1 * np.eye(3, 4), [0, 1, 2])
    assert in_row.tolist() == [1, 0, 1] and in_column.tolist() == [0, 1, 1]
    excess = 16 / 3 - 22 / 9
    assert diagonal_excess(matrix, [0, 1, 2]) == pytest.approx(excess)
    both = diagonal_excess(np.stack([matrix, -matrix]), [0, 1, 2])
    assert both.tolist() == pytest.approx([excess, -excess])


def test_dominance_counts_the_diagonal_and_what_chance_gives():
    losses = made(n_controls=9)
    found = dominance(losses, draws=300, seed=2)
    matrix = losses.effects(losses.own())
    assert (found.rows, found.columns) == (3, 3) and found.n_controls["random"] == 9
    off = matrix[~np.eye(3, dtype=bool)].mean()
    assert found.value == pytest.approx(np.diag(matrix).mean() - off, rel=1e-12)
    assert found.value_interval[0] < found.value < found.value_interval[1]
    assert found.p_controls == {"random": 0.1, "layer-matched": 0.1}
    sums = sorted(
        sum(matrix[i, j] for i, j in enumerate(order)) for order in itertools.permutations(range(3))
    )
    at_least = np.mean([value >= matrix.trace() - 1e-9 for value in sums])
    assert found.p_labels == pytest.approx(at_least, abs=0.02)


def test_dominance_without_any_is_not_significant():
    ps, labels = [], []
    for seed in range(40):
        found = dominance(made(seed, n_controls=9, diagonal=0.0), draws=2, seed=seed)
        ps.append(found.p_controls["random"])
        labels.append(found.p_labels)
    assert np.mean(np.array(ps) <= 0.1) < 0.3 and 0.35 < np.mean(ps) < 0.75
    assert np.mean(labels) > 0.35


def test_no_controls_leave_no_p():
    losses = made(n_controls=0)
    found = dominance(losses, draws=20)
    assert found.p_controls == {} and found.rows == 3
    assert set(effects_frame(losses, draws=20)["statistic"]) == {"effect"}


def test_sets_are_put_back_together():
    sets = (*sets_of(2), AblationSet("sw", "layer-matched", 1, (), 4))
    assert read_sets(describe_sets(sets), places_array(sets)) == sets


def test_arrays_that_do_not_belong_together_are_refused():
    losses = made()
    with pytest.raises(ValueError, match="disagree"):
        Losses(losses.sets[1:], LANGUAGES, losses.sums, losses.weights)
    with pytest.raises(ValueError, match="intact"):
        Losses(losses.sets[1:], LANGUAGES, losses.sums[1:], losses.weights)
