"""Transition statistics read from studies: against loops, by hand, and where data are short."""

from __future__ import annotations

import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from interp.data.fact_groups import ENGLISH_ONLY, STATED
from interp.errors import InterpError
from interp.lens.rank_quantiles import quantile_interval
from interp.lens.resampling import CURVES, SCALARS, SHARES
from interp.lens.transition import paired, transition
from interp.lens.transition_frames import ALL_LANGUAGES, layer_text
from interp.stats.bootstrap import draw_counts, mean_interval
from interp.study import Study
from tests.lens.pivot_study import add_facts, add_run, study_of
from tests.lens.test_pivot import product_limit, slow
from tests.reference.bootstrap import statistic_interval

INF = math.inf
HALF = 0.5 + 1e-12
POINTS = 5


def random_ranks(seed: int, n_facts: int = 60, languages: str = "de zh bn", absent: float = 0.1):
    """Ranks with ties, more often behind in some languages, some items missing."""
    rng = np.random.default_rng(seed)
    made = {}
    for place, lang in enumerate(languages.split()):
        target = rng.integers(0, 30, (n_facts, POINTS)).astype(float)
        english = rng.integers(0, 22 + 6 * place, (n_facts, POINTS)).astype(float)
        gone = rng.random(n_facts) < absent
        target[gone], english[gone] = np.nan, np.nan
        made[lang] = target, english
    return made


def random_stated(seed: int, n_facts: int = 60, languages: str = "de zh bn"):
    rng = np.random.default_rng(100 + seed)
    return {lang: (rng.random(n_facts) < 0.5).tolist() for lang in languages.split()}


def loop(facts: list[tuple[list[float], list[float]]]) -> dict[str, object] | None:
    """The statistics of some facts of one language, fact by fact."""
    if not facts:
        return None
    done = [slow(target, english) for target, english in facts]
    n = len(done)
    return {
        "pivot_share": [sum(one[0][layer] for one in done) / n for layer in range(POINTS)],
        "survival": product_limit([one[1] for one in done], POINTS),
        "pivot_mass": sum(one[2] for one in done) / n,
        "transition_failure": sum(one[3] for one in done) / n,
    }


def derived(means: dict) -> dict[str, object]:
    share, curve = means["pivot_share"], means["survival"]
    runs = "".join("x" if one > HALF else " " for one in share).split()
    return {
        **means,
        "mean_pivot_share": sum(share) / POINTS,
        "window_layers": sum(one > HALF for one in share),
        "longest_window": max(map(len, runs), default=0),
        "never_crosses": curve[-1],
        "median_crossover": next((i for i, s in enumerate(curve) if s <= HALF), INF),
    }


def by_loops(ranks, member, weights) -> dict[str, dict]:
    """Statistics per language and over them, of facts repeated as often as they were drawn."""
    found = {}
    for lang, (target, english) in ranks.items():
        facts = [
            (target[fact].tolist(), english[fact].tolist())
            for fact in range(len(target))
            if member[lang][fact] and not np.isnan(target[fact, 0])
            for _ in range(weights[fact])
        ]
        found[lang] = loop(facts)
    there = [one for one in found.values() if one is not None]
    mean = {
        name: np.mean([one[name] for one in there], axis=0).tolist()
        for name in ("pivot_share", "survival", "pivot_mass", "transition_failure")
    }
    return {lang: derived(one) for lang, one in {**found, ALL_LANGUAGES: mean}.items() if one}


