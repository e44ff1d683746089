"""LoRA adapters merged in memory compute what peft computes without merging."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import AutoModelForCausalLM

from interp.errors import InterpError
from interp.model import HookedModel
from interp.model.provenance import files_hash
from tests.tiny import byte_tokenizer, tiny_model

IDS = torch.arange(3, 23).view(2, 10)
Maker = Callable[..., tuple[Path, PeftModel]]


@pytest.fixture
def make(tmp_path: Path) -> Maker:
    """Write a base and an adapter on it, with weights that are not zero."""

    def maker(
        family: str = "olmo2",
        name: str = "adapter",
        rows: int | None = None,
        base: Path | None = None,
        **options: Any,
    ) -> tuple[Path, PeftModel]:
        folder = base or tmp_path / family
        if not folder.exists():
            model, tokenizer = tiny_model(family)
            model.save_pretrained(folder)
            tokenizer.save_pretrained(folder)
        model = AutoModelForCausalLM.from_pretrained(folder)
        torch.manual_seed(0)
        if rows:
            model.resize_token_embeddings(rows)
        config = LoraConfig(**{"r": 4, "lora_alpha": 8, "target_modules": "all-linear", **options})
        wrapped = get_peft_model(model, config)
        with torch.no_grad():
            for parameter in wrapped.parameters():
                if parameter.requires_grad:
                    parameter.add_(0.1 * torch.randn_like(parameter))
        wrapped.save_pretrained(tmp_path / name)
        return tmp_path / name, wrapped.eval()

    return maker


@torch.no_grad()
def expect(
    folder: Path, wrapped: PeftModel, ids: torch.Tensor = IDS, **options: Any
) -> HookedModel:
    model = HookedModel.load(str(folder), **options)
    expected = wrapped(ids, use_cache=False).logits
    torch.testing.assert_close(model.run(ids), expected, atol=1e-4, rtol=1e-4)
    with wrapped.disable_adapter():
        assert (wrapped(ids).logits - expected).abs().max() > 0.1
    return model


@pytest.mark.parametrize("family", ["olmo2", "gpt2", "phi3"])
def test_merged_equals_unmerged(make: Maker, family: str) -> None:
    options = {"fan_in_fan_out": True} if family == "gpt2" else {}
    folder, wrapped = make(family, **options)
    base_file = folder.parent / family / "model.safetensors"
    before = files_hash([base_file])
    model = expect(folder, wrapped)
    assert type(model.model).__name__ == type(wrapped.get_base_model()).__name__
    assert not any("lora" in name for name, _ in model.model.named_modules())
    assert files_hash([base_file]) == before
    record = model.provenance
    assert json.loads(json.dumps(record)) == record
    assert record["adapter"]["weights_hash"].startswith("sha256:")
    assert record["base"]["weights_hash"] == before
    assert record["weights_hash"].startswith("sha256-merged:")


def test_modules_to_save(make: Maker) -> None:
    expect(*make(modules_to_save=["embed_tokens", "lm_head"]))


def test_tied_embeddings_with_modules_to_save(make: Maker) -> None:
    expect(*make("qwen2", modules_to_save=["embed_tokens"]))


@pytest.mark.parametrize("family", ["olmo2", "qwen2"])
def test_a_resized_vocabulary(make: Maker, family: str) -> None:
    saved = ["embed_tokens", "lm_head"] if family == "olmo2" else None
    folder, wrapped = make(family, rows=272, modules_to_save=saved)
    ids = IDS.clone()
    ids[0, 3] = 270  # a token that the base does not have
    model = expect(folder, wrapped, ids)
    assert model.shape.d_vocab == 272


def test_an_adapters_own_tokenizer_is_used(make: Maker) -> None:
    folder, wrapped = make(rows=272, modules_to_save=["embed_tokens", "lm_head"])
    tokenizer = byte_tokenizer()
    extended = type(tokenizer)(tokenizer_object=tokenizer.backend_tokenizer)
    extended.add_tokens([f"<new{index}>" for index in range(8)])
    extended.save_pretrained(folder)
    model = expect(folder, wrapped)
    assert model.tokenizer("<new3>").input_ids == [262]


def test_more_tokens_without_embeddings_is_an_error(make: Maker) -> None:
    folder, _ = make(target_modules=["q_proj"])
    tokenizer = byte_tokenizer()
    extended = type(tokenizer)(tokenizer_object=tokenizer.backend_tokenizer)
    extended.add_tokens([f"<new{index}>" for index in range(20)])
    extended.save_pretrained(folder)
    with pytest.raises(InterpError, match=r"tokens but its base embeds 264.*modules_to_save"):
        HookedModel.load(str(folder))


def test_the_base_is_found_beside_the_adapter(make: Maker, tmp_path: Path) -> None:
    folder, wrapped = make()
    config = json.loads((folder / "adapter_config.json").read_text())
    config["base_model_name_or_path"] = "../olmo2"
    (folder / "adapter_config.json").write_text(json.dumps(config))
    expect(folder, wrapped)
    shutil.move(tmp_path / "olmo2", tmp_path / "moved")
    with pytest.raises(InterpError, match=r"names base '\.\./olmo2', which is not there.*--base"):
        HookedModel.load(str(folder))
    model = expect(folder, wrapped, base=str(tmp_path / "moved"))
    assert model.provenance["base"]["model"] == str(tmp_path / "moved")


def test_an_adapter_on_an_adapter(make: Maker, tmp_path: Path) -> None:
    first, wrapped = make(name="sft")
    merged = wrapped.merge_and_unload()
    merged.save_pretrained(tmp_path / "merged")
    byte_tokenizer().save_pretrained(tmp_path / "merged")
    second, wrapped = make(name="grpo", base=tmp_path / "merged")
    model = expect(second, wrapped, base=str(first))
    assert model.provenance["base"]["adapter"]["weights_hash"].startswith("sha256:")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"base_model_name_or_path": None}, "does not name its base model.*--base"),
        ({"base_model_name_or_path": "ckpt/gone"}, "base of adapter.*'ckpt/gone'.*not found"),
        ({"base_model_name_or_path": "/gone"}, "names base '/gone', which is not there"),
        ({"peft_type": "IA3"}, "of type 'IA3': only LORA"),
    ],
)
def test_an_adapter_without_its_base(make: Maker, change: dict[str, Any], words: str) -> None:
    folder, _ = make()
    path = folder / "adapter_config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(InterpError, match=words):
        HookedModel.load(str(folder))


def test_an_adapter_that_is_broken_or_of_another_model(make: Maker, tmp_path: Path) -> None:
    folder, _ = make()
    wider, tokenizer = tiny_model("olmo2", hidden_size=64)
    wider.save_pretrained(tmp_path / "wider")
    tokenizer.save_pretrained(tmp_path / "wider")
    with pytest.raises(InterpError, match="does not fit base"):
        HookedModel.load(str(folder), base=str(tmp_path / "wider"))
    os.remove(folder / "adapter_model.safetensors")
    with pytest.raises(InterpError, match="has no weights"):
        HookedModel.load(str(folder))
    (folder / "adapter_config.json").write_text("[")
    with pytest.raises(InterpError, match=r"adapter_config\.json cannot be read"):
        HookedModel.load(str(folder))


def test_an_adapter_on_a_quantised_base_is_refused(
    make: Maker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, _ = make()
    from interp.model import loading

    monkeypatch.setattr(loading.quantisation, "method_of", lambda config: "gptq")
    monkeypatch.setattr(loading.quantisation, "require_library", lambda method, model: None)
    with pytest.raises(InterpError, match=r"its base .* is quantised with gptq"):
        HookedModel.load(str(folder))
