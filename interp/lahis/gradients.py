"""One gradient of the head mask per sample, for a whole batch in one backward pass.

Every sample gets its own row of the mask, and the loss that is differentiated is the **sum** over
samples of each sample's own mean token loss. A sample's loss depends on its own row only, so row
``b`` of the gradient is exactly what sample ``b`` gives alone; the sources run one backward pass
per sample instead.

Only activations are differentiated: the parameters are frozen for the length of a call, so no
weight gradient is computed and no input kept for one. The vocabulary-sized logits exist for a
chunk of positions at a time: their gradient with respect to the last residual is formed chunk by
chunk, and the body is differentiated once, from there, or block by block (`checkpointed`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from interp.errors import InterpError
from interp.lahis import checkpointed
from interp.model import HookedModel
from interp.model.door import check_batch

CHUNK_ELEMENTS = 2**25
"""Logits held at a time (positions times vocabulary): 128 MiB in fp32."""

ROUNDING, HALF_ROUNDING = 1e-5, 2e-2
"""How far gradients may be off, of the largest, when a model is computed block by block: nothing
where the same kernels run, rounding where a device chooses another without a graph."""


@contextmanager
def frozen_parameters(model: nn.Module) -> Iterator[None]:
    """Stop gradients into the parameters, and put every flag back on the way out."""
    trainable = [parameter for parameter in model.parameters() if parameter.requires_grad]
    for parameter in trainable:
        parameter.requires_grad_(False)
    try:
        yield
    finally:
        for parameter in trainable:
            parameter.requires_grad_(True)


def loss_gradient(
    hidden: Tensor,
    input_ids: Tensor,
    attention_mask: Tensor | None,
    to_logits: Callable[[Tensor], Tensor],
    *,
    chunk_rows: int,
) -> tuple[Tensor, Tensor]:
    """Differentiate every sample's mean next-token loss with respect to the last residual.

    Args:
        hidden: what ``to_logits`` reads, ``[batch, pos, d_model]``.
        input_ids: ``[batch, pos]``, padded on the right.
        attention_mask: ``[batch, pos]`` or ``None`` when nothing is padding.
        to_logits: ``[row, d_model]`` to ``[row, d_vocab]``, fp32 or wider.
        chunk_rows: positions whose logits are held at a time.

    Returns:
        The losses in nats, fp64 ``[batch]`` (mean over the sample's real next tokens; 0 where
        there is none), and the gradient of their sum, like ``hidden``.
    """
    input_ids = input_ids.to(hidden.device)
    real = torch.ones_like(input_ids) if attention_mask is None else attention_mask
    predicts = real[:, 1:].bool().to(hidden.device)
    sample, position = predicts.nonzero(as_tuple=True)
    labels = input_ids[sample, position + 1]
    weights = 1 / predicts.sum(1).double()[sample]
    losses = torch.zeros(len(input_ids), dtype=torch.float64, device=hidden.device)
    gradient = torch.zeros_like(hidden)
    for start in range(0, len(sample), chunk_rows):
        part = slice(start, start + chunk_rows)
        rows = hidden.detach()[sample[part], position[part]].requires_grad_(True)
        nll, slope = _row_gradients(rows, labels[part], weights[part], to_logits)
        gradient[sample[part], position[part]] = slope
        losses.index_add_(0, sample[part], nll.to(losses))
    return losses, gradient


def _row_gradients(
    rows: Tensor, labels: Tensor, weights: Tensor, to_logits: Callable[[Tensor], Tensor]
) -> tuple[Tensor, Tensor]:
    """Weighted losses ``[row]`` and the gradients of their sum, like ``rows`` ``[row, d_model]``.

    The gradient with respect to the logits has a closed form, softmax minus one at the label; one
    buffer serves for it and for the losses, where autograd would keep three.
    """
    with torch.enable_grad():
        logits = to_logits(rows)
    at = labels.to(logits.device)[:, None]
    change = torch.log_softmax(logits.detach(), dim=-1)
    weights = weights.to(change)
    nll = -change.gather(1, at)[:, 0] * weights
    change.exp_()
    change.scatter_add_(1, at, change.new_full(at.shape, -1.0))
    change *= weights[:, None]
    (slope,) = torch.autograd.grad(logits, rows, change)
    return nll, slope


def mask_gradients(
    model: HookedModel,
    input_ids: Tensor,
    attention_mask: Tensor | None,
    mask: Tensor,
    *,
    chunk_elements: int = CHUNK_ELEMENTS,
    checkpointing: bool = False,
) -> tuple[Tensor, Tensor]:
    """Differentiate the loss of every sample with respect to its own row of the head mask.

    Args:
        model: the checkpoint.
        input_ids: ``[batch, pos]``, padded on the right.
        attention_mask: ``[batch, pos]`` or ``None`` when nothing is padding.
        mask: where to differentiate, ``[layer, head]`` (the same for every sample); its type is
            kept for the gradient.
        chunk_elements: logits held at a time.
        checkpointing: whether activations of one block at a time are in memory, each block being
            computed twice; the results are the same.

    Returns:
        The gradients ``[batch, layer, head]`` in the mask's type, and the losses, fp64 ``[batch]``.

    Raises:
        InterpError: for a batch or a mask that does not fit the model, or a model that cannot be
            computed block by block.
    """
    rows = mask.detach().expand(len(input_ids), *mask.shape).clone().requires_grad_(True)
    chunk_rows = max(1, chunk_elements // model.shape.d_vocab)
    check_batch(input_ids, attention_mask, model.d_embedded)
    # The model needs no mask: no token sees the padding behind it (the self-check proves that of
    # every model), and attention is faster without one. The loss leaves the padding out.
    with frozen_parameters(model.model), torch.enable_grad():
        if checkpointing:
            passed = checkpointed.forward(model, input_ids, rows)
            hidden = passed.hidden
        else:
            found: list[Tensor] = []
            model.run(
                input_ids,
                observe={"ln_final.hook_in": found.append},
                edit=model.head_mask_edits(rows),
                output="body",
            )
            hidden = found[0]
        losses, slope = loss_gradient(
            hidden, input_ids, attention_mask, model.unembed, chunk_rows=chunk_rows
        )
        if checkpointing:
            gradients = checkpointed.backward(model, passed, rows, slope)
        else:
            (gradients,) = torch.autograd.grad(hidden, rows, slope)
    return gradients, losses


def check_blocks(model: HookedModel) -> None:
    """Show on a few tokens that a model can be differentiated block by block.

    Args:
        model: the checkpoint.

    Raises:
        InterpError: where that gives other gradients than differentiating it as a whole: blocks
            that pass on more than the residual stream, such as keys and values of an earlier one.
    """
    ids = (torch.arange(14) * 5 + 3).remainder(model.d_embedded).view(2, 7)
    mask = torch.ones(model.shape.n_layers, model.shape.n_heads, device=model.device)
    whole, _ = mask_gradients(model, ids, None, mask)
    parts, _ = mask_gradients(model, ids, None, mask, checkpointing=True)
    if not whole.isfinite().all():
        return  # what is wrong is said of a text, when its gradient is not finite
    scale = whole.abs().amax().clamp_min(torch.finfo(whole.dtype).tiny)
    off = float((parts - whole).abs().amax() / scale)
    allowed = ROUNDING if model.dtype in (torch.float32, torch.float64) else HALF_ROUNDING
    if not off <= allowed:
        raise InterpError(
            f"checkpointing of {model.name!r} ({model.arch.model_type}): gradients taken block by "
            f"block are off by {off:.1e} of the largest, expected at most {allowed:.0e}; its "
            "blocks share more than the residual stream: leave checkpointing out and use a "
            "smaller batch size"
        )
