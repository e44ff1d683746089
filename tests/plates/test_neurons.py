"""Plates of language neurons: their numbers, found a second way, and what is said of them."""

from __future__ import annotations

import json
from collections import Counter
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import ks_2samp

from interp.comparison import compare
from interp.errors import InterpError
from interp.figures.verdicts import SIGNS
from interp.importers import read_lape, save_import
from interp.plates import Lacking, Plate, View, neurons
from interp.plates.neurons.frames import final_layers, window_frame
from interp.plates.neurons.kept import chance_jaccard
from interp.plates.neurons.selected import Selected
from interp.plates.neurons.words import about_tokens
from interp.study import Study
from tests.comparison.test_lape import QUICK, counted, rates, write
from tests.dashboards.studies import whole, write_lape
from tests.plates.head_studies import write_scores

DEMO = "artifacts/demo"
RELEASED = {
    "base": "olmo-base", "sft-10k": "olmo-sft-10k", "grpo-attmlp": "olmo-grpo-attmlp",
    "cpt-grpo": "olmo-cpt-grpo",
}  # fmt: skip


@pytest.fixture(scope="module")
def demo() -> View:
    return View.of(DEMO)


@pytest.fixture(scope="module")
def drawn(demo: View) -> dict[str, Plate]:
    """Every plate of the shipped study, drawn once."""
    few = partial(neurons.null, relabellings=39)
    draws = {one.name: few if one.name == "neuron-null" else one.draw for one in neurons.ENTRIES}
    return {name: draw(demo) for name, draw in draws.items()}


