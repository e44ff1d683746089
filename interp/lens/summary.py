"""What a lens run says, read back from the study without the model."""

from __future__ import annotations

import numpy as np
import pandas as pd

from interp.lens import pivot
from interp.lens.items import COUNTS
from interp.lens.rank_cube import rank_cube, rank_table
from interp.study import Study


def trajectories(study: Study, run_id: str) -> pd.DataFrame:
    """Summarise ranks by language, role and point.

    Args:
        study: the study.
        run_id: a finished lens run.

    Returns:
        Columns ``lang``, ``role``, ``layer``, ``point``, ``n``, ``median_rank`` (0-based as
        stored), ``mean_log_rank`` (mean of log10(1 + rank)), ``top1`` and ``top10`` (shares).
    """
    table = rank_table(study, run_id)
    table["log_rank"] = np.log10(1 + table["rank"])
    table["top1"] = table["rank"] < 1
    table["top10"] = table["rank"] < 10
    grouped = table.groupby(["lang", "role", "layer", "point"], sort=False)
    return grouped.agg(
        n=("rank", "size"),
        median_rank=("rank", "median"),
        mean_log_rank=("log_rank", "mean"),
        top1=("top1", "mean"),
        top10=("top10", "mean"),
    ).reset_index()


def crossovers(study: Study, run_id: str) -> pd.DataFrame:
    """Find, per fact and language, the layer from which the target stays ahead of English.

    Args:
        study: the study.
        run_id: a finished lens run.

    Returns:
        One row per fact and non-English language: ``crossover``, the smallest layer from which
        the target's rank is at most the English answer's at every layer to the end (infinite
        where English is ahead at the last layer: a censored time, not a number to average).
    """
    cube = rank_cube(study, run_id)
    layers = pivot.crossover(cube.target, cube.english)
    fact, lang = np.nonzero(~np.isnan(layers))
    return pd.DataFrame(
        {
            "fact_id": np.array(cube.fact_ids, object)[fact],
            "lang": np.array(cube.languages, object)[lang],
            "crossover": layers[fact, lang],
        }
    )


def summarise(study: Study, run_id: str) -> dict[str, pd.DataFrame]:
    """Lay out what a run found.

    Args:
        study: the study.
        run_id: a finished lens run.

    Returns:
        ``trajectory``: per layer one column per language and role with the median rank, shown
        as rank + 1. ``languages``: per language the number of facts, the share whose target is
        the model's first choice at the end, the median crossover (Kaplan-Meier: facts that never
        cross count as later than every layer, and where they are most it is infinite), the share
        that never crosses, and what was dropped and why.
    """
    curve = trajectories(study, run_id)
    shown = curve[curve["role"] != "distractor"].assign(
        column=lambda frame: frame["lang"] + " " + frame["role"],
        rank=lambda frame: frame["median_rank"] + 1,
    )
    order = list(dict.fromkeys(shown["column"]))
    trajectory = shown.pivot_table(index=["layer", "point"], columns="column", values="rank")
    # "mid" of a block comes before "post" of the same block, as it does in the alphabet.
    trajectory = trajectory.sort_index()[order].reset_index()
    trajectory.columns.name = None
    if set(trajectory["point"]) == {"post"}:
        trajectory = trajectory.drop(columns="point")
    last = curve[(curve["layer"] == curve["layer"].max()) & (curve["point"] == "post")]
    last = last[last["role"] == "target"].set_index("lang")
    n_points = int(curve["layer"].max()) + 1
    survival = {
        lang: pivot.survival(layers, n_points)
        for lang, layers in crossovers(study, run_id).groupby("lang")["crossover"]
    }
    languages = pd.DataFrame(study.notes(run_id)["items"])[["lang", *COUNTS]]
    figures = {
        "target first": last["top1"],
        "median crossover": {c: float(pivot.median_crossover(s)) for c, s in survival.items()},
        "never crosses": {c: float(s[-1]) for c, s in survival.items()},
    }
    for place, (name, values) in enumerate(figures.items(), start=3):
        languages.insert(place, name, languages["lang"].map(values))
    return {"trajectory": trajectory, "languages": languages}
