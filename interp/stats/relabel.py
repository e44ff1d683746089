"""Permutation p of a pair: labels exchanged, everything recomputed, adjusted over families; pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from interp.stats.pair import Floats, Pair, Statistic, Tick, batches, extremeness
from interp.stats.permutation import Relabellings, exchanges, holm, p_value, reaches, swaps


def relabel(
    pair: Pair, permutations: int, seed: int, far: Floats, tick: Tick
) -> tuple[Floats, Floats, Floats]:
    """Relabel a pair and count how often it is as far out as it is.

    Hits are counted batch by batch, so nothing large is kept.

    Args:
        pair: the two checkpoints.
        permutations: relabellings at most; all are listed where they are no more.
        seed: of those that are drawn.
        far: how far each statistic is from no difference, ``[statistic]``.
        tick: told how many relabellings were done since the last call.

    Returns:
        p, adjusted p, and the least that the latter could have been; each ``[statistic]``, not a
        number where labels cannot be exchanged or there is no value.
    """
    if not pair.exchangeable:
        nothing = np.full(len(far), np.nan)
        return nothing, nothing, nothing
    kinds = np.array([statistic.kind for statistic in pair.statistics])
    if pair.paired:
        labels = swaps(pair.n_base, permutations, seed)
    else:
        labels = exchanges(pair.n_base, pair.n_model, permutations, seed)
    maps = families(pair.statistics, far, "max")
    hits, map_hits = np.zeros((2, len(far)), np.int64)
    for rows in batches(len(labels), pair.batch):
        first, second = _sides(pair, labels, rows)
        relabelled = extremeness(pair.compare(first, second).value, kinds)
        hits += reaches(relabelled, far).sum(0)
        for members in maps.values():
            # what relabelling cannot compute counts as the farthest, as in `reaches`
            largest = np.nan_to_num(relabelled[:, members], nan=np.inf).max(axis=1)
            map_hits[members] += reaches(largest[:, None], far[members]).sum(0)
        tick(rows.stop - rows.start)
    unknown = np.isnan(far)
    p = np.where(unknown, np.nan, _borrowed(pair.statistics, p_value(hits, labels)))
    adjusted, least = np.full((2, len(far)), np.nan)
    fewest = np.array([labels.exact], np.int64)  # all that are listed include the observed one
    smallest = float(p_value(fewest, labels)[0])
    for (name, _), members in maps.items():
        languages = sum(other == name for other, _ in maps)
        adjusted[members] = np.minimum(languages * p_value(map_hits[members], labels), 1)
        least[members] = languages * smallest
    for members in families(pair.statistics, far, "holm").values():
        adjusted[members] = holm(p[members])
        least[members] = len(members) * smallest
    return p, adjusted, least


def _borrowed(statistics: Sequence[Statistic], p: Floats) -> Floats:
    """Give the statistics with a ``p_of`` the p of the statistic that they name."""
    places = {(one.name, one.lang): at for at, one in enumerate(statistics)}
    return p[[places.get((one.p_of, one.lang), at) for at, one in enumerate(statistics)]]


def families(
    statistics: Sequence[Statistic], far: Floats, adjust: str
) -> dict[tuple[str, object], NDArray[np.intp]]:
    """Find the rows that are adjusted together, without those that have no value.

    Args:
        statistics: what the rows are.
        far: not a number where a row has no value.
        adjust: ``holm`` or ``max``, see `Statistic`.

    Returns:
        Name, and language or whether it is a row of one language, pair or layer, to the places.
    """
    families: dict[tuple[str, object], list[int]] = {}
    for place, one in enumerate(statistics):
        if one.adjust == adjust and not np.isnan(far[place]):
            single = (one.lang, one.layer, one.head) != (None, None, None)
            key: object = one.lang if adjust == "max" else single
            families.setdefault((one.name, key), []).append(place)
    return {key: np.array(places) for key, places in families.items()}


def _sides(pair: Pair, labels: Relabellings, rows: slice) -> tuple[Any, Any]:
    moved = labels.moved[rows]
    if pair.paired:
        return pair.pool(1 - moved, moved), pair.pool(moved, 1 - moved)
    base, model = moved[:, : pair.n_base], moved[:, pair.n_base :]
    return pair.pool(1 - base, 1 - model), pair.pool(base, model)
