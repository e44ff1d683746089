"""Token streams: the text of a block (or of a flat stream) per language, and whose it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from interp.data.bos import encode_many
from interp.data.corpus import Corpus, Unit
from interp.errors import InterpError

# Between the units of a block: a unit ends its line, in every language alike.
SEPARATOR = "\n"
# Of the release: rows outside this range of characters are left out (docs/methods.md, LAPE).
_FLAT_CHARACTERS = (20, 600)

Stream = tuple[npt.NDArray[np.int32], npt.NDArray[np.int32], tuple[str, ...]]
"""Token ids ``[token]``, index of the unit of every token ``[token]``, names of the units."""

Group = dict[str, Stream]
"""One block: language to stream."""


def encode_units(
    tokenizer: Any, units: Sequence[Unit], languages: Sequence[str], separator: str
) -> Group:
    """Concatenate the units of a block, per language."""
    names = tuple(unit.unit_id for unit in units)
    group: Group = {}
    for lang in languages:
        texts = [unit.texts[lang] for unit in units]
        texts[:-1] = [text + separator for text in texts[:-1]]
        encoded = encode_many(tokenizer, texts)
        group[lang] = (*_joined(encoded), names)
    return group


def _joined(
    encoded: Sequence[Sequence[int]],
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    ids = np.fromiter((token for part in encoded for token in part), dtype=np.int32)
    owner = np.repeat(np.arange(len(encoded), dtype=np.int32), [len(part) for part in encoded])
    return ids, owner


def flat_groups(
    corpus: Corpus,
    tokenizer: Any,
    languages: Sequence[str],
    budget: str | int,
    width: int,
    n_blocks: int,
    notes: dict[str, int],
) -> tuple[list[Group], npt.NDArray[np.int64]]:
    """Cut the release's flat streams into whole sequences and share them out over blocks."""
    low, high = _FLAT_CHARACTERS
    streams = {}
    for lang in languages:
        kept = [unit for unit in corpus.units if low <= len(unit.texts[lang]) <= high]
        notes[f"filtered_{lang}"] = len(corpus.units) - len(kept)
        encoded = encode_many(tokenizer, [unit.texts[lang] for unit in kept])
        streams[lang] = (*_joined(encoded), tuple(unit.unit_id for unit in kept))
    whole = np.array([len(streams[lang][0]) // width for lang in languages])
    if whole.min() < 1:
        lang = languages[int(whole.argmin())]
        raise InterpError(
            f"layout 'flat': {lang} has {len(streams[lang][0])} tokens in rows of {low} to {high} "
            f"characters, expected at least one sequence of {width}; use a smaller seq_len"
        )
    if budget == "min":
        whole[:] = whole.min()
    elif isinstance(budget, int):
        if budget < width or whole.min() * width < budget:
            raise InterpError(
                f"budget {budget} tokens per language in layout 'flat': expected {width} (one "
                f"sequence) to {whole.min() * width} (what every language has)"
            )
        whole[:] = budget // width
    count = int(min(n_blocks, whole.min()))
    edges = [np.arange(count + 1) * total // count * width for total in whole]
    groups = [
        {
            lang: (ids[edge[b] : edge[b + 1]], owner[edge[b] : edge[b + 1]], names)
            for (lang, (ids, owner, names)), edge in zip(streams.items(), edges, strict=True)
        }
        for b in range(count)
    ]
    return groups, np.array([[len(group[lang][0]) for lang in languages] for group in groups])
