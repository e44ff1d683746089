"""The self-check must fail for models that would give wrong results, and name the check."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import Any

import pytest
import torch

from interp.errors import InterpError
from interp.model import HookedModel
from interp.model.architectures import ARCHITECTURES
from tests.tiny import tiny_hooked, tiny_model


def rows(family: str, **changes: Any) -> Any:
    row = replace(ARCHITECTURES[family], **changes)
    return MappingProxyType({**ARCHITECTURES, family: row})


def test_it_passes_and_reports_figures() -> None:
    figures = tiny_hooked("olmo2").self_check_figures
    assert figures is not None
    assert 0.0 <= figures["causal_difference"] <= figures["tolerance"] == 1e-4
    assert 0.0 <= figures["unembed_difference"] <= 1e-4
    assert 0.0 <= figures["neuron_difference"] <= 1e-4


def test_a_lost_causal_mask_is_found() -> None:
    raw, tokenizer = tiny_model("olmo2")
    for layer in raw.model.layers:  # what a patched attention did in a published release
        layer.self_attn.is_causal = False
    with pytest.raises(InterpError, match="self-check failed: another last token"):
        HookedModel.from_model(raw, tokenizer)
    skipped = HookedModel.from_model(raw, tokenizer, self_check=False)
    assert skipped.provenance["self_check"] == "skipped"


@pytest.mark.parametrize(
    ("family", "changes", "words"),
    [
        ("gemma2", {"soft_cap": None}, "must give the logits"),
        ("olmo2", {"final_norm": None}, "must give the logits"),
        (
            "olmo2",
            {"final_norm": "model.layers.0.post_attention_layernorm"},
            "must give the logits",
        ),
        ("opt", {"project_out": None}, "does not go through norm and unembedding"),
        ("phi3", {"fused": None}, "hook_pre' is"),
        ("qwen2", {"mlp_up": "mlp"}, "hook_pre_linear' is"),
        ("gpt2", {"resid_mid": "mlp.c_proj"}, "hook_resid_mid' is"),
        ("llama", {"attn_out": "mlp.down_proj"}, "12 values per head"),
        ("llama", {"mlp_pre": "mlp.up_proj", "mlp_up": "mlp.gate_proj"}, "times hook_pre_linear"),
        ("gpt2", {"mlp_pre": "mlp.act"}, "must give mlp.hook_post"),
        ("llama", {"mlp_pre": "mlp.gate"}, "mlp_pre='mlp.gate' not found.*gate_proj"),
        ("llama", {"layers": "model.blocks"}, "layers='model.blocks' not found"),
        ("llama", {"mlp_pre": "self_attn.scaling"}, "expected a module"),
    ],
)
def test_a_wrong_row_is_found(family: str, changes: dict[str, Any], words: str) -> None:
    raw, tokenizer = tiny_model(family)
    with pytest.raises(InterpError, match=words):
        HookedModel.from_model(raw, tokenizer, architectures=rows(family, **changes))


def test_an_engine_that_changes_values_is_found() -> None:
    raw, tokenizer = tiny_model("olmo2")
    model = HookedModel.from_model(raw, tokenizer, self_check=False)
    from interp.model.self_check import self_check

    honest = model.engine.run

    def dishonest(*args: Any, **kwargs: Any) -> torch.Tensor:
        result = honest(*args, **kwargs)
        return result + 1e-3 if kwargs["edit"] else result

    model.engine.run = dishonest  # type: ignore[method-assign]
    with pytest.raises(InterpError, match=r"bit-identical.*0\.00"):
        self_check(model)


def test_weights_that_are_not_numbers_are_found() -> None:
    raw, tokenizer = tiny_model("olmo2")
    with torch.no_grad():
        raw.lm_head.weight[5, 0] = float("nan")
    with pytest.raises(InterpError, match="are not finite"):
        HookedModel.from_model(raw, tokenizer)
