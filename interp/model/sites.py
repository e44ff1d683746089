"""The places that can be observed or edited, named as TransformerLens names them.

A site name becomes an ``Access``: which module, its input or its output, and how to cut the value
out of that tensor. Engines differ in how they reach a module, not in what a site means.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

import torch

from interp.errors import InterpError, unknown
from interp.model.architectures import Architecture
from interp.model.shape import ModelShape

BLOCK_KINDS = (
    "hook_resid_pre",
    "attn.hook_z",
    "hook_resid_mid",
    "mlp.hook_pre",
    "mlp.hook_pre_linear",
    "mlp.hook_post",
    "hook_resid_post",
)
"""What follows ``blocks.{l}.``, in the order in which a block computes it."""

EMBED = "hook_embed"
FINAL = "ln_final.hook_in"
_BLOCK = re.compile(r"blocks\.(\d+)\.(.+)")


@dataclass(frozen=True)
class Access:
    """How to reach the value of a site.

    Attributes:
        module: path of the module in the causal language model.
        side: whether the value is the module's first input or its (first) output.
        part: which half of the last axis holds it, where two projections are fused.
        heads: whether the last axis is to be split into ``[head, d_head]``.
        flattened: whether batch and position are one axis there.
        shared: whether the module's input is also added back later (the residual stream read by
            a norm), so that replacing the input alone would leave the stream as it was.
    """

    module: str
    side: Literal["input", "output"]
    part: Literal["whole", "first", "second"] = "whole"
    heads: bool = False
    flattened: bool = False
    shared: bool = False


def resid_pre(layer: int) -> str:
    """Name of the residual stream entering a block."""
    return f"blocks.{layer}.hook_resid_pre"


def resid_mid(layer: int) -> str:
    """Name of the residual stream between attention and MLP."""
    return f"blocks.{layer}.hook_resid_mid"


def resid_post(layer: int) -> str:
    """Name of the residual stream leaving a block."""
    return f"blocks.{layer}.hook_resid_post"


def head_out(layer: int) -> str:
    """Name of the per-head output before the output projection."""
    return f"blocks.{layer}.attn.hook_z"


def mlp_pre(layer: int) -> str:
    """Name of the gate pre-activation (gated MLPs) or the pre-activation."""
    return f"blocks.{layer}.mlp.hook_pre"


def mlp_up(layer: int) -> str:
    """Name of the up-projection of a gated MLP."""
    return f"blocks.{layer}.mlp.hook_pre_linear"


def mlp_post(layer: int) -> str:
    """Name of the input of the down projection."""
    return f"blocks.{layer}.mlp.hook_post"


def site_names(shape: ModelShape) -> tuple[str, ...]:
    """Every site of a model, in the order of computation.

    Args:
        shape: the model's sizes.

    Returns:
        The names.
    """
    kinds = [
        kind
        for kind in BLOCK_KINDS
        if (kind != "hook_resid_mid" or shape.has_resid_mid)
        and (kind != "mlp.hook_pre_linear" or shape.gated)
    ]
    blocks = [f"blocks.{layer}.{kind}" for layer in range(shape.n_layers) for kind in kinds]
    return (EMBED, *blocks, FINAL)


def parse_site(name: str, shape: ModelShape) -> tuple[str, int | None]:
    """Check a site name against a model.

    Args:
        name: the name, e.g. ``blocks.3.attn.hook_z``.
        shape: the model's sizes.

    Returns:
        Kind (``attn.hook_z``) and layer, or the name itself and ``None`` outside the blocks.

    Raises:
        InterpError: for a name, layer or kind that the model does not have.
    """
    if name in (EMBED, FINAL):
        return name, None
    match = _BLOCK.fullmatch(name)
    if match is None or match[2] not in BLOCK_KINDS:
        raise unknown("site", name, (EMBED, *(f"blocks.L.{k}" for k in BLOCK_KINDS), FINAL))
    layer, kind = int(match[1]), match[2]
    if layer >= shape.n_layers:
        raise InterpError(f"site {name!r}: layer {layer}, expected 0 to {shape.n_layers - 1}")
    if kind == "hook_resid_mid" and not shape.has_resid_mid:
        raise InterpError(
            f"site {name!r}: this architecture computes attention and MLP in parallel, so there is "
            "no point between them; use hook_resid_pre or hook_resid_post"
        )
    if kind == "mlp.hook_pre_linear" and not shape.gated:
        raise InterpError(f"site {name!r}: this architecture's MLP is not gated; use mlp.hook_pre")
    return kind, layer


def site_shape(name: str, shape: ModelShape, batch: int, pos: int) -> tuple[int, ...]:
    """The shape of the value at a site.

    Args:
        name: site name.
        shape: the model's sizes.
        batch: sequences.
        pos: tokens per sequence.

    Returns:
        ``[batch, pos, head, d_head]``, ``[batch, pos, neuron]`` or ``[batch, pos, d_model]``.
    """
    kind, _ = parse_site(name, shape)
    if kind == "attn.hook_z":
        return (batch, pos, shape.n_heads, shape.d_head)
    return (batch, pos, shape.d_mlp if kind.startswith("mlp.") else shape.d_model)


def locate(name: str, row: Architecture, shape: ModelShape) -> Access:
    """Say where the value of a site is.

    Args:
        name: site name.
        row: the architecture, bound to the model.
        shape: the model's sizes.

    Returns:
        How to reach it.

    Raises:
        InterpError: for a site that the model does not have.
    """
    kind, layer = parse_site(name, shape)
    if kind == EMBED:
        return Access(f"{row.layers}.0", "input")
    if kind == FINAL:
        if row.final_norm is None:
            return Access(f"{row.layers}.{shape.n_layers - 1}", "output")
        return Access(row.final_norm, "input")
    block = f"{row.layers}.{layer}"
    if kind == "hook_resid_pre":
        return Access(block, "input")
    if kind == "hook_resid_post":
        return Access(block, "output")
    if kind == "attn.hook_z":
        return Access(f"{block}.{row.attn_out}", "input", heads=True)
    if kind == "hook_resid_mid":
        path = f"{block}.{row.resid_mid}"
        return Access(path, "input", flattened=row.flattened, shared=True)
    if kind == "mlp.hook_post":
        return Access(f"{block}.{row.mlp_post}", "input", flattened=row.flattened)
    part: Literal["whole", "first", "second"] = "whole"
    module = row.mlp_pre
    if row.fused == "gate_first":
        part = "first" if kind == "mlp.hook_pre" else "second"
    elif kind == "mlp.hook_pre_linear":
        module = str(row.mlp_up)
    return Access(f"{block}.{module}", "output", part=part, flattened=row.flattened)


def cut(value: torch.Tensor, access: Access, n_heads: int, batch_pos: torch.Size) -> torch.Tensor:
    """Cut a site's value out of the tensor in which the model holds it.

    Args:
        value: the module's input or output.
        access: how the site is reached.
        n_heads: heads per layer.
        batch_pos: ``(batch, pos)``, needed where the model flattens them.

    Returns:
        A view of the value, ``[batch, pos, ...]``.
    """
    if access.flattened and value.dim() == 2:
        value = value.view(*batch_pos, value.shape[-1])
    if access.part != "whole":
        value = value.chunk(2, dim=-1)[0 if access.part == "first" else 1]
    if access.heads:
        value = value.unflatten(-1, (n_heads, -1))
    return value


def paste(value: torch.Tensor, new: torch.Tensor, access: Access) -> torch.Tensor:
    """Put an edited value back into the tensor from which it was cut.

    Args:
        value: the module's input or output, which is left as it is.
        new: the edited value, of the shape that ``cut`` gave.
        access: how the site is reached.

    Returns:
        The replacement for ``value``, of the same shape.
    """
    if access.heads:
        new = new.flatten(-2)
    if access.part != "whole":
        new = new.reshape(*value.shape[:-1], -1)
        first, second = value.chunk(2, dim=-1)
        halves = (new, second) if access.part == "first" else (first, new)
        return torch.cat(halves, dim=-1)
    return new.reshape(value.shape)
