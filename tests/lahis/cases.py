"""Text and a model that fails on purpose, for the tests of whole LAHIS runs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from interp.data.corpus import Corpus, Unit
from interp.lahis.run import run_lahis
from interp.model import HookedModel
from interp.study import Study

LETTERS = {"en": "abcdefgh", "de": "ijklmnop", "es": "qrstuvwx"}
"""No letter is in two languages, so that a byte says which language it belongs to."""


def letters_corpus(n_units: int = 6, length: tuple[int, int] = (5, 25), seed: int = 0) -> Corpus:
    """Random letters of each language, of several lengths."""
    rng = np.random.default_rng(seed)
    units = [
        Unit(
            f"u{number}",
            {
                lang: "".join(rng.choice(list(letters), rng.integers(*length)))
                for lang, letters in LETTERS.items()
            },
        )
        for number in range(n_units)
    ]
    return Corpus.build(units, tuple(LETTERS), "random letters")


def sample_ids(corpus: Corpus, tokenizer: Any, units: list[str], lang: str) -> list[list[int]]:
    """Token ids of some units, tokenised here."""
    texts = {unit.unit_id: unit.texts[lang] for unit in corpus}
    return [tokenizer(texts[unit], add_special_tokens=False)["input_ids"] for unit in units]


def run(model: HookedModel, corpus: Corpus, folder: Path, **options: Any) -> tuple[Study, str]:
    """``run_lahis`` into a study in ``folder``."""
    study = Study.open(folder)
    return study, run_lahis(model, corpus, study, label="tiny", stage="base", **options)


class FailingEngine:
    """An engine that calls ``fail(number of the call, input_ids)`` once everything was observed."""

    def __init__(self, engine: Any, fail: Callable[[int, torch.Tensor], None]) -> None:
        self._engine, self._fail = engine, fail
        self.name = engine.name
        self.calls = 0

    def run(self, input_ids: torch.Tensor, *arguments: Any, **options: Any) -> torch.Tensor:
        self.calls += 1
        out = self._engine.run(input_ids, *arguments, **options)
        self._fail(self.calls, input_ids)
        return out


def failing(model: HookedModel, fail: Callable[[int, torch.Tensor], None]) -> FailingEngine:
    """Make a model fail on purpose; returns what counts its calls."""
    engine = FailingEngine(model.engine, fail)
    model.engine = engine
    return engine


def stop_after(n_calls: int) -> Callable[[int, torch.Tensor], None]:
    """Raise in the call after ``n_calls``."""

    def fail(call: int, _: torch.Tensor) -> None:
        if call > n_calls:
            raise KeyboardInterrupt

    return fail


def room_for(n_sequences: int) -> Callable[[int, torch.Tensor], None]:
    """Run out of memory for more than ``n_sequences`` at a time."""

    def fail(_: int, input_ids: torch.Tensor) -> None:
        if len(input_ids) > n_sequences:
            raise torch.OutOfMemoryError("CUDA out of memory (on purpose)")

    return fail
