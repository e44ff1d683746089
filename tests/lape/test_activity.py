"""Counts read back from tables, and selections made from them under other thresholds."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest

from interp.errors import InterpError
from interp.lape.activity import read_activity
from interp.lape.live import choose_neurons, neuron_table, rank, rank_all, scatter_frame
from interp.lape.neuron_view import (
    entropy_of,
    firing,
    read_examples,
    read_firing,
    read_path,
    strongest,
)
from interp.lape.summary import selection
from interp.options import LapeOptions
from interp.stats.wilson import wilson
from interp.study import Study, load_study
from tests.dashboards.app import DEMO
from tests.lape.activity_studies import LANGUAGES, TOKENS, drawn_counts, write_lape


@pytest.fixture
def study(tmp_path: Path) -> Study:
    return Study.open(tmp_path / "study")


def live(study: Study, run_id: str, **changes: Any) -> Any:
    activity = read_activity(study, run_id)
    stored = LapeOptions.of_run(study.spec(run_id)["arguments"]).to_dict()
    options = LapeOptions(**{**stored, **changes})
    return choose_neurons(activity, rank(activity, options), options)


def check_same(found: Any, wanted: Any) -> None:
    assert len(wanted) > 0
    np.testing.assert_array_equal(found.layers, wanted.layers)
    np.testing.assert_array_equal(found.neurons, wanted.neurons)
    np.testing.assert_array_equal(found.assigned, wanted.assigned)
    np.testing.assert_array_equal(found.entropy, wanted.entropy[wanted.layers, wanted.neurons])
    assert found.n_wanted == wanted.n_wanted


def test_counts_come_back_exactly(study: Study) -> None:
    counts = drawn_counts(0)
    run_id, _ = write_lape(study, "base", counts)
    read = read_activity(study, run_id)
    np.testing.assert_array_equal(read.counts, counts)
    np.testing.assert_array_equal(read.tokens, TOKENS)
    assert read.languages == LANGUAGES and (read.n_layers, read.n_neurons) == (4, 60)


def test_large_counts_survive_division(study: Study) -> None:
    """Counts of millions of tokens, among them neighbours that differ by one."""
    tokens = np.array([2_097_151, 1_999_993, 332_801, 7])
    counts = np.stack([np.arange(n - 240, n).clip(0).reshape(4, 60) for n in tokens])
    run_id, _ = write_lape(study, "base", counts, tokens=tokens)
    np.testing.assert_array_equal(read_activity(study, run_id).counts, counts)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"top_fraction": 0.03},
        {"filter_quantile": None, "eps": 1e-9, "rounding": "floor"},
        {"filter_quantile": 0.8, "top_fraction": 0.5},
        {"assignment": "threshold", "filter_quantile": 0.7},
    ],
    ids=str,
)
def test_live_selection_is_the_selection_from_stored_counts(
    study: Study, changes: dict[str, Any]
) -> None:
    run_id, _ = write_lape(study, "base", drawn_counts(1))
    check_same(live(study, run_id, **changes), selection(study, run_id, **changes))


def test_the_filter_is_exceeded_strictly(study: Study) -> None:
    """Many probabilities equal the cut itself; whoever only reaches it stays out."""
    tokens = np.full(4, 1000)
    counts = np.random.default_rng(0).choice([0, 100, 400], (4, 4, 60), p=[0.5, 0.46, 0.04])
    run_id, stored = write_lape(study, "base", counts, tokens=tokens, filter_quantile=0.9)
    assert stored.cut == 0.1 and stored.n_filtered > 0
    options = LapeOptions(filter_quantile=0.9, top_fraction=0.1)
    assert rank(read_activity(study, run_id), options).n_filtered == stored.n_filtered
    check_same(live(study, run_id), selection(study, run_id))


@pytest.mark.parametrize("eps", [None, 1e-9])
@pytest.mark.parametrize("quantile", [None, 0.6, 0.95])
def test_entropies_that_are_there_already_are_filtered_alike(
    study: Study, eps: float | None, quantile: float | None
) -> None:
    run_id, _ = write_lape(study, "base", drawn_counts(6))
    activity = read_activity(study, run_id)
    options = LapeOptions(filter_quantile=quantile, eps=eps)
    everyone = rank_all(activity, eps)
    again, ranked = rank(activity, options, everyone), rank(activity, options)
    np.testing.assert_array_equal(again.entropy, ranked.entropy)
    np.testing.assert_array_equal(again.peak, ranked.peak)
    assert (again.cut, again.n_dead, again.n_filtered) == (
        ranked.cut, ranked.n_dead, ranked.n_filtered,
    )  # fmt: skip
    assert (ranked.n_filtered > 0) == (quantile is not None)
    assert np.isfinite(everyone.entropy).sum() == everyone.entropy.size - ranked.n_dead > 0


def test_the_demo_selects_what_it_stored() -> None:
    shipped = load_study(DEMO)
    runs = shipped.runs()
    for run_id in runs.loc[runs["analysis"] == "lape", "run_id"]:
        check_same(live(shipped, run_id), selection(shipped, run_id))
        check_same(
            live(shipped, run_id, top_fraction=0.02), selection(shipped, run_id, top_fraction=0.02)
        )


def test_dead_and_filtered_are_counted_apart(study: Study) -> None:
    run_id, stored = write_lape(study, "base", drawn_counts(2))
    activity = read_activity(study, run_id)
    ranked = rank(activity, LapeOptions(top_fraction=0.1))
    assert (ranked.n_dead, ranked.n_filtered) == (stored.n_dead, stored.n_filtered)
    assert stored.n_dead > 0 and stored.n_filtered > 0
    layer, neuron = stored.layers[3], stored.neurons[3]
    assert ranked.place(layer, neuron) == 3
    dead = np.argwhere(stored.n_active == 0)[0]
    assert ranked.place(*dead) is None


def test_counts_per_layer_and_languages_of_a_neuron(study: Study) -> None:
    run_id, stored = write_lape(
        study, "base", drawn_counts(3), assignment="threshold", filter_quantile=0.6
    )
    found = live(study, run_id)
    rows = study.table("neurons", run_id=run_id)
    rows = rows[rows["selected"]]
    assert rows.groupby(["layer", "neuron"]).size().max() > 1, "some neuron has two languages"
    for lang, per_layer in found.per_layer().items():
        own = rows[rows["lang"] == lang]
        assert per_layer.tolist() == [int((own["layer"] == layer).sum()) for layer in range(4)]
        assert set(found.places(lang)) == set(zip(own["layer"], own["neuron"], strict=True))
    for (layer, neuron), own in rows.groupby(["layer", "neuron"]):
        assert set(found.of_neuron(layer, neuron)) == set(own["lang"])
    assert found.places("ja") == [] and len(stored) == len(found.layers)


def test_the_scatter_holds_all_selected_and_thins_the_others(study: Study) -> None:
    run_id, stored = write_lape(study, "base", drawn_counts(4), filter_quantile=0.5)
    activity = read_activity(study, run_id)
    options = LapeOptions(top_fraction=0.1, filter_quantile=0.5)
    ranked = rank(activity, options)
    chosen = choose_neurons(activity, ranked, options)
    whole = scatter_frame(activity, ranked, chosen)
    n_alive = int(np.isfinite(stored.entropy).sum())
    assert len(whole) == n_alive and whole["selected"].sum() == len(stored)
    thinned = scatter_frame(activity, ranked, chosen, most=20)
    assert (~thinned["selected"]).sum() == 20 and thinned["selected"].sum() == len(stored)
    assert thinned.equals(scatter_frame(activity, ranked, chosen, most=20))
    for row in whole.itertuples():
        p = stored.p[:, row.layer, row.neuron]
        assert row.peak == p.max() and row.top == LANGUAGES[p.argmax()]
        assert row.entropy == stored.entropy[row.layer, row.neuron]
        assert bool(row.langs) == row.selected


def test_the_table_names_the_runner_up(study: Study) -> None:
    run_id, stored = write_lape(study, "base", drawn_counts(5))
    activity = read_activity(study, run_id)
    ranked = rank(activity, LapeOptions())
    dead = tuple(np.argwhere(stored.n_active == 0)[0].tolist())
    places = [(int(stored.layers[0]), int(stored.neurons[0])), dead]
    table = neuron_table(activity, ranked, places, "de")
    p = stored.p[:, places[0][0], places[0][1]]
    without = np.delete(p, 1)
    assert table.loc[0, "p"] == p[1] and table.loc[0, "p_next"] == without.max()
    assert table.loc[0, "next"] == np.delete(LANGUAGES, 1)[without.argmax()]
    assert table.loc[0, "n_active"] == stored.n_active[places[0]]
    assert np.isnan(table.loc[1, "entropy"]) and table.loc[1, "n_active"] == 0
    absent = neuron_table(activity, ranked, places, "ja")
    assert absent["p"].isna().all() and absent.loc[0, "p_next"] == p.max()
    assert neuron_table(activity, ranked, [], "de").empty


def test_one_neuron_read_alone_is_the_neuron_among_all(study: Study) -> None:
    counts = drawn_counts(6)
    run_id, stored = write_lape(study, "base", counts)
    activity = read_activity(study, run_id)
    for layer, neuron in ((0, 0), (3, 59), (2, 17)):
        alone = read_firing(study, run_id, layer, neuron)
        pd.testing.assert_frame_equal(alone, firing(activity, layer, neuron))
        assert alone["n_active"].tolist() == counts[:, layer, neuron].tolist()
    layer, neuron = int(stored.layers[0]), int(stored.neurons[0])
    assert entropy_of(firing(activity, layer, neuron)) == pytest.approx(
        stored.entropy[layer, neuron], abs=1e-12
    )
    assert read_firing(study, run_id, 9, 0).empty


@pytest.mark.parametrize(("hits", "n"), [(0, 10), (10, 10), (3, 10), (1, 333), (4000, 9597)])
def test_wilson(hits: int, n: int) -> None:
    low, high = wilson(np.array([hits]), np.array([n]))
    other = binomtest(hits, n).proportion_ci(method="wilson")
    assert (low[0], high[0]) == pytest.approx((other.low, other.high), abs=1e-12)
    assert low[0] <= hits / n <= high[0]


def test_examples_of_one_neuron(study: Study) -> None:
    counts = drawn_counts(7)
    rows = [
        (layer, neuron, lang, place, f"{lang}{neuron}", [lang, str(neuron)], [float(place), -1.0])
        for layer, neuron in ((0, 1), (0, 2), (3, 1))
        for lang in ("de", "ar")
        for place in (0, 1)
    ]
    names = ["layer", "neuron", "lang", "rank", "text", "tokens", "activations"]
    run_id, _ = write_lape(study, "base", counts, examples=pd.DataFrame(rows, columns=names))
    found = read_examples(study, run_id, 0, 2)
    assert list(zip(found["lang"], found["rank"], strict=True)) == [
        ("ar", 0), ("ar", 1), ("de", 0), ("de", 1)
    ]  # fmt: skip
    assert set(found["text"]) == {"de2", "ar2"}
    assert strongest([found, read_examples(study, run_id, 1, 1)]) == 1.0
    assert strongest([]) == 0.0
    assert read_examples(study, run_id, 1, 1).empty


def test_the_path_goes_from_the_base_over_the_steps(study: Study) -> None:
    all_counts = [drawn_counts(seed) for seed in (8, 9, 10)]
    labels = ("base", "sft-step-100", "sft")
    runs = [write_lape(study, *one) for one in zip(labels, all_counts, strict=True)]
    steps = (0, 100, 200)
    points = tuple(
        (step, label, run_id) for step, label, (run_id, _) in zip(steps, labels, runs, strict=True)
    )
    layer, neuron = int(runs[0][1].layers[0]), int(runs[0][1].neurons[0])
    path = read_path(study, points, layer, neuron)
    assert path["step"].unique().tolist() == [0, 100, 200]
    for step, counts, (_, stored) in zip(steps, all_counts, runs, strict=True):
        own = path[path["step"] == step]
        assert own["n_active"].tolist() == counts[:, layer, neuron].tolist()
        mine = stored.assigned[(stored.layers == layer) & (stored.neurons == neuron)].any(axis=0)
        assert own["selected"].iloc[0].split() == np.array(LANGUAGES)[mine].tolist()
    assert path["selected"].iloc[0] != ""
    assert read_path(study, (), 0, 0).empty


def test_what_cannot_be_read_is_said(study: Study) -> None:
    run_id, _ = write_lape(study, "base", drawn_counts(0))
    with pytest.raises(InterpError, match="finished run"):
        read_activity(study, "absent")
    table = study.path / "runs" / run_id / "neuron_probs.parquet"
    table.write_bytes(table.read_bytes()[:-1])
    with pytest.raises(InterpError, match="damaged"):
        read_activity(study, run_id)


def test_a_table_that_lacks_neurons_is_refused(study: Study, monkeypatch: Any) -> None:
    from interp.lape.select import LapeSelection

    whole = LapeSelection.probs_frame
    monkeypatch.setattr(LapeSelection, "probs_frame", lambda self: whole(self).iloc[1:])
    run_id, _ = write_lape(study, "base", drawn_counts(0))
    with pytest.raises(InterpError, match=r"lacks 1 of 960 cells"):
        read_activity(study, run_id)


def test_rows_in_another_order_are_the_same_counts(study: Study, monkeypatch: Any) -> None:
    from interp.lape.select import LapeSelection

    whole = LapeSelection.probs_frame
    monkeypatch.setattr(
        LapeSelection, "probs_frame", lambda self: whole(self).sample(frac=1, random_state=3)
    )
    counts = drawn_counts(0)
    run_id, _ = write_lape(study, "base", counts)
    np.testing.assert_array_equal(read_activity(study, run_id).counts, counts)


def test_readers_do_without_torch() -> None:
    code = (
        "import sys, interp.lape.activity, interp.lape.live, interp.lape.neuron_view;"
        "assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
