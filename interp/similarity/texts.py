"""The texts of a similarity run: one sequence per unit and language, in the blocks of LAPE."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from interp.data import blocks
from interp.data.corpus import Corpus
from interp.data.tokens import TokenizedCorpus, tokenize_samples
from interp.errors import InterpError
from interp.options import SimilarityOptions


@dataclass(frozen=True)
class Layout:
    """Where every sequence belongs.

    Attributes:
        units: place of its unit among those kept, in the corpus' order, ``[sequence]``.
        languages: place of its language, ``[sequence]``.
        blocks: block of every unit, ``[unit]``.
        n_units: units of every block, ``[block]``.
    """

    units: list[int]
    languages: list[int]
    blocks: NDArray[np.int64]
    n_units: NDArray[np.int64]


def tokenize(
    corpus: Corpus,
    tokenizer: Any,
    options: SimilarityOptions,
    languages: Sequence[str] | None,
) -> TokenizedCorpus:
    """Take the first tokens of every unit in every language.

    Args:
        corpus: parallel text.
        tokenizer: of the checkpoint.
        options: how many tokens, and what stands in front of them.
        languages: languages of the corpus; None takes all.

    Returns:
        The sequences, one per unit and language.

    Raises:
        InterpError: for fewer than two languages, or fewer than two units with tokens in all.
    """
    text = tokenize_samples(
        corpus, tokenizer, languages=languages, n_samples=len(corpus),
        seq_len=options.seq_len, bos=options.bos,
    )  # fmt: skip
    if len(text.languages) < 2:
        raise InterpError(
            f"languages {', '.join(text.languages)}: similarity compares languages, expected at "
            "least two"
        )
    if text.n_blocks < 2:
        raise InterpError(
            f"corpus {corpus.source} has 1 unit of text that can be used: similarity compares a "
            "unit's translation with other units, expected at least two"
        )
    return text


def lay_out(text: TokenizedCorpus, corpus: Corpus, n_blocks: int) -> Layout:
    """Put units back into the corpus' order, and into the blocks that LAPE gives them.

    Args:
        text: from ``tokenize``.
        corpus: the corpus it was made of.
        n_blocks: most blocks.

    Returns:
        Where every sequence belongs. A unit that ``tokenize`` left out leaves its block smaller,
        and no other unit changes its block.
    """
    kept = {name for (name,) in text.block_units}
    groups = blocks.assign(corpus.units, n_blocks)
    ordered = [
        (unit.unit_id, number)
        for number, group in enumerate(groups)
        for unit in group
        if unit.unit_id in kept
    ]
    place = {name: index for index, (name, _) in enumerate(ordered)}
    numbers = np.array([number for _, number in ordered], np.int64)
    return Layout(
        units=[place[s.unit_ids[0]] for s in text.sequences],
        languages=[text.languages.index(s.lang) for s in text.sequences],
        blocks=numbers,
        n_units=np.bincount(numbers, minlength=len(groups)).astype(np.int64),
    )


def about(text: TokenizedCorpus, corpus: Corpus, layout: Layout) -> dict[str, Any]:
    """Describe the texts, JSON-able, for the run's record."""
    cut = sum(len(sequence.ids) == text.seq_len for sequence in text.sequences)
    return {
        "corpus": corpus.source,
        "corpus_hash": text.corpus_hash,
        "n_units": len(layout.blocks),
        "n_blocks": len(layout.n_units),
        "tokens": dict(zip(text.languages, text.tokens.sum(0).tolist(), strict=True)),
        "texts_at_seq_len": cut,
        "bos_ids": list(text.bos_ids),
        **text.notes,
    }
