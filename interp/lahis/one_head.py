"""One head in every language and checkpoint; read without the model."""

from __future__ import annotations

import pandas as pd

from interp.lahis.maps import head_maps, viewed
from interp.lahis.select import general_heads
from interp.lahis.top_frames import Runs, top_of
from interp.study import Study


def head_frame(
    study: Study, runs: Runs, languages: tuple[str, ...], layer: int, head: int, fraction: float
) -> pd.DataFrame:
    """Lay out what is known of one head.

    Args:
        study: the study.
        runs: the checkpoints; one without this layer or head has no rows.
        languages: which; one that a run lacks has no rows there.
        layer: 0-based.
        head: 0-based.
        fraction: share of all heads called top.

    Returns:
        Columns ``label``, ``lang``, ``score``, ``ci_low``, ``ci_high`` (empty where the run has no
        intervals), ``share`` (percent of the language's total), ``rank`` (1 scores highest), ``of``
        (heads), ``top`` (whether among the top share), ``n_samples``.
    """
    rows = []
    for label, run_id in runs:
        maps = head_maps(study, run_id)
        if layer >= maps.shape[0] or head >= maps.shape[1]:
            continue
        top = top_of(maps, fraction)
        share, rank = (viewed(maps.scores, view) for view in ("share", "rank"))
        for lang in languages:
            if lang in maps.languages:
                cell = (maps.languages.index(lang), layer, head)
                rows.append(
                    {
                        "label": label,
                        "lang": lang,
                        "score": float(maps.scores[cell]),
                        "ci_low": float(maps.low[cell]),
                        "ci_high": float(maps.high[cell]),
                        "share": float(share[cell]),
                        "rank": float(rank[cell]),
                        "of": maps.n_heads_total,
                        "top": (layer, head) in top.get(lang, []),
                        "n_samples": maps.n_samples[cell[0]],
                    }
                )
    names = ["label", "lang", "score", "ci_low", "ci_high", "share", "rank", "of", "top"]
    return pd.DataFrame(rows, columns=[*names, "n_samples"])


def generality(study: Study, runs: Runs, layer: int, head: int, fraction: float) -> pd.DataFrame:
    """Say in how many of its languages a head is top, and whether that makes it general.

    Args:
        study: the study.
        runs: the checkpoints.
        layer: 0-based.
        head: 0-based.
        fraction: share of all heads called top.

    Returns:
        Per label ``top_in`` and ``languages`` (of all of the run's), ``general`` by the run's own
        rule (top in all languages but one, or in a number of them), and ``needed``: in how many that
        is; 0 where there are fewer than three languages, of which the rule says nothing.
    """
    rows = []
    for label, run_id in runs:
        maps = head_maps(study, run_id)
        top = top_of(maps, fraction)
        rule = maps.options.general_min
        needed = len(top) - 1 if rule == "K-1" else int(rule)
        if rule == "K-1" and len(top) < 3:
            needed = 0
        rows.append(
            {
                "label": label,
                "top_in": sum((layer, head) in heads for heads in top.values()),
                "languages": len(top),
                "general": (layer, head) in general_heads(top, rule),
                "needed": needed,
            }
        )
    return pd.DataFrame(rows, columns=["label", "top_in", "languages", "general", "needed"])
