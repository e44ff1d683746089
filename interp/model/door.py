"""What is checked before a model sees it: its tokenizer and its batches."""

from __future__ import annotations

from typing import Any

import torch

from interp.errors import InterpError


def check_tokenizer(tokenizer: Any, n_tokens: int, name: str) -> None:
    """Refuse token ids that the model cannot embed, except special tokens.

    Some releases have a special token for another modality just past the embedding.

    Args:
        tokenizer: a Hugging Face tokenizer.
        n_tokens: rows of the embedding.
        name: the model's name, for the message.

    Raises:
        InterpError: where ordinary tokens lie beyond the embedding.
    """
    special = {index for index, token in tokenizer.added_tokens_decoder.items() if token.special}
    beyond = [i for i in tokenizer.get_vocab().values() if i >= n_tokens]
    if any(index not in special for index in beyond):
        raise InterpError(
            f"the tokenizer of {name!r} has {len(tokenizer)} tokens but the model embeds "
            f"{n_tokens}: it belongs to another checkpoint"
        )


def check_batch(ids: torch.Tensor, mask: torch.Tensor | None, n_tokens: int) -> None:
    """Refuse what would fail deep inside the model or, worse, not fail at all.

    Values are looked at on the CPU only: on a GPU a look would wait for the device.

    Args:
        ids: token ids, which should be ``[batch, pos]``.
        mask: attention mask of the same shape, or ``None``.
        n_tokens: rows of the embedding.

    Raises:
        InterpError: for another shape, an id beyond the embedding, or left padding.
    """
    if ids.dim() != 2 or ids.shape[1] == 0:
        raise InterpError(f"token ids of shape {tuple(ids.shape)}: expected [batch, pos]")
    if ids.device.type == "cpu" and ids.numel() and int(ids.max()) >= n_tokens:
        raise InterpError(f"token id {int(ids.max())}: the model embeds {n_tokens} tokens")
    if mask is None:
        return
    if mask.shape != ids.shape:
        raise InterpError(
            f"attention mask of shape {tuple(mask.shape)} for token ids {tuple(ids.shape)}"
        )
    if mask.device.type == "cpu" and bool((mask[:, 1:] > mask[:, :-1]).any()):
        raise InterpError("padding on the left: pad on the right, so that positions stay true")
