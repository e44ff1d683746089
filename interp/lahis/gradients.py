"""One gradient of the head mask per sample, for a whole batch in one backward pass.

Every sample gets its own row of the mask, and the loss that is differentiated is the **sum** over
samples of each sample's own mean token loss. A sample's loss depends on its own row only, so row
``b`` of the gradient is exactly what sample ``b`` gives alone; the sources run one backward pass
per sample instead.

Only activations are differentiated: the parameters are frozen for the length of a call, so no
weight gradient is computed and no input kept for one. The vocabulary-sized logits exist for a
chunk of positions at a time: their gradient with respect to the last residual is formed chunk by
chunk, and the body is differentiated once, from there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from interp.model import HookedModel
from interp.model.door import check_batch

CHUNK_ELEMENTS = 2**25
"""Logits held at a time (positions times vocabulary): 128 MiB in fp32."""


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
        with torch.enable_grad():
            logits = to_logits(rows)
            nll = F.cross_entropy(logits, labels[part].to(logits.device), reduction="none")
            nll = nll * weights[part].to(nll)
            (slope,) = torch.autograd.grad(nll.sum(), rows)
        gradient[sample[part], position[part]] = slope
        losses.index_add_(0, sample[part], nll.detach().to(losses))
    return losses, gradient


def mask_gradients(
    model: HookedModel,
    input_ids: Tensor,
    attention_mask: Tensor | None,
    mask: Tensor,
    *,
    chunk_elements: int = CHUNK_ELEMENTS,
) -> tuple[Tensor, Tensor]:
    """Differentiate the loss of every sample with respect to its own row of the head mask.

    Args:
        model: the checkpoint.
        input_ids: ``[batch, pos]``, padded on the right.
        attention_mask: ``[batch, pos]`` or ``None`` when nothing is padding.
        mask: where to differentiate, ``[layer, head]`` (the same for every sample); its type is
            kept for the gradient.
        chunk_elements: logits held at a time.

    Returns:
        The gradients ``[batch, layer, head]`` in the mask's type, and the losses, fp64 ``[batch]``.
    """
    rows = mask.detach().expand(len(input_ids), *mask.shape).clone().requires_grad_(True)
    found: list[Tensor] = []
    chunk_rows = max(1, chunk_elements // model.shape.d_vocab)
    check_batch(input_ids, attention_mask, model.d_embedded)
    with frozen_parameters(model.model), torch.enable_grad():
        # The model needs no mask: no token sees the padding behind it (the self-check proves that
        # of every model), and attention is faster without one. The loss leaves the padding out.
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
        (gradients,) = torch.autograd.grad(hidden, rows, slope)
    return gradients, losses
