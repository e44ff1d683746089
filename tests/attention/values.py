"""What each family's heads carry, read from the projections' outputs by the tests' own hooks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from interp.model import HookedModel

Cut = Callable[[Tensor, Any], Tensor]
"""From a projection's output ``[batch, pos, width]`` to values ``[batch, pos, kv_head, d_head]``."""


def _heads(value: Tensor, config: Any) -> Tensor:
    groups = getattr(config, "num_key_value_heads", None) or config.num_attention_heads
    return value.unflatten(-1, (groups, -1))


def _clipped(value: Tensor, config: Any) -> Tensor:
    return _heads(value.clamp(-config.clip_qkv, config.clip_qkv), config)


def _last_third(value: Tensor, config: Any) -> Tensor:
    return _heads(value.chunk(3, dim=-1)[2], config)


def _each_heads_last_third(value: Tensor, config: Any) -> Tensor:
    return value.unflatten(-1, (config.num_attention_heads, 3, -1))[..., 2, :]


def _after_queries_and_keys(value: Tensor, config: Any) -> Tensor:
    width = config.num_key_value_heads * (config.hidden_size // config.num_attention_heads)
    return _heads(value[..., -width:], config)


_PROJECTIONS: dict[str, tuple[str, Cut]] = {
    "olmo": ("self_attn.v_proj", _clipped),
    "gpt2": ("attn.c_attn", _last_third),
    "gpt_neox": ("attention.query_key_value", _each_heads_last_third),
    "bloom": ("self_attention.query_key_value", _each_heads_last_third),
    "phi3": ("self_attn.qkv_proj", _after_queries_and_keys),
}


def values(model: HookedModel, ids: Tensor, mask: Tensor | None) -> list[Tensor]:
    """Run the model as it is and read the values that its heads mix.

    Args:
        model: the wrapped model.
        ids: ``[batch, pos]``.
        mask: ``[batch, pos]`` or None.

    Returns:
        Per layer ``[batch, pos, head, d_head]``, one per query head.
    """
    family = str(model.model.config.model_type)
    path, cut = _PROJECTIONS.get(family, ("self_attn.v_proj", _heads))
    config = model.model.config.get_text_config()
    found: list[Tensor] = []

    def keep(module: nn.Module, inputs: Any, output: Tensor) -> None:
        own = cut(output, config)
        found.append(own.repeat_interleave(model.shape.n_heads // own.shape[2], dim=2))

    handles = [
        model.model.get_submodule(f"{model.arch.layers}.{layer}.{path}").register_forward_hook(keep)
        for layer in range(model.shape.n_layers)
    ]
    try:
        with torch.no_grad():
            model.model(input_ids=ids, attention_mask=mask, use_cache=False)
    finally:
        for handle in handles:
            handle.remove()
    return found
