"""A pair's result as rows of the table ``comparisons``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from interp.comparison.family import Built, RunPair
from interp.comparison.pairs import Unpaired
from interp.stats.contrast import Result, Settings
from interp.stats.verdict import BEYOND, NOT_COMPARABLE
from interp.study.provenance import code_version, comparison_hash

EVERYTHING = "(all)"
"""Statistic of the one row that says why two runs are not compared."""

_CONFOUNDED = "; the texts differ too, so this is not the checkpoint's alone"


def result_rows(
    study: str, pair: RunPair, built: Built, result: Result, settings: Settings
) -> pd.DataFrame:
    """Lay a result out.

    Args:
        study: name of the study.
        pair: the runs.
        built: what was compared.
        result: what came of it.
        settings: how much was drawn.

    Returns:
        One row per statistic, columns of ``comparisons``.
    """
    statistics = result.statistics
    kinds = np.array([one.kind for one in statistics])
    layers = [
        one.layer if one.layer is not None else (int(at) if at >= 0 else None)
        for one, at in zip(statistics, result.layer, strict=True)
    ]
    columns: dict[str, Any] = {
        "statistic": [one.name for one in statistics],
        "kind": kinds,
        "lang": [one.lang for one in statistics],
        "other_lang": [one.other_lang for one in statistics],
        "layer": pd.array(layers, dtype="Int64"),
        "head": pd.array([one.head for one in statistics], dtype="Int64"),
        "value": result.value,
        "signed_value": np.where(kinds == "difference", result.value, result.signed),
        "ci_low": result.ci[0],
        "ci_high": result.ci[1],
        "base_value": result.first,
        "base_low": result.first_ci[0],
        "base_high": result.first_ci[1],
        "label_value": result.second,
        "label_low": result.second_ci[0],
        "label_high": result.second_ci[1],
        "noise_floor": result.noise_floor,
        "p": result.p,
        "p_adjusted": result.p_adjusted,
        "verdict": [verdict for verdict, _ in result.verdicts],
        "reason": [
            reason + (_CONFOUNDED if built.design == "unpaired" and verdict == BEYOND else "")
            for verdict, reason in result.verdicts
        ],
        "n": built.n,
        "unit": built.unit,
        "behind": pd.array(
            [
                int(n) if one.behind_what else None
                for one, n in zip(statistics, result.behind, strict=True)
            ],
            dtype="Int64",
        ),
        "design": built.design,
        "notes": "; ".join(built.notes),
        "method": str(settings)
        if built.pair is not None
        else "from what was published, without units",
    }
    frame = pd.DataFrame(columns)
    return frame.assign(
        **_shared(study, pair.analysis, pair.base, pair.label, settings),
        preset=pair.preset,
        data=str(pair.base_spec["data_hash"]),
        base_run=pair.base_run,
        label_run=pair.label_run,
    )


def refusal_row(
    study: str, pair: RunPair | Unpaired, reason: str, settings: Settings
) -> pd.DataFrame:
    """Lay out why two runs are not compared: one row, without a value."""
    runs = pair if isinstance(pair, RunPair) else None
    nothing = dict.fromkeys(
        ("lang", "other_lang", "layer", "head", "value", "signed_value", "ci_low", "ci_high",
         "base_value", "base_low", "base_high", "label_value", "label_low", "label_high",
         "noise_floor", "p", "p_adjusted", "behind")
    )  # fmt: skip
    row: Mapping[str, Any] = {
        **nothing,
        **_shared(study, pair.analysis, pair.base, pair.label, settings),
        "preset": runs.preset if runs else "",
        "data": str(runs.base_spec["data_hash"]) if runs else "",
        "base_run": runs.base_run if runs else "",
        "label_run": runs.label_run if runs else "",
        "statistic": EVERYTHING,
        "kind": "difference",
        "verdict": NOT_COMPARABLE,
        "reason": reason,
        "n": 0,
        "unit": "lists",
        "design": "lists",
        "notes": "",
        "method": "not computed",
    }
    return pd.DataFrame([row])


def _shared(study: str, analysis: str, base: str, label: str, settings: Settings) -> dict[str, Any]:
    return {
        "study": study,
        "base": base,
        "label": label,
        "analysis": analysis,
        "seed": settings.seed,
        "code_version": code_version(),
        "code_hash": comparison_hash(),
    }
