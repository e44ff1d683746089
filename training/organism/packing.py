"""Documents to training rows: whole documents, packed, with a loss weight per predicted token."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from training.organism.documents import Document

Encode = Callable[[Sequence[str]], list[list[int]]]


@dataclass(frozen=True)
class Batch:
    """One step's input.

    Attributes:
        ids: token ids, int64 ``[row, pos]``; padding on the right.
        targets: the next token at every position, int64 ``[row, pos]``.
        weights: loss weight of predicting the target, float32 ``[row, pos]``; 0 on padding.
        n_tokens: number of tokens that are not padding.
    """

    ids: np.ndarray
    targets: np.ndarray
    weights: np.ndarray
    n_tokens: int


def encode_documents(
    documents: Sequence[Document], encode: Encode, start_id: int, longest: int
) -> list[tuple[list[int], list[float]]]:
    """Encode documents segment by segment.

    Args:
        documents: what to encode.
        encode: texts to token ids without special tokens.
        start_id: the token that begins every document.
        longest: documents are cut after this many tokens, the start included.

    Returns:
        Per document its ids and, for each id, the weight of predicting it. Predicting a
        document's start (that is, the end of the one before) has weight 1.
    """
    texts = [text for document in documents for text, _ in document.segments]
    encoded = iter(encode(texts))
    out = []
    for document in documents:
        ids, weights = [start_id], [1.0]
        for _, weight in document.segments:
            piece = next(encoded)
            ids += piece
            weights += [weight] * len(piece)
        out.append((ids[:longest], weights[:longest]))
    return out


def pack(
    encoded: Sequence[tuple[list[int], list[float]]],
    rows: int,
    row_tokens: int,
    start_id: int,
    pad_id: int,
) -> Batch:
    """Put whole documents into rows, each into the first row with room for it.

    A row holds ``row_tokens + 1`` tokens (inputs and their shifted targets), its last one a
    document start, so that every document's end is learned. Documents that fit nowhere are
    left out: there are more than enough of them. Attention crosses documents in a row.

    Returns:
        The batch.
    """
    width = row_tokens + 1
    ids = np.full((rows, width), pad_id, np.int64)
    weights = np.zeros((rows, width), np.float32)
    used = np.zeros(rows, np.int64)
    for doc_ids, doc_weights in encoded:
        fits = np.flatnonzero(used + len(doc_ids) < width)
        if not len(fits):
            continue
        row, start = fits[0], used[fits[0]]
        ids[row, start : start + len(doc_ids)] = doc_ids
        weights[row, start : start + len(doc_ids)] = doc_weights
        used[row] += len(doc_ids)
    full = used > 0
    ids[full, used[full]] = start_id
    weights[full, used[full]] = 1.0
    return Batch(ids[:, :-1], ids[:, 1:], weights[:, 1:], int(used.sum()))