@pytest.fixture(scope="module")
def released(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> View:
    study = Study.open(tmp_path_factory.mktemp("released") / "s")
    for label, name in RELEASED.items():
        save_import(study, read_lape(shared_data / "release" / "lape" / name), label=label)
    return View.of(study, base="base")


@pytest.fixture(scope="module")
def lists(shared_data: Path) -> dict[str, set[tuple[str, int, int]]]:
    """Language, layer (0-based) and neuron of every released neuron, read without the importer."""
    found = {}
    for label, name in RELEASED.items():
        text = (shared_data / "release" / "lape" / name / "lape_results.json").read_text()
        found[label] = {
            (lang.removesuffix("-cn"), int(layer) - 1, neuron)
            for layer, row in json.loads(text).items()
            for lang, own in row.items()
            for neuron in own
        }
    return found


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> View:
    """A base, the same measured again, and a checkpoint with planted changes; compared."""
    study = Study.open(tmp_path_factory.mktemp("planted") / "s")
    write(study, "base", counted(rates(), 0))
    write(study, "again", counted(rates(), 1))
    write(study, "grpo", counted(rates(moved=10, late=True), 2))
    compare(study, "base", analyses=["lape"], settings=QUICK)
    return View.of(study)


def value_of(frame: pd.DataFrame, column: str = "value", **where: str) -> float:
    for name, value in where.items():
        frame = frame[frame[name] == value]
    (found,) = frame[column]
    return float(found)


# --- the released lists: numbers that others computed ---


def test_the_released_counts(released: View, lists: dict) -> None:
    plate = neurons.counts(released)
    assert plate.paper == "Figure 5" and plate.name == "neuron-counts"
    english = {"base": 1762, "sft-10k": 1784, "grpo-attmlp": 1898, "cpt-grpo": 1843}
    for label, own in lists.items():
        counts = Counter(lang for lang, _, _ in own)
        mine = plate.frame[plate.frame["label"] == label].set_index("lang")["neurons"].to_dict()
        assert mine == counts and sum(mine.values()) == 3522 and mine["en"] == english[label]
    assert (
        "base 1,762, cpt-grpo 1,843 (+4.6 %), grpo-attmlp 1,898 (+7.7 %), sft-10k" in plate.reading
    )
    assert "sw 332,800; others up to 1,999,872" in plate.reading
    assert "not compared yet" in plate.reading and "a factor of 38.7 apart" in plate.reading
    assert plate.figure is not None and plate.figure.layout.yaxis.type == "log"
    assert "bar" not in {trace.type for trace in plate.figure.data}
    bars = neurons.counts_with_intervals(released)
    assert "Every checkpoint has 3,522 selected neurons" in bars.reading
    assert "interval" not in bars.title


def test_the_released_distances(released: View, lists: dict) -> None:
    wanted = {
        "neuron-ecdf": {"sft-10k": 0.0150, "grpo-attmlp": 0.0241, "cpt-grpo": 0.0190},
        "neuron-ecdf-without-english": {"sft-10k": 0.0262, "grpo-attmlp": 0.0592},
    }
    for draw in (neurons.ecdf, neurons.ecdf_without_english):
        plate = draw(released)
        for label, d in wanted[plate.name].items():
            wide = plate.frame.pivot(index="layer", columns="label", values="share")
            gap = (wide[label] - wide["base"]).abs()
            assert gap.max() == pytest.approx(d, abs=5e-5)
            sides = [
                [at for lang, at, _ in lists[one] if plate.name == "neuron-ecdf" or lang != "en"]
                for one in ("base", label)
            ]
            assert gap.max() == pytest.approx(ks_2samp(*sides).statistic)
            assert f"{label}: D = {d:.4f} at layer {gap.idxmax()}" in plate.reading
    plate = neurons.cumulative(released)
    # at the 18th layer, F_grpo above F_base
    assert "grpo-attmlp: D = 0.0241 at layer 17 (base 9.9%, grpo-attmlp 12.3%" in plate.reading
    assert "grpo-attmlp's lie earlier" in plate.reading
    assert plate.figure is not None and plate.paper == "Figure 15"
    assert {one.name for one in plate.figure.data} == {
        "base", "sft-10k (D_KS = 0.0150)", "grpo-attmlp (D_KS = 0.0241)", "cpt-grpo (D_KS = 0.0190)"
    }  # fmt: skip
    assert f"grpo-attmlp {round(0.0241 * 3522)}" in plate.reading
    frame = neurons.distances(released).frame
    assert value_of(frame, place="all but en", label="grpo-attmlp") == pytest.approx(
        0.0592, abs=5e-5
    )
    assert value_of(frame, "layer", place="all together", label="grpo-attmlp") == 17
    assert (frame["verdict"] == "").all()


def test_the_released_sets(released: View, lists: dict) -> None:
    plate = neurons.sets(released)
    for label, jaccard in (("sft-10k", 0.939), ("grpo-attmlp", 0.757)):
        own = plate.frame[plate.frame["label"] == label].set_index("place")
        assert own.loc["all together", "jaccard"] == pytest.approx(jaccard, abs=5e-4)
        assert f"Jaccard {jaccard}" in plate.reading
        for lang in released.languages:
            before, after = (
                {place[1:] for place in lists[one] if place[0] == lang} for one in ("base", label)
            )
            assert own.loc[lang, ["kept", "gained", "lost"]].tolist() == [
                len(before & after), len(after - before), len(before - after)
            ]  # fmt: skip
    assert "Two random sets of these sizes would have about 0.005" in plate.reading


def test_the_released_final_layers(released: View, lists: dict) -> None:
    plate = neurons.final_share(released)
    assert plate.paper == "Figure 6" and "layers 27–31 of 32 (from 0)" in plate.title
    share = plate.frame[plate.frame["label"] == "base"].set_index("lang")["value"]
    for lang in released.languages:
        own = [at for one, at, _ in lists["base"] if one == lang]
        assert share[lang] == np.mean([at + 1 >= 28 for at in own])
    assert all(0.86 <= share[lang] < 0.895 for lang in ("es", "fr", "pt"))
    assert (
        all(0.18 <= share[lang] < 0.195 for lang in ("ar", "ja")) and round(share["bn"], 2) == 0.06
    )
    latin = ["en", "de", "es", "fr", "pt", "id", "sw"]
    sorted_ = neurons.final_share_with_intervals(released)
    assert list(dict.fromkeys(sorted_.frame["lang"]))[:7] == latin
    assert f"base {share[latin].mean():.1%}" in sorted_.reading
    windows = neurons.windows(released).frame
    for layers in (1, 5, 20, 32):
        own = [32 - at <= layers for one, at, _ in lists["cpt-grpo"] if one == "zh"]
        mine = windows[(windows["lang"] == "zh") & (windows["label"] == "cpt-grpo")]
        assert value_of(mine[mine["layers"] == layers]) == pytest.approx(np.mean(own))


def test_lists_have_neither_interval_nor_map(released: View) -> None:
    with pytest.raises(Lacking, match=r"no activations of base.*interp lape --model"):
        neurons.entropy_map(released)
    plate = neurons.null(released)
    assert (
        "each counts as an independent draw" in plate.reading
        and "Where blocks" not in plate.reading
    )
    assert plate.frame.groupby("label")["count"].sum().eq(999).all()
    assert neurons.ecdf(released).name == "neuron-ecdf"
    assert "band" not in neurons.ecdf(released).reading


# --- the shipped study: its tables, and its stored comparisons ---


def selected(view: View, label: str) -> pd.DataFrame:
    run = dict(view.runs("lape"))[label]
    table = view.study.table("neurons", run_id=run)
    return table[table["selected"]]


def test_the_shipped_counts_and_their_intervals(demo: View, drawn: dict[str, Plate]) -> None:
    plate = drawn["neuron-counts-intervals"]
    stored = demo.study.table("comparisons")
    stored = stored[(stored["statistic"] == "neurons") & stored["label"].isin(demo.others)]
    assert len(stored) == 24
    for label in demo.labels:
        counts = selected(demo, label)["lang"].value_counts().to_dict()
        mine = plate.frame[plate.frame["label"] == label].set_index("lang")
        assert mine["neurons"].to_dict() == counts
    for row in stored.to_dict("records"):
        own = plate.frame[(plate.frame["lang"] == row["lang"])].set_index("label")
        assert own.loc[row["label"], ["low", "high"]].tolist() == [
            row["label_low"],
            row["label_high"],
        ]
        assert own.loc["base", ["low", "high"]].tolist() == [row["base_low"], row["base_high"]]
        assert own.loc[row["label"], "verdict"] == row["verdict"]
    kinds = stored["verdict"].value_counts()
    for verdict, n in kinds.items():
        assert f"{n} {SIGNS[str(verdict)]} {verdict}" in plate.reading
    assert "95 % intervals" in plate.title


def test_the_shipped_changes_in_percent(demo: View, drawn: dict[str, Plate]) -> None:
    frame = drawn["neuron-change"].frame
    stored = demo.study.table("comparisons")
    percent, number = (
        stored[(stored["statistic"] == name) & stored["label"].isin(demo.others)]
        for name in ("neurons_change", "neurons")
    )
    for row, count in zip(percent.to_dict("records"), number.to_dict("records"), strict=True):
        mine = frame[(frame["place"] == row["lang"]) & (frame["label"] == row["label"])].iloc[0]
        assert mine["value"] == pytest.approx(row["value"])
        assert mine[["low", "high", "floor"]].tolist() == [
            row["ci_low"], row["ci_high"], row["noise_floor"]
        ]  # fmt: skip
        assert (
            mine["verdict"] == count["verdict"]
        )  # of the number: that of the percent hardly calls a fall


def test_the_shipped_layers(demo: View, drawn: dict[str, Plate]) -> None:
    counts, shares = (drawn[name].frame for name in ("neuron-layers", "neuron-layer-shares"))
    for label in demo.labels:
        wanted = selected(demo, label).groupby(["lang", "layer"]).size()
        mine = counts[counts["label"] == label].set_index(["lang", "layer"])["value"]
        assert mine.sum() == len(selected(demo, label)) and (mine[wanted.index] == wanted).all()
        assert len(mine) == 12 * 8
    whole_ = shares.groupby(["label", "lang"])["value"].sum()
    assert np.allclose(whole_, 1)
    zh = counts[(counts["lang"] == "zh") & (counts["label"] == "base")]["value"].to_numpy()
    assert np.allclose(
        shares[(shares["lang"] == "zh") & (shares["label"] == "base")]["value"], zh / 89
    )
    assert drawn["neuron-layers"].paper == "Figure 14"


def test_the_shipped_curves_and_null(demo: View, drawn: dict[str, Plate]) -> None:
    plate, null = drawn["neuron-ecdf"], drawn["neuron-null"]
    band = plate.frame[plate.frame["label"] == "base"]
    assert (band["low"] <= band["share"] + 0.02).all() and (band["high"] > band["low"]).any()
    assert "The band: base on other text" in plate.reading
    assert null.frame.groupby("label")["count"].sum().eq(39).all()
    stored = demo.study.table("comparisons")
    pooled = stored[(stored["statistic"] == "layer_distance") & stored["lang"].isna()]
    for row in pooled[pooled["label"].isin(demo.others)].to_dict("records"):
        assert value_of(null.frame.drop_duplicates("label"), "observed", label=row["label"]) == (
            pytest.approx(row["value"])
        )
        assert f"stored {row['p']:.2g}" in null.reading
        assert f"D = {row['value']:.4f} at layer {int(row['layer'])}" in plate.reading
        assert f"{SIGNS[row['verdict']]} {row['verdict']}" in plate.reading


def test_languages_with_few_neurons_are_set_aside(demo: View, drawn: dict[str, Plate]) -> None:
    plate = drawn["neuron-distances"]
    few = [lang for lang in demo.languages if (selected(demo, "base")["lang"] == lang).sum() < 20]
    assert few and f"With fewer, D is large by chance: {', '.join(few)}." in plate.reading
    most = plate.frame[plate.frame["label"] == "sft"].set_index("place")["value"].drop(few)
    assert f"farthest {most.idxmax()} (D {most.max():.4f}" in plate.reading
    assert most.max() < plate.frame["value"].max()


def test_the_map_of_the_shipped_study(demo: View) -> None:
    plate = neurons.entropy_map(demo, label="sft", lang="ar")
    rows = selected(demo, "sft")
    drawn = plate.frame[plate.frame["selected"]]
    assert set(zip(drawn["layer"], drawn["neuron"], strict=True)) == set(
        zip(rows["layer"], rows["neuron"], strict=True)
    )
    both = drawn.merge(rows, on=["layer", "neuron"])
    assert np.allclose(both["entropy_x"], both["entropy_y"], rtol=1e-3)
    assert "410 of 8,192 neurons are selected" in plate.reading
    assert plate.figure is not None
    assert f"selected, ar ({(rows['lang'] == 'ar').sum()})" in [
        one.name for one in plate.figure.data
    ]
    assert f"median entropy is {rows['entropy'].median():.3f}" in plate.reading
    with pytest.raises(InterpError, match="label"):
        neurons.entropy_map(demo, label="nobody")
    with pytest.raises(InterpError, match="language"):
        neurons.entropy_map(demo, lang="xx")


# --- planted changes ---


def test_planted_changes_are_said_to_be_beyond_noise(planted: View) -> None:
    assert planted.labels == ("base", "grpo", "again")
    bars = neurons.counts_with_intervals(planted)
    assert "Beyond noise: grpo de, sw." in bars.reading
    change = neurons.change(planted)
    assert value_of(change.frame, place="sw", label="grpo") == pytest.approx(-100 / 3)
    assert value_of(change.frame, place="de", label="grpo") == pytest.approx(100 / 3)
    assert "grpo: 1 of 4 languages more, 1 fewer" in change.reading
    # of the percent's own p a fall is hardly ever real (tests.comparison.test_lape)
    sw = change.frame[(change.frame["place"] == "sw") & (change.frame["label"] == "grpo")]
    assert sw["verdict"].tolist() == ["beyond noise"]
    final = neurons.final_share_with_intervals(planted)
    assert value_of(final.frame, lang="zh", label="grpo") == 1
    assert value_of(final.frame, lang="zh", label="base") == 0
    assert "other scripts (zh): base 0.0%, grpo +100.0 points, again +0.0 points" in final.reading
    distance = neurons.distances(planted)
    zh = distance.frame[
        (distance.frame["place"] == "zh") & (distance.frame["label"] == "grpo")
    ].iloc[0]
    assert (zh["value"], zh["signed"], zh["layer"], zh["verdict"]) == (1, -1, 0, "beyond noise")
    assert (
        "farthest zh (D 1.0000 at layer 0 (grpo's lie later), ● beyond noise)" in distance.reading
    )
    sets = neurons.sets(planted)
    own = sets.frame[sets.frame["label"] == "grpo"].set_index("place")
    assert own.loc["zh", ["kept", "gained", "lost", "jaccard"]].tolist() == [0, 30, 30, 0]
    assert own.loc["sw", ["kept", "gained", "lost"]].tolist() == [20, 0, 10]
    assert "Beyond noise by language: grpo de, sw, zh." in sets.reading
    again = sets.frame[sets.frame["label"] == "again"]
    assert (again["jaccard"] == 1).all() and set(again["verdict"]) == {"within noise"}


def test_only_the_languages_shown_are_judged(planted: View) -> None:
    few = View.of(planted.study, languages=["zh"])
    assert "Both differences are ○ within noise, held" in neurons.counts_with_intervals(few).reading
    assert (
        "Of 2 differences: 1 ● beyond noise, 1 ○ within noise" in neurons.final_share(few).reading
    )
    assert set(neurons.sets(few).frame["place"]) == {"zh", "all together"}
    assert "all together" in set(neurons.distances(few).frame["place"])


# --- studies that lack something ---


def test_one_checkpoint_and_one_language(tmp_path: Path) -> None:
    view = View.of(whole(tmp_path / "s", stages={"base": "base"}, languages=("en",)))
    for draw in (neurons.change, neurons.sets, neurons.distances, neurons.null):
        with pytest.raises(
            Lacking, match=r"only base has language neurons.*lape --model CHECKPOINT --label LABEL "
        ):
            draw(view)
    with pytest.raises(Lacking, match="no English beside other languages"):
        neurons.ecdf_without_english(view)
    plate = neurons.counts(view)
    assert plate.reading == (
        "base: en (16). English has: base 16. Only base is shown, so nothing is compared."
    )
    assert neurons.counts_with_intervals(view).reading.startswith(
        "base has 16 selected neurons. Only"
    )
    assert "no D" not in neurons.ecdf(view).reading
    assert "With one language every entropy is 0" in neurons.entropy_map(view).reading


def test_other_depths_stand_at_relative_depth(tmp_path: Path) -> None:
    folder = whole(
        tmp_path / "s", stages={"base": "base", "sft": "sft"}, depths={"sft": 6}, compared=False
    )
    view = View.of(folder)
    assert "layer 3 of 4 or 5 of 6 (from 0)" in neurons.final_share(view).title
    for draw in (neurons.cumulative, neurons.ecdf):
        assert draw(view).frame["depth"].max() == 1
        figure = draw(view).figure
        assert figure is not None and "relative" in figure.layout.xaxis.title.text
    assert neurons.layer_shares(view).frame["depth"].max() == 1
    assert "Depths differ (base 4, sft 6 layers)" in neurons.layers(view).reading
    assert "Depths differ" in neurons.windows(view).reading
    with pytest.raises(Lacking, match="cannot be matched"):
        neurons.sets(view)
    assert "not compared yet (interp compare" in neurons.counts(view).reading
    assert "Selected neurons: base 16, sft 24." in neurons.counts_with_intervals(view).reading


def test_no_neuron_at_all_and_no_shared_language(tmp_path: Path) -> None:
    nothing = {"top_fraction": 0.01, "filter_quantile": 0.999}
    study = Study.open(tmp_path / "none")
    for place, label in enumerate(("base", "sft")):
        write_lape(study, label, label, ("en", "ar"), 4, seed=place, **nothing)
    view = View.of(study)
    assert "en, ar (0)" in neurons.counts(view).reading
    assert "no D, one of the two has no neuron" in neurons.ecdf(view).reading
    assert "From none there is no change in percent: en, ar." in neurons.change(view).reading
    assert neurons.windows(view).reading == "base has no language neurons."
    assert neurons.final_share(view).reading.startswith("No language has a neuron. Without")
    assert neurons.entropy_map(view).reading.startswith("None of 64 neurons is selected; drawn are")
    with pytest.raises(Lacking, match="fewer than 20 neurons"):
        neurons.null(view)
    for entry in neurons.ENTRIES:
        if entry.name != "neuron-null":
            assert entry.draw(view).reading
    study = Study.open(tmp_path / "apart")
    write_lape(study, "base", "base", ("en",), 4)
    write_lape(study, "sft", "sft", ("ar",), 4)
    for draw in (neurons.cumulative, neurons.ecdf, neurons.distances, neurons.null):
        with pytest.raises(Lacking, match="share no language"):
            draw(View.of(study))
    assert "where one language gains" not in neurons.counts_with_intervals(View.of(study)).reading


def test_a_base_without_neurons_is_what_is_missing(tmp_path: Path) -> None:
    study = Study.open(tmp_path / "s")
    write_lape(study, "sft", "sft", ("en", "ar"), 4)
    write_scores(study, "base", {"en": np.ones((2, 10))})
    with pytest.raises(
        Lacking, match=r"of the base base.*interp lape --model ckpt/base --label ba"
    ):
        neurons.change(View.of(study))


def test_why_nothing_is_judged_is_said_once(tmp_path: Path) -> None:
    def text_of(name: str, labels: tuple[str, ...], spoken: tuple[str, ...], **more: float) -> str:
        study = Study.open(tmp_path / name)
        for place, label in enumerate(labels):
            write_lape(study, label, label, spoken, 4, seed=place, **more)
        compare(study, "base", analyses=["lape"], settings=QUICK)
        return neurons.counts_with_intervals(View.of(study)).reading

    text = text_of("one", ("base", "sft", "grpo"), ("en",))
    assert text.count("the runs share one language") == 1
    assert "sft, grpo cannot be compared with base" in text
    text = text_of("few", ("base", "sft"), ("en", "ar", "zh"))
    assert text.endswith("All 3 differences are ? not enough data (fewer than 20 neurons).")
    assert "held against" not in text, "there is no verdict to be held against anything"
    assert "the widest 95 % interval is" in text
    assert "interval is" not in text_of("none", ("base", "sft"), ("en", "ar"), top_fraction=1e-4)


def test_the_p_of_lists_is_said_to_be_of_exchanged_neurons(tmp_path: Path) -> None:
    study = Study.open(tmp_path / "s")
    for label, moved in (("base", 0), ("sft", 20)):
        neuron_lists = {
            str(layer): {
                "ar": list(range(moved, moved + 30)),
                "en": list(range(60, 60 + 5 * layer)),
            }
            for layer in (1, 2 + moved // 20)
        }
        file = tmp_path / f"{label}.json"
        file.write_text(json.dumps(neuron_lists))
        save_import(study, read_lape(file, n_layers=5, n_neurons=100, model="llama"), label=label)
    compare(study, "base", analyses=["lape"], settings=QUICK)
    view = View.of(study)
    (row,) = view.compared(statistic="layer_distance").query("lang.isna()").to_dict("records")
    for draw in (neurons.ecdf, neurons.cumulative):
        text = draw(view).reading
        p = f"adjusted p of exchanged neurons {row['p_adjusted']:.2g}: ? not enough data"
        assert p in text and "hence ? not enough data" in text
        assert text.count("noise floor") == 1
        assert "p is of exchanging the neurons in which two lists differ" in text
    assert "exchanging" not in neurons.counts(view).reading, "which states no p"


def test_counted_activations_are_mapped_beside_lists(tmp_path: Path) -> None:
    study = Study.open(tmp_path / "s")
    for label in ("base", "sft"):
        file = tmp_path / f"{label}.json"
        file.write_text(json.dumps({"1": {"ar": [2], "en": [1]}}))
        save_import(study, read_lape(file, n_layers=4, n_neurons=16, model="llama"), label=label)
    with pytest.raises(Lacking, match="only lists of neurons"):
        neurons.entropy_map(View.of(study))
    run = write_lape(study, "base", "base", ("en", "ar"), 4)  # what the line says to do
    assert neurons.entropy_map(View.of(study)).runs["run_id"].tolist() == [run]


def test_an_unknown_language_has_no_curve(demo: View) -> None:
    with pytest.raises(Lacking, match="was not measured"):
        neurons.ecdf(demo, lang="sv")
    assert neurons.ecdf(demo, lang="zh").name == "neuron-ecdf-zh"


def test_a_list_of_numbers_names_no_neurons(tmp_path: Path) -> None:
    study = Study.open(tmp_path / "s")
    for label in ("base", "sft"):
        file = tmp_path / f"{label}.json"
        file.write_text(json.dumps({"1": {"ar": 2, "en": 1}, "4": {"ar": 1, "en": 3}}))
        save_import(study, read_lape(file, n_layers=5, model="llama"), label=label)
    compare(study, "base", analyses=["lape"], settings=QUICK)
    view = View.of(study)
    with pytest.raises(Lacking, match="cannot be matched"):
        neurons.sets(view)
    plate = neurons.counts(view)
    assert value_of(plate.frame, lang="ar", label="sft") == 3
    assert "No difference has an interval or a noise floor: only what was selected" in plate.reading


# --- the small print ---


def one(label: str, tokens: dict[str, int], **per_layer: list[int]) -> Selected:
    counts = {lang: np.array(own) for lang, own in per_layer.items()}
    n = int(sum(own.sum() for own in counts.values()))
    return Selected(label, label, 8, 10, counts, tokens, n, n, False)


def test_few_tokens_are_named_with_the_least() -> None:
    shown = [
        one("base", {"en": 100, "sw": 40, "bn": 50}, en=[1]), one("sft", {"en": 100, "sw": 30}, en=[1])
    ]  # fmt: skip
    assert "(sw 30; others up to 100)" in about_tokens(shown, ["en", "sw", "bn"])
    assert about_tokens(shown, ["en", "bn"]) == ""


@pytest.mark.parametrize(("depth", "first"), [(32, 27), (28, 23), (8, 6), (4, 3), (1, 0)])
def test_the_final_layers_are_the_papers_share(depth: int, first: int) -> None:
    assert final_layers(depth) == (first, depth - 1)


def test_a_stored_share_stands_beside_the_window_it_is_of() -> None:
    """The final layers of 32 are the last five, not the last quarter."""
    layers = [0] * 26 + [1] * 6
    shown = [
        Selected(label, label, 32, 9, {"en": np.array(layers)}, {}, 6, 6, False)
        for label in ("base", "sft")
    ]
    row = {
        "base_value": 5 / 6, "base_low": 0.5, "base_high": 1, "label_value": 5 / 6, "label_low": 0.4,
        "label_high": 1, "verdict": "within noise",
    }  # fmt: skip
    for window, known in ((None, True), ((27, 31), True), ((26, 31), False), ((24, 31), False)):
        frame = window_frame(shown, ["en"], "base", window, {("sft", "en"): row}).set_index("label")
        assert (frame.loc["sft", "verdict"] == "within noise") == known
        assert (frame.loc["sft", "low"] == 0.4) == known


def test_two_random_sets() -> None:
    rng = np.random.default_rng(0)
    drawn = []
    for _ in range(4000):
        first, second = (set(rng.choice(50, n, replace=False).tolist()) for n in (10, 20))
        drawn.append(len(first & second) / len(first | second))
    assert chance_jaccard(10, 20, 50) == pytest.approx(np.mean(drawn), abs=0.01)


def test_every_plate_is_small_and_named_as_its_entry(drawn: dict[str, Plate]) -> None:
    assert [entry.name for entry in neurons.ENTRIES if entry.paper] == [
        "neuron-counts", "neuron-final", "neuron-layers", "neuron-cumulative"
    ]  # fmt: skip
    for entry in neurons.ENTRIES:
        plate = drawn[entry.name]
        assert (plate.name, plate.paper) == (entry.name, entry.paper)
        assert plate.figure is not None and len(plate.figure.to_json()) < 100_000
        assert plate.figure.layout.title.text == plate.title and len(plate.frame)
        assert (
            plate.reading.endswith(".") and ".." not in plate.reading and "  " not in plate.reading
        )
        assert "nan" not in plate.reading and plate.caption.startswith("base: ckpt/base")
