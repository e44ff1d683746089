"""One neuron: how often it fires in each language, the texts that excite it, its path along a training."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from interp.lape.activity import Activity
from interp.lape.entropy import entropy
from interp.options import LapeOptions
from interp.stats.wilson import wilson
from interp.study import Study

FIRING = ["lang", "n_active", "n_tokens", "p", "low", "high"]


def firing(activity: Activity, layer: int, neuron: int) -> pd.DataFrame:
    """Lay out how often a neuron fires in each language.

    Args:
        activity: of the checkpoint.
        layer: 0-based.
        neuron: 0-based within the layer.

    Returns:
        Columns ``lang``, ``n_active``, ``n_tokens``, ``p``, ``low`` and ``high`` (Wilson's 95 %
        interval), one row per language.
    """
    return _firing(activity.languages, activity.of(layer, neuron), activity.tokens)


def read_firing(study: Study, run_id: str, layer: int, neuron: int) -> pd.DataFrame:
    """Read the same of one run without its other neurons.

    Args:
        study: the study.
        run_id: a finished LAPE run.
        layer: 0-based.
        neuron: 0-based within the layer.

    Returns:
        As ``firing``; no row where the run has no such neuron or does not know activations.

    Raises:
        InterpError: for an unknown run or a damaged table.
    """
    rows = study.rows(
        "neuron_probs",
        run_id=run_id,
        where={"layer": layer, "neuron": neuron},
        columns=["lang", "p_active", "n_tokens"],
    )
    tokens = rows["n_tokens"].to_numpy(np.int64)
    counts = np.rint(rows["p_active"].to_numpy(np.float64) * tokens).astype(np.int64)
    return _firing(rows["lang"].tolist(), counts, tokens)


def _firing(
    languages: Sequence[str], counts: NDArray[np.int64], tokens: NDArray[np.int64]
) -> pd.DataFrame:
    low, high = wilson(counts, tokens)
    columns = (list(languages), counts, tokens, counts / tokens, low, high)
    return pd.DataFrame(dict(zip(FIRING, columns, strict=True)))


def entropy_of(fired: pd.DataFrame, eps: float | None = None) -> float:
    """Compute a neuron's entropy over languages, in nats; infinite where it never fires.

    Args:
        fired: its ``firing``.
        eps: ``LapeOptions.eps``.
    """
    if fired.empty:
        return float("nan")
    return float(entropy(fired["p"].to_numpy(np.float64)[:, None, None], eps=eps)[0, 0])


def read_examples(study: Study, run_id: str, layer: int, neuron: int) -> pd.DataFrame:
    """Read the texts that excite a neuron most.

    Args:
        study: the study.
        run_id: a finished LAPE run.
        layer: 0-based.
        neuron: 0-based within the layer.

    Returns:
        Columns ``lang``, ``rank``, ``text``, ``tokens`` and ``activations``, by language and rank; no
        row where the run did not select the neuron or stored no texts.

    Raises:
        InterpError: for an unknown run or a damaged table.
    """
    rows = study.rows(
        "neuron_examples",
        run_id=run_id,
        where={"layer": layer, "neuron": neuron},
        columns=["lang", "rank", "text", "tokens", "activations"],
    )
    return rows.sort_values(["lang", "rank"], kind="stable", ignore_index=True)


def strongest(examples: Sequence[pd.DataFrame]) -> float:
    """Return the highest activation in some examples, the strength that counts as 1; 0 without any."""
    peaks = [
        float(np.nanmax(values))
        for frame in examples
        for values in frame["activations"]
        if len(values) and not np.isnan(values).all()
    ]
    return max(peaks, default=0.0)


def read_path(
    study: Study, points: tuple[tuple[int, str, str], ...], layer: int, neuron: int
) -> pd.DataFrame:
    """Follow a neuron along the checkpoints of one training.

    Args:
        study: the study.
        points: (step, label, run_id) of each checkpoint, in order.
        layer: 0-based.
        neuron: 0-based within the layer.

    Returns:
        Columns ``step``, ``label``, those of ``firing``, ``entropy`` (in nats, infinite where it never
        fires) and ``selected`` (the languages that the run, under its own options, selected it for,
        joined by a space); no row of a run without activations.

    Raises:
        InterpError: for an unknown run or a damaged table.
    """
    parts = []
    for step, label, run_id in points:
        fired = read_firing(study, run_id, layer, neuron)
        if fired.empty:
            continue
        options = LapeOptions.of_run(study.spec(run_id, "lape")["arguments"])
        stored = study.rows(
            "neurons",
            run_id=run_id,
            where={"layer": layer, "neuron": neuron, "selected": True},
            columns=["lang"],
        )
        fired.insert(0, "step", step)
        fired.insert(1, "label", label)
        parts.append(
            fired.assign(
                entropy=entropy_of(fired, options.eps), selected=" ".join(stored["lang"].tolist())
            )
        )
    if not parts:
        return pd.DataFrame(columns=["step", "label", *FIRING, "entropy", "selected"])
    return pd.concat(parts, ignore_index=True)
