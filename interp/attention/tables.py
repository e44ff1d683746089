"""The table and the tensors of stored patterns: which row is which tensor. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import pandas as pd

from interp.data.token_text import token_pieces
from interp.data.tokens import TokenizedCorpus, TokenSequence
from interp.lahis.select import Head

TENSORS = "attention"
"""The file's stem."""

METADATA: Mapping[str, Any] = {
    "axes": ["query", "key"],
    "dtype": "float16",
    "rows": "sum to 1 up to rounding; exactly 0 above the diagonal",
}
"""What goes beside the tensors."""


class Place(NamedTuple):
    """One stored pattern.

    Attributes:
        head: ``(layer, head)``.
        sequence: index into the samples' sequences.
        key: of the tensor.
    """

    head: Head
    sequence: int
    key: str


def tensor_key(head: Head, lang: str, sample: int) -> str:
    """Name a pattern's tensor, e.g. ``L3.H5/en/0``.

    Args:
        head: ``(layer, head)``.
        lang: language code.
        sample: number of the sample; the same unit in every language.
    """
    return f"L{head[0]}.H{head[1]}/{lang}/{sample}"


def places(heads: Sequence[Head], sequences: Sequence[TokenSequence]) -> Iterator[Place]:
    """List every pattern, by head, then language as the samples have them, then sample.

    Args:
        heads: in the order chosen.
        sequences: one per sample and language.

    Yields:
        Each with its sequence and key.
    """
    languages = list(dict.fromkeys(sequence.lang for sequence in sequences))
    for head in heads:
        for lang in languages:
            for index, sequence in enumerate(sequences):
                if sequence.lang == lang:
                    yield Place(head, index, tensor_key(head, lang, sequence.block))


def attention_frame(
    heads: Sequence[Head], samples: TokenizedCorpus, tokenizer: Any
) -> pd.DataFrame:
    """Lay out the table ``attention``.

    Args:
        heads: in the order chosen.
        samples: what the model read.
        tokenizer: the checkpoint's; its tokens become pieces that join to the text.

    Returns:
        A row per pattern.
    """
    pieces = [token_pieces(tokenizer, sequence.ids.tolist()) for sequence in samples.sequences]
    rows = [
        {
            "layer": place.head[0],
            "head": place.head[1],
            "lang": samples.sequences[place.sequence].lang,
            "sample_id": sample_id(samples, samples.sequences[place.sequence].block),
            "tokens": pieces[place.sequence],
            "tensor_key": place.key,
        }
        for place in places(heads, samples.sequences)
    ]
    return pd.DataFrame(rows)


def sample_id(samples: TokenizedCorpus, sample: int) -> str:
    """Name a sample by its unit of text."""
    return "+".join(samples.block_units[sample])
