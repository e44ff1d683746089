"""The commands that add to a study what it lacks, as they can be typed."""

from __future__ import annotations

import shlex

import pandas as pd

COMMANDS = {
    "lape": "interp lape", "lahis": "interp lahis", "lens": "interp lens", "mcq": "interp eval mcq",
    "klar": "interp eval klar", "similarity": "interp similarity", "ablation": "interp ablate",
    "attention": "interp attention", "lm-eval": "interp eval lm-eval --tasks TASK",
}  # fmt: skip
"""Analysis to the command that adds it to a study."""


def analysis_command(path: str, runs: pd.DataFrame, analysis: str, label: str, *more: str) -> str:
    """Write the command that adds an analysis of one checkpoint, with the model its runs name.

    Args:
        path: folder of the study.
        runs: its table ``runs``.
        analysis: e.g. ``attention``.
        label: of the checkpoint.
        *more: further options, e.g. ``--heads 3.5``.
    """
    own = runs[(runs["label"] == label) & runs["model"].notna()]
    return " ".join([_command(path, analysis, label, own), *more])


def _command(path: str, analysis: str, label: str, own: pd.DataFrame) -> str:
    place = shlex.quote(path)
    if analysis == "train":
        return f"interp train grpo --model BASE --out CHECKPOINT --study {place}"
    model, stage = "CHECKPOINT", label
    if len(own):
        last = own.iloc[-1]
        model, stage = str(last["model"]), str(last["stage"])
        if not pd.isna(last["revision"]):
            model += f"@{last['revision']}"
    parts = [
        COMMANDS.get(analysis, f"interp {analysis}"), "--model", shlex.quote(model),
        "--label", shlex.quote(label), "--stage", shlex.quote(stage), "--study", place,
    ]  # fmt: skip
    return " ".join(parts)


def compare_command(path: str, runs: pd.DataFrame, base: str | None = None) -> str:
    """Write the command that compares a study's checkpoints with a base.

    Args:
        path: folder of the study.
        runs: its table ``runs``.
        base: its label; where omitted, the one that the command finds by itself, by its stage.
    """
    usual = list(runs.loc[runs["stage"] == "base", "label"].unique())
    named = "" if base is None or usual == [base] else f" --base {shlex.quote(base)}"
    return f"interp compare --study {shlex.quote(path)}{named}"