def test_frames_against_a_bootstrap_of_loops(tmp_path: Path) -> None:
    ranks, stated = random_ranks(1), random_stated(1)
    study, run_id = study_of(tmp_path, ranks, stated, mid=True)
    draws = 120
    found = transition(study, run_id, draws=draws, seed=5)
    # Facts are drawn in the order of their names.
    order = sorted(range(60), key=lambda fact: f"f{fact}")
    order = [f for f in order if any(not np.isnan(t[f, 0]) for t, _ in ranks.values())]
    drawn = np.zeros((draws, 60), int)
    drawn[:, order] = draw_counts(len(order), draws, 5)
    tables = pd.concat([found["statistics"], found["curves"]])
    tables = tables.set_index(["group", "lang", "statistic"]).sort_index()
    checked = 0
    for group, wanted in ((STATED, True), (ENGLISH_ONLY, False)):
        member = {lang: [one is wanted for one in column] for lang, column in stated.items()}
        once = by_loops(ranks, member, [1] * 60)
        each = [by_loops(ranks, member, row) for row in drawn]
        for lang in (*ranks, ALL_LANGUAGES):
            for statistic in (*SCALARS, *CURVES):
                rows = tables.loc[[(group, lang, statistic)]]
                np.testing.assert_allclose(rows["value"], np.ravel(once[lang][statistic]))
                sample = np.array([np.ravel(one[lang][statistic]) for one in each], float)
                ends = _quantiles(sample)
                flat = (ends[0] == ends[1]) if statistic in SHARES else np.zeros(len(rows), bool)
                for name, end in zip(("ci_low", "ci_high"), ends, strict=True):
                    np.testing.assert_allclose(rows[name][~flat], end[~flat], atol=1e-9)
                checked += 1
    assert checked == 2 * 4 * 9


def _quantiles(sample: np.ndarray) -> np.ndarray:
    if not np.isinf(sample).any():
        return np.quantile(sample, [0.025, 0.975], axis=0)
    return np.quantile(sample, [0.025, 0.975], axis=0, method="inverted_cdf")


def test_shares_equal_the_suites_own_mean_interval(tmp_path: Path) -> None:
    ranks = random_ranks(2, absent=0.0)
    study, run_id = study_of(tmp_path, ranks)
    curves = transition(study, run_id, by="all", draws=300, seed=1)["curves"]
    order = sorted(range(60), key=lambda fact: f"f{fact}")
    for lang, (target, english) in ranks.items():
        plain = mean_interval((english < target)[order], draws=300, seed=1)
        rows = curves[(curves["lang"] == lang) & (curves["statistic"] == "pivot_share")]
        np.testing.assert_allclose(rows["value"], plain.estimate)
        np.testing.assert_allclose(rows["ci_low"], plain.low)
        np.testing.assert_allclose(rows["ci_high"], plain.high)
        assert rows["layer"].tolist() == list(range(POINTS)) and set(rows["n"]) == {60}


def test_languages_share_their_draws(tmp_path: Path) -> None:
    # In one language English is ahead of exactly the facts in which it is not in the other, so
    # that the mean is one half whichever facts are drawn; drawn apart, it would scatter by 0.035.
    rng = np.random.default_rng(0)
    ahead = rng.random(400) < 0.5
    low, high = np.zeros((400, 2)), np.full((400, 2), 9.0)
    first = np.where(ahead[:, None], high, low)
    ranks = {"de": (first, 9 - first), "zh": (9 - first, first)}
    study, run_id = study_of(tmp_path, ranks)
    found = transition(study, run_id, by="all", draws=200)["statistics"]
    found = found[found["statistic"] == "never_crosses"].set_index("lang")
    both = found.loc[ALL_LANGUAGES]
    unseen = 1 - 0.025 ** (1 / 400)  # the doubt that a share without any variation keeps
    assert both["value"] == 0.5
    np.testing.assert_allclose([both["ci_low"], both["ci_high"]], [0.5 - unseen, 0.5 + unseen])
    assert found.loc["de", "ci_high"] - found.loc["de", "ci_low"] > 0.08


def test_few_facts_one_fact_and_none(tmp_path: Path) -> None:
    ranks = random_ranks(3, absent=0.0)
    stated = {"de": [True] * 60, "zh": [True] + [False] * 59, "bn": [True] * 12 + [False] * 48}
    study, run_id = study_of(tmp_path, ranks, stated)
    found = transition(study, run_id, draws=100)
    rows = found["statistics"].set_index(["group", "lang", "statistic"]).sort_index()
    none = rows.loc[(ENGLISH_ONLY, "de")]
    assert set(none["note"]) == {"no facts"} and set(none["n"]) == {0}
    assert none[["value", "ci_low", "ci_high"]].isna().all(axis=None)
    one = rows.loc[(STATED, "zh")]
    assert set(one["note"]) == {"not enough data"} and set(one["n"]) == {1}
    assert one["value"].notna().all() and one[["ci_low", "ci_high"]].isna().all(axis=None)
    assert set(rows.loc[(STATED, "bn")]["note"]) == {"not enough data"}
    # Averages take the languages that have 20 facts, and say which they leave out.
    mean = rows.loc[(STATED, ALL_LANGUAGES)]
    assert set(mean["note"]) == {"without zh bn (fewer than 20 facts)"} and set(mean["n"]) == {60}
    np.testing.assert_allclose(mean["value"], rows.loc[(STATED, "de")]["value"])
    other = rows.loc[(ENGLISH_ONLY, ALL_LANGUAGES)]
    assert set(other["note"]) == {"without de (fewer than 20 facts)"} and set(other["n"]) == {59}
    windows = found["windows"].set_index(["group", "lang"])
    assert pd.isna(windows.loc[(ENGLISH_ONLY, "de"), "window"])
    paths = found["trajectories"].set_index(["group", "lang"]).sort_index()
    assert paths.loc[(ENGLISH_ONLY, "de"), "value"].isna().all()
    assert len(paths) == 2 * 3 * 2 * 5 * POINTS


