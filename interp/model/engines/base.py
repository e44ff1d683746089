"""The one protocol that every engine implements.

An engine runs a checkpoint on tokens while values at named sites are observed or edited. The
analyses know only this protocol, so a result can be recomputed with another library.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal, Protocol

import torch

Observer = Callable[[torch.Tensor], None]
"""Receives the value at a site; with gradients enabled it is part of the graph (not detached)."""

Editor = Callable[[torch.Tensor], torch.Tensor]
"""Receives the value at a site and returns the replacement, of the same shape and dtype."""

Output = Literal["logits", "body"]


class Engine(Protocol):
    """Runs a checkpoint with observers and editors at sites (see ``interp.model.sites``)."""

    name: str

    def run(
        self,
        input_ids: torch.Tensor,
        attention_mask: torch.Tensor | None,
        *,
        observe: Mapping[str, Observer],
        edit: Mapping[str, Editor],
        output: Output,
    ) -> torch.Tensor:
        """Run one batch.

        Args:
            input_ids: token ids, int64 ``[batch, pos]``, padded on the **right** only, so that
                every real token sees exactly what it would see alone.
            attention_mask: ``[batch, pos]``, 1 for real tokens, or ``None`` when none is padding.
            observe: site name to observer. At a site that is also edited the observer sees the
                value after the edit.
            edit: site name to editor.
            output: ``"logits"`` runs the whole model; ``"body"`` stops before the unembedding.

        Returns:
            ``"logits"``: ``[batch, pos, d_vocab]`` as the model returns them (soft-capped where
            the architecture does so). ``"body"``: what the unembedding would read, i.e. the
            output of the final norm, ``[batch, pos, d_model]``.

        Raises:
            InterpError: for a site that the architecture does not have, before anything runs.
        """
        ...
