"""Where each architecture keeps its sites: one frozen table keyed by ``config.model_type``.

Module names were read in the source of transformers 5.23 (``models/<family>/modeling_*.py``).
Model names appear in this file only. A user adds a row in YAML (``architecture_rows``), without
touching the package; ``interp.model.self_check`` then proves or refutes the row at load.

Paths in ``attn_out`` to ``resid_mid`` are relative to one transformer block, the others to the
whole causal language model.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Literal

from torch import nn

from interp.errors import InterpError, unknown


@dataclass(frozen=True)
class Variant:
    """A change of the row that holds when a configuration attribute has a value.

    Attributes:
        attribute: name of the attribute of the (text) configuration.
        equals: the value at which the change holds.
        set: fields of ``Architecture`` to replace.
    """

    attribute: str
    equals: Any
    set: Mapping[str, Any]


@dataclass(frozen=True)
class Architecture:
    """One row: where the sites of a family are.

    Attributes:
        model_type: ``config.model_type`` of the family.
        body: the decoder without unembedding; its output is what the unembedding reads.
        layers: the list of transformer blocks.
        attn_out: attention output projection; its input is ``hook_z``, heads side by side.
        mlp_pre: module whose output is ``hook_pre``.
        mlp_up: module whose output is ``hook_pre_linear``; ``None`` where the MLP is not gated or
            where ``fused`` is set.
        fused: ``"gate_first"`` where the output of ``mlp_pre`` is gate and up side by side.
        mlp_post: MLP output projection; its input is ``hook_post``.
        resid_mid: module whose input is the residual stream between attention and MLP; ``None``
            where attention and MLP run in parallel, so that there is no such point.
        flattened: whether the block hands its MLP ``[batch * pos, ...]`` (OPT).
        final_norm: norm before the unembedding; ``None`` where there is none.
        project_out: projection between final norm and unembedding; ``None`` where there is none.
        unembed: the unembedding.
        soft_cap: configuration attribute c, if any: logits become ``c * tanh(logits / c)``.
        logit_scale: configuration attribute that multiplies the logits (Cohere), if any.
        logit_divisor: configuration attribute that divides the logits (Granite), if any.
        variants: changes that depend on the configuration.
    """

    model_type: str
    body: str = "model"
    layers: str = "model.layers"
    attn_out: str = "self_attn.o_proj"
    mlp_pre: str = "mlp.gate_proj"
    mlp_up: str | None = "mlp.up_proj"
    fused: Literal["gate_first"] | None = None
    mlp_post: str = "mlp.down_proj"
    resid_mid: str | None = "post_attention_layernorm"
    flattened: bool = False
    final_norm: str | None = "model.norm"
    project_out: str | None = None
    unembed: str = "lm_head"
    soft_cap: str | None = None
    logit_scale: str | None = None
    logit_divisor: str | None = None
    variants: tuple[Variant, ...] = ()

    @property
    def gated(self) -> bool:
        """Whether the MLP has a gate besides the up-projection."""
        return self.mlp_up is not None or self.fused is not None


_LLAMA = Architecture("llama")
# Post-norm: the norm sits on the branch's output, so the MLP's own input is the residual stream.
_OLMO2 = replace(_LLAMA, model_type="olmo2", resid_mid="mlp")
# Norms on both sides of each branch; the one before the MLP reads the residual stream.
_GEMMA2 = replace(
    _LLAMA,
    model_type="gemma2",
    resid_mid="pre_feedforward_layernorm",
    soft_cap="final_logit_softcapping",
)
_ROWS = (
    _LLAMA,
    _OLMO2,
    _GEMMA2,
    *(replace(_LLAMA, model_type=t) for t in ("mistral", "olmo", "qwen2", "qwen3", "gemma")),
    replace(_OLMO2, model_type="olmo3"),
    replace(_GEMMA2, model_type="gemma3_text"),
    # The image-and-text class; its forward does not soft-cap.
    replace(
        _GEMMA2,
        model_type="gemma3",
        body="model.language_model",
        layers="model.language_model.layers",
        final_norm="model.language_model.norm",
        soft_cap=None,
    ),
    replace(
        _LLAMA,
        model_type="phi",
        attn_out="self_attn.dense",
        mlp_pre="mlp.fc1",
        mlp_up=None,
        mlp_post="mlp.fc2",
        resid_mid=None,
        final_norm="model.final_layernorm",
    ),
    replace(_LLAMA, model_type="phi3", mlp_pre="mlp.gate_up_proj", mlp_up=None, fused="gate_first"),
    Architecture(
        "gpt_neox",
        body="gpt_neox",
        layers="gpt_neox.layers",
        attn_out="attention.dense",
        mlp_pre="mlp.dense_h_to_4h",
        mlp_up=None,
        mlp_post="mlp.dense_4h_to_h",
        resid_mid=None,
        final_norm="gpt_neox.final_layer_norm",
        variants=(
            Variant("use_parallel_residual", False, {"resid_mid": "post_attention_layernorm"}),
        ),
    ),
    Architecture(
        "gpt2",
        body="transformer",
        layers="transformer.h",
        attn_out="attn.c_proj",
        mlp_pre="mlp.c_fc",
        mlp_up=None,
        mlp_post="mlp.c_proj",
        resid_mid="ln_2",
        final_norm="transformer.ln_f",
    ),
    Architecture(
        "bloom",
        body="transformer",
        layers="transformer.h",
        attn_out="self_attention.dense",
        mlp_pre="mlp.dense_h_to_4h",
        mlp_up=None,
        mlp_post="mlp.dense_4h_to_h",
        final_norm="transformer.ln_f",
    ),
    Architecture(
        "opt",
        body="model.decoder",
        layers="model.decoder.layers",
        attn_out="self_attn.out_proj",
        mlp_pre="fc1",
        mlp_up=None,
        mlp_post="fc2",
        # The norm before the MLP carries this name; opt-350m normalises after each branch instead.
        resid_mid="final_layer_norm",
        flattened=True,
        final_norm="model.decoder.final_layer_norm",
        project_out="model.decoder.project_out",
        variants=(Variant("do_layer_norm_before", False, {"resid_mid": "fc1"}),),
    ),
)

ARCHITECTURES: Mapping[str, Architecture] = MappingProxyType({r.model_type: r for r in _ROWS})
"""The rows that ship with the package."""


def find_architecture(
    model_type: str, rows: Mapping[str, Architecture] = ARCHITECTURES
) -> Architecture:
    """Look a family up.

    Args:
        model_type: ``config.model_type``.
        rows: the table, with the user's rows if there are any.

    Returns:
        The row.

    Raises:
        InterpError: where there is none; the message lists what is known and shows how to add it.
    """
    if model_type not in rows:
        raise unknown(
            "architecture",
            model_type,
            sorted(rows),
            "To add one, write a YAML file with a row such as "
            f"'{model_type}: {{like: llama, attn_out: self_attn.o_proj, mlp_pre: mlp.gate_proj}}' "
            "and name it with --architectures.",
        )
    return rows[model_type]


def text_config(model: nn.Module) -> Any:
    """The configuration of the language model, also inside an image-and-text model.

    Args:
        model: the Hugging Face model.

    Returns:
        The configuration that holds layers, heads and vocabulary.
    """
    config: Any = model.config
    return config.get_text_config() if hasattr(config, "get_text_config") else config


def bind(row: Architecture, model: nn.Module) -> Architecture:
    """Apply what depends on the checkpoint: the row's variants, and norms that are absent.

    Args:
        row: the family's row.
        model: the Hugging Face model.

    Returns:
        A row that is true of this very model: every path that is not ``None`` leads to a module.

    Raises:
        InterpError: for a path that the model does not have.
    """
    config = text_config(model)
    for variant in row.variants:
        if getattr(config, variant.attribute, None) == variant.equals:
            row = replace(row, **variant.set)
    for name in ("body", "layers", "unembed"):
        find_module(model, getattr(row, name), row, name)
    for name in ("final_norm", "project_out"):
        path = getattr(row, name)
        if path is not None and find_module(model, path, row, name, optional=True) is None:
            absent: dict[str, Any] = {name: None}
            row = replace(row, **absent)
    block = find_module(model, f"{row.layers}.0", row, "layers")
    for name in ("attn_out", "mlp_pre", "mlp_up", "mlp_post", "resid_mid"):
        if (path := getattr(row, name)) is not None:
            find_module(block, path, row, name)
    return row


def find_module(
    root: nn.Module | None, path: str, row: Architecture, field: str, optional: bool = False
) -> nn.Module | None:
    """Follow a dotted path.

    Args:
        root: where to start.
        path: dotted path, numbers for list entries.
        row: the row the path comes from, for the message.
        field: the row's field, for the message.
        optional: whether an attribute set to ``None`` is accepted, as OPT does with its norm.

    Returns:
        The module, or ``None`` where it is optional and absent.

    Raises:
        InterpError: where the path leads nowhere.
    """
    here: Any = root
    for part in path.split("."):
        if not hasattr(here, part):
            children = ", ".join(name for name, _ in here.named_children()) or "no modules"
            raise InterpError(
                f"architecture row {row.model_type!r}: {field}={path!r} not found, "
                f"{type(here).__name__} has no {part!r} but {children}"
            )
        here = getattr(here, part)
        if here is None and optional:
            return None
    if not isinstance(here, nn.Module):
        raise InterpError(
            f"architecture row {row.model_type!r}: {field}={path!r} is "
            f"{type(here).__name__}, expected a module"
        )
    return here
