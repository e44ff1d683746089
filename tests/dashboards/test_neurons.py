"""The Neurons page on the shipped study, on planted ones, and where something is missing."""

from __future__ import annotations

import base64
import json
import math
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest

from dashboards.parts.neurons.path import _from_to, start_of
from dashboards.parts.neurons.shown import Counted, Shown
from interp.importers.imported import save_import
from interp.importers.lape import read_lape
from interp.lape.live import Chosen
from interp.lape.summary import selection
from interp.plates.neurons.frames import count_frame
from interp.plates.neurons.words import most_and_least
from interp.study import RunSpec, Study, load_study
from tests.dashboards import app as driver
from tests.dashboards.app import DEMO, check_quiet, click, described, open_page, said
from tests.importers import made
from tests.lape.activity_studies import LANGUAGES, TOKENS, drawn_counts, write_lape

HOSTILE = "<script>alert(1)</script>"


def charts(app: Any) -> dict[str, go.Figure]:
    """The page's charts; numbers that plotly packs for the browser unpacked."""
    found = {}
    for key, figure in driver.charts(app).items():
        found[key] = go.Figure(json.loads(figure.to_json(), object_hook=_unpacked))
    return found


def _unpacked(part: dict[str, Any]) -> Any:
    if set(part) - {"shape"} != {"dtype", "bdata"}:
        return part
    return np.frombuffer(base64.b64decode(part["bdata"]), part["dtype"]).tolist()


def subheaders(app: Any) -> list[str]:
    return [one.value for one in app.subheader]


def html_of(app: Any) -> str:
    return "\n".join(one.proto.body for one in app.get("html"))


def bars_of(figure: Any) -> dict[str, dict[str, float]]:
    """Label to language to height, from a chart of languages."""
    languages = [text.split("<br>")[0] for text in figure.layout.xaxis.ticktext]
    return {
        trace.name: {languages[int(x)]: float(y) for x, y in zip(trace.x, trace.y, strict=True)}
        for trace in figure.data
        if trace.type == "bar"
    }


def lape_runs(study: Study) -> dict[str, str]:
    runs = study.runs()
    own = runs[(runs["analysis"] == "lape") & (runs["status"] == "current")]
    return dict(zip(own["label"], own["run_id"], strict=True))


def text_rows(layer: int, neuron: int) -> pd.DataFrame:
    rows = [
        (layer, neuron, "en", 0, f"so {HOSTILE}", ["so ", HOSTILE], [-1.0, 4.0]),
        (layer, neuron, "ar", 0, "كتاب", ["كت", "اب"], [8.0, 2.0]),
        (layer, neuron, "ar", 1, "قلم", ["قلم"], [1.0]),
        (layer, neuron, "bn", 0, "বই", ["বই"], [math.nan]),
    ]
    names = ["layer", "neuron", "lang", "rank", "text", "tokens", "activations"]
    return pd.DataFrame(rows, columns=names)


