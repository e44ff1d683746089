"""From effects and accuracies to the table ``ablations``, and sets to what is stored of them. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from interp.causal.sets import AblationSet

_KEYS = ["source_lang", "lang", "kind", "draw"]


def ablations_frame(
    effects: pd.DataFrame, tokens: Mapping[str, int], accuracies: pd.DataFrame | None
) -> pd.DataFrame:
    """Lay a run out as the table ``ablations`` (without ``run_id``).

    Args:
        effects: from `interp.causal.matrix.effects_frame`.
        tokens: language to the tokens it was measured on.
        accuracies: from `interp.causal.accuracy.accuracy_frame`, where facts were asked.

    Returns:
        One row per set and language, and one per control and language over all its draws.
    """
    rows = effects[effects["statistic"] == "effect"].drop(columns="statistic")
    frame = rows.rename(columns={"delta": "delta_nll"})
    frame = frame.assign(n_tokens=frame["lang"].map(tokens).astype(int))
    if accuracies is None:
        return frame
    merged = frame.merge(accuracies, on=_KEYS, how="left", validate="one_to_one")
    return merged.assign(n_facts=merged["n_facts"].astype("Int64"))


def places_array(sets: Sequence[AblationSet]) -> NDArray[np.int32]:
    """Everything ablated, int32 ``[place, (set, layer, index)]``."""
    rows = [(row, *place) for row, one in enumerate(sets) for place in one.places]
    return np.array(rows, np.int32).reshape(-1, 3)


def describe_sets(sets: Sequence[AblationSet]) -> list[dict[str, Any]]:
    """JSON-able: whose set, which kind and draw, how many places it lacks."""
    return [
        {"lang": one.lang, "kind": one.kind, "draw": one.draw, "missing": one.missing}
        for one in sets
    ]


def read_sets(
    described: Sequence[Mapping[str, Any]], places: NDArray[np.integer]
) -> tuple[AblationSet, ...]:
    """Put back together what `describe_sets` and `places_array` took apart."""
    return tuple(
        AblationSet(
            one["lang"],
            one["kind"],
            one["draw"],
            tuple((int(layer), int(index)) for _, layer, index in places[places[:, 0] == row]),
            one["missing"],
        )
        for row, one in enumerate(described)
    )
