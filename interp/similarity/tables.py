"""From scores by layer and block to the table ``similarity``."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from interp.similarity.scores import METRICS


def similarity_frame(
    scores: NDArray[np.float64], n_units: NDArray[np.int64], languages: Sequence[str]
) -> pd.DataFrame:
    """Lay scores out as rows (without ``run_id``).

    Args:
        scores: ``[point, metric, block, language, other language]``, metrics as in ``METRICS``.
        n_units: asking units ``[block]``; a block without any has no row.
        languages: names of the last two axes.

    Returns:
        One row per layer, ordered pair of languages and block, in that order.
    """
    n_points, _, n_blocks, n_languages, _ = scores.shape
    shape = (n_points, n_languages, n_languages, n_blocks)
    layer, lang, other, block = (axis.ravel() for axis in np.indices(shape))
    names = np.array(languages, dtype=object)
    columns = {
        name: scores[:, place].transpose(0, 2, 3, 1).ravel() for place, name in enumerate(METRICS)
    }
    frame = pd.DataFrame(
        {
            "layer": layer,
            "lang": names[lang],
            "other_lang": names[other],
            **columns,
            "block": block,
            "n_units": n_units[block],
        }
    )
    return frame[(lang != other) & (n_units[block] > 0)].reset_index(drop=True)
