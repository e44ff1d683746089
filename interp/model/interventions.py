"""Edits that the analyses use, as plain functions on the values of sites, for any engine."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

import torch

from interp.errors import InterpError, unknown
from interp.model.engines.base import Editor
from interp.model.shape import ModelShape
from interp.model.sites import head_out, mlp_post

HEAD_VALUES = "attn.hook_z"
NEURON_VALUES = "mlp.hook_post"


def head_mask_edits(mask: torch.Tensor, shape: ModelShape) -> dict[str, Editor]:
    """Editors that multiply each head's output, before the output projection, by its mask entry.

    Args:
        mask: float ``[layer, head]``, or ``[batch, layer, head]`` with one row per sequence; may
            require gradients. It is cast to the activation's type and moved to its device.
        shape: the model's sizes.

    Returns:
        Site name to editor.

    Raises:
        InterpError: for a mask of another shape or not of floating point.
    """
    expected = (shape.n_layers, shape.n_heads)
    if mask.dim() not in (2, 3) or tuple(mask.shape[-2:]) != expected:
        raise InterpError(
            f"head mask of shape {tuple(mask.shape)}: expected [layer, head] = {list(expected)} or "
            f"[batch, layer, head] = [batch, {expected[0]}, {expected[1]}]"
        )
    if not mask.is_floating_point():
        raise InterpError(f"head mask of type {mask.dtype}: expected floating point")
    return {head_out(layer): _scale_heads(mask[..., layer, :]) for layer in range(shape.n_layers)}


def _scale_heads(row: torch.Tensor) -> Editor:
    """Multiply ``[batch, pos, head, d_head]`` by a row ``[head]`` or ``[batch, head]``."""

    def edit(z: torch.Tensor) -> torch.Tensor:
        if row.dim() == 2 and row.shape[0] != z.shape[0]:
            raise InterpError(
                f"head mask has {row.shape[0]} rows for a batch of {z.shape[0]} sequences"
            )
        scale = row.to(device=z.device, dtype=z.dtype)
        return z * (scale[:, None, :, None] if row.dim() == 2 else scale[:, None])

    return edit


def ablation_edits(
    shape: ModelShape,
    *,
    heads: Iterable[tuple[int, int]] = (),
    neurons: Iterable[tuple[int, int]] = (),
    values: Mapping[str, torch.Tensor] | None = None,
) -> dict[str, Editor]:
    """Editors that replace the output of heads and neurons at every position.

    Args:
        shape: the model's sizes.
        heads: (layer, head) pairs; acts on ``attn.hook_z``.
        neurons: (layer, neuron) pairs; acts on ``mlp.hook_post``, what the down projection reads.
        values: what to put there instead of zero, e.g. means over a corpus: ``"attn.hook_z"``
            ``[layer, head, d_head]`` and ``"mlp.hook_post"`` ``[layer, neuron]``, either or both.

    Returns:
        Site name to editor.

    Raises:
        InterpError: for an index out of range, or values of another name or shape.
    """
    given = dict(values or {})
    expected = {
        HEAD_VALUES: (shape.n_layers, shape.n_heads, shape.d_head),
        NEURON_VALUES: (shape.n_layers, shape.d_mlp),
    }
    for name, tensor in given.items():
        if name not in expected:
            raise unknown("ablation values", name, expected)
        if tuple(tensor.shape) != expected[name]:
            raise InterpError(
                f"ablation values for {name!r} have shape {tuple(tensor.shape)}: "
                f"expected {expected[name]}"
            )
    by_head = _by_layer("head", heads, shape.n_layers, shape.n_heads)
    by_neuron = _by_layer("neuron", neurons, shape.n_layers, shape.d_mlp)
    edits: dict[str, Editor] = {}
    for layer, chosen in by_head.items():
        edits[head_out(layer)] = _replace(chosen, given.get(HEAD_VALUES), layer, axis=2)
    for layer, chosen in by_neuron.items():
        edits[mlp_post(layer)] = _replace(chosen, given.get(NEURON_VALUES), layer, axis=2)
    return edits


def _by_layer(
    what: str, pairs: Iterable[tuple[int, int]], n_layers: int, width: int
) -> dict[int, list[int]]:
    grouped: dict[int, list[int]] = defaultdict(list)
    for layer, index in pairs:
        layer, index = int(layer), int(index)
        if not (0 <= layer < n_layers and 0 <= index < width):
            raise InterpError(
                f"{what} ({layer}, {index}) is out of range: expected layer 0 to {n_layers - 1} "
                f"and {what} 0 to {width - 1}"
            )
        grouped[layer].append(index)
    return grouped


def _replace(chosen: list[int], values: torch.Tensor | None, layer: int, axis: int) -> Editor:
    """Put ``values[layer, chosen]`` (or zero) at entries ``chosen`` of one axis."""

    def edit(value: torch.Tensor) -> torch.Tensor:
        index = torch.tensor(chosen, device=value.device)
        if values is None:
            return value.index_fill(axis, index, 0.0)
        new = values[layer].to(device=value.device, dtype=value.dtype)[index]
        return value.index_copy(axis, index, new.expand(*value.shape[:2], *new.shape))

    return edit
