"""From what a user types to a model, and every mistake on the way as one clear line."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch

from interp.errors import InterpError
from interp.model import HookedModel, ModelSpec
from tests.tiny import byte_tokenizer, save_tiny, tiny_model

IDS = torch.arange(3, 23).view(2, 10)


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a tiny OLMo-2, as ``save_pretrained`` writes it."""
    folder = tmp_path_factory.mktemp("models") / "base"
    return save_tiny(folder)


def broken(saved: Path, target: Path, **config: Any) -> str:
    """A copy of the folder whose ``config.json`` says something else."""
    shutil.copytree(saved, target)
    content = json.loads((target / "config.json").read_text())
    (target / "config.json").write_text(json.dumps({**content, **config}))
    return str(target)


def one_line(match: str) -> Any:
    """``pytest.raises`` for an error that is one line."""
    return pytest.raises(InterpError, match=rf"\A[^\n]*{match}[^\n]*\Z")


def test_a_folder_loads_as_it_was_saved(saved: Path) -> None:
    raw, _ = tiny_model("olmo2")
    model = HookedModel.load(str(saved))
    assert torch.equal(model.run(IDS), raw(IDS).logits)
    assert not model.model.training
    assert not any(parameter.requires_grad for parameter in model.model.parameters())
    record = model.provenance
    assert json.loads(json.dumps(record)) == record
    assert record["model"] == str(saved) and record["model_type"] == "olmo2"
    assert record["weights_hash"].startswith("sha256:") and record["attn_implementation"] == "sdpa"
    assert record["adapter"] is record["base"] is record["revision"] is None
    assert (
        HookedModel.load(ModelSpec.parse(saved)).provenance["weights_hash"]
        == (record["weights_hash"])
    )


def test_options_reach_the_model(saved: Path) -> None:
    model = HookedModel.load(
        str(saved), dtype="bf16", device="cpu", attn_implementation="eager", self_check=False
    )
    assert model.dtype == torch.bfloat16
    assert model.provenance["dtype"] == "bfloat16"
    assert model.provenance["attn_implementation"] == "eager"


def test_half_precision_passes_its_self_check(saved: Path) -> None:
    for dtype in ("bfloat16", "float16", "float64"):
        assert HookedModel.load(str(saved), dtype=dtype).provenance["self_check"] == "passed"


def test_a_sharded_folder_loads_and_its_hash_covers_every_shard(tmp_path: Path) -> None:
    raw, tokenizer = tiny_model("qwen2")
    folder = tmp_path / "sharded"
    raw.save_pretrained(folder, max_shard_size="40KB")
    tokenizer.save_pretrained(folder)
    shards = sorted(folder.glob("*.safetensors"))
    assert len(shards) > 2
    model = HookedModel.load(str(folder))
    assert torch.equal(model.run(IDS), raw(IDS).logits)
    content = bytearray(shards[1].read_bytes())
    content[-1] ^= 1
    shards[1].write_bytes(content)
    changed = HookedModel.load(str(folder), self_check=False)
    assert changed.provenance["weights_hash"] != model.provenance["weights_hash"]


def test_a_large_checkpoint_is_hashed_by_sample(
    saved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from interp.model import provenance

    monkeypatch.setattr(provenance, "FULL_HASH_BYTES", 1000)
    monkeypatch.setattr(provenance, "_SAMPLE_BYTES", 64)
    first = provenance.files_hash(saved.glob("*.safetensors"))
    assert first.startswith("sha256-sampled:")
    copy = tmp_path / "model.safetensors"
    content = bytearray((saved / "model.safetensors").read_bytes())
    content[-1] ^= 1
    copy.write_bytes(content)
    assert provenance.files_hash([copy]) != first


def test_a_device_map_with_an_offloaded_block_computes_the_same(saved: Path) -> None:
    spread = {
        "model.embed_tokens": "cpu",
        "model.layers.0": "cpu",
        "model.layers.1": "disk",
        "model.layers.2": "cpu",
        "model.norm": "cpu",
        "model.rotary_emb": "cpu",
        "lm_head": "cpu",
    }
    plain = HookedModel.load(str(saved))
    model = HookedModel.load(str(saved), device_map=spread)
    assert model.provenance["device_map"]["model.layers.1"] == "disk"
    mask = torch.rand(3, 4)
    site = "blocks.1.mlp.hook_post"
    assert torch.equal(model.run(IDS), plain.run(IDS))
    assert torch.equal(
        model.run(IDS, edit=model.head_mask_edits(mask)),
        plain.run(IDS, edit=plain.head_mask_edits(mask)),
    )
    assert torch.equal(
        model.capture(IDS, sites=[site])[site], plain.capture(IDS, sites=[site])[site]
    )


def test_a_folder_wins_over_a_hub_id(
    saved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copytree(saved, tmp_path / "owner" / "name")
    assert HookedModel.load("owner/name").provenance["revision"] is None
    shutil.copytree(saved, tmp_path / "ckpt@v2")
    assert ModelSpec.parse("ckpt@v2").revision is None


def test_a_hub_id_loads_from_the_cache_with_its_commit(
    saved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The hub's cache laid out by hand: two revisions of one repository, offline."""
    cache = tmp_path / "hub"
    commits = {"main": "a" * 40, "v2": "b" * 40}
    for seed, (name, commit) in enumerate(commits.items()):
        folder = cache / "models--owner--tiny" / "snapshots" / commit
        model, tokenizer = tiny_model("olmo2", seed=seed)
        model.save_pretrained(folder)
        tokenizer.save_pretrained(folder)
        ref = cache / "models--owner--tiny" / "refs" / name
        ref.parent.mkdir(parents=True, exist_ok=True)
        ref.write_text(commit)
    import huggingface_hub.constants
    import transformers.utils.hub

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(cache))
    monkeypatch.setattr(transformers.utils.hub.constants, "HF_HUB_CACHE", str(cache))
    for seed, (text, name) in enumerate({"owner/tiny": "main", "owner/tiny@v2": "v2"}.items()):
        model = HookedModel.load(text)
        assert model.provenance["revision"] == commits[name]
        assert torch.equal(model.run(IDS), tiny_model("olmo2", seed=seed)[0](IDS).logits)
    with one_line("owner/tiny.*(cannot be reached|no revision)"):
        HookedModel.load("owner/tiny@v3")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no model given"),
        ("/no/such/folder", "'/no/such/folder' not found: no such folder"),
        ("ckpt/missing", "no such folder, and the hub cannot be reached"),
        ("a b", "not a hub id"),
        ("owner/name@", "empty revision"),
    ],
)
def test_what_is_not_there_is_named(text: str, words: str) -> None:
    with one_line(words):
        HookedModel.load(text)


