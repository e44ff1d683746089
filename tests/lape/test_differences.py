"""Differences of language neurons: by hand, against sets and loops, against scipy, on published lists."""

from __future__ import annotations

import itertools
import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import ks_2samp

from interp.lape.differences import compare, statistics
from interp.lape.exchange import _labels, exchange_neurons
from interp.lape.selections import Selections, from_rows, groups_of

LANGUAGES = ("en", "de", "sw")
WIDTH = 10
Chosen = dict[tuple[int, int], set[str]]
"""(layer, neuron) -> languages."""


def selections(*replicates: Chosen | None, n_layers: int = 4, width: int = WIDTH) -> Selections:
    """One replicate per argument; None is one that could not be computed."""
    rows = [
        (number, layer * width + j, [lang in langs for lang in LANGUAGES])
        for number, chosen in enumerate(replicates)
        for (layer, j), langs in (chosen or {}).items()
    ]
    return Selections(
        languages=LANGUAGES,
        n_layers=n_layers,
        d_mlp=width,
        replicate=np.array([row[0] for row in rows], np.int64),
        neuron=np.array([row[1] for row in rows], np.int64),
        assigned=np.array([row[2] for row in rows], bool).reshape(-1, len(LANGUAGES)),
        known=np.array([chosen is not None for chosen in replicates]),
    )


def table(first: Selections, second: Selections, same_neurons: bool = True) -> pd.DataFrame:
    """Everything of the first replicate, by (statistic, language)."""
    found = compare(first, second, same_neurons=same_neurons)
    named = statistics(first.languages, same_neurons=same_neurons)
    fields = ("value", "first", "second", "signed", "behind", "layer")
    return pd.DataFrame(
        {name: getattr(found, name)[0] for name in fields},
        index=[(one.name, one.lang) for one in named],
    )


BASE: Chosen = {(0, 1): {"en"}, (0, 2): {"en"}, (1, 3): {"de"}, (3, 4): {"de"}, (3, 5): {"sw"}}
MODEL: Chosen = {(0, 1): {"en"}, (1, 3): {"en"}, (3, 4): {"de", "sw"}, (2, 6): {"sw"}}


def test_every_number_by_hand() -> None:
    rows = table(selections(BASE), selections(MODEL))
    value = rows["value"].to_dict()
    assert [value["neurons", lang] for lang in LANGUAGES] == [0, -1, 1]
    assert rows.at[("neurons", "de"), "first"] == 2 and rows.at[("neurons", "de"), "second"] == 1
    assert [value["neurons_change", lang] for lang in LANGUAGES] == [0, -50, 100]
    # of 4 layers the last ceil(20 / 32) = 1
    assert [value["late_share", lang] for lang in LANGUAGES] == [0, 1 - 1 / 2, 1 / 2 - 1]
    assert value["late_share", None] == pytest.approx(1 / 4 - 2 / 5)
    # base .4 .6 .6 1, model .25 .5 .75 1: equal up to .15, first at layer 0, the model's below
    assert value["layer_distance", None] == pytest.approx(0.15)
    assert rows.at[("layer_distance", None), "signed"] == pytest.approx(-0.15)
    assert rows.at[("layer_distance", None), "layer"] == 0
    assert value["layer_distance", "en"] == pytest.approx(0.5)
    assert rows.at[("layer_distance", "en"), "signed"] == pytest.approx(-0.5)
    # without English: base de de sw at 1 3 3, model (de sw) sw at 3 2
    assert value["layer_distance_without_english", None] == pytest.approx(1 / 3)
    assert rows.at[("layer_distance_without_english", None), "layer"] == 1
    assert [value["neuron_jaccard", lang] for lang in LANGUAGES] == [1 / 3, 1 / 2, 0]
    assert value["neuron_jaccard", None] == 3 / 6, (
        "a neuron of two languages, or of another, is one"
    )
    for kind in ("neurons_change", "layer_distance", "neuron_jaccard"):
        assert rows.loc[[(kind, "de")], ["first", "second"]].isna().all(axis=None)


def test_what_stands_behind_is_the_larger_side_of_numbers_and_else_the_smaller() -> None:
    behind = table(selections(BASE), selections(MODEL))["behind"].to_dict()
    for name, expected in {
        "neurons": [2, 2, 2], "neurons_change": [2, 2, 2], "late_share": [2, 1, 1],
        "layer_distance": [2, 1, 1], "neuron_jaccard": [2, 1, 1],
    }.items():  # fmt: skip
        assert [behind[name, lang] for lang in LANGUAGES] == expected
    assert behind["layer_distance", None] == behind["neuron_jaccard", None] == 4
    assert behind["layer_distance_without_english", None] == 2, "(de, sw) counts once"
    alone = table(selections(BASE), selections(BASE))["behind"]
    assert alone["layer_distance_without_english", None] == 3 and alone["neurons", "en"] == 2
    named = statistics(LANGUAGES, same_neurons=True)
    assert {(one.behind_what, one.behind_needed) for one in named} == {("selected neurons", 20)}


