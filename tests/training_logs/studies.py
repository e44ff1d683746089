"""Studies of training logs with planted numbers."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from interp.study import RunSpec, Study

GAP_AFTER = 20
"""Steps 1 to 20 and 41 to 60 are logged."""

STEPS = (*range(1, GAP_AFTER + 1), *range(41, 61))


def rows_of(*, lift: float = 0.0, reward: bool = False) -> pd.DataFrame:
    """Logs of 40 steps: loss 1/step, seconds 2, accuracy per language, checks every 20 steps."""
    rows: list[tuple[int, str, str | None, float]] = []
    for step in STEPS:
        rows += [(step, "loss", None, 1 / step), (step, "seconds", None, 2.0)]
        rows += [
            (step, "correct", lang, lift + at / 10 + step / 1000)
            for at, lang in enumerate(("en", "ar", "bn"))
        ]
        if reward:
            rows += [(step, "reward", None, step / 10), (step, "rollout_tokens", None, 100.0)]
        if step % 20 == 0:
            rows.append((step, "check_correct", None, 0.5 + lift))
    return pd.DataFrame(rows, columns=["step", "metric", "lang", "value"])


def write_log(
    study: Study,
    label: str,
    rows: pd.DataFrame,
    *,
    stage: str = "",
    manifest: Mapping[str, Any] | None = None,
) -> str:
    """Write one finished training, as `interp.train_log.log_to_study` does."""
    spec = RunSpec(
        "train", label, stage or label, "default", {"label": label}, f"data-{label}",
        {"model": f"ckpt/{label}"},
    )  # fmt: skip
    with study.run(spec) as run:
        if manifest is not None:
            run.record("manifest", dict(manifest))
        run.write_table("train_log", rows)
        return run.run_id


def trained(folder: Path) -> Study:
    """Two trainings, one by reward; the second has a manifest."""
    study = Study.open(folder)
    write_log(study, "sft", rows_of(), manifest={"config": {"learning_rate": 0.1}, "tokens": 7})
    write_log(
        study, "grpo", rows_of(lift=0.1, reward=True),
        manifest={
            "made_by": "interp train grpo", "base": {"model": "ckpt/base"},
            "config": {"learning_rate": 0.2, "preset": "organism"}, "tokens": 7,
        },
    )  # fmt: skip
    return study
