"""Checkpoints, adapters and tokenizers that are not what they should be."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

from tests.cli.bad_inputs.case import Case, file_in_folder, folder, text
from tests.cli.bad_inputs.world import Place
from tests.tiny import byte_tokenizer, tiny_model

_LAPE = "lape --corpus {corpus} --study {new} --model "


def edited(**changes: object) -> Callable[[Place], None]:
    """A copy of the checkpoint with another config.json; None takes a field away."""

    def make(where: Place) -> None:
        shutil.copytree(where.world.checkpoint, where.bad)
        _edit(where.bad / "config.json", changes)

    return make


def _edit(path: Path, changes: dict[str, object]) -> None:
    content = {**json.loads(path.read_text()), **changes}
    path.write_text(json.dumps({k: v for k, v in content.items() if v is not None}))


def without(*names: str) -> Callable[[Place], None]:
    """A copy of the checkpoint that lacks files."""

    def make(where: Place) -> None:
        shutil.copytree(where.world.checkpoint, where.bad)
        for name in names:
            (where.bad / name).unlink(missing_ok=True)

    return make


def with_file(name: str, content: bytes) -> Callable[[Place], None]:
    """A copy of the checkpoint with another file in place of one."""

    def make(where: Place) -> None:
        shutil.copytree(where.world.checkpoint, where.bad)
        (where.bad / name).write_bytes(content)

    return make


def encoder(where: Place) -> None:
    """An encoder with its tokenizer."""
    from transformers import BertConfig, BertForMaskedLM

    config = BertConfig(
        vocab_size=259, hidden_size=16, num_hidden_layers=1, num_attention_heads=2,
        intermediate_size=16,
    )  # fmt: skip
    BertForMaskedLM(config).save_pretrained(where.bad)
    byte_tokenizer().save_pretrained(where.bad)


def large_tokenizer(where: Place) -> None:
    """A tokenizer with more tokens than the model embeds."""
    shutil.copytree(where.world.checkpoint, where.bad)
    tokenizer = byte_tokenizer().__class__.from_pretrained(where.bad)
    tokenizer.add_tokens([f"<extra_{i}>" for i in range(50)])
    tokenizer.save_pretrained(where.bad)


def truncated(where: Place) -> None:
    """Weights that were copied in part."""
    shutil.copytree(where.world.checkpoint, where.bad)
    weights = where.bad / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])


def nan_weights(where: Place) -> None:
    """A training that diverged."""
    from safetensors.torch import load_file, save_file

    shutil.copytree(where.world.checkpoint, where.bad)
    path = where.bad / "model.safetensors"
    weights = load_file(path)
    weights["model.layers.1.mlp.down_proj.weight"].fill_(float("nan"))
    save_file(weights, path, metadata={"format": "pt"})


def lacking_layer(where: Place) -> None:
    """Weights without those of a layer."""
    from safetensors.torch import load_file, save_file

    shutil.copytree(where.world.checkpoint, where.bad)
    path = where.bad / "model.safetensors"
    kept = {k: v for k, v in load_file(path).items() if ".layers.2." not in k}
    save_file(kept, path, metadata={"format": "pt"})


def adapter(**changes: object) -> Callable[[Place], None]:
    """A LoRA adapter of the checkpoint, with changes to its configuration."""

    def make(where: Place) -> None:
        from peft import LoraConfig, get_peft_model

        model, _ = tiny_model("olmo2")
        wrapped = get_peft_model(model, LoraConfig(r=2, target_modules=["q_proj"]))
        wrapped.save_pretrained(where.bad)
        named = {"base_model_name_or_path": str(where.world.checkpoint)}
        _edit(where.bad / "adapter_config.json", {**named, **changes})

    return make


def adapter_without_weights(where: Place) -> None:
    """Only the configuration of an adapter."""
    adapter()(where)
    (where.bad / "adapter_model.safetensors").unlink()


def adapter_of_another_width(where: Place) -> None:
    """An adapter whose matrices do not fit its base."""
    from safetensors.torch import load_file, save_file

    adapter()(where)
    path = where.bad / "adapter_model.safetensors"
    weights = {
        k: v[..., :5].contiguous() if "lora_A" in k else v for k, v in load_file(path).items()
    }
    save_file(weights, path)


def adapter_on_itself(where: Place) -> None:
    """An adapter that names itself as its base."""
    adapter(base_model_name_or_path=".")(where)


CASES = (
    Case("model: empty name", _LAPE + "''", ("--model", "hub id")),
    Case("model: no such folder", _LAPE + "./nowhere", ("./nowhere", "no such folder")),
    Case("model: empty folder", _LAPE + "{bad}", ("is not a model", "config.json"), folder),
    Case(
        "model: folder of notes",
        _LAPE + "{bad}",
        ("is not a model", "notes.txt"),
        file_in_folder("notes.txt", "hello"),
    ),
    Case("model: a file", _LAPE + "{bad}", ("{bad}", "folder"), text("weights?")),
    Case("model: encoder", _LAPE + "{bad}", ("encoder", "bert", "decoder-only"), encoder),
    Case(
        "model: unknown architecture",
        _LAPE + "{bad}",
        ("mamba", "gemma2", "olmo2", "YAML", "--architectures"),
        edited(model_type="mamba"),
    ),
    Case(
        "model: config without type",
        _LAPE + "{bad}",
        ("model_type", "{bad}"),
        edited(model_type=None, architectures=None),
    ),
    Case(
        "model: config.json is a list",
        _LAPE + "{bad}",
        ("config.json",),
        with_file("config.json", b"[1]"),
    ),
    Case(
        "model: config.json is cut",
        _LAPE + "{bad}",
        ("config.json", "cannot be read"),
        with_file("config.json", b'{"model_type": "olm'),
    ),
    Case(
        "model: config.json is not UTF-8",
        _LAPE + "{bad}",
        ("config.json", "cannot be read"),
        with_file("config.json", b'{"model_type": "\xff\xfe"}'),
    ),
    Case(
        "model: width does not fit the weights",
        _LAPE + "{bad}",
        ("{bad}", "do not fit its config.json"),
        edited(hidden_size=64),
        loads=True,
    ),
    Case(
        "model: heads do not divide the width",
        _LAPE + "{bad}",
        ("{bad}",),
        edited(num_attention_heads=5, num_key_value_heads=5),
        loads=True,
    ),
    Case(
        "model: no weights",
        _LAPE + "{bad}",
        ("{bad}", "weights"),
        without("model.safetensors"),
    ),
    Case("model: weights cut", _LAPE + "{bad}", ("cannot be loaded", "{bad}"), truncated, True),
    Case("model: a layer lacks", _LAPE + "{bad}", ("lacks", "layers.2"), lacking_layer, True),
    Case(
        "model: NaN weights",
        _LAPE + "{bad}",
        ("NaN", "{bad}", "not finite"),
        nan_weights,
        True,
    ),
    Case(
        "tokenizer: none",
        _LAPE + "{bad}",
        ("tokenizer", "{bad}"),
        without("tokenizer.json", "tokenizer_config.json"),
    ),
    Case(
        "tokenizer: not JSON",
        _LAPE + "{bad}",
        ("tokenizer", "{bad}"),
        with_file("tokenizer.json", b"{"),
    ),
    Case(
        "tokenizer: larger than the vocabulary",
        _LAPE + "{bad}",
        ("tokenizer", "264"),
        large_tokenizer,
    ),
    Case(
        "adapter: names no base",
        _LAPE + "{bad}",
        ("adapter", "--base"),
        adapter(base_model_name_or_path=None),
    ),
    Case(
        "adapter: base is not there",
        _LAPE + "{bad}",
        ("/no/such/base", "--base"),
        adapter(base_model_name_or_path="/no/such/base"),
    ),
    Case(
        "adapter: base is a folder outside that is no model",
        _LAPE + "{bad}",
        ("base of adapter", "is not a model"),
        adapter(base_model_name_or_path="../" * 30 + "etc"),
    ),
    Case("adapter: its own base", _LAPE + "{bad}", ("itself", "--base"), adapter_on_itself),
    Case(
        "adapter: not LoRA",
        _LAPE + "{bad}",
        ("IA3", "LORA"),
        adapter(peft_type="IA3"),
    ),
    Case("adapter: no weights", _LAPE + "{bad}", ("no weights",), adapter_without_weights),
    Case(
        "adapter: configuration cut",
        _LAPE + "{bad}",
        ("adapter_config.json", "cannot be read"),
        file_in_folder("adapter_config.json", "{"),
    ),
    Case(
        "adapter: does not fit its base",
        _LAPE + "{bad}",
        ("does not fit base",),
        adapter_of_another_width,
        True,
    ),
    Case(
        "adapter: --base is no model",
        _LAPE + "{bad} --base {corpus}",
        ("base of adapter", "is not a model"),
        adapter(),
    ),
    Case(
        "--base for a whole model",
        _LAPE + "{checkpoint} --base x",
        ("--base", "not a LoRA adapter"),
    ),
    Case("--dtype unknown", _LAPE + "{checkpoint} --dtype int7", ("int7", "float32")),
    Case("--device unknown", _LAPE + "{checkpoint} --device tpu", ("tpu", "cuda")),
    Case("--device not there", _LAPE + "{checkpoint} --device cuda:7", ("cuda:7",)),
    Case(
        "--device-map unknown",
        _LAPE + "{checkpoint} --device-map sideways",
        ("sideways", "auto"),
    ),
    Case(
        "--device and --device-map",
        _LAPE + "{checkpoint} --device cpu --device-map auto",
        ("device_map", "choose one"),
    ),
    Case("--engine unknown", _LAPE + "{checkpoint} --engine jax", ("jax", "native")),
    Case(
        "--architectures: no such file",
        _LAPE + "{checkpoint} --architectures nofile.yaml",
        ("nofile.yaml",),
    ),
    Case(
        "--architectures: broken YAML",
        _LAPE + "{checkpoint} --architectures {bad}",
        ("{bad}", "cannot be read"),
        text("a: [1, 2"),
    ),
    Case(
        "--architectures: unknown field",
        _LAPE + "{checkpoint} --architectures {bad}",
        ("wheels", "like"),
        text("mine: {wheels: 4}"),
    ),
    Case(
        "--architectures: a folder",
        _LAPE + "{checkpoint} --architectures {bad}",
        ("{bad}",),
        folder,
    ),
)