def test_a_folder_that_is_no_model_is_named_with_what_it_holds(tmp_path: Path) -> None:
    with one_line("is not a model: .*config.json.*it holds nothing"):
        HookedModel.load(str(tmp_path))
    (tmp_path / "notes.txt").write_text("x")
    with one_line("it holds notes.txt"):
        HookedModel.load(str(tmp_path))
    with one_line("is a file"):
        HookedModel.load(str(tmp_path / "notes.txt"))
    (tmp_path / "config.json").write_text("{")
    with one_line("config.json cannot be read"):
        HookedModel.load(str(tmp_path))
    (tmp_path / "config.json").write_text("{}")
    with one_line("names no model_type"):
        HookedModel.load(str(tmp_path))


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"model_type": "bert"}, "is an encoder .bert.: the analyses need a decoder-only"),
        ({"model_type": "t5", "is_encoder_decoder": True}, "is an encoder-decoder .t5."),
        ({"model_type": "vit"}, "not a causal language model"),
        ({"model_type": "falcon"}, "unknown architecture 'falcon'.*olmo2.*'falcon: .like: llama"),
        ({"model_type": "made_up"}, "unknown architecture 'made_up'.*--architectures"),
        ({"num_hidden_layers": 4}, "lacks 11 of its weights, e.g. 'model.layers.3"),
        ({"intermediate_size": 50}, "do not fit its config.json"),
        (
            {"quantization_config": {"quant_method": "bitsandbytes", "load_in_4bit": True}},
            "quantised with bitsandbytes.*pip install bitsandbytes",
        ),
        ({"quantization_config": {"load_in_8bit": True}}, "pip install bitsandbytes"),
        ({"quantization_config": {"quant_method": "gptq"}}, "pip install gptqmodel"),
        (
            {"quantization_config": {"quant_method": "newest"}},
            "unknown quantisation of model .*'newest': expected one of",
        ),
    ],
)
def test_a_checkpoint_that_cannot_be_analysed_is_refused(
    saved: Path, tmp_path: Path, config: dict[str, Any], words: str
) -> None:
    with one_line(words):
        HookedModel.load(broken(saved, tmp_path / "copy", **config))


def test_a_folder_without_weights_or_tokenizer(saved: Path, tmp_path: Path) -> None:
    copy = Path(broken(saved, tmp_path / "a"))
    os.remove(copy / "model.safetensors")
    with one_line("has no weights: expected .*safetensors"):
        HookedModel.load(str(copy))
    copy = Path(broken(saved, tmp_path / "b"))
    for path in copy.glob("tokenizer*"):
        os.remove(path)
    with one_line("no usable tokenizer"):
        HookedModel.load(str(copy))


def test_a_wrong_tokenizer(tmp_path: Path) -> None:
    tiny_model("olmo2", vocab_size=100)[0].save_pretrained(tmp_path)
    byte_tokenizer().save_pretrained(tmp_path)
    with one_line("has 259 tokens but the model embeds 100"):
        HookedModel.load(str(tmp_path))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"dtype": "int8"}, "unknown dtype 'int8': expected one of auto"),
        ({"device": "gpu"}, "unknown device 'gpu'"),
        ({"device": "cpu", "device_map": "auto"}, "choose one"),
        ({"base": "x"}, "is not a LoRA adapter"),
        ({"architectures_file": "/no/rows.yaml"}, "architectures file '/no/rows.yaml' not found"),
        ({"engine": "pyvene"}, "unknown engine 'pyvene'"),
    ],
)
def test_bad_options(saved: Path, options: dict[str, Any], words: str) -> None:
    with one_line(words):
        HookedModel.load(str(saved), **options)


def test_a_folder_has_no_revision(saved: Path) -> None:
    with one_line("a folder has no revision"):
        HookedModel.load(f"{saved}@main")


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_missing_gpu(saved: Path) -> None:
    with one_line("sees no GPU"):
        HookedModel.load(str(saved), device="cuda")
