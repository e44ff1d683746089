"""Imported heads and neurons as what the causal check ablates."""

from __future__ import annotations

import json

import pytest

from interp.causal.read_sets import find_run, read_source
from interp.errors import InterpError
from interp.importers import read_lahis, read_lape, read_masks, save_import
from interp.options import AblationOptions
from interp.study import Study
from tests.importers.made import write_lahis, write_lape, write_masks

ARGMAX = AblationOptions(assignment="argmax")


@pytest.fixture
def study(tmp_path):
    made = Study.open(tmp_path / "study")
    save_import(made, read_lahis(write_lahis(tmp_path / "heads")), label="base")
    save_import(made, read_lape(write_lape(tmp_path / "lists")), label="base")
    masks = write_masks(tmp_path / "x.pth")
    save_import(made, read_masks(masks, languages=["en", "zh"], n_neurons=9), label="masks")
    (tmp_path / "old.json").write_text(json.dumps({"1": {"en": 2, "de": 1}}))
    save_import(made, read_lape(tmp_path / "old.json", n_layers=2), label="old")
    return made


def test_lists(study):
    where, run_id = find_run("base", "neurons", study)
    found = read_source(where, run_id, "neurons", ARGMAX)
    assert dict(found.places) == {
        "zh": ((2, 0), (2, 9)), "en": ((0, 2), (0, 7)), "de": ((0, 3), (2, 4)),
    }  # fmt: skip
    assert (found.n_layers, found.width, found.units) == (3, 10, None)
    with pytest.raises(InterpError, match="--assignment argmax"):
        read_source(where, run_id, "neurons", AblationOptions())


def test_masks(study):
    where, run_id = find_run("masks", "neurons", study)
    found = read_source(where, run_id, "neurons", AblationOptions())
    assert dict(found.places) == {
        "en": ((0, 1), (0, 8), (2, 5)), "zh": ((1, 0), (2, 2), (2, 5)),
    }  # fmt: skip
    with pytest.raises(InterpError, match="--assignment threshold"):
        read_source(where, run_id, "neurons", ARGMAX)


def test_specific_neurons_of_masks(tmp_path, study):
    import torch

    def whole(*neurons):
        return torch.tensor(neurons).long()

    # Of three languages, a neuron of two is general ("all but one").
    file = write_masks(tmp_path / "y.pth", [[whole(1, 2)], [whole(2, 3)], [whole(4)]])
    read = read_masks(file, languages=["en", "zh", "fr"], n_neurons=9)
    run_id = save_import(study, read, label="three")
    found = read_source(study, run_id, "neurons", AblationOptions(sets="specific"))
    assert dict(found.places) == {"en": ((0, 1),), "zh": ((0, 3),), "fr": ((0, 4),)}


def test_counts_name_nothing_to_ablate(study):
    where, run_id = find_run("old", "neurons", study)
    with pytest.raises(InterpError, match="counts per layer"):
        read_source(where, run_id, "neurons", ARGMAX)


def test_heads(study):
    where, run_id = find_run("base", "heads", study)
    found = read_source(where, run_id, "heads", AblationOptions())
    assert found.places["en"] == ((1, 2),) and (found.n_layers, found.width) == (2, 3)
