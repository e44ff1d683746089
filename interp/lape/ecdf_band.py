"""How far a checkpoint's cumulative curve over layers would move on other text: bootstrap over blocks."""

from __future__ import annotations

import numpy as np
import pandas as pd

from interp.errors import InterpError
from interp.lape.layer_ecdf import WITHOUT_ENGLISH
from interp.lape.replicates import BlockedCounts, select_replicates
from interp.lape.selections import Floats
from interp.options import LapeOptions
from interp.stats.bootstrap import LEVEL, draw_counts
from interp.stats.ks import layer_cdf
from interp.study import Study

DRAWS = 200
LIVE_BYTES = 200_000_000
"""Counts files up to this size are resampled while somebody waits; a 7B model's has a gigabyte."""


def counts_bytes(study: Study, run_id: str) -> int | None:
    """Return the size of a run's activation counts on disk; None where it has none (an import)."""
    for record in study.records():
        if record.run_id == run_id:
            about = record.data["files"].get("counts.safetensors")
            return None if about is None else int(about["bytes"])
    return None


def ecdf_band(
    study: Study,
    run_id: str,
    languages: tuple[str, ...],
    *,
    draws: int = DRAWS,
    seed: int = 0,
) -> dict[str | None, pd.DataFrame]:
    """Draw blocks of text anew, select neurons in every draw, and cumulate them over layers.

    The band is pointwise: at each layer it holds 95 % of the draws, which says nothing of how many
    draws stay inside it at every layer.

    Args:
        study: the study.
        run_id: a run with activation counts.
        languages: the languages between which neurons are selected.
        draws: bootstrap draws.
        seed: of the draws.

    Returns:
        By group (a language, None for all, all but English) the columns ``layer`` (0-based), ``low``
        and ``high``, shares from 0 to 1; empty where not even half of the draws select a neuron.

    Raises:
        InterpError: for a run without counts, or with fewer than two blocks.
    """
    if counts_bytes(study, run_id) is None:
        raise InterpError(
            f"run {run_id} has no activation counts to resample; expected a run of interp lape"
        )
    arguments = study.spec(run_id)["arguments"]
    tensors = study.tensors(run_id, "counts")
    counts = BlockedCounts.of(
        tensors["counts"], tensors["tokens"], arguments["languages"], languages
    )
    n_blocks = len(counts.tokens)
    if n_blocks < 2:
        raise InterpError(f"run {run_id} has {n_blocks} block of text: expected two at least")
    weights = draw_counts(n_blocks, draws, seed).astype(np.float64)
    found = select_replicates([(counts, weights)], LapeOptions.of_run(arguments))
    curves = layer_cdf(found.layer_counts())
    groups = (*languages, None, WITHOUT_ENGLISH)
    return {group: _band(curves[:, place]) for place, group in enumerate(groups)}


def _band(curves: Floats) -> pd.DataFrame:
    """Cut the tails off curves ``[draw, layer]``."""
    known = curves[~np.isnan(curves).any(axis=1)]
    if 2 * len(known) < len(curves):
        return pd.DataFrame({"layer": [], "low": [], "high": []})
    low, high = np.quantile(known, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0)
    return pd.DataFrame({"layer": np.arange(len(low)), "low": low, "high": high})
