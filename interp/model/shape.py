"""The sizes of a model, read from its configuration and, where that may mislead, its weights."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from torch import nn

from interp.errors import InterpError
from interp.model.architectures import Architecture, find_module, text_config


@dataclass(frozen=True)
class ModelShape:
    """Sizes of a model.

    Attributes:
        n_layers: transformer blocks.
        n_heads: query heads per layer.
        n_kv_heads: key/value heads per layer (fewer than ``n_heads`` with grouped queries).
        d_head: width of one head's output; not always ``d_model / n_heads``.
        d_model: width of the residual stream.
        d_mlp: neurons per layer.
        d_vocab: rows of the unembedding, which may exceed the tokenizer's vocabulary.
        gated: whether the MLP has a gate (``hook_pre_linear`` exists).
        has_resid_mid: whether there is a residual stream between attention and MLP.
    """

    n_layers: int
    n_heads: int
    n_kv_heads: int
    d_head: int
    d_model: int
    d_mlp: int
    d_vocab: int
    gated: bool
    has_resid_mid: bool

    def to_dict(self) -> dict[str, Any]:
        """The sizes as a JSON-able dictionary."""
        return asdict(self)


def read_shape(model: nn.Module, row: Architecture) -> ModelShape:
    """Read the sizes of a model.

    The widths of heads and MLP are those of the output projections: configurations name them
    differently (``intermediate_size``, ``n_inner``, ``ffn_dim``, 4 x hidden) or leave them out.

    Args:
        model: the Hugging Face model.
        row: its architecture, bound to it.

    Returns:
        The sizes.

    Raises:
        InterpError: where the attention output is not the configured heads side by side.
    """
    config = text_config(model)
    layers = find_module(model, row.layers, row, "layers")
    block = find_module(model, f"{row.layers}.0", row, "layers")
    width = _widths(find_module(block, row.attn_out, row, "attn_out"))[0]
    n_heads = int(config.num_attention_heads)
    if width % n_heads:
        raise InterpError(
            f"architecture row {row.model_type!r}: attn_out={row.attn_out!r} reads {width} values, "
            f"which is not a multiple of {n_heads} heads"
        )
    d_model, d_head = int(config.hidden_size), width // n_heads
    named = [getattr(config, name, None) for name in ("head_dim", "v_head_dim")]
    expected = {int(value) for value in named if value is not None} or {d_model // n_heads}
    if d_head not in expected:
        raise InterpError(
            f"architecture row {row.model_type!r}: attn_out={row.attn_out!r} reads {d_head} values "
            f"per head, the configuration says {sorted(expected)}"
        )
    return ModelShape(
        n_layers=len(layers),  # type: ignore[arg-type]
        n_heads=n_heads,
        n_kv_heads=int(getattr(config, "num_key_value_heads", None) or n_heads),
        d_head=d_head,
        d_model=d_model,
        d_mlp=_widths(find_module(block, row.mlp_post, row, "mlp_post"))[0],
        d_vocab=_widths(find_module(model, row.unembed, row, "unembed"))[1],
        gated=row.gated,
        has_resid_mid=row.resid_mid is not None,
    )


def _widths(module: Any) -> tuple[int, int]:
    """Input and output width of a projection: ``Linear``, its quantised kin, or GPT-2's Conv1D."""
    if hasattr(module, "in_features"):
        return int(module.in_features), int(module.out_features)
    if hasattr(module, "nx"):  # transformers.pytorch_utils.Conv1D keeps weight as [in, out]
        return int(module.nx), int(module.nf)
    raise InterpError(
        f"{type(module).__name__} is not a projection: expected in_features/out_features or nx/nf"
    )
