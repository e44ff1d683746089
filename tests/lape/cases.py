"""Text, corpora and engines that the LAPE tests share."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from interp.data.corpus import Corpus, Unit
from interp.data.tokens import TokenizedCorpus
from interp.model import HookedModel
from tests.reference import lape as reference

ALPHABETS = {
    "en": "abcdefghijklmnopqrstuvwxyz",
    "ru": "абвгдежзийклмнопрстуфхцчшщыэюя",
    "ar": "ابتثجحخدذرزسشصضطظعغفقكلمنهوي",
    "zh": "的一是不了人我在有他这中大来上国",
}
"""One script per language, so that a byte says which language it belongs to."""


def word_corpus(
    n_units: int = 10, languages: tuple[str, ...] = ("en", "ru", "ar", "zh"), seed: int = 0
) -> Corpus:
    """Made-up words in each language's own letters, separated by spaces, with some digits."""
    rng = np.random.default_rng(seed)
    units = []
    for number in range(n_units):
        texts = {}
        for lang in languages:
            letters = list(ALPHABETS[lang])
            words = [
                "".join(rng.choice(letters, rng.integers(2, 7)))
                for _ in range(int(rng.integers(4, 12)))
            ]
            words.insert(1, str(rng.integers(10, 99)))
            texts[lang] = " ".join(words) + "."
        units.append(Unit(f"unit-{number}", texts))
    return Corpus.build(units, languages, "made-up words")


class WatchedEngine:
    """An engine that counts its calls and may be told to fail.

    Attributes:
        calls: batch sizes of the calls so far.
    """

    def __init__(self, engine: Any, *, room_for: int | None = None, stop_at: int | None = None):
        self._engine = engine
        self.name = engine.name
        self._room, self._stop = room_for, stop_at
        self.calls: list[int] = []

    def run(self, input_ids: torch.Tensor, attention_mask: Any, **options: Any) -> torch.Tensor:
        if self._stop is not None and len(self.calls) >= self._stop:
            raise RuntimeError("stopped on purpose")
        self.calls.append(len(input_ids))
        out = self._engine.run(input_ids, attention_mask, **options)
        if self._room is not None and len(input_ids) > self._room:
            # after the observers have seen everything: nothing of it may be kept
            raise torch.OutOfMemoryError("CUDA out of memory (on purpose)")
        return out


def reference_counts(
    model: HookedModel, text: TokenizedCorpus, activation: str = "gate", margin: float = 0.0
) -> list[np.ndarray]:
    """The counts, and their bounds when values within ``margin`` of zero may be read either way."""
    sequences = [(s.block, s.lang, s.ids.tolist(), s.n_special) for s in text.sequences]
    *tables, tokens = reference.count(
        model.model, sequences, text.languages, text.n_blocks, activation, margin
    )
    cells = [[(block, lang) for lang in text.languages] for block in range(text.n_blocks)]
    assert [[tokens[cell] for cell in row] for row in cells] == text.tokens.tolist()
    return [np.array([[table[cell] for cell in row] for row in cells]) for table in tables]


def check_within_rounding(counts: np.ndarray, least: np.ndarray, most: np.ndarray) -> None:
    """Where nothing lies within rounding of zero, equal; elsewhere off by at most those values."""
    assert (least <= counts).all() and (counts <= most).all()
    undetermined = (most - least).sum() / most.sum()
    assert undetermined < 2e-3, "rounding must leave nearly every activation determined"
