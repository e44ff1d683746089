"""Curves over layers: shares and counts, D at its layer, the band; the released lists' D."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import ks_2samp

from interp.errors import InterpError
from interp.figures.ecdf import cumulative_counts, layer_ecdf
from interp.figures.marks import checkpoint_marks
from interp.importers import read_lape, save_import
from interp.lape.ecdf_band import counts_bytes, ecdf_band
from interp.lape.layer_ecdf import (
    WITHOUT_ENGLISH,
    LayerCounts,
    ecdf_frame,
    largest_gap,
    read_layer_counts,
    window_share,
)
from interp.lape.select import select_from_counts
from interp.options import LapeOptions
from interp.stats.bootstrap import draw_counts
from interp.stats.ks import layer_distance
from interp.study import Study
from tests.comparison.test_lape import LANGUAGES, OPTIONS, counted, rates, write
from tests.importers.made import write_lape

MARKS = checkpoint_marks({"base": "base", "sft": "sft"})
BASE, SFT = np.array([2.0, 0.0, 6.0, 2.0]), np.array([0.0, 0.0, 3.0, 1.0])


def both(base: np.ndarray = BASE, sft: np.ndarray = SFT) -> LayerCounts:
    return LayerCounts(("en",), {"base": np.stack([base] * 3), "sft": np.stack([sft] * 3)}, True)


def test_the_curve_steps_from_0_to_1_over_every_layer() -> None:
    frame = ecdf_frame(both(), "en")
    own = frame[frame["label"] == "base"]
    assert own["neurons"].tolist() == [2, 0, 6, 2] and own["cumulative"].tolist() == [2, 2, 8, 10]
    assert own["share"].tolist() == [0.2, 0.2, 0.8, 1.0]
    figure = layer_ecdf(frame, MARKS, title="t")
    line = figure.data[0]
    assert line.line.shape == "hv" and line.name == "base (10 neurons)"
    assert list(line.x) == [-0.5, 0, 1, 2, 3, 3.5] and list(line.y) == [0, 0.2, 0.2, 0.8, 1, 1]
    assert line.line.color == MARKS["base"].colour and figure.data[1].line.dash == "dash"
    assert figure.layout.yaxis.range[0] == 0
    assert "layer 2: 6 neurons here, 8 up to it (80.0%)" in line.hovertext[3]


def test_d_is_marked_at_its_layer_between_the_curves() -> None:
    gap = largest_gap(BASE, SFT, relative=False)
    assert gap is not None
    assert (gap.value, gap.layer, gap.depth, gap.base_share, gap.label_share) == (0.2, 0, 0, 0.2, 0)
    assert gap.signed == -0.2
    marked = {"sft": (gap.depth, gap.base_share, gap.label_share)}
    figure = layer_ecdf(ecdf_frame(both(), "en"), MARKS, title="t", gaps=marked)
    bar = figure.data[-1]
    assert list(bar.x) == [0, 0] and list(bar.y) == [0.2, 0] and "0.2000" in bar.name
    assert bar.line.color == MARKS["sft"].colour
    (rule,) = figure.layout.shapes
    assert rule.x0 == rule.x1 == 0


def test_the_gap_is_that_of_the_comparison_and_of_scipy() -> None:
    rng = np.random.default_rng(0)
    for n, m in [(6, 6), (4, 6), (28, 32), (7, 3), (1, 2)]:
        for _ in range(20):
            base, other = rng.integers(0, 5, n).astype(float), rng.integers(0, 5, m).astype(float)
            wanted = layer_distance(base, other)
            gap = largest_gap(base, other, relative=n != m)
            if gap is None:
                assert np.isnan(wanted.value)
                continue
            assert gap.value == pytest.approx(float(wanted.value))
            assert gap.signed == pytest.approx(float(wanted.signed))
            assert gap.layer == int(wanted.layer)
            sides = [
                np.repeat((np.arange(len(k)) + 1) / len(k), k.astype(int)) for k in (base, other)
            ]
            assert gap.value == pytest.approx(ks_2samp(*sides).statistic)
            # the curves really have these heights there
            x = gap.depth if n != m else (gap.depth + 1) / n
            heights = [(side <= x + 1e-12).mean() for side in sides]
            assert heights == pytest.approx([gap.base_share, gap.label_share])
    assert largest_gap(BASE, 0 * SFT, relative=False) is None


def test_other_depths_stand_at_relative_depth() -> None:
    counts = both(BASE, np.array([1.0, 1.0]))
    assert counts.relative and not both().relative
    frame = ecdf_frame(counts, None)
    assert frame[frame["label"] == "sft"]["depth"].tolist() == [0.5, 1.0]
    assert frame[frame["label"] == "base"]["depth"].tolist() == [0.25, 0.5, 0.75, 1.0]
    figure = layer_ecdf(frame, MARKS, title="t", relative=True)
    assert "relative depth" in figure.layout.xaxis.title.text
    assert list(figure.data[1].x) == [0, 0.5, 1, 1] and list(figure.layout.xaxis.range) == [0, 1]


def test_the_band_has_the_shape_of_the_steps() -> None:
    band = pd.DataFrame(
        {"depth": [0.0, 1, 2, 3], "low": [0.1, 0.1, 0.7, 1], "high": [0.3, 0.4, 0.9, 1]}
    )
    figure = layer_ecdf(
        ecdf_frame(both(), "en"), MARKS, title="t", band=band, band_name="other text"
    )
    ribbon = figure.data[0]
    assert ribbon.name == "other text" and ribbon.fill == "toself"
    half = len(ribbon.x) // 2
    lower = dict(zip(ribbon.x[1:half:2], ribbon.y[1:half:2], strict=True))
    assert list(ribbon.x[:half]) == [-0.5, 0, 0, 1, 1, 2, 2, 3, 3, 3.5]
    assert list(ribbon.y[:half]) == [0, 0, 0.1, 0.1, 0.1, 0.1, 0.7, 0.7, 1, 1]
    assert list(ribbon.y[half:]) == [1, 1, 0.9, 0.9, 0.4, 0.4, 0.3, 0.3, 0, 0]
    assert lower[3.5] == 1


def test_a_side_without_neurons_has_no_curve() -> None:
    frame = ecdf_frame(both(sft=0 * SFT), "en")
    assert [one.name for one in layer_ecdf(frame, MARKS, title="t").data] == ["base (10 neurons)"]
    nothing = layer_ecdf(ecdf_frame(both(0 * BASE, 0 * SFT), "en"), MARKS, title="t")
    assert not nothing.data and "no neuron" in nothing.layout.annotations[0].text


def test_the_window_only_changes_what_is_shown() -> None:
    frame = ecdf_frame(both(), "en")
    whole, part = (layer_ecdf(frame, MARKS, title="t", window=w) for w in (None, (1.5, 3.5)))
    assert list(part.layout.xaxis.range) == [1.5, 3.5]
    assert list(part.data[0].y) == list(whole.data[0].y)
    assert window_share(BASE, 2, 3) == 0.8 and np.isnan(window_share(0 * BASE, 0, 1))


def test_the_papers_form_counts_from_0_and_names_d() -> None:
    figure = cumulative_counts(ecdf_frame(both(), "en"), MARKS, title="t", distances={"sft": 0.2})
    base, sft = figure.data
    assert list(base.y) == [2, 2, 8, 10] and list(sft.y) == [0, 0, 3, 4]
    assert (base.name, sft.name) == ("base", "sft (D_KS = 0.2000)")
    assert figure.layout.yaxis.rangemode == "tozero"
    assert "layer" in figure.layout.xaxis.title.text
    other = ecdf_frame(both(BASE, np.array([1.0, 1.0])), "en")
    figure = cumulative_counts(other, MARKS, title="t", relative=True)
    assert list(figure.data[1].x) == [0.5, 1] and "relative" in figure.layout.xaxis.title.text


@pytest.fixture(scope="module")
def counted_study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    study = Study.open(tmp_path_factory.mktemp("s") / "s")
    write(study, "base", counted(rates(), 0))
    write(study, "sft", counted(rates(moved=10, late=True), 1))
    return study


def test_layers_are_read_from_the_neurons_of_a_run(counted_study: Study) -> None:
    runs = tuple(zip(counted_study.runs()["label"], counted_study.runs()["run_id"], strict=True))
    found = read_layer_counts(counted_study, runs)
    assert found.languages == LANGUAGES and found.whole and not found.relative
    for label, run in runs:
        table = counted_study.table("neurons", run_id=run)
        table = table[table["selected"]]
        for lang in (*LANGUAGES, None, WITHOUT_ENGLISH):
            own = table if lang in (None, WITHOUT_ENGLISH) else table[table["lang"] == lang]
            own = own[own["lang"] != "en"] if lang == WITHOUT_ENGLISH else own
            wanted = [int((own["layer"] == layer).sum()) for layer in range(6)]
            assert found.of(label, lang).tolist() == wanted, (label, lang)
    assert 0 in found.of("base", "zh")


def test_the_band_is_that_of_blocks_drawn_one_by_one(tmp_path: Path) -> None:
    study = Study.open(tmp_path / "s")
    # so many are selected that the last of them change from draw to draw
    options = {"top_fraction": 0.3, "filter_quantile": 0.5}
    run = write(study, "base", counted(rates(), 0), options=options)
    found = ecdf_band(study, run, LANGUAGES, draws=20, seed=3)
    tensors = study.tensors(run, "counts")
    curves: dict[str | None, list[list[float]]] = {lang: [] for lang in (*LANGUAGES, None)}
    for weights in draw_counts(40, 20, 3):
        chosen = select_from_counts(
            np.repeat(tensors["counts"], weights, axis=0),
            np.repeat(tensors["tokens"], weights, axis=0),
            LapeOptions.of_run({**OPTIONS.to_dict(), **options}),
            languages=LANGUAGES,
        )
        for place, lang in enumerate((*LANGUAGES, None)):
            own = chosen.layers if lang is None else chosen.layers[chosen.assigned[:, place]]
            curves[lang].append([(own <= layer).mean() for layer in range(6)])
    for lang, drawn in curves.items():
        band = found[lang]
        assert band["low"].to_numpy() == pytest.approx(np.quantile(drawn, 0.025, axis=0))
        assert band["high"].to_numpy() == pytest.approx(np.quantile(drawn, 0.975, axis=0))
        assert (band["high"] - band["low"]).max() > 0.005
    assert set(found) == {*LANGUAGES, None, WITHOUT_ENGLISH}
    file = study.path / "runs" / run / "counts.safetensors"
    assert counts_bytes(study, run) == file.stat().st_size


def test_an_import_has_layers_and_no_band(tmp_path: Path) -> None:
    study = Study.open(tmp_path / "s")
    run = save_import(study, read_lape(write_lape(tmp_path / "base")), label="base")
    found = read_layer_counts(study, (("base", run),))
    assert found.of("base", "en").tolist() == [2, 0, 0]  # the layer without a neuron is there
    assert found.of("base", None).tolist() == [3, 0, 3]
    assert counts_bytes(study, run) is None
    with pytest.raises(InterpError, match="no activation counts"):
        ecdf_band(study, run, found.languages)


def test_counts_per_layer_are_enough_for_a_curve(tmp_path: Path) -> None:
    file = tmp_path / "old.json"
    file.write_text(json.dumps({"1": {"ar": 2, "en": 1}, "4": {"ar": 1, "en": 3}}))
    study = Study.open(tmp_path / "s")
    run = save_import(study, read_lape(file, n_layers=5, model="llama"), label="old")
    found = read_layer_counts(study, (("old", run),))
    assert found.of("old", "ar").tolist() == [2, 0, 0, 1, 0]
    assert found.of("old", WITHOUT_ENGLISH).tolist() == [2, 0, 0, 1, 0]


def test_runs_without_a_shared_language_are_refused(tmp_path: Path) -> None:
    study = Study.open(tmp_path / "s")
    first = write(study, "base", counted(rates(), 0))
    second = write(study, "sft", counted(rates(), 0), languages=("fr", "ar", "bn", "ru"))
    with pytest.raises(InterpError, match="share no language"):
        read_layer_counts(study, (("base", first), ("sft", second)))
    third = write(study, "grpo", counted(rates()[:2], 0), languages=("zh", "en"))
    found = read_layer_counts(study, (("base", first), ("grpo", third)))
    assert found.languages == ("en", "zh") and not found.whole


RELEASED = {"olmo-sft-10k": 0.0150, "olmo-grpo-attmlp": 0.0241, "olmo-cpt-grpo": 0.0190}


@pytest.fixture(scope="module")
def released(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Study, Path]:
    study = Study.open(tmp_path_factory.mktemp("released") / "s")
    folder = shared_data / "release" / "lape"
    for name in ("olmo-base", *RELEASED):
        save_import(study, read_lape(folder / name), label=name)
    return study, folder


def listed_layers(file: Path) -> np.ndarray:
    """Layers of all neurons, 0-based, read without the importer."""
    found = json.loads((file / "lape_results.json").read_text())
    return np.concatenate(
        [[int(layer) - 1] * sum(map(len, row.values())) for layer, row in found.items()]
    ).astype(int)


@pytest.mark.parametrize("name", RELEASED)
def test_the_released_lists(released: tuple[Study, Path], name: str) -> None:
    study, folder = released
    runs = study.runs().set_index("label")["run_id"]
    both = (("olmo-base", runs["olmo-base"]), (name, runs[name]))
    counts = read_layer_counts(study, both)
    gap = largest_gap(counts.of("olmo-base", None), counts.of(name, None), relative=False)
    assert gap is not None and gap.value == pytest.approx(RELEASED[name], abs=5e-5)
    before, after = listed_layers(folder / "olmo-base"), listed_layers(folder / name)
    apart = [abs((before <= layer).mean() - (after <= layer).mean()) for layer in range(32)]
    assert gap.layer == int(np.argmax(apart)) and max(apart) == pytest.approx(gap.value)
    if name == "olmo-grpo-attmlp":
        assert gap.layer == 17 and gap.signed > 0  # at the 18th layer, above the base
    frame = ecdf_frame(counts, None)
    marks = checkpoint_marks({"olmo-base": "base", name: "grpo"})
    figure = layer_ecdf(
        frame, marks, title="t", gaps={name: (gap.depth, gap.base_share, gap.label_share)}
    )
    assert figure.data[0].name == "olmo-base (3,522 neurons)" and len(figure.data[0].x) == 34
    assert list(figure.data[-1].x) == [gap.layer] * 2
    assert f"{gap.value:.4f}" in figure.data[-1].name
    counted = cumulative_counts(frame, marks, title="t", distances={name: gap.value})
    assert counted.data[1].y[-1] == 3522 and f"{gap.value:.4f}" in counted.data[1].name
