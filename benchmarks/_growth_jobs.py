"""What is run at several sizes: each analysis as its command does it, on made-up data of a known size.

A job runs in a process of its own, forked from one that has imported everything: its memory begins with the
imports, and its one thread's time is that of the run alone.
"""

from __future__ import annotations

import gc
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

LANGUAGES = (
    "en",
    "de",
    "es",
    "fr",
    "pt",
    "id",
    "ru",
    "ar",
    "zh",
    "ja",
    "sw",
    "bn",
    "it",
    "nl",
    "pl",
    "tr",
)
LENGTH = 120
"""Bytes, and so tokens, of a text in each language."""


@dataclass(frozen=True)
class Size:
    """How much an analysis gets to do.

    Attributes:
        layers: of the model.
        languages: in which texts or facts are.
        texts: units of text; each has ``LENGTH`` tokens per language.
        facts: facts, each asked in every language.
        blocks: of counts, where two checkpoints are compared.
        replicates: of the bootstrap there.
    """

    layers: int = 4
    languages: int = 4
    texts: int = 16
    facts: int = 64
    blocks: int = 16
    replicates: int = 32


def run(analysis: str, size: Size, repeats: int) -> dict[str, float]:
    """Run one analysis some times.

    Args:
        analysis: ``lape``, ``lahis``, ``lens``, ``mcq`` or ``compare``.
        size: of its model and data.
        repeats: how often; the first is not timed.

    Returns:
        ``seconds`` (median of the process's computing time), ``low`` and ``high`` (quartiles), and
        ``bytes`` (largest memory beyond that of the imports).
    """
    import torch
    from _child import peak

    torch.set_num_threads(1)
    before = peak()
    work = _compare(size) if analysis == "compare" else _analysis(analysis, size)
    work()
    taken = []
    for _ in range(repeats):
        gc.collect()
        start = time.process_time()
        work()
        taken.append(time.process_time() - start)
    low, middle, high = statistics.quantiles(taken, n=4) if repeats > 1 else taken * 3
    return {"seconds": middle, "low": low, "high": high, "bytes": float(peak() - before)}


def _analysis(name: str, size: Size) -> Callable[[], object]:
    from _models import bytes_tokenizer, random_olmo2

    from interp.model import HookedModel
    from interp.study import Study

    bare = random_olmo2(
        2, hidden_size=64, intermediate_size=256, num_hidden_layers=size.layers, vocab_size=1024
    )
    model = HookedModel.from_model(bare.model, bytes_tokenizer(), self_check=False, name="growth")
    data: Any = facts(size) if name in ("lens", "mcq") else corpus(size)
    options: dict[str, Any] = {"label": "growth", "stage": "base", "overwrite": True}

    def work() -> None:
        with tempfile.TemporaryDirectory() as folder:
            study = Study.open(Path(folder) / "study", create=True)
            _runner(name)(model, data, study, **options)

    return work


def _runner(name: str) -> Callable[..., str]:
    from interp.evals.run_mcq import run_mcq
    from interp.lahis.run import run_lahis
    from interp.lape.run import run_lape
    from interp.lens.run import run_lens

    runners: dict[str, Callable[..., str]] = {
        "lape": run_lape, "lahis": run_lahis, "lens": run_lens, "mcq": run_mcq,
    }  # fmt: skip
    return runners[name]


def _compare(size: Size) -> Callable[[], object]:
    from compare import make_pair, time_bootstrap

    pair = make_pair(4, 1024, n_blocks=size.blocks)
    return lambda: time_bootstrap(pair, size.replicates)


def _word(rng: np.random.Generator, n: int) -> str:
    return "".join(rng.choice(list("abcdefghijklmnopqrstuvwxyz"), n))


def corpus(size: Size) -> Any:
    """Made-up text: as many letters in every unit and language."""
    from interp.data.corpus import Corpus, Unit

    rng, languages = np.random.default_rng(0), LANGUAGES[: size.languages]
    units = [
        Unit(f"u{i}", {lang: _word(rng, LENGTH) for lang in languages}) for i in range(size.texts)
    ]
    return Corpus.build(units, languages, "made-up text")


def facts(size: Size) -> Any:
    """Made-up facts with four options each."""
    from interp.data.facts import Fact, FactSet, FactText

    rng, languages = np.random.default_rng(0), LANGUAGES[: size.languages]

    def text() -> FactText:
        options = tuple(_word(rng, 6) for _ in range(4))
        subject = _word(rng, 10)
        return FactText(f"What is the capital of {subject}?", options, 0, subject)

    made = [
        Fact(
            f"f{i}", "capital", "P36", ("a", "b", "c", "d"), "train", {k: text() for k in languages}
        )
        for i in range(size.facts)
    ]
    return FactSet.build(made, languages, "made-up facts")