def test_a_group_without_facts_anywhere_is_stated(tmp_path: Path) -> None:
    study, run_id = study_of(tmp_path, random_ranks(4))
    found = transition(study, run_id, draws=100)
    for name, frame in found.items():
        none = frame[frame["group"] == ENGLISH_ONLY]
        assert len(none) == len(frame) / 2 and set(none["note"]) == {"no facts"}, name


def test_where_no_language_has_enough_all_are_averaged_and_it_is_said(tmp_path: Path) -> None:
    ranks = random_ranks(5, n_facts=8, absent=0.0)
    study, run_id = study_of(tmp_path, ranks)
    rows = transition(study, run_id, by="all", draws=100)["statistics"]
    assert set(rows["note"]) == {"not enough data"}
    mass = rows[rows["statistic"] == "pivot_mass"].set_index("lang")["value"]
    assert mass[ALL_LANGUAGES] == pytest.approx(mass.drop(ALL_LANGUAGES).mean())


def test_relations_and_languages_in_their_order(tmp_path: Path) -> None:
    ranks = random_ranks(6, absent=0.0)
    ranks["zh"][0][0] = np.nan  # the first fact of the table has no Chinese item
    relation = ["capital"] * 40 + ["author"] * 20
    order = ["bn", "zh", "de", "en"]
    study, run_id = study_of(tmp_path, ranks, relation=relation, languages=order)
    rows = transition(study, run_id, by="relation", draws=100)["statistics"]
    assert list(dict.fromkeys(rows["group"])) == ["capital", "author"]
    assert list(dict.fromkeys(rows["lang"])) == ["bn", "zh", "de", ALL_LANGUAGES]
    share = rows[rows["statistic"] == "mean_pivot_share"].set_index(["group", "lang"])
    target, english = (table[40:] for table in ranks["bn"])
    assert share.loc[("author", "bn"), "value"] == pytest.approx((english < target).mean())
    assert share.loc[("capital", "zh"), "n"] == 39


def test_a_median_that_is_not_reached_is_infinite(tmp_path: Path) -> None:
    # 31 of 60 never cross: not reached on the facts, and reached in some draws.
    behind = np.arange(60) < 31
    target = np.where(behind[:, None], 5.0, 0.0) * np.ones(POINTS)
    study, run_id = study_of(tmp_path, {"de": (target, np.full((60, POINTS), 2.0))})
    rows = transition(study, run_id, by="all", draws=400)["statistics"]
    median = rows[(rows["statistic"] == "median_crossover") & (rows["lang"] == "de")].iloc[0]
    assert (median["value"], median["ci_low"], median["ci_high"]) == (INF, 0, INF)
    # Against itself: two medians that are not reached have no difference.
    rows = paired(study, run_id, run_id, by="all", draws=400)["statistics"].set_index("statistic")
    median = rows[rows["lang"] == "de"].loc["median_crossover"]
    assert median[["difference", "ci_low", "ci_high"]].isna().all() and median["value_a"] == INF
    assert rows.loc["pivot_mass", "difference"].tolist() == [0, 0]


