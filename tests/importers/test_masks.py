"""Neuron masks: layers and neurons from 0, a neuron may have several languages."""

from __future__ import annotations

import pytest
import torch

from interp.errors import InterpError
from interp.importers import read_masks, save_import
from interp.lape.listed import read_listed
from interp.lape.summary import summarise
from interp.study import Study
from tests.importers.made import Hostile, masks, write_masks


def test_masks_become_neurons(tmp_path):
    study = Study.open(tmp_path / "study")
    file = write_masks(tmp_path / "x.neuron.pth")
    found = read_masks(file, languages=["en", "zh-cn"], n_neurons=9, n_layers=3, model="llama")
    run_id = save_import(study, found, label="llama")
    table = study.table("neurons", run_id=run_id)
    rows = list(zip(table["layer"], table["neuron"], table["lang"], strict=True))
    assert rows == [
        (0, 1, "en"), (0, 8, "en"), (1, 0, "zh"), (2, 2, "zh"), (2, 5, "en"), (2, 5, "zh"),
    ]  # fmt: skip
    assert study.notes(run_id)["layer_counts"] == {"en": [2, 0, 1], "zh": [0, 1, 2]}
    assert study.notes(run_id)["shape"] == {"n_layers": 3, "d_mlp": 9}
    arguments = study.spec(run_id)["arguments"]
    assert arguments["assignment"] == "threshold" and arguments["languages"] == ["en", "zh"]
    assert study.spec(run_id)["model"]["model"] == "llama"
    listed = read_listed(study, run_id)
    assert listed.n_selected == 5  # the neuron of both languages once
    assert summarise(study, run_id)["languages"]["neurons"].tolist() == [3, 3]


def test_smaller_integers_and_empty_float_layers_are_read(tmp_path):
    value = masks()
    value[0][1] = torch.tensor([])
    value[1][2] = value[1][2].to(torch.int16)
    found = read_masks(write_masks(tmp_path / "x.pth", value), languages=["en", "zh"], n_neurons=9)
    assert len(found.tables["neurons"]) == 6


def _a_tensor(value):
    return torch.zeros(2, 3)


def _of_tensors(value):
    return [torch.zeros(2), torch.zeros(2)]


def _layers_differ(value):
    return [value[0], value[1][:2]]


def _no_layers(value):
    return [[], []]


def _floats(value):
    value[0][0] = torch.tensor([1.0])
    return value


def _plain_list(value):
    value[1][1] = [0]
    return value


def _out_of_range(value):
    value[1][2] = torch.tensor([2, 9])
    return value


def _negative(value):
    value[1][2] = torch.tensor([-1])
    return value


def _twice(value):
    value[0][0] = torch.tensor([1, 1])
    return value


def _empty(value):
    return [[torch.tensor([]).long()], [torch.tensor([]).long()]]


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (_a_tensor, ("Tensor",)),
        (_of_tensors, ("expected a list (language) of lists",)),
        (_layers_differ, ("[2, 3] layers",)),
        (_no_layers, ("[0] layers",)),
        (_floats, ("en, layer 0", "float32")),
        (_plain_list, ("zh, layer 1", "list")),
        (_out_of_range, ("layer 2, zh", "neuron 9", "0 to 8")),
        (_negative, ("neuron -1",)),
        (_twice, ("layer 0, en", "neuron 1", "twice")),
        (_empty, ("no neuron",)),
    ],
)
def test_bad_masks(tmp_path, spoil, words):
    file = write_masks(tmp_path / "x.pth", spoil(masks()))
    with pytest.raises(InterpError) as error:
        read_masks(file, languages=["en", "zh"], n_neurons=9)
    assert all(word in str(error.value) for word in ("x.pth", *words)), error.value


def test_languages_and_layers_that_do_not_fit(tmp_path):
    file = write_masks(tmp_path / "x.pth")
    with pytest.raises(InterpError, match="2 languages, and --languages names 3"):
        read_masks(file, languages=["en", "zh", "fr"], n_neurons=9)
    with pytest.raises(InterpError, match="the same"):
        read_masks(file, languages=["zh", "zh-cn"], n_neurons=9)
    with pytest.raises(InterpError, match="--layers 4"):
        read_masks(file, languages=["en", "zh"], n_neurons=9, n_layers=4)


def test_a_file_that_needs_code_is_refused_and_not_executed(tmp_path):
    trace = tmp_path / "trace"
    file = write_masks(tmp_path / "x.pth", [[Hostile(trace)]])
    with pytest.raises(InterpError, match="nothing was executed"):
        read_masks(file, languages=["en"], n_neurons=9)
    assert not trace.exists()
