"""From the lens' arrays to its two long tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from interp.data.token_text import token_name
from interp.lens.items import ROLES, LensItem
from interp.lens.trajectories import Point


def ranks_frame(
    items: Sequence[LensItem],
    points: Sequence[Point],
    arrays: Mapping[str, NDArray[Any]],
    tokenizer: Any,
    token_rule: str,
) -> pd.DataFrame:
    """Lay out ranks as the table ``lens_ranks``.

    Args:
        items: the items.
        points: the points.
        arrays: ``rank``, ``logprob`` and ``token_id``, each ``[item, point, role]``.
        tokenizer: gives tokens their text.
        token_rule: which rule chose the tokens.

    Returns:
        One row per item, point and role, in that order; roles that an item lacks are left out.
    """
    frame = _grid(items, points, ROLES, "role")
    frame["token_id"] = arrays["token_id"].reshape(-1).astype(np.int64)
    frame["rank"] = arrays["rank"].reshape(-1).astype(np.float64)
    frame["logprob"] = arrays["logprob"].reshape(-1).astype(np.float64)
    counts = [
        [item.answers[role].n_subtokens if role in item.answers else 0 for role in ROLES]
        for item in items
    ]
    frame["n_subtokens"] = np.repeat(np.array(counts, np.int64)[:, None], len(points), 1).ravel()
    frame = frame[frame["rank"].notna()].reset_index(drop=True)
    frame["token"] = _texts(frame["token_id"].to_numpy(), tokenizer)
    frame["token_rule"] = token_rule
    return frame


def top_frame(
    items: Sequence[LensItem],
    points: Sequence[Point],
    arrays: Mapping[str, NDArray[Any]],
    tokenizer: Any,
) -> pd.DataFrame:
    """Lay out the most likely tokens as the table ``lens_top``.

    Args:
        items: the items.
        points: the points.
        arrays: ``top_ids`` and ``top_logprob``, each ``[item, point, place]``.
        tokenizer: gives tokens their text.

    Returns:
        One row per item, point and place (1 is the most likely).
    """
    places = range(1, arrays["top_ids"].shape[-1] + 1)
    frame = _grid(items, points, list(places), "place")
    frame["token_id"] = arrays["top_ids"].reshape(-1).astype(np.int64)
    frame["token"] = _texts(frame["token_id"].to_numpy(), tokenizer)
    frame["logprob"] = arrays["top_logprob"].reshape(-1).astype(np.float64)
    return frame


def _grid(
    items: Sequence[LensItem], points: Sequence[Point], last: Sequence[Any], name: str
) -> pd.DataFrame:
    """Rows for every item, point and entry of ``last``, in that order."""
    inner, outer = len(last), len(points) * len(last)
    return pd.DataFrame(
        {
            "fact_id": np.repeat(np.array([item.fact_id for item in items], object), outer),
            "lang": np.repeat(np.array([item.lang for item in items], object), outer),
            "layer": np.tile(np.repeat([point.layer for point in points], inner), len(items)),
            "point": np.tile(
                np.repeat(np.array([point.kind for point in points], object), inner), len(items)
            ),
            name: np.tile(np.array(list(last)), len(items) * len(points)),
        }
    )


def _texts(ids: NDArray[np.int64], tokenizer: Any) -> NDArray[np.object_]:
    """Text of every token, decoded once per distinct id."""
    distinct, where = np.unique(ids, return_inverse=True)
    texts = np.array([token_name(tokenizer, int(i)) for i in distinct], object)
    return texts[where]
