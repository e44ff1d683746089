"""The comparisons of checkpoints that one training wrote along its way; pure."""

from __future__ import annotations

import re
from collections.abc import Iterable

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


def steps_of(labels: Iterable[str], training: str) -> list[str]:
    """Pick the labels that one training left along its way.

    Args:
        labels: labels of a study.
        training: what stands before ``-step-``.

    Returns:
        They, in order of their steps.

    Raises:
        InterpError: where there is none.
    """
    parsed = [one for one in map(_STEP.fullmatch, dict.fromkeys(labels)) if one is not None]
    own = [one for one in parsed if one["prefix"] == training]
    if not own:
        known = ", ".join(dict.fromkeys(one["prefix"] for one in parsed)) or "(no label has a step)"
        raise InterpError(
            f"no label like {training}-step-400 in this study: expected one of {known}"
        )
    return [one[0] for one in sorted(own, key=lambda one: int(one["step"]))]