@pytest.fixture(scope="module")
def planted(
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[Path, dict[str, Any], tuple[int, int]]:
    """A base, checkpoints along a training and its end; texts of the base's most specific neuron."""
    study = Study.open(tmp_path_factory.mktemp("neurons") / "study")
    counts = drawn_counts(0)
    _, found = write_lape(Study.open(study.path.parent / "aside"), "base", counts)
    place = (int(found.layers[0]), int(found.neurons[0]))
    made_runs: dict[str, Any] = {}
    for seed, label in enumerate(("base", "sft", "sft-step-10", "sft-step-20")):
        own = counts.copy()
        rng = np.random.default_rng(seed)
        moved = rng.random(own.shape) < 0.2 * (seed > 0)
        own[moved] = np.minimum(
            own[moved] * 2, np.broadcast_to(TOKENS[:, None, None], own.shape)[moved]
        )
        made_runs[label] = write_lape(
            study,
            label,
            own,
            stage=label[:4].rstrip("-"),
            examples=text_rows(*place) if label == "base" else None,
        )
    return study.path, made_runs, place


def test_counts_on_the_shipped_study_are_those_of_its_tables() -> None:
    app = open_page("neurons", lang="ar")
    check_quiet(app)
    figure = charts(app)["n_counts"]
    drawn = bars_of(figure)
    study = load_study(DEMO)
    runs = lape_runs(study)
    assert len(drawn) >= 2
    for label, bars in drawn.items():
        rows = study.table("neurons", run_id=runs[label])
        assert bars == rows[rows["selected"]].groupby("lang").size().to_dict()
    stored = study.table("comparisons")
    stored = stored[(stored["statistic"] == "neurons") & (stored["lang"] == "ar")]
    assert len(stored) > 0
    for row in stored.to_dict("records"):
        if row["label"] not in drawn:
            continue
        trace = next(one for one in figure.data if one.name == row["label"])
        at = list(drawn[row["label"]]).index("ar")
        assert trace.y[at] + trace.error_y.array[at] == row["label_high"]
        assert trace.y[at] - trace.error_y.arrayminus[at] == row["label_low"]
        assert row["verdict"] in trace.hovertext[at]
    assert "noise" in said(app)
    assert all(one.strip().endswith(".") for one in described(app))


def test_another_top_fraction_selects_anew_and_says_that_verdicts_are_not_for_it() -> None:
    app = open_page("neurons", n_top="2.0")
    check_quiet(app)
    figure = charts(app)["n_counts"]
    study = load_study(DEMO)
    for label, bars in bars_of(figure).items():
        wanted = selection(study, lape_runs(study)[label], top_fraction=0.02).per_language()
        assert bars == wanted
    assert not any(trace.error_y.visible for trace in figure.data if trace.type == "bar")
    assert "Thresholds differ from those that the runs were made with" in said(app)


@pytest.mark.parametrize(("stored", "level"), [(True, 3), (False, 3), (True, 2)])
def test_a_stored_interval_stands_only_beside_the_number_it_was_made_for(
    stored: bool, level: int
) -> None:
    """Not where thresholds differ, though the count be the same, and not beside another count."""
    own = np.array([1, 2])
    shown = [
        Shown(label, label, ("en",), 2, 9, {"en": own}, {"en": 5}, None, None, stored)
        for label in ("base", "sft")
    ]
    row = {
        "base_value": 3, "base_low": 2, "base_high": 5, "label_value": level, "label_low": 1,
        "label_high": 4, "ci_low": -2, "ci_high": 2, "verdict": "within noise",
    }  # fmt: skip
    frame = count_frame(shown, ["en"], "base", "number", {("sft", "en"): row}).set_index("label")
    fits = stored and level == 3
    assert frame.loc["sft", ["low", "high"]].tolist() == (
        [1, 4] if fits else pytest.approx([math.nan] * 2, nan_ok=True)
    )
    assert frame.loc["sft", "verdict"] == ("within noise" if fits else "")
    change = count_frame(shown, ["en"], "base", "Δ to base", {("sft", "en"): row})
    assert change["value"].tolist() == [0] and change["low"].notna().all() == fits


def test_views_and_the_layer_window() -> None:
    share = open_page("neurons", lang="zh", n_view="share", n_window=["0", "3"])
    check_quiet(share)
    study = load_study(DEMO)
    runs = lape_runs(study)
    frame = study.table("neurons", run_id=runs["base"])
    frame = frame[frame["selected"]]
    counted = frame.groupby("lang").size()
    drawn = bars_of(charts(share)["n_counts"])["base"]
    assert drawn == pytest.approx((counted / counted.sum()).to_dict())
    stored = study.table("comparisons")
    stored = stored[(stored["statistic"] == "neurons") & (stored["lang"] == "zh")].iloc[0]
    trace = next(one for one in charts(share)["n_counts"].data if one.name == stored["label"])
    at = list(bars_of(charts(share)["n_counts"])["base"]).index("zh")
    other = study.table("neurons", run_id=runs[stored["label"]])
    n = int(other["selected"].sum())
    assert trace.y[at] + trace.error_y.array[at] == pytest.approx(stored["label_high"] / n)
    assert stored["verdict"] in trace.hovertext[at]
    inside = bars_of(charts(share)["n_inside"])["base"]
    early = frame[frame["layer"] <= 3].groupby("lang").size().reindex(counted.index, fill_value=0)
    assert inside == pytest.approx((early / counted).to_dict())
    assert "layers 0–3" in charts(share)["n_inside"].layout.title.text

    share.segmented_control(key="n_view").set_value("Δ to base").run()
    check_quiet(share)
    moved = bars_of(charts(share)["n_counts"])
    assert "base" not in moved
    label = next(iter(moved))
    other = study.table("neurons", run_id=runs[label])
    other = other[other["selected"]]
    one = share.selectbox(key="lang").value
    after, before = (
        each[each["lang"] == one].groupby("layer").size().reindex(range(8), fill_value=0)
        for each in (other, frame)
    )
    (trace,) = [each for each in charts(share)["n_layer_of"].data if each.name == label]
    assert list(trace.y) == [after[at] - before[at] for at in trace.x] and any(trace.y)
    other = other.groupby("lang").size()
    assert moved[label] == other.sub(counted, fill_value=0).to_dict()


def test_a_verdict_on_a_number_is_none_on_a_share_of_another_total() -> None:
    """Where one side selects fewer than the fraction asks for, or another total, shares differ otherwise."""
    languages = ("en", "de")
    row = {
        "base_value": 2, "base_low": 1, "base_high": 3, "label_value": 2, "label_low": 1,
        "label_high": 3, "ci_low": -1, "ci_high": 1, "verdict": "within noise",
    }  # fmt: skip

    def one(label: str, of_de: int, wanted: int) -> Shown:
        n = 2 + of_de
        assigned = np.zeros((n, 2), bool)
        assigned[:2, 0] = assigned[2:, 1] = True
        chosen = Chosen(languages, 1, np.zeros(n, int), np.arange(n), np.zeros(n), assigned, wanted)
        counted = Counted(None, None, chosen, None)  # type: ignore[arg-type]
        return Shown(label, label, languages, 1, 9, chosen.per_layer(), {}, counted, None, True)

    for of_de, wanted, fits in ((2, 4, True), (3, 5, False), (2, 5, False)):
        frame = count_frame(
            [one("base", 2, 4), one("sft", of_de, wanted)],
            ["en"], "base", "share", {("sft", "en"): row},
        ).set_index("label")  # fmt: skip
        assert frame.loc["sft", "value"] == 2 / (2 + of_de)
        assert (frame.loc["sft", "verdict"] == "within noise") == fits
        assert (frame.loc["sft", "low"] == 0.25) == fits
        assert frame.loc["base", "high"] == 0.75  # the base's own interval is of its own share


def test_what_is_said_of_counts_is_true_of_equal_ones() -> None:
    names = ["lang", "label", "value", "low", "high"]
    none = math.nan
    rows = [("en", 1), ("de", 7), ("fr", 7), ("es", 7), ("pt", 7)]
    frame = pd.DataFrame([(lang, "base", n, none, none) for lang, n in rows], columns=names)
    assert most_and_least(frame, "number") == "base: most de, fr, es and 1 more (7), fewest en (1)"
    assert most_and_least(frame.iloc[1:3], "number") == "base: de, fr (7)"
    moved = frame.assign(value=[0, -7, 2, 2, 2], low=-9.0, high=-5.0)
    assert most_and_least(moved, "Δ to base") == "base: largest change de -7 [-9, -5]"
    assert most_and_least(moved.iloc[:1], "Δ to base") == "base: no change"


def test_layers_of_a_language_and_a_click_on_one(planted: Any) -> None:
    path, runs, _ = planted
    app = open_page("neurons", path, lang="de")
    check_quiet(app)
    figure = charts(app)["n_layer_of"]
    for trace in figure.data:
        found = runs[trace.name][1]
        own = found.assigned[:, found.languages.index("de")]
        assert list(trace.y) == np.bincount(found.layers[own], minlength=4).tolist()
    found = runs["base"][1]
    own = found.assigned[:, found.languages.index("de")]
    layer = int(found.layers[own][-1])
    first = next(
        int(n) for at, n in zip(found.layers[own], found.neurons[own], strict=True) if at == layer
    )
    app = click(app, "n_layer_of", [layer, "base"])
    check_quiet(app)
    assert f"Neuron {first} of layer {layer}" in subheaders(app)
    assert app.toggle(key="n_here").value
    shown = table(app)
    assert set(shown["layer"]) == {layer}


def choose_row(app: Any, key: str, row: int) -> Any:
    """Choose a row of a table, as a browser does: its callback runs."""
    (chosen,) = [one for one in app.dataframe if one.proto.id.endswith(f"-{key}")]
    states = app._tree.get_widget_states()
    selection = {"selection": {"rows": [row], "columns": [], "cells": []}}
    states.widgets.add(id=chosen.proto.id, string_value=json.dumps(selection))
    return app._run(states)


def table(app: Any) -> pd.DataFrame:
    """The table of neurons; its other columns tell it from those of the numbers of charts."""
    return next(one.value for one in app.dataframe if {"p_next", "next"} <= set(one.value.columns))


def test_the_table_holds_what_became_of_a_languages_neurons(planted: Any) -> None:
    path, runs, _ = planted
    before, after = (
        {
            (int(layer), int(neuron))
            for layer, neuron, own in zip(found.layers, found.neurons, found.assigned, strict=True)
            if own[LANGUAGES.index("ar")]
        }
        for found in (runs["base"][1], runs["sft"][1])
    )
    wanted = {
        "gained": after - before, "all": after, "kept": before & after, "lost": before - after
    }  # fmt: skip
    app = open_page("neurons", path, lang="ar", n_at="sft", n_set="gained")
    p = runs["sft"][1].p
    for kind, places in wanted.items():
        app.segmented_control(key="n_set").set_value(kind).run()
        check_quiet(app)
        assert places, "the planted study has some of each"
        shown = table(app)
        assert set(zip(shown["layer"], shown["neuron"], strict=True)) == places
        if kind != "all":
            assert set(shown["in sft"]) == {kind}
        for row in shown.to_dict("records"):
            own = p[:, row["layer"], row["neuron"]]
            assert row["p"] == own[LANGUAGES.index("ar")]
            assert row["p_next"] == np.delete(own, LANGUAGES.index("ar")).max()


def test_a_row_or_a_point_chooses_a_neuron(planted: Any) -> None:
    path, runs, _ = planted
    app = open_page("neurons", path, lang="ar", n_at="base")
    row = table(app).iloc[1]
    app = choose_row(app, "n_table_0", 1)
    check_quiet(app)
    assert f"Neuron {row['neuron']} of layer {row['layer']}" in subheaders(app)
    assert app.session_state["n_table_0"]["selection"]["rows"] == [1], "the table stays as it is"
    app = click(app, "n_map", [1, 33])
    check_quiet(app)
    assert "Neuron 33 of layer 1" in subheaders(app)
    counts = runs["base"][1]
    drawn = charts(app)["n_firing"].data[0]
    assert list(drawn.x) == counts.p[:, 1, 33].tolist()
    assert np.all(np.array(drawn.error_x.array) >= 0)
    app = choose_row(app, "n_table_1", 1)  # the same row again chooses again
    assert f"Neuron {row['neuron']} of layer {row['layer']}" in subheaders(app)


def test_another_language_begins_with_its_most_specific_neuron(planted: Any) -> None:
    path, runs, _ = planted
    app = open_page("neurons", path, lang="en")
    found = runs["base"][1]
    for lang in ("en", "bn"):
        app.selectbox(key="lang").set_value(lang).run()
        check_quiet(app)
        first = int(np.flatnonzero(found.assigned[:, LANGUAGES.index(lang)])[0])
        wanted = f"Neuron {found.neurons[first]} of layer {found.layers[first]}"
        assert wanted in subheaders(app)
    asked = open_page("neurons", path, lang="bn", n_layer="2", n_neuron="5")
    assert "Neuron 5 of layer 2" in subheaders(asked)


def test_the_map_counts_dead_and_filtered_apart(planted: Any) -> None:
    path, runs, _ = planted
    app = open_page("neurons", path, n_at="base", n_filter="none")
    found = runs["base"][1]
    alive = found.n_active > 0
    figure = charts(app)["n_map"]
    assert sum(len(trace.x) for trace in figure.data if trace.type == "scattergl") == alive.sum()
    assert f"0 that the filter removed and {(~alive).sum()} dead ones" in said(app)
    app.selectbox(key="n_filter").set_value("0.95").run()
    assert f"{found.n_filtered} that the filter removed and {found.n_dead} dead" in said(app)


def test_texts_are_shaded_escaped_and_in_their_direction(planted: Any) -> None:
    path, _, (layer, neuron) = planted
    app = open_page(
        "neurons", path, lang="ar", n_layer=str(layer), n_neuron=str(neuron), labels=["base", "sft"]
    )
    check_quiet(app)
    html = html_of(app)
    assert HOSTILE not in html and "&lt;script&gt;" in html
    arabic = re.search(r'<p lang="ar" dir="rtl">(.*?)</p>', html)
    assert arabic is not None
    assert re.sub("<.*?>", "", arabic[1]) == "كتاب"
    # strengths are shares of the neuron's highest activation, 8
    assert 'title="1.00">كت' in arabic[1] and 'title="0.25">اب' in arabic[1]
    assert 'title="0.50">&lt;script' in html and ">so <" in html
    assert html.count('lang="ar"') == 2 and "বই" in html
    text = said(app)
    assert "deepest shade is 8" in text
    # sft selected something else or stored nothing: the command says how to store texts
    assert "--examples 5" in text and "--label sft" in text


def test_states_of_a_neuron(planted: Any) -> None:
    path, runs, _ = planted
    found = runs["base"][1]
    cases = {
        "dead": np.argwhere(found.n_active == 0)[0],
        "removed by the filter": np.argwhere((found.n_active > 0) & ~np.isfinite(found.entropy))[0],
        "selected for": (found.layers[0], found.neurons[0]),
    }
    app = open_page("neurons", path, labels=["base"])
    for words, (layer, neuron) in cases.items():
        app.selectbox(key="n_layer").set_value(int(layer))
        app.selectbox(key="n_neuron").set_value(int(neuron)).run()
        check_quiet(app)
        about = next(one.value for one in app.dataframe if "state" in one.value.columns)
        assert about["state"].iloc[0].startswith(words)


def test_the_path_along_the_training(planted: Any) -> None:
    path, runs, (layer, neuron) = planted
    app = open_page("neurons", path, lang="ar", n_layer=str(layer), n_neuron=str(neuron))
    check_quiet(app)
    figure = charts(app)["n_path_of"]
    drawn = next(trace for trace in figure.data if trace.name == "ar")
    order = ["base", "sft-step-10", "sft-step-20", "sft"]
    wanted = [runs[label][1].p[LANGUAGES.index("ar"), layer, neuron] for label in order]
    assert list(drawn.x) == [0, 10, 20, 30] and list(drawn.y) == wanted
    # when the training ended is written nowhere, so that no step stands there
    assert list(figure.layout.xaxis2.ticktext) == ["base<br>step 0", "10", "20", "sft<br>end"]
    assert list(charts(app)["n_path_of"].layout.xaxis2.tickvals) == [0, 10, 20, 30]
    text = said(app)
    assert "At which step sft ended is not known" in text
    assert "Not recorded is where sft began; base, the baseline, is taken for it" in text
    low, high = drawn.y[0] - drawn.error_y.arrayminus[0], drawn.y[0] + drawn.error_y.array[0]
    assert f"goes from {wanted[0]:.3g} [{low:.3g}, {high:.3g}] (base, entropy" in text


def write_log(study: Study, began: dict[str, Any]) -> None:
    """Write a training's run: its last step is 42."""
    model = {"model": "ckpt/sft", "weights_hash": "sha256:end", "base": began}
    spec = RunSpec("train", "sft", "sft", "full", {}, "sha256:facts", model, seed=0)
    log = pd.DataFrame({"step": [1, 42], "metric": "loss", "lang": None, "value": [2.0, 1.0]})
    with study.run(spec) as run:
        run.write_table("train_log", log)


@pytest.mark.parametrize(
    ("began", "start"),
    [
        ({"model": "ckpt/base"}, "base<br>step 0"),
        ({"model": "ckpt/elsewhere"}, "sft-step-10<br>step 10"),
    ],
)
def test_a_path_begins_where_the_training_did(
    planted: Any, tmp_path: Path, began: dict[str, Any], start: str
) -> None:
    """Whatever the baseline is: one that came later is no step 0."""
    path, _, _ = planted
    shutil.copytree(path, tmp_path / "study")
    study = Study.open(tmp_path / "study")
    write_lape(study, "grpo", drawn_counts(9))
    write_log(study, began)
    app = open_page("neurons", study.path, base="grpo", labels=["grpo", "sft"], lang="ar")
    check_quiet(app)
    ticks = list(charts(app)["n_path_of"].layout.xaxis2.ticktext)
    assert ticks[0] == start and ticks[-1] == "sft<br>step 42"
    assert ("has no LAPE run here" in said(app)) == ("elsewhere" in began["model"])


def test_where_a_training_began_is_known_by_the_weights() -> None:
    class Runs:
        def spec(self, run_id: str) -> dict[str, Any]:
            return {"model": models[run_id]}

    models: dict[str, Any] = {
        "log": {"base": {"model": "artifacts/base", "weights_hash": "h1"}},
        "a": {"model": "artifacts/base", "weights_hash": "h0"},
        "b": {"model": "ckpt/base", "weights_hash": "h1"},
    }
    study: Any = Runs()
    assert start_of(study, "log", (("old", "a"), ("base", "b"))) == "base"
    assert start_of(study, "log", (("old", "a"),)) is None, "the folder has other weights now"
    models["a"] = {"model": "artifacts/base"}
    assert start_of(study, "log", (("old", "a"),)) == "old"
    models["log"] = "imported"
    assert start_of(study, "log", (("base", "b"),)) is None


def test_what_a_path_says() -> None:
    names = ["lang", "label", "p", "low", "high", "entropy"]
    rows = [("ar", "base", 0.5, 0.4, 0.6, 1.25), ("ar", "sft", 0.0, 0.0, 0.01, math.inf)]
    frame = pd.DataFrame(rows, columns=names)
    assert _from_to(frame, "ar") == (
        "Firing in ar goes from 0.5 [0.4, 0.6] (base, entropy 1.25 nats) to 0 [0, 0.01] (sft, no entropy)."
    )
    assert _from_to(frame.iloc[1:], "ar").startswith("Only one checkpoint measured ar: 0 [0, 0.01]")
    assert "No checkpoint" in _from_to(frame, "de")


def test_without_steps_the_command_stands_there(tmp_path: Path) -> None:
    study = Study.open(tmp_path / "one")
    write_lape(study, "base", drawn_counts(0))
    app = open_page("neurons", study.path)
    check_quiet(app)
    assert "checkpoint_every" in said(app) and "n_path_of" not in charts(app)
    assert app.segmented_control(key="n_view").options == ["number", "share"]


def test_no_run_at_all(tmp_path: Path) -> None:
    study = Study.open(tmp_path / "none")
    write_lape(study, "base", drawn_counts(0))
    (study.path / "runs").rename(study.path / "gone")
    app = open_page("neurons", study.path)
    check_quiet(app)
    assert "interp lape" in said(app)


def test_depths_and_languages_may_differ(tmp_path: Path) -> None:
    study = Study.open(tmp_path / "depths")
    write_lape(study, "base", drawn_counts(0))
    write_lape(
        study,
        "sft",
        drawn_counts(1, (6, 50))[:3],
        languages=LANGUAGES[:3],
        tokens=TOKENS[:3],
    )
    app = open_page("neurons", study.path, lang="bn", n_layer="5", n_neuron="7")
    check_quiet(app)
    text = said(app)
    assert "base: 4, sft: 6 layers" in text and "base has no such neuron" in text
    assert app.segmented_control(key="n_set").options == ["all"]
    assert set(bars_of(charts(app)["n_counts"])["sft"]) == set(LANGUAGES[:3])
    assert "bn<br>few tokens" in charts(app)["n_counts"].layout.xaxis.ticktext
    app.multiselect(key="langs").set_value(["bn"]).run()
    check_quiet(app)
    assert list(bars_of(charts(app)["n_counts"])) == ["base"]


def test_no_neuron_and_contradicting_thresholds(planted: Any, tmp_path: Path) -> None:
    path, _, _ = planted
    app = open_page("neurons", path, n_filter="none", n_rule="threshold")
    check_quiet(app)
    assert "threshold assigns by the filter" in said(app)
    study = Study.open(tmp_path / "dead")
    write_lape(study, "base", np.zeros((4, 2, 30), np.int64))
    app = open_page("neurons", study.path)
    check_quiet(app)
    assert "select no neuron" in said(app) and "60 dead" in said(app)


def test_one_language(tmp_path: Path) -> None:
    study = Study.open(tmp_path / "one")
    write_lape(study, "base", drawn_counts(0)[:1], languages=("en",), tokens=TOKENS[:1])
    app = open_page("neurons", study.path)
    check_quiet(app)
    assert "n_firing" in charts(app)


def test_imported_lists_and_counts(tmp_path: Path) -> None:
    study = Study.open(tmp_path / "study")
    save_import(study, read_lape(made.write_lape(tmp_path / "lists")), label="base")
    app = open_page("neurons", study.path, lang="de")
    check_quiet(app)
    assert bars_of(charts(app)["n_counts"]) == {"base": {"en": 2.0, "de": 2.0, "zh": 2.0}}
    assert {"n_layers", "n_layer_of", "n_inside"} <= set(charts(app))
    assert not {"n_map", "n_firing"} & set(charts(app))
    text = said(app)
    assert "was imported and lacks" in text and "cannot be changed" in text
    shown = next(
        one.value for one in app.dataframe if list(one.value.columns)[:2] == ["layer", "neuron"]
    )
    assert list(zip(shown["layer"], shown["neuron"], strict=True)) == [(0, 3), (2, 4)]

    counts = tmp_path / "counts.json"
    counts.write_text(json.dumps({"1": {"ar": 2, "zh-cn": 0}, "4": {"ar": 1, "zh-cn": 3}}))
    second = Study.open(tmp_path / "second")
    save_import(second, read_lape(counts, n_layers=4, model="some/model"), label="base")
    app = open_page("neurons", second.path, lang="zh")
    check_quiet(app)
    assert "and not which" in said(app) and "none can be looked at" in said(app)
    assert list(charts(app)["n_layer_of"].data[0].y) == [0, 0, 0, 3]


def test_a_damaged_run_leaves_the_others(planted: Any, tmp_path: Path) -> None:
    study = Study.open(tmp_path / "study")
    run_id, _ = write_lape(study, "base", drawn_counts(0))
    write_lape(study, "sft", drawn_counts(1))
    file = study.path / "runs" / run_id / "neuron_probs.parquet"
    file.write_bytes(file.read_bytes()[:-9])
    app = open_page("neurons", study.path)
    check_quiet(app)
    assert "damaged" in said(app) and list(bars_of(charts(app)["n_counts"])) == ["sft"]


def test_links_that_ask_for_what_is_not_here(planted: Any) -> None:
    path, _, _ = planted
    app = open_page("neurons", path, n_neuron="60", n_view="Δ", lang="xx")
    check_quiet(app)
    text = said(app)
    assert all(f"the link asks for {value!r}" in text for value in ("60", "Δ", "xx"))


def test_the_page_does_without_torch() -> None:
    modules = [file.stem for file in (driver.ROOT / "dashboards/parts/neurons").glob("[!_]*.py")]
    assert len(modules) > 5
    code = "import sys\n" + "\n".join(f"import dashboards.parts.neurons.{one}" for one in modules)
    subprocess.run([sys.executable, "-c", f"{code}\nassert 'torch' not in sys.modules"], check=True)
