"""From option scores to the chosen option, under any normalisation; pure.

What is stored is the sum of log-probabilities and three lengths of every option, so that all four
normalisations can be derived later without the model.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from interp.errors import InterpError, unknown

LENGTHS: Mapping[str, str | None] = {
    "byte": "n_bytes",
    "token": "n_tokens",
    "character": "n_characters",
    "sum": None,
}
"""Normalisation to the column of ``predictions`` that a score is divided by.

``byte`` is the release's default since August, ``token`` is what the paper calls ``avg``.
"""


def normalised(predictions: pd.DataFrame, normalisation: str) -> NDArray[np.float64]:
    """Divide the scores by the lengths.

    Args:
        predictions: rows of the table ``predictions`` with option scores, all of as many options.
        normalisation: a key of ``LENGTHS``.

    Returns:
        Normalised scores ``[row, option]``.

    Raises:
        InterpError: an unknown normalisation, rows without the lengths or scores it needs (e.g.
            of generated answers), or scores that are not finite.
    """
    if normalisation not in LENGTHS:
        raise unknown("normalisation", normalisation, LENGTHS)
    scores = _stacked(predictions, "scores", normalisation)
    column = LENGTHS[normalisation]
    if not np.isfinite(scores).all():
        row = predictions.iloc[int(np.argmax(~np.isfinite(scores).all(1)))]
        raise InterpError(
            f"the option scores of fact {row['fact_id']!r} in {row['lang']} are "
            f"{list(row['scores'])}: expected finite numbers (did the checkpoint overflow?)"
        )
    return scores if column is None else scores / _stacked(predictions, column, normalisation)


def ranking(scores: ArrayLike) -> NDArray[np.int64]:
    """Rank options from best to worst.

    Args:
        scores: ``[..., option]``, higher is better.

    Returns:
        Places of options ``[..., rank]``, best first; of equal scores the first option wins.
    """
    return np.argsort(-np.asarray(scores, float), axis=-1, kind="stable")


def chosen(scores: ArrayLike) -> NDArray[np.int64]:
    """Place of the best option ``[...]``; of equal scores the first wins."""
    return np.argmax(np.asarray(scores, float), axis=-1)


def _stacked(predictions: pd.DataFrame, column: str, normalisation: str) -> NDArray[np.float64]:
    cells = predictions[column]
    if cells.isna().any():
        row = predictions[cells.isna()].iloc[0]
        raise InterpError(
            f"fact {row['fact_id']!r} in {row['lang']} has no {column}: normalisation "
            f"{normalisation!r} needs it (expected option scores, not generated answers)"
        )
    lists = [np.asarray(cell, float) for cell in cells.tolist()]
    if len({one.shape for one in lists}) == 1 and lists[0].ndim == 1:
        return np.concatenate(lists).reshape(len(lists), -1)  # a fifth of what stacking takes
    return np.stack(lists)