def test_trajectories(tmp_path: Path) -> None:
    ranks = random_ranks(7)
    study, run_id = study_of(tmp_path, ranks, random_stated(7))
    rows = transition(study, run_id, draws=100)["trajectories"]
    rows = rows.set_index(["group", "lang", "role", "layer", "quantile"])
    stated = random_stated(7)["zh"]
    for role, table in zip(("target", "en"), ranks["zh"], strict=True):
        mine = [table[fact, 2] for fact in range(60) if stated[fact] and table[fact, 2] >= 0]
        for quantile in (0.1, 0.25, 0.5, 0.75, 0.9):
            row = rows.loc[(STATED, "zh", role, 2, quantile)]
            assert row["value"] == pytest.approx(np.quantile(mine, quantile))
            assert row["n"] == len(mine)
            assert row["ci_low"] <= row["value"] <= row["ci_high"]


@pytest.mark.parametrize("n_facts", [2, 7, 40])
def test_quantiles_have_the_interval_that_resampling_gives(n_facts: int) -> None:
    values = np.random.default_rng(n_facts).normal(size=n_facts)
    for quantile in (0.1, 0.5, 0.9):
        found = quantile_interval(values, [quantile], level=0.8)
        drawn = statistic_interval(
            lambda at, quantile=quantile: np.quantile(values[at], quantile, method="inverted_cdf"),
            n_facts, draws=2000, level=0.8,
        )  # fmt: skip
        # Drawing 2,000 times moves an end by a fact at most where two are about as likely.
        ordered = np.sort(values)
        for ours, theirs in ((found.low, drawn.low), (found.high, drawn.high)):
            assert abs(np.searchsorted(ordered, ours[0]) - np.searchsorted(ordered, theirs)) <= 1
        assert found.low[0] <= found.estimate[0] <= found.high[0]


def test_quantiles_of_one_fact_and_of_none() -> None:
    one = quantile_interval(np.array([[3.0, 4.0]]), [0.5])
    assert one.estimate.tolist() == [[3, 4]] and np.isnan(one.low).all()
    none = quantile_interval(np.empty((0, 2)), [0.1, 0.5])
    assert none.estimate.shape == (2, 2) and np.isnan(none.estimate).all() and (none.n == 0).all()


def two_runs(folder: Path, first, second, **options) -> tuple[Study, str, str]:
    study, one = study_of(folder, first)
    return study, one, add_run(study, second, label="grpo", **options)


def test_pairs_on_shared_facts(tmp_path: Path) -> None:
    one, two = random_ranks(8), random_ranks(9)
    del one["bn"]
    study, a, b = two_runs(tmp_path, one, two)
    found = paired(study, a, b, by="all", draws=200, seed=2)
    rows = found["statistics"].set_index(["lang", "statistic"])
    assert list(dict.fromkeys(found["statistics"]["lang"])) == ["de", "zh", ALL_LANGUAGES]
    values = []
    for lang in ("de", "zh"):
        both = ~np.isnan(one[lang][0][:, 0]) & ~np.isnan(two[lang][0][:, 0])
        mass = [
            np.array(
                [slow(*pair)[2] for pair in zip(*(r.tolist() for r in run[lang]), strict=True)]
            )
            for run in (one, two)
        ]
        values.append(np.where(both, mass[1] - mass[0], np.nan))
        assert rows.loc[(lang, "pivot_mass"), "n"] == both.sum()
    # Facts that only one of the two ranked anywhere are not drawn; the others, by name.
    ranked = [
        {f for f in range(60) if any(not np.isnan(t[f, 0]) for t, _ in run.values())}
        for run in (one, two)
    ]
    order = sorted(ranked[0] & ranked[1], key=lambda fact: f"f{fact}")
    plain = mean_interval(np.stack(values, 1)[order], draws=200, seed=2)
    mine = rows.loc[[("de", "pivot_mass"), ("zh", "pivot_mass")]]
    np.testing.assert_allclose(mine["difference"], plain.estimate)
    np.testing.assert_allclose(mine["ci_low"], plain.low)
    np.testing.assert_allclose(mine["ci_high"], plain.high)
    share = found["curves"].query("statistic == 'pivot_share' and lang == 'de'")
    np.testing.assert_allclose(share["difference"], share["value_b"] - share["value_a"])
    assert share["layer"].tolist() == list(range(POINTS))


