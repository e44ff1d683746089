"""Rows that a user adds in YAML."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from transformers import AutoModelForCausalLM, CohereConfig, GraniteConfig

from interp.errors import InterpError
from interp.model import HookedModel
from interp.model.architecture_rows import load_architectures
from interp.model.architectures import ARCHITECTURES
from tests.tiny import byte_tokenizer

SIZES = {
    "vocab_size": 264,
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "intermediate_size": 48,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 2,
    "initializer_range": 0.25,
}


def test_no_file_is_the_table_itself() -> None:
    assert load_architectures(None) is ARCHITECTURES
    with pytest.raises(TypeError):
        ARCHITECTURES["new"] = ARCHITECTURES["llama"]  # type: ignore[index]


@pytest.mark.parametrize(
    ("config", "row", "without"),
    [
        # Scales its logits down; attention and MLP otherwise as in Llama.
        (GraniteConfig(**SIZES, logits_scaling=4.0), "logit_divisor: logits_scaling", "{}"),
        # Attention and MLP in parallel, logits multiplied.
        (
            CohereConfig(**SIZES, logit_scale=0.5),
            "resid_mid: null\n  logit_scale: logit_scale",
            "resid_mid: null",
        ),
    ],
)
def test_a_family_that_the_package_does_not_know(
    tmp_path: Path, config: object, row: str, without: str
) -> None:
    family = config.model_type  # type: ignore[attr-defined]
    torch.manual_seed(0)
    raw = AutoModelForCausalLM.from_config(config, dtype=torch.float32).eval()
    folder, file = tmp_path / "model", tmp_path / "rows.yaml"
    raw.save_pretrained(folder)
    byte_tokenizer().save_pretrained(folder)
    with pytest.raises(InterpError, match=f"unknown architecture '{family}'"):
        HookedModel.load(str(folder))
    file.write_text(f"{family}:\n  like: llama\n  {row}\n")
    model = HookedModel.load(str(folder), architectures_file=file)
    ids = torch.arange(3, 13).view(1, 10)
    assert torch.equal(model.run(ids), raw(ids).logits)
    assert family not in ARCHITECTURES
    bare = "like: llama" + ("" if without == "{}" else f"\n  {without}")
    file.write_text(f"{family}:\n  {bare}\n")
    with pytest.raises(InterpError, match="must give the logits"):
        HookedModel.load(str(folder), architectures_file=file)


def test_rows_may_build_on_rows_and_have_variants(tmp_path: Path) -> None:
    file = tmp_path / "rows.yaml"
    file.write_text(
        "mine:\n  like: gpt_neox\n  body: base\n"
        "  variants:\n    - {attribute: parallel, equals: false, set: {resid_mid: ln_2}}\n"
        "yours:\n  like: mine\n  attn_out: attention.out\n"
    )
    table = load_architectures(file)
    assert table["yours"].body == "base" and table["yours"].attn_out == "attention.out"
    assert table["yours"].mlp_pre == "mlp.dense_h_to_4h" and not table["yours"].gated
    assert table["yours"].variants[0].set == {"resid_mid": "ln_2"}
    assert set(table) == {*ARCHITECTURES, "mine", "yours"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "expected rows"),
        ("- a", "expected rows"),
        ("a: [", "cannot be read"),
        ("a: 3", "row 'a': expected 'field: value' pairs, got int"),
        ("a: {atn_out: x}", "unknown field in .*row 'a': 'atn_out': expected one of like, body"),
        ("a: {like: nope}", "like 'nope': expected one of bloom"),
        ("a: {attn_out: null}", "attn_out is a dotted module path, got None"),
        ("a: {attn_out: 3}", "attn_out is a dotted module path, got 3"),
        ("a: {fused: up_first}", "unknown value of fused"),
        ("a: {flattened: 'yes'}", "flattened is true or false"),
        ("a: {variants: 3}", "variants must be a list"),
        ("a: {variants: [{attribute: x}]}", "exactly attribute, equals and set"),
        ("a: {variants: [{attribute: x, equals: 1, set: {y: z}}]}", "variant 'x'.*'y'"),
    ],
)
def test_a_malformed_file_is_named(tmp_path: Path, text: str, words: str) -> None:
    file = tmp_path / "rows.yaml"
    file.write_text(text)
    with pytest.raises(InterpError, match=words) as caught:
        load_architectures(file)
    assert "\n" not in str(caught.value)