def drawn(rng: np.random.Generator, several: bool) -> Chosen:
    chosen: Chosen = {}
    for place in rng.choice(4 * WIDTH, rng.integers(0, 25), replace=False):
        n = int(rng.integers(1, 3)) if several else 1
        chosen[divmod(int(place), WIDTH)] = set(rng.choice(LANGUAGES, n, replace=False).tolist())
    return chosen


def by_loops(base: Chosen, model: Chosen, name: str, lang: str | None) -> float:
    """A statistic from its definition, with sets of (layer, neuron)."""
    if name == "layer_distance_without_english":
        sides = [{at for at, ls in side.items() if ls - {"en"}} for side in (base, model)]
        name = "layer_distance"
    else:
        sides = [{at for at, ls in side.items() if lang is None or lang in ls}
                 for side in (base, model)]  # fmt: skip
    a, b = sides
    if name == "neurons":
        return len(b) - len(a)
    if name == "neurons_change":
        return 100 * (len(b) - len(a)) / len(a) if a else math.nan
    if name == "neuron_jaccard":
        return len(a & b) / len(a | b) if a | b else math.nan
    if not a or not b:
        return math.nan
    if name == "late_share":
        return sum(at[0] == 3 for at in b) / len(b) - sum(at[0] == 3 for at in a) / len(a)
    with np.errstate(divide="ignore"):  # its p-value, of which nothing is read
        return float(ks_2samp([at[0] for at in a], [at[0] for at in b], method="asymp").statistic)


@pytest.mark.parametrize("several", [False, True])
def test_replicates_side_by_side_against_sets_and_scipy(several: bool) -> None:
    rng = np.random.default_rng(several)
    pairs = [(drawn(rng, several), drawn(rng, several)) for _ in range(40)]
    found = compare(
        selections(*(a for a, _ in pairs)), selections(*(b for _, b in pairs)), same_neurons=True
    )
    named = statistics(LANGUAGES, same_neurons=True)
    expected = [[by_loops(a, b, one.name, one.lang) for one in named] for a, b in pairs]
    np.testing.assert_allclose(found.value, expected, atol=1e-12)
    assert np.isnan(expected).any() and (~np.isnan(expected)).all(axis=0).sum() < len(named)


def test_empty_sides_and_unknown_replicates() -> None:
    found = compare(
        selections({}, BASE, {}, None, BASE), selections({}, {}, MODEL, MODEL, None),
        same_neurons=True,
    )  # fmt: skip
    named = [(one.name, one.lang) for one in statistics(LANGUAGES, same_neurons=True)]
    value = {name: found.value[:, at] for at, name in enumerate(named)}
    np.testing.assert_array_equal(value["neurons", "en"], [0, -2, 2, np.nan, np.nan])
    np.testing.assert_array_equal(value["neurons_change", "en"], [np.nan, -100] + [np.nan] * 3)
    np.testing.assert_array_equal(value["neuron_jaccard", None], [np.nan, 0, 0, np.nan, np.nan])
    for name in ("late_share", "layer_distance"):
        assert np.isnan(value[name, None]).all()
    assert np.isnan(found.value[3:]).all() and not found.behind[3:].any()
    assert (found.layer[:, named.index(("layer_distance", None))] == -1).all()
    shared = selections(BASE, None, BASE).shared(selections(BASE, BASE, None))
    assert shared[0].tolist() == [2, 2, 1, 5, 3] and np.isnan(shared[1:]).all()


def test_other_depths_compare_at_relative_depth_and_without_sets() -> None:
    deep: Chosen = {(2 * layer + 1, j): langs for (layer, j), langs in BASE.items()}
    rows = table(selections(BASE), selections(deep, n_layers=8), same_neurons=False)
    assert not any(name == "neuron_jaccard" for name, _ in rows.index)
    assert rows.at[("layer_distance", None), "value"] == 0
    assert rows.at[("neurons", "de"), "value"] == 0
    assert rows.at[("late_share", None), "value"] == 0, "last of 4, last 2 of 8"


def test_statistics_without_english_need_english_and_another() -> None:
    for languages, there in ((("en", "de"), True), (("de", "sw"), False), (("en",), False)):
        named = {one.name for one in statistics(languages, same_neurons=True)}
        assert ("layer_distance_without_english" in named) is there


def test_rows_of_the_table_become_a_selection() -> None:
    frame = pd.DataFrame(
        [(1, 3, "de"), (1, 3, "sw"), (0, 9, "en"), (2, 2, "fr")],
        columns=["layer", "neuron", "lang"],
    )
    found = from_rows(frame, LANGUAGES, 4, WIDTH)
    assert found.neuron.tolist() == [9, 13]
    assert found.assigned.tolist() == [[True, False, False], [False, True, True]]
    assert found.layer_counts()[0].sum(axis=1).tolist() == [1, 1, 1, 2, 1]
    counted = groups_of(np.array([[1, 0], [0, 1], [2, 1]]), LANGUAGES)
    assert counted.tolist() == [[1, 0], [0, 1], [2, 1], [3, 2], [2, 2]]