def test_pairs_are_closer_than_two_checkpoints_apart(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    hard = rng.random(200)[:, None]  # facts differ a lot, checkpoints by a shift
    first = {"de": (np.floor(900 * hard) * np.ones(POINTS), np.full((200, POINTS), 9.0))}
    second = {"de": (first["de"][0] + 30, first["de"][1])}
    study, a, b = two_runs(tmp_path, first, second)
    rows = paired(study, a, b, by="all", draws=200)["statistics"].set_index(["lang", "statistic"])
    row = rows.loc[("de", "pivot_mass")]
    alone = transition(study, a, by="all", draws=200)["statistics"].set_index(["lang", "statistic"])
    width = alone.loc[("de", "pivot_mass"), "ci_high"] - alone.loc[("de", "pivot_mass"), "ci_low"]
    assert row["ci_low"] > 0 and row["ci_high"] - row["ci_low"] < width / 2


def test_runs_that_are_no_pair_are_refused(tmp_path: Path) -> None:
    ranks = random_ranks(10, n_facts=5, absent=0.0)
    study, base = study_of(tmp_path, ranks, prompt_form="qa")
    other_facts = add_run(study, ranks, label="a", data_hash="0" * 64, prompt_form="qa")
    measure = add_run(study, ranks, label="b", prompt_form="native")
    deeper = {lang: (np.pad(t, ((0, 0), (0, 1))), np.pad(e, ((0, 0), (0, 1)))) for lang, (t, e) in ranks.items()}  # fmt: skip
    depth = add_run(study, deeper, label="c", prompt_form="qa")
    language = add_run(study, {"sw": ranks["de"]}, label="d", prompt_form="qa")
    for other, message in (
        (other_facts, "ranked other facts"),
        (measure, r"differ in prompt_form \(qa and native\)"),
        (depth, "have 4 and 5 layers"),
        (language, "share no fact in any language"),
    ):
        with pytest.raises(InterpError, match=message) as said:
            paired(study, base, other, by="all", draws=100)
        assert "\n" not in str(said.value) and "expected" in str(said.value)


def test_what_cannot_be_read_is_said(tmp_path: Path) -> None:
    ranks = random_ranks(11, n_facts=5)
    study, run_id = study_of(tmp_path, ranks, {lang: [None] * 5 for lang in ranks})
    plain = add_run(study, ranks, label="plain", english_role=False)
    for run, by, message in (
        ("x", "all", "unknown finished run 'x'"),
        (plain, "all", "no English answer to compare with"),
        (run_id, "length", "unknown grouping of facts 'length'"),
        (run_id, "stated", "say nothing about 'stated' in de, zh, bn: expected another grouping"),
    ):
        with pytest.raises(InterpError, match=message) as said:
            transition(study, run, by=by, draws=100)
        assert "\n" not in str(said.value)
    lost = add_run(study, ranks, label="lost", data_hash="1" * 64)
    with pytest.raises(InterpError, match="unknown fact set"):
        transition(study, lost, by="all", draws=100)


def test_layers_as_text() -> None:
    assert layer_text([2, 3, 4, 6]) == "2-4 6"
    assert layer_text([0]) == "0" and layer_text([]) == "none"


def test_the_seed_decides(tmp_path: Path) -> None:
    study, run_id = study_of(tmp_path, random_ranks(12))
    first, again, other = (
        transition(study, run_id, by="all", draws=100, seed=seed)["curves"] for seed in (0, 0, 1)
    )
    pd.testing.assert_frame_equal(first, again)
    assert not first["ci_low"].equals(other["ci_low"])


def test_nothing_of_it_needs_torch() -> None:
    modules = ("transition", "separation", "fact_view", "chosen_runs", "summary")
    code = "; ".join([*(f"import interp.lens.{name}" for name in modules),
                      "import interp.cli.print_transition, sys", "sys.exit('torch' in sys.modules)"])  # fmt: skip
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_a_second_fact_set_is_its_own(tmp_path: Path) -> None:
    ranks = random_ranks(13, absent=0.0)
    study, _ = study_of(tmp_path, ranks, {lang: [True] * 60 for lang in ranks})
    run_id = add_run(study, ranks, label="other", data_hash="2" * 64)
    add_facts(study, {lang: [False] * 60 for lang in ranks}, data_hash="2" * 64)
    windows = transition(study, run_id, draws=100)["windows"]
    assert windows[windows["group"] == ENGLISH_ONLY]["n"].tolist() == [60] * 4
