"""Studies whose head scores and effects of ablation are chosen by hand, so that every number is known."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from interp.options import AblationOptions, LahisOptions
from interp.study import RunSpec, Study

Scores = Mapping[str, np.ndarray]
SHAPE = (2, 10)
FRACTION = 0.1
"""Two of 20 heads are top."""

TOP = {
    "base": {"en": ["0.0", "0.1"], "ar": ["0.0", "1.0"], "zh": ["1.0", "1.1"]},
    "sft": {"en": ["0.0", "0.1"], "ar": ["0.0", "0.1"], "zh": ["1.1", "0.5"]},
    "grpo": {"en": ["0.0", "0.1"], "ar": ["0.0", "1.0"], "zh": ["1.0", "1.1"]},
}
"""Checkpoint, language: its top heads, best first."""


def scores_with(top: list[str], scale: float = 1.0) -> np.ndarray:
    """Score the named heads 10, 9, …; the others from 1 upwards by hundredths, times ``scale``."""
    scores = 1 + np.arange(SHAPE[0] * SHAPE[1], dtype=float).reshape(SHAPE) / 100
    for place, name in enumerate(top):
        layer, head = (int(part) for part in name.split("."))
        scores[layer, head] = 10 - place
    return scale * scores


def write_scores(
    study: Study,
    label: str,
    scores: Scores,
    *,
    half: float | None = None,
    preset: str = "default",
    fraction: float = FRACTION,
) -> str:
    """Write a LAHIS run with intervals of ``half`` on either side of each score, or with none."""
    options = LahisOptions(top_fraction=fraction).to_dict()
    spec = RunSpec(
        "lahis", label, label, preset, {**options, "languages": list(scores), "batch_size": 8},
        "sha256:text", {"model": f"ckpt/{label}", "tokenizer_hash": "sha256:t"},
    )  # fmt: skip
    frames = []
    for lang, values in scores.items():
        layer, head = np.indices(values.shape).reshape(2, -1)
        own = pd.DataFrame({"lang": lang, "layer": layer, "head": head, "score": values.ravel()})
        ends = {"ci_low": np.nan, "ci_high": np.nan}
        if half is not None:
            ends = {"ci_low": own["score"] - half, "ci_high": own["score"] + half}
        frames.append(own.assign(**ends, n_samples=40))
    with study.run(spec) as run:
        run.write_table("head_scores", pd.concat(frames, ignore_index=True))
        return run.run_id


def planted(folder: Path, **more: object) -> Path:
    """Write three checkpoints: SFT has other top heads, GRPO half of every score of the base."""
    study = Study.open(folder)
    for label, tops in TOP.items():
        scale = 0.5 if label == "grpo" else 1.0
        scores = {lang: scores_with(top, scale) for lang, top in tops.items()}
        write_scores(study, label, scores, **more)  # type: ignore[arg-type]
    return folder


def write_effects(
    study: Study, label: str, matrix: pd.DataFrame, *, source: str = "", part: str = "heads"
) -> str:
    """Write an ablation: row, whose heads; column, on whose text; random sets do a tenth of it."""
    arguments = {
        **AblationOptions().to_dict(), "part": part, "source": "s", "source_label": source or label,
        "languages": list(matrix.columns), "batch_size": "auto",
    }  # fmt: skip
    rows = [
        {
            "source_lang": one, "lang": other, "kind": kind, "draw": None, "n_ablated": 2,
            "delta_nll": times * matrix.loc[one, other], "n_tokens": 400,
            "ci_low": times * matrix.loc[one, other] - 0.15, "ci_high": matrix.loc[one, other] + 0.15,
        }
        for kind, times in ((part, 1.0), ("random", 0.1))
        for one in matrix.index
        for other in matrix.columns
    ]  # fmt: skip
    # as a run's: another set of heads or neurons is other data
    data = f"{part}-{source or 'own'}"
    spec = RunSpec("ablation", label, label, "default", arguments, data, {"model": f"ckpt/{label}"})
    with study.run(spec) as run:
        run.record("text", {"text_hash": "t"})
        run.write_table("ablations", pd.DataFrame(rows))
        return run.run_id
