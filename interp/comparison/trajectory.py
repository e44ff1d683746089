"""The comparisons of checkpoints that one training wrote along its way; pure."""

from __future__ import annotations

import re

import pandas as pd

from interp.errors import InterpError

_STEP = re.compile(r"(?P<prefix>.+)-step-(?P<step>\d+)")


def trajectories(rows: pd.DataFrame) -> pd.DataFrame:
    """Put the rows of labels like ``grpo-step-400`` in order of their steps.

    Args:
        rows: rows of ``comparisons``.

    Returns:
        Those rows with the columns ``training`` (``grpo``) and ``step`` in front, sorted by
        training, step and then as they were; none where no label names a step.
    """
    parsed = [_STEP.fullmatch(str(label)) for label in rows["label"]]
    kept = rows[[one is not None for one in parsed]].copy()
    found = [one for one in parsed if one is not None]
    kept.insert(0, "training", [one["prefix"] for one in found])
    kept.insert(1, "step", [int(one["step"]) for one in found])
    return kept.sort_values(["training", "step"], kind="stable").reset_index(drop=True)


def trajectory(rows: pd.DataFrame, training: str) -> pd.DataFrame:
    """Follow the statistics of one training.

    Args:
        rows: rows of ``comparisons``.
        training: what stands before ``-step-`` in the labels.

    Returns:
        See `trajectories`.

    Raises:
        InterpError: where no label is a step of that training.
    """
    every = trajectories(rows)
    own = every[every["training"] == training].reset_index(drop=True)
    if own.empty:
        known = ", ".join(dict.fromkeys(every["training"])) or "none of this study"
        raise InterpError(
            f"no label like {training}-step-400 is compared: expected a training with steps, {known}"
        )
    return own
