"""Blocks written out by hand from the weights, one family at a time.

Independent of ``interp.model``: weights are reached by their names in transformers, and the
arithmetic is spelled out. Only norms and activation functions are the model's own modules.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

Fn = Callable[[Any, Tensor], Tensor]


def _linear(module: Any, x: Tensor) -> Tensor:
    out = x @ module.weight.T
    return out if module.bias is None else out + module.bias


def _conv1d(module: Any, x: Tensor) -> Tensor:
    return x @ module.weight + module.bias


def _same(block: Any, x: Tensor) -> Tensor:
    return x


@dataclass(frozen=True)
class Family:
    """One family's block: functions of (block, value)."""

    blocks: Callable[[Any], Any]
    attn_out: Fn
    attn_norm_after: Fn
    mlp_norm: Fn
    gate: Fn
    up: Fn | None
    act: Callable[[Any], Callable[[Tensor], Tensor]]
    down: Fn
    mlp_norm_after: Fn
    block_norm_after: Fn = _same
    mid_norm: Fn = _same
    parallel: bool = False

    def mid(self, block: Any, pre: Tensor, z: Tensor) -> Tensor:
        """Residual stream after attention, from the stream before and the heads' outputs."""
        added = self.attn_norm_after(block, self.attn_out(block, z.flatten(-2)))
        return self.mid_norm(block, pre + added)

    def neurons(self, block: Any, stream: Tensor) -> tuple[Tensor, Tensor | None, Tensor]:
        """Gate, up and post activation of the MLP that reads ``stream``."""
        x = self.mlp_norm(block, stream)
        gate, act = self.gate(block, x), self.act(block)
        if self.up is None:
            return gate, None, act(gate)
        up = self.up(block, x)
        return gate, up, act(gate) * up

    def post(self, block: Any, stream: Tensor, post: Tensor) -> Tensor:
        """Residual stream after the MLP."""
        out = stream + self.mlp_norm_after(block, self.down(block, post))
        return self.block_norm_after(block, out)


_LLAMA = Family(
    blocks=lambda m: m.model.layers,
    attn_out=lambda b, z: _linear(b.self_attn.o_proj, z),
    attn_norm_after=_same,
    mlp_norm=lambda b, x: b.post_attention_layernorm(x),
    gate=lambda b, x: _linear(b.mlp.gate_proj, x),
    up=lambda b, x: _linear(b.mlp.up_proj, x),
    act=lambda b: b.mlp.act_fn,
    down=lambda b, x: _linear(b.mlp.down_proj, x),
    mlp_norm_after=_same,
)


def _change(base: Family, **fields: Any) -> Family:
    return Family(**{**base.__dict__, **fields})


_OLMO2 = _change(
    _LLAMA,
    attn_norm_after=lambda b, x: b.post_attention_layernorm(x),
    mlp_norm=_same,
    mlp_norm_after=lambda b, x: b.post_feedforward_layernorm(x),
)
_GEMMA2 = _change(
    _OLMO2,
    mlp_norm=lambda b, x: b.pre_feedforward_layernorm(x),
)
_NEOX = Family(
    blocks=lambda m: m.gpt_neox.layers,
    attn_out=lambda b, z: _linear(b.attention.dense, z),
    attn_norm_after=_same,
    mlp_norm=lambda b, x: b.post_attention_layernorm(x),
    gate=lambda b, x: _linear(b.mlp.dense_h_to_4h, x),
    up=None,
    act=lambda b: b.mlp.act,
    down=lambda b, x: _linear(b.mlp.dense_4h_to_h, x),
    mlp_norm_after=_same,
    parallel=True,
)
_OPT = Family(
    blocks=lambda m: m.model.decoder.layers,
    attn_out=lambda b, z: _linear(b.self_attn.out_proj, z),
    attn_norm_after=_same,
    mlp_norm=lambda b, x: b.final_layer_norm(x),
    gate=lambda b, x: _linear(b.fc1, x),
    up=None,
    act=lambda b: b.activation_fn,
    down=lambda b, x: _linear(b.fc2, x),
    mlp_norm_after=_same,
)
_WIDTH = 48  # d_mlp of the tiny phi3, whose gate and up share one matrix

STRAIGHT_LINE: dict[str, Family] = {
    **dict.fromkeys(("llama", "mistral", "olmo", "qwen2", "qwen3", "gemma"), _LLAMA),
    **dict.fromkeys(("olmo2", "olmo3"), _OLMO2),
    **dict.fromkeys(("gemma2", "gemma3_text"), _GEMMA2),
    "gemma3": _change(_GEMMA2, blocks=lambda m: m.model.language_model.layers),
    "phi": Family(
        blocks=lambda m: m.model.layers,
        attn_out=lambda b, z: _linear(b.self_attn.dense, z),
        attn_norm_after=_same,
        mlp_norm=lambda b, x: b.input_layernorm(x),
        gate=lambda b, x: _linear(b.mlp.fc1, x),
        up=None,
        act=lambda b: b.mlp.activation_fn,
        down=lambda b, x: _linear(b.mlp.fc2, x),
        mlp_norm_after=_same,
        parallel=True,
    ),
    "phi3": _change(
        _LLAMA,
        gate=lambda b, x: x @ b.mlp.gate_up_proj.weight[:_WIDTH].T,
        up=lambda b, x: x @ b.mlp.gate_up_proj.weight[_WIDTH:].T,
        act=lambda b: b.mlp.activation_fn,
    ),
    "gpt_neox": _NEOX,
    "gpt_neox-sequential": _change(_NEOX, parallel=False),
    "gpt2": Family(
        blocks=lambda m: m.transformer.h,
        attn_out=lambda b, z: _conv1d(b.attn.c_proj, z),
        attn_norm_after=_same,
        mlp_norm=lambda b, x: b.ln_2(x),
        gate=lambda b, x: _conv1d(b.mlp.c_fc, x),
        up=None,
        act=lambda b: b.mlp.act,
        down=lambda b, x: _conv1d(b.mlp.c_proj, x),
        mlp_norm_after=_same,
    ),
    "bloom": Family(
        blocks=lambda m: m.transformer.h,
        attn_out=lambda b, z: _linear(b.self_attention.dense, z),
        attn_norm_after=_same,
        mlp_norm=lambda b, x: b.post_attention_layernorm(x),
        gate=lambda b, x: _linear(b.mlp.dense_h_to_4h, x),
        up=None,
        act=lambda b: b.mlp.gelu_impl,
        down=lambda b, x: _linear(b.mlp.dense_4h_to_h, x),
        mlp_norm_after=_same,
    ),
    "opt": _OPT,
    # opt-350m: norms after each branch, none at the end.
    "opt-post-norm": _change(
        _OPT,
        mid_norm=lambda b, x: b.self_attn_layer_norm(x),
        mlp_norm=_same,
        block_norm_after=lambda b, x: b.final_layer_norm(x),
    ),
}


def zero_head_columns(model: Any, family: str, layer: int, head: int, d_head: int) -> None:
    """Silence a head in the weights: zero what the output projection reads from it."""
    block = STRAIGHT_LINE[family].blocks(model)[layer]
    attention = next(
        getattr(block, n)
        for n in ("self_attn", "attention", "attn", "self_attention")
        if hasattr(block, n)
    )
    out = next(
        getattr(attention, n)
        for n in ("o_proj", "dense", "c_proj", "out_proj")
        if hasattr(attention, n)
    )
    columns = slice(head * d_head, (head + 1) * d_head)
    with torch.no_grad():
        if family == "gpt2":
            out.weight[columns] = 0.0
        else:
            out.weight[:, columns] = 0.0
