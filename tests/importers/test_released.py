"""Every released file beside the repository, imported: the numbers that others computed from it."""

from __future__ import annotations

import itertools
import json

import numpy as np
import pandas as pd
import pytest
import torch

from interp.evals.klar_summary import compare_runs
from interp.importers import read_klar, read_lahis, read_lape, save_import
from interp.lahis.select import overlap_matrix
from interp.lahis.summary import score_matrices, selected_heads
from interp.lape.listed import read_listed
from interp.options import LapeOptions
from interp.presets import preset
from interp.study import Study
from tests.evals.released import MODELS, english_names

LAHIS = {"olmo-base": 58.0, "olmo-sft-10k": 53.9, "olmo-grpo": 54.8}
# English, Bengali, Swahili, Chinese
LAPE = {
    "olmo-base": (1762, 363, 328, 81),
    "olmo-sft-10k": (1784, None, None, None),
    "olmo-grpo-attmlp": (1898, 417, 229, 84),
    "olmo-cpt-grpo": (1843, None, None, None),
}
KLAR = {"olmo-base": 18.17, "olmo-cpt-grpo": 23.53}


@pytest.fixture(scope="module")
def study(shared_data, tmp_path_factory):
    """Everything that was released, each checkpoint under its own label."""
    made = Study.open(tmp_path_factory.mktemp("released") / "study")
    release = shared_data / "release"
    for name in LAHIS:
        save_import(made, read_lahis(release / "lahis" / name), label=name)
    for name in LAPE:
        save_import(made, read_lape(release / "lape" / name), label=name)
    for name in KLAR:
        file = release / "klar_predictions" / f"{name}.parquet"
        found = read_klar(file, facts=f"klar:{shared_data / 'klar'}")
        save_import(made, found, label=name)
    return made


def run_of(study, label, analysis):
    runs = study.runs()
    (run_id,) = runs[(runs["label"] == label) & (runs["analysis"] == analysis)]["run_id"]
    return run_id


def test_nothing_released_was_left_out(study, shared_data):
    release = shared_data / "release"
    there = {(path.name, "lahis") for path in (release / "lahis").iterdir()}
    there |= {(path.name, "lape") for path in (release / "lape").iterdir()}
    there |= {(path.stem, "klar") for path in (release / "klar_predictions").iterdir()}
    runs = study.runs()
    assert set(zip(runs["label"], runs["analysis"], strict=True)) == there
    assert runs["current"].all()


@pytest.mark.parametrize("name", LAHIS)
def test_matrices_are_equal(study, shared_data, name):
    run_id = run_of(study, name, "lahis")
    scores = score_matrices(study, run_id)
    folder = shared_data / "release" / "lahis" / name
    assert list(scores) == json.loads((folder / "meta.json").read_text())["langs"]
    for lang, one in scores.items():
        wanted = torch.load(folder / f"lahis_{lang}.pth", weights_only=True).numpy()
        assert one.shape == (32, 32) and (one.astype(np.float32) == wanted).all()
    assert study.spec(run_id)["arguments"]["mask_update"] == "adamw"
    shared = overlap_matrix(selected_heads(study, run_id))
    pairs = [shared[i, j] for i, j in itertools.combinations(range(12), 2)]
    assert np.mean(pairs) == pytest.approx(LAHIS[name], abs=0.05)


@pytest.mark.parametrize("name", LAPE)
def test_neurons_per_language(study, shared_data, name):
    run_id = run_of(study, name, "lape")
    table = study.table("neurons", run_id=run_id)
    assert len(table) == 3522 and not table.duplicated(["layer", "neuron"]).any()
    counts = table["lang"].value_counts()
    for lang, wanted in zip(("en", "bn", "sw", "zh"), LAPE[name], strict=True):
        assert wanted is None or counts[lang] == wanted
    # Every neuron, read again without the importer.
    file = shared_data / "release" / "lape" / name / "lape_results.json"
    raw = {
        (int(layer) - 1, neuron, lang)
        for layer, row in json.loads(file.read_text()).items()
        for lang, neurons in row.items()
        for neuron in neurons
    }
    assert set(zip(table["layer"], table["neuron"], table["lang"], strict=True)) == raw
    options = LapeOptions.of_run(study.spec(run_id)["arguments"])
    assert options == preset("lape", "release")  # floor: 3,522 and not 3,523
    assert study.notes(run_id)["tokens"]["sw"] == 332_800


def test_the_late_layers_of_swahili_and_spanish(study):
    shares = {}
    for name in ("olmo-base", "olmo-grpo-attmlp"):
        found = read_listed(study, run_of(study, name, "lape")).per_layer
        shares[name] = [100 * found[lang][27:].sum() / found[lang].sum() for lang in ("sw", "es")]
    assert shares["olmo-base"] == pytest.approx([59.8, 86.2], abs=0.05)
    assert shares["olmo-grpo-attmlp"] == pytest.approx([66.8, 89.4], abs=0.05)


def test_answers(study, shared_data):
    runs = {name: run_of(study, name, "klar") for name in MODELS}
    assert len({study.spec(run_id)["data_hash"] for run_id in runs.values()}) == 1
    for name, run_id in runs.items():
        table = study.table("predictions", run_id=run_id)
        raw = pd.read_parquet(
            shared_data / "release" / "klar_predictions" / f"{name}.parquet"
        )  # fmt: skip
        assert table["correct"].tolist() == raw["correct"].tolist()
        notes = study.notes(run_id)
        assert notes["rederived"] == {"rule": "lenient", "answers": 15_714, "mismatches": 0}
        assert notes["english"] == {"absent": 0, "checked": 15_714, "differ": 0}
        assert sum(notes["contaminated"].values()) == 942
        names = english_names(shared_data)
        keys = zip(raw["relation"], raw["index"], strict=True)
        assert table["target_en"].tolist() == [names[key] for key in keys]
    table = compare_runs(study, *runs.values()).set_index("lang")
    found = table.loc["mean", ["before", "after"]].astype(float)
    assert (100 * found).round(2).tolist() == list(KLAR.values())
    assert table.loc["mean", "delta"] == pytest.approx(0.2353 - 0.1817, abs=1e-4)
    assert table.loc["es", "gained"] > table.loc["es", "lost"] > 0
