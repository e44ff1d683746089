"""The loss of every sequence, with or without heads or neurons ablated.

The body of the model runs without its unembedding; logits exist for a chunk of positions at a time,
in fp32, so that a large vocabulary needs no more memory than a small one. Special tokens in front
are read and never predicted, and neither is the first token of a sequence without one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from interp.batches import pad
from interp.data.tokens import TokenSequence
from interp.errors import InterpError
from interp.model import HookedModel
from interp.model.engines.base import Editor, Observer
from interp.model.interventions import HEAD_VALUES, NEURON_VALUES
from interp.model.shape import ModelShape
from interp.model.sites import head_out, mlp_post

CHUNK_ELEMENTS = 2**25
"""Logits held at a time (positions times vocabulary): 128 MiB in fp32."""


def n_predicted(sequence: TokenSequence) -> int:
    """Count the tokens of a sequence that are predicted."""
    return max(0, len(sequence.ids) - _first(sequence))


def _first(sequence: TokenSequence) -> int:
    """Place of the first token that is predicted."""
    return max(1, sequence.n_special)


def sequence_losses(
    model: HookedModel,
    sequences: Sequence[TokenSequence],
    edits: Mapping[str, Editor] | None = None,
    *,
    chunk_elements: int = CHUNK_ELEMENTS,
) -> NDArray[np.float64]:
    """Add up the negative log-likelihood of every sequence's predicted tokens.

    Args:
        model: the checkpoint.
        sequences: computed together, as one batch.
        edits: site name to editor, from `interp.model.interventions.ablation_edits`.
        chunk_elements: logits held at a time.

    Returns:
        Sums in nats, fp64 ``[sequence]``.

    Raises:
        InterpError: for a loss that is not finite.
    """
    ids, _ = pad([sequence.ids.tolist() for sequence in sequences])
    found: list[Tensor] = []
    with torch.inference_mode():
        # No mask: no token sees the padding behind it, and padding is never predicted.
        model.run(ids, observe={"ln_final.hook_in": found.append}, edit=edits or {}, output="body")
        spans = [(_first(one), len(one.ids)) for one in sequences]
        chunk_rows = max(1, chunk_elements // model.shape.d_vocab)
        losses = summed_nll(found[0], ids, spans, model.unembed, chunk_rows=chunk_rows)
    if not np.isfinite(losses).all():
        broken = sequences[int(np.argmin(np.isfinite(losses)))]
        raise InterpError(
            f"the loss is not finite for the {broken.lang} text of unit "
            f"{'+'.join(broken.unit_ids)}: the checkpoint may be damaged or have overflowed in "
            "half precision; try --dtype float32 or bfloat16"
        )
    return losses


def summed_nll(
    hidden: Tensor,
    input_ids: Tensor,
    spans: Sequence[tuple[int, int]],
    to_logits: Callable[[Tensor], Tensor],
    *,
    chunk_rows: int,
) -> NDArray[np.float64]:
    """Add up the negative log-likelihood of the tokens in each row's span.

    Args:
        hidden: what ``to_logits`` reads, ``[batch, pos, d_model]``.
        input_ids: ``[batch, pos]``.
        spans: first predicted place (at least 1) and length of each row.
        to_logits: ``[row, d_model]`` to ``[row, d_vocab]``, fp32 or wider.
        chunk_rows: positions whose logits are held at a time.

    Returns:
        Sums in nats, fp64 ``[batch]``; 0 for an empty span.
    """
    place = torch.arange(input_ids.shape[1])
    first, end = torch.tensor(spans).T
    wanted = (place >= first[:, None]) & (place < end[:, None])
    row, position = (index.to(hidden.device) for index in wanted.nonzero(as_tuple=True))
    labels = input_ids.to(hidden.device)[row, position]
    sums = torch.zeros(len(input_ids), dtype=torch.float64)
    for start in range(0, len(row), chunk_rows):
        part = slice(start, start + chunk_rows)
        logits = to_logits(hidden[row[part], position[part] - 1])
        nll = F.cross_entropy(logits, labels[part].to(logits.device), reduction="none")
        sums.index_add_(0, row[part].cpu(), nll.cpu().double())
    return sums.numpy()


class MeanOutputs:
    """The mean output of every head or neuron over the content tokens of all languages together.

    Args:
        shape: the model's sizes.
        part: ``heads`` or ``neurons``.
    """

    def __init__(self, shape: ModelShape, part: str) -> None:
        self._site = head_out if part == "heads" else mlp_post
        self.name = HEAD_VALUES if part == "heads" else NEURON_VALUES
        one = (shape.n_heads, shape.d_head) if part == "heads" else (shape.d_mlp,)
        self.sums = np.zeros((shape.n_layers, *one))

    def of(self, model: HookedModel, sequences: Sequence[TokenSequence]) -> NDArray[np.float64]:
        """Run one batch: the sums over its content tokens; padding and BOS do not count.

        Returns:
            ``[layer, head, d_head]`` or ``[layer, neuron]``, to be added to ``sums``.
        """
        ids, _ = pad([sequence.ids.tolist() for sequence in sequences])
        place = torch.arange(ids.shape[1])
        first = torch.tensor([sequence.n_special for sequence in sequences])
        end = torch.tensor([len(sequence.ids) for sequence in sequences])
        counts = (place >= first[:, None]) & (place < end[:, None])
        batch = np.zeros_like(self.sums)

        def observer(layer: int) -> Observer:
            def observe(value: Tensor) -> None:
                batch[layer] = value[counts.to(value.device)].float().sum(0).cpu().numpy()

            return observe

        watched = {self._site(layer): observer(layer) for layer in range(len(batch))}
        with torch.inference_mode():
            model.run(ids, observe=watched, output="body")
        return batch

    def means(self, n_tokens: int) -> NDArray[np.float32]:
        """Divide by the content tokens: ``[layer, head, d_head]`` or ``[layer, neuron]``."""
        return (self.sums / n_tokens).astype(np.float32)
