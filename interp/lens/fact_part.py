"""One fact in one language through the layers, read without the rest of the run's tables."""

from __future__ import annotations

import numpy as np
import pandas as pd

from interp.lens import pivot
from interp.study import Study

_RANKS = ["layer", "point", "role", "token_id", "token", "rank", "logprob", "n_subtokens"]
_TOP = ["layer", "point", "place", "token_id", "token", "logprob"]


def fact_ranks(study: Study, run_id: str, fact_id: str, lang: str) -> pd.DataFrame:
    """Read what a run ranked for a fact.

    Args:
        study: the study.
        run_id: a finished lens run.
        fact_id: the fact.
        lang: language of the prompt.

    Returns:
        One row per point and role, from the embeddings up: columns layer, point (never empty),
        ``depth`` (place on the layer axis: the layer, and half a layer before it for ``mid``),
        ``spot`` (the point's name: ``3`` or ``3 mid``), role, token_id, token, rank (0-based), logprob,
        n_subtokens. No rows where the run has no such item.

    Raises:
        InterpError: for an unknown run or a damaged file.
    """
    where = {"fact_id": fact_id, "lang": lang}
    rows = study.rows("lens_ranks", run_id=run_id, where=where, columns=_RANKS)
    return _placed(rows).sort_values(["depth", "role"], ignore_index=True)


def fact_top(study: Study, run_id: str, fact_id: str, lang: str) -> pd.DataFrame:
    """Read the likeliest tokens at every point.

    Args:
        study: the study.
        run_id: a finished lens run.
        fact_id: the fact.
        lang: language of the prompt.

    Returns:
        One row per point and place: columns layer, point, ``depth`` and ``spot`` as in `fact_ranks`,
        place (1 is the likeliest), token_id, token, logprob and ``probability``.

    Raises:
        InterpError: for an unknown run or a damaged file.
    """
    where = {"fact_id": fact_id, "lang": lang}
    rows = study.rows("lens_top", run_id=run_id, where=where, columns=_TOP)
    rows = _placed(rows).assign(probability=lambda frame: np.exp(frame["logprob"]))
    return rows.sort_values(["depth", "place"], ignore_index=True)


def fact_crossover(ranks: pd.DataFrame) -> float:
    """Find the layer from which a fact's target stays ahead of English.

    Args:
        ranks: of `fact_ranks`.

    Returns:
        `interp.lens.pivot.crossover` of the layers (``mid`` left out): infinite where English is
        ahead at the last layer, not a number where one of the two answers is not there.
    """
    post = ranks[ranks["point"] == "post"].pivot(index="layer", columns="role", values="rank")
    if not {"target", "en"} <= set(post.columns):
        return float("nan")
    return float(pivot.crossover(post["target"], post["en"]))


def _placed(rows: pd.DataFrame) -> pd.DataFrame:
    point = rows["point"].fillna("post").astype(str)  # empty means the same
    mid = point == "mid"
    return rows.assign(
        point=point,
        depth=rows["layer"].to_numpy(float) - 0.5 * mid.to_numpy(float),
        spot=[
            f"{layer} mid" if inside else str(layer)
            for layer, inside in zip(rows["layer"], mid, strict=True)
        ],
    )
