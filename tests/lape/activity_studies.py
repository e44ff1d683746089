"""LAPE runs made from drawn or planted counts: quick, and the truth is known."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from interp.lape.select import LapeSelection, select_from_counts
from interp.options import LapeOptions
from interp.study import RunSpec, Study

LANGUAGES = ("en", "de", "ar", "bn")
TOKENS = np.array([1000, 900, 970, 333])


def drawn_counts(seed: int, shape: tuple[int, int] = (4, 60)) -> np.ndarray:
    """Every neuron prefers some languages; a tenth never fires. ``[language, layer, neuron]``."""
    rng = np.random.default_rng(seed)
    rate = rng.beta(0.6, 2.0, shape) * np.moveaxis(rng.dirichlet(np.full(4, 0.6), shape), 2, 0)
    counts = rng.binomial(TOKENS[:, None, None], rate)
    counts[:, rng.random(shape) < 0.1] = 0
    return counts


def write_lape(
    study: Study,
    label: str,
    counts: np.ndarray,
    *,
    languages: Sequence[str] = LANGUAGES,
    tokens: np.ndarray = TOKENS,
    examples: pd.DataFrame | None = None,
    stage: str = "",
    **options: Any,
) -> tuple[str, LapeSelection]:
    """Write one finished run as `interp.lape.run` does, the counts as one block."""
    chosen = LapeOptions(**{"top_fraction": 0.1, **options})
    languages = tuple(languages)
    spec = RunSpec(
        analysis="lape",
        label=label,
        stage=stage or label,
        preset="default",
        arguments={
            **chosen.to_dict(),
            "languages": list(languages),
            "batch_size": 8,
            "examples": 5,
        },
        data_hash="sha256:text",
        model={"model": f"ckpt/{label}", "tokenizer_hash": "sha256:t"},
        seed=0,
    )
    found = select_from_counts(counts, tokens, chosen, languages=languages)
    with study.run(spec) as run:
        run.record("selection", found.to_dict())
        run.record("text", {"tokens": dict(zip(languages, tokens.tolist(), strict=True))})
        run.write_table("neurons", found.to_frame())
        run.write_table("neuron_probs", found.probs_frame())
        run.write_tensors("counts", {"counts": counts[None], "tokens": tokens[None]})
        if examples is not None:
            run.write_table("neuron_examples", examples)
        return run.run_id, found