def exchanged_by_hand(base: Chosen, model: Chosen) -> list[tuple[Chosen, Chosen]]:
    moving = [at for at in sorted({*base, *model}) if base.get(at) != model.get(at)]
    found = []
    for chosen in itertools.product((False, True), repeat=len(moving)):
        sides = [dict(base), dict(model)]
        for at in itertools.compress(moving, chosen):
            taken = [side.pop(at, None) for side in sides]
            for side, langs in zip(sides, reversed(taken), strict=True):
                if langs:
                    side[at] = langs
        found.append((sides[0], sides[1]))
    return found


def test_exchanges_few_enough_to_list_are_listed() -> None:
    found = exchange_neurons(selections(BASE), selections(MODEL))
    assert found.n_differing == 5 and found.n_draws == 32
    named = statistics(LANGUAGES, same_neurons=False)
    every = [
        [abs(by_loops(a, b, one.name, one.lang)) for one in named]
        for a, b in exchanged_by_hand(BASE, MODEL)
    ]
    observed = np.array([abs(by_loops(BASE, MODEL, one.name, one.lang)) for one in named])
    expected = np.mean(~(np.array(every) < observed - 1e-9), axis=0)
    np.testing.assert_allclose(found.p, expected)
    np.testing.assert_allclose(found.usual, np.nanquantile(every, 0.95, axis=0))


def test_drawn_exchanges_come_near_all_of_them_and_equal_lists_differ_in_nothing() -> None:
    exact = exchange_neurons(selections(BASE), selections(MODEL))
    drawn = exchange_neurons(selections(BASE), selections(MODEL), draws=31)
    assert drawn.n_draws == 31 and exact.n_draws == 32
    np.testing.assert_allclose(drawn.p, exact.p, atol=0.3)
    same = exchange_neurons(selections(BASE), selections(BASE))
    assert same.n_differing == 0 and (same.p == 1).all()
    empty = exchange_neurons(selections({}), selections({}))
    assert np.isnan(empty.p[-1]) and empty.p[0] == 1


def test_no_exchange_is_drawn_twice_over() -> None:
    first, second, rest = (one.moved for one in _labels(20, 1001, 0))
    assert len(first) == len(second) == 500 and len(rest) == 1
    assert (first != second).any() and (first[0] != rest[0]).any()


def released(folder: Path, model: str) -> Selections:
    data = json.loads((folder / "release" / "lape" / model / "lape_results.json").read_text())
    meta = json.loads((folder / "release" / "lape" / model / "meta.json").read_text())
    rows = [
        (int(layer) - 1, j, lang)
        for layer, langs in data.items()
        for lang, neurons in langs.items()
        for j in neurons
    ]
    frame = pd.DataFrame(rows, columns=["layer", "neuron", "lang"])
    return from_rows(frame, tuple(meta["langs"]), meta["num_layers"], meta["intermediate_size"])


def test_released_lists_give_the_published_numbers(shared_data: Path) -> None:
    base = released(shared_data, "olmo-base")
    assert len(base.neuron) == 3522
    rows = {
        model: table(base, released(shared_data, model))
        for model in ("olmo-sft-10k", "olmo-grpo-attmlp", "olmo-cpt-grpo")
    }
    sft, grpo, cpt = rows.values()
    for found, english in ((sft, 1784), (grpo, 1898), (cpt, 1843)):
        assert found.at[("neurons", "en"), "first"] == 1762
        assert found.at[("neurons", "en"), "second"] == english
    levels = {lang: tuple(grpo.loc[[("neurons", lang)], ["first", "second"]].iloc[0])
              for lang in ("bn", "sw", "zh")}  # fmt: skip
    assert levels == {"bn": (363, 417), "sw": (328, 229), "zh": (81, 84)}
    assert round(grpo.at[("neurons_change", "sw"), "value"], 1) == -30.2
    assert round(grpo.at[("neurons_change", "en"), "value"], 1) == 7.7
    distances = [round(one.at[("layer_distance", None), "value"], 4) for one in (sft, grpo, cpt)]
    assert distances == [0.0150, 0.0241, 0.0190]
    assert grpo.at[("layer_distance", None), "layer"] == 17, "the 18th layer"
    assert grpo.at[("layer_distance", None), "signed"] > 0, "F_grpo above F_base"
    without = [round(one.at[("layer_distance_without_english", None), "value"], 4)
               for one in (sft, grpo)]  # fmt: skip
    assert without == [0.0262, 0.0592]
    alike = [round(one.at[("neuron_jaccard", None), "value"], 3) for one in (sft, grpo)]
    assert alike == [0.939, 0.757]
    late = {
        lang: tuple((100 * grpo.loc[[("late_share", lang)], ["first", "second"]].iloc[0]).round(1))
        for lang in ("sw", "es")
    }
    assert late == {"sw": (59.8, 66.8), "es": (86.2, 89.4)}


def test_released_lists_exchanged(shared_data: Path) -> None:
    base, grpo = released(shared_data, "olmo-base"), released(shared_data, "olmo-grpo-attmlp")
    found = exchange_neurons(base, grpo)
    named = [(one.name, one.lang) for one in statistics(base.languages, same_neurons=False)]
    at = named.index(("layer_distance", None))
    assert found.p[at] == 1 / 5000
    assert round(found.usual[at], 3) == 0.011
