"""The mask gradient block by block: of one block at a time, not of all, activations are in memory.

The forward pass keeps no graph, only what enters each block. Going back, a block is computed once
more from its input, now with a graph, and differentiated before the one below it is. What is held is
one residual stream per block (``layers * tokens * d_model``, 0.26 MB per token in a 7B model in
bf16) and the graph of a single block, against the graph of all of them; the price is a second
forward pass, a third more time. The same operations run on the same numbers, so results are the
same bits.

This is true only where a block is given nothing but the residual stream and constants. Each pass
checks that what enters a block is what left the one before; `interp.lahis.gradients.check_blocks`
shows the rest at the door.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from interp.errors import InterpError
from interp.model import HookedModel
from interp.model.engines.native import NativeEngine, first
from interp.model.sites import FINAL, head_out

HIDDEN = "hidden_states"
"""What transformers calls a block's first argument."""


@dataclass
class Passed:
    """A forward pass without a graph, from which its blocks can be computed again.

    Attributes:
        hidden: what entered the final norm, ``[batch, pos, d_model]``.
        calls: positional and named arguments of every block, by layer.
        left: what left the block called last; while the pass runs.
    """

    hidden: Tensor = field(default_factory=lambda: torch.empty(0))
    calls: list[tuple[tuple[Any, ...], dict[str, Any]]] = field(default_factory=list)
    left: Tensor | None = None


def forward(model: HookedModel, input_ids: Tensor, rows: Tensor) -> Passed:
    """Run the body under a head mask, and keep what enters each block.

    Args:
        model: the checkpoint, on the native engine.
        input_ids: ``[batch, pos]``, padded on the right.
        rows: the mask of every sample, ``[batch, layer, head]``.

    Returns:
        The pass, for `backward`.

    Raises:
        InterpError: for another engine, or where something happens between two blocks.
    """
    _native(model)
    passed = Passed()

    def enter(_: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        entering = args[0] if args else kwargs[HIDDEN]
        if passed.left is not None and not _same(entering, passed.left):
            raise _refusal(model, "something changes the residual stream between its blocks")
        passed.calls.append((args, kwargs))

    def leave(_: nn.Module, __: tuple[Any, ...], output: Any) -> None:
        passed.left = first(output)

    def finish(value: Tensor) -> None:
        passed.hidden = value

    with torch.no_grad(), ExitStack() as stack:
        for layer in range(model.shape.n_layers):
            block = _block(model, layer)
            for handle in (
                block.register_forward_pre_hook(enter, with_kwargs=True),
                block.register_forward_hook(leave),
            ):
                stack.callback(handle.remove)
        model.run(
            input_ids, observe={FINAL: finish}, edit=model.head_mask_edits(rows), output="body"
        )
    if len(passed.calls) != model.shape.n_layers:
        raise _refusal(model, f"{len(passed.calls)} blocks ran, not {model.shape.n_layers}")
    if passed.left is None or not _same(passed.hidden, passed.left):
        raise _refusal(model, "something changes the residual stream after its last block")
    passed.left = None
    return passed


def backward(model: HookedModel, passed: Passed, rows: Tensor, slope: Tensor) -> Tensor:
    """Differentiate block by block, from the last to the first.

    Args:
        model: the checkpoint, its parameters frozen.
        passed: the pass; its blocks' inputs are given up on the way.
        rows: the mask at which it was made, ``[batch, layer, head]``, requiring a gradient.
        slope: gradient of the loss with respect to ``passed.hidden``.

    Returns:
        The gradient of the loss with respect to ``rows``.
    """
    engine = _native(model)
    edits = model.head_mask_edits(rows)
    gradients = torch.zeros_like(rows)
    for layer in reversed(range(model.shape.n_layers)):
        args, kwargs = passed.calls.pop()
        entering = (args[0] if args else kwargs[HIDDEN]).detach()
        # Nothing below block 0's heads depends on the mask.
        entering.requires_grad_(layer > 0)
        if args:
            args = (entering, *args[1:])
        else:
            kwargs = {**kwargs, HIDDEN: entering}
        site = head_out(layer)
        with torch.enable_grad(), engine.attached(observe={}, edit={site: edits[site]}):
            out = first(_block(model, layer)(*args, **kwargs))
        inputs = (rows, entering) if layer else (rows,)
        found, *below = torch.autograd.grad(out, inputs, slope)
        gradients[:, layer] += found[:, layer]
        if below:
            slope = below[0]
    return gradients


def _native(model: HookedModel) -> NativeEngine:
    if not isinstance(model.engine, NativeEngine):
        raise InterpError(
            f"checkpointing with engine {model.engine.name!r}: expected engine 'native', which "
            "alone computes one block at a time"
        )
    return model.engine


def _block(model: HookedModel, layer: int) -> nn.Module:
    block: nn.Module = model.model.get_submodule(f"{model.arch.layers}.{layer}")
    return block


def _same(value: Tensor, other: Tensor) -> bool:
    """Whether two tensors are one piece of memory."""
    return value is other or (
        value.device == other.device
        and value.data_ptr() == other.data_ptr()
        and value.shape == other.shape
    )


def _refusal(model: HookedModel, what: str) -> InterpError:
    return InterpError(
        f"checkpointing of {model.name!r} ({model.arch.model_type}): {what}, so it cannot be "
        "computed block by block; leave checkpointing out and use a smaller batch size"
    )
