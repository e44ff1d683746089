"""A study of LAHIS runs made from drawn gradients: quick, and the truth is known."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from interp.lahis.scores import head_score
from interp.options import LahisOptions
from interp.study import RunSpec, Study

LANGUAGES = ("en", "de", "zh")
SAMPLES, LAYERS, HEADS = 40, 4, 16
FRACTION = 0.125
"""Eight of 64 heads are top."""


def drawn_gradients(seed: int, important: int = 0) -> dict[str, np.ndarray]:
    """Noise in which eight heads of each language, from ``important`` on, lower the loss."""
    rng = np.random.default_rng(seed)
    found = {}
    for place, lang in enumerate(LANGUAGES):
        values = rng.normal(0, 1e-3, (SAMPLES, LAYERS * HEADS))
        start = important + 4 * place
        values[:, start : start + 8] -= 0.01
        found[lang] = values.reshape(SAMPLES, LAYERS, HEADS).astype(np.float32)
    return found


def write_lahis(
    study: Study, label: str, gradients: dict[str, np.ndarray], *, stage: str = "", **changes: Any
) -> str:
    """Write one finished run as `interp.lahis.run` does."""
    options = LahisOptions(n_samples=SAMPLES, top_fraction=FRACTION).to_dict()
    values: dict[str, Any] = {
        "analysis": "lahis",
        "label": label,
        "stage": stage or label,
        "preset": "default",
        "arguments": {**options, "languages": list(gradients), "batch_size": 8},
        "data_hash": "sha256:text",
        "model": {"model": f"ckpt/{label}", "tokenizer_hash": "sha256:t"},
    }
    arguments = {**values["arguments"], **changes.pop("arguments", {})}
    spec = RunSpec(**{**values, **changes, "arguments": arguments})
    with study.run(spec) as run:
        run.record(
            "samples",
            {"n_samples": SAMPLES, "units": [f"u{i}" for i in range(SAMPLES)], "corpus_hash": "c"},
        )
        run.write_table("head_scores", _scores(gradients))
        run.write_tensors("gradients", gradients, {"axes": ["sample", "layer", "head"]})
        return run.run_id


def _scores(gradients: dict[str, np.ndarray]) -> pd.DataFrame:
    frames = []
    for lang, values in gradients.items():
        scores = np.nan_to_num(head_score(values))
        layer, head = np.indices(scores.shape).reshape(2, -1)
        frames.append(
            pd.DataFrame({"lang": lang, "layer": layer, "head": head, "score": scores.ravel()})
        )
    return pd.concat(frames, ignore_index=True).assign(
        ci_low=np.nan, ci_high=np.nan, n_samples=SAMPLES
    )


def three_checkpoints(folder: Path) -> Study:
    """A base, one that differs from it by noise only, and one with other important heads."""
    study = Study.open(folder)
    write_lahis(study, "base", drawn_gradients(0))
    write_lahis(study, "sft", drawn_gradients(1))
    write_lahis(study, "grpo", drawn_gradients(2, important=30))
    return study
