"""Sets of top heads at any cut, live from the scores: overlap, layers, what changed; without the model."""

from __future__ import annotations

from math import comb

import numpy as np
import pandas as pd

from interp.lahis.maps import HeadMaps, head_maps
from interp.lahis.select import Head, layer_profile, overlap_matrix, top_heads
from interp.study import Study

RULE = "topk_round"

Runs = tuple[tuple[str, str], ...]
"""Label and run_id of each checkpoint."""


def top_of(maps: HeadMaps, fraction: float) -> dict[str, list[Head]]:
    """Pick the top heads of each language whose scores are all numbers, best first.

    Args:
        maps: a run's scores.
        fraction: the share of all heads called top, by the rule ``topk_round``.
    """
    return {
        lang: top_heads(maps.scores[place], fraction=fraction, rule=RULE)
        for lang, place in zip(maps.whole, maps.of(maps.whole), strict=True)
    }


def overlap_frame(
    study: Study, runs: Runs, languages: tuple[str, ...], fraction: float
) -> pd.DataFrame:
    """Count the top heads that every two languages share.

    Args:
        study: the study.
        runs: the checkpoints.
        languages: which; one that a run lacks has no rows there.
        fraction: share of all heads called top.

    Returns:
        Columns ``label``, ``lang``, ``other_lang``, ``shared`` (heads), ``percent`` (of the number
        of top heads), both orders and the diagonal (100).
    """
    frames = []
    for label, run_id in runs:
        found = top_of(head_maps(study, run_id), fraction)
        top = {lang: found[lang] for lang in languages if lang in found}
        names = list(top)
        one, other = np.indices((len(names), len(names))).reshape(2, -1)
        sets = [set(heads) for heads in top.values()]
        frames.append(
            pd.DataFrame(
                {
                    "label": label,
                    "lang": [names[at] for at in one],
                    "other_lang": [names[at] for at in other],
                    "shared": [len(sets[a] & sets[b]) for a, b in zip(one, other, strict=True)],
                    "percent": overlap_matrix(top).ravel(),
                }
            )
        )
    return pd.concat(frames, ignore_index=True)


def overlap_change(frame: pd.DataFrame, base: str) -> pd.DataFrame:
    """Subtract the base's overlaps from every other checkpoint's.

    Args:
        frame: ``overlap_frame``.
        base: label of the base.

    Returns:
        Columns ``label``, ``lang``, ``other_lang``, ``base`` and ``percent`` (points more than the
        base), for the pairs that both have.
    """
    pair = ["lang", "other_lang"]
    of_base = frame.loc[frame["label"] == base, [*pair, "percent"]]
    of_base = of_base.rename(columns={"percent": "base"})
    both = frame[frame["label"] != base].merge(of_base, on=pair, how="inner")
    both["percent"] = both["percent"] - both["base"]
    return both[["label", *pair, "base", "percent"]]


def profile_frame(
    study: Study, runs: Runs, languages: tuple[str, ...], fraction: float
) -> pd.DataFrame:
    """Say how much of each language's top heads lies in which layer.

    Returns:
        Columns ``label``, ``lang``, ``layer``, ``percent`` (over the layers 100), ``heads``.
    """
    frames = []
    for label, run_id in runs:
        maps = head_maps(study, run_id)
        for lang, heads in top_of(maps, fraction).items():
            if lang in languages:
                percent = layer_profile(heads, maps.shape[0])
                frames.append(
                    pd.DataFrame(
                        {
                            "label": label,
                            "lang": lang,
                            "layer": range(maps.shape[0]),
                            "percent": percent,
                            "heads": np.rint(percent * len(heads) / 100).astype(int),
                        }
                    )
                )
    if not frames:
        return pd.DataFrame(columns=["label", "lang", "layer", "percent", "heads"])
    return pd.concat(frames, ignore_index=True)


def change_frame(
    study: Study, base_run: str, runs: Runs, languages: tuple[str, ...], fraction: float
) -> pd.DataFrame:
    """Count the top heads that stay, go and come.

    Args:
        study: the study.
        base_run: run of the base.
        runs: the others; one of another shape than the base's has no rows.
        languages: which; those that one of the two lacks have no rows.
        fraction: share of all heads called top.

    Returns:
        Columns ``label``, ``lang``, ``stable``, ``lost``, ``gained`` (heads), ``jaccard`` (stable
        over all three) and ``chance`` (what two random sets of that size give on average).
    """
    base = head_maps(study, base_run)
    before = top_of(base, fraction)
    rows = []
    for label, run_id in runs:
        maps = head_maps(study, run_id)
        if maps.shape != base.shape:
            continue
        after = top_of(maps, fraction)
        for lang in languages:
            if lang in before and lang in after:
                old, new = set(before[lang]), set(after[lang])
                rows.append(
                    {
                        "label": label,
                        "lang": lang,
                        "stable": len(old & new),
                        "lost": len(old - new),
                        "gained": len(new - old),
                        "jaccard": len(old & new) / len(old | new),
                        "chance": chance_jaccard(len(old), base.n_heads_total),
                    }
                )
    names = ["label", "lang", "stable", "lost", "gained", "jaccard", "chance"]
    return pd.DataFrame(rows, columns=names)


def chance_jaccard(size: int, n_heads: int) -> float:
    """Return the mean Jaccard index of two random sets of one size.

    Exact: the number that they share is hypergeometric.

    Args:
        size: heads in each of the sets.
        n_heads: heads that there are.
    """
    ways = comb(n_heads, size)
    return sum(
        comb(size, shared)
        * comb(n_heads - size, size - shared)
        / ways
        * shared
        / (2 * size - shared)
        for shared in range(max(0, 2 * size - n_heads), size + 1)
    )


def chance_overlap(size: int, n_heads: int) -> float:
    """Return how many percent of its heads a random set shares with another of its size."""
    return 100 * size / n_heads
