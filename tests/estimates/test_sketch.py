"""A sketch answers as the checkpoint does, without its weights."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import torch

from interp.errors import InterpError
from interp.estimates.sketch import Sketch
from interp.model import HookedModel
from interp.model.spec import ModelSpec
from interp.positions import n_positions
from tests.conftest import ROOT
from tests.tiny import FAMILIES, byte_tokenizer, save_tiny, tiny_config, tiny_model


def without_weights(folder: Path) -> Path:
    """Leave of a checkpoint what can be read of a hub page: no weights."""
    for file in folder.glob("*.safetensors"):
        file.write_bytes(b"these are no weights")
    return folder


@pytest.mark.parametrize("family", FAMILIES)
def test_shape_and_parameters_are_those_of_the_model(family):
    network, tokenizer = tiny_model(family)
    model = HookedModel.from_model(network, tokenizer, self_check=False)
    sketch = Sketch.of_config(tiny_config(family), byte_tokenizer())
    assert sketch.shape == model.shape
    assert sketch.arch == model.arch
    assert sketch.d_embedded == model.d_embedded
    count = sum(parameter.numel() for parameter in network.parameters())
    assert (sketch.n_parameters, sketch.weight_bytes) == (count, 4 * count)


def test_a_checkpoint_without_weights_gives_its_sketch(folder, model, tmp_path):
    copy = without_weights(Path(shutil.copytree(folder, tmp_path / "copy")))
    with pytest.raises(InterpError):
        HookedModel.load(str(copy), device="cpu")
    sketch = Sketch.of(ModelSpec.parse(copy, device="cpu"))
    assert sketch.shape == model.shape
    assert (sketch.device, sketch.dtype) == (model.device, model.dtype)
    assert n_positions(sketch) == n_positions(model)
    assert sketch.tokenizer("大海")["input_ids"] == model.tokenizer("大海")["input_ids"]
    with pytest.raises(RuntimeError, match="no weights"):
        sketch.run(torch.zeros(1, 2, dtype=torch.long))


def test_number_type_as_asked_and_as_stored(tmp_path):
    folder = save_tiny(tmp_path / "m")
    config = (folder / "config.json").read_text()
    asked = Sketch.of(ModelSpec.parse(folder, dtype="bf16", device="cpu"))
    whole = Sketch.of(ModelSpec.parse(folder, device="cpu"))
    assert (whole.dtype, asked.dtype) == (torch.float32, torch.bfloat16)
    assert whole.weight_bytes == 2 * asked.weight_bytes
    assert '"float32"' in config
    (folder / "config.json").write_text(config.replace('"float32"', '"float16"'))
    assert Sketch.of(ModelSpec.parse(folder, device="cpu")).dtype == torch.float16


def test_an_adapter_has_its_base_s_shape():
    base = Sketch.of(ModelSpec.parse(ROOT / "artifacts" / "base", device="cpu"))
    adapter = Sketch.of(ModelSpec.parse(ROOT / "artifacts" / "sft", device="cpu"))
    assert adapter.shape == base.shape
    assert adapter.n_parameters == base.n_parameters


@pytest.mark.skipif(torch.cuda.is_available(), reason="a GPU is there")
def test_a_gpu_that_is_not_there_can_be_planned_for(folder):
    sketch = Sketch.of(ModelSpec.parse(folder, device="cuda"))
    assert (sketch.device.type, sketch.device_there) == ("cuda", False)
