"""What a LAHIS run says, read back from the study without the model."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from interp.lahis.scores import head_score, sum_kv_groups
from interp.lahis.select import (
    Head,
    general_heads,
    layer_profile,
    overlap_matrix,
    specific_heads,
    top_heads,
)
from interp.options import LahisOptions
from interp.study import Study

_SHOWN = 5


def score_matrices(study: Study, run_id: str) -> dict[str, NDArray[np.float64]]:
    """Read a run's scores, language to ``[layer, head]``, in the run's order of languages."""
    table = study.table("head_scores", run_id=run_id)
    return {
        str(lang): rows.pivot(index="layer", columns="head", values="score").to_numpy(np.float64)
        for lang, rows in table.groupby("lang", sort=False)
    }


def kv_group_scores(study: Study, run_id: str) -> dict[str, NDArray[np.float64]]:
    """Score groups of query heads that share a key-value head.

    Args:
        study: the study.
        run_id: a run with a frozen mask (a learned one keeps no gradients).

    Returns:
        Language to ``[layer, kv_head]``.

    Raises:
        InterpError: if the run stored no gradients.
    """
    gradients = study.tensors(run_id, "gradients")
    n_kv_heads = int(study.spec(run_id)["model"]["shape"]["n_kv_heads"])
    return {
        lang: head_score(sum_kv_groups(gradients[lang], n_kv_heads))
        for lang in score_matrices(study, run_id)
    }


def selected_heads(study: Study, run_id: str) -> dict[str, list[Head]]:
    """Pick each language's top heads by the rule that the run was asked for, best first."""
    options = _options(study, run_id)
    return {
        lang: top_heads(
            scores,
            fraction=options.top_fraction,
            rule=options.top_rule,
            quantile=options.quantile,
        )
        for lang, scores in score_matrices(study, run_id).items()
    }


def summarise(study: Study, run_id: str) -> dict[str, pd.DataFrame]:
    """Lay out what a run found.

    Args:
        study: the study.
        run_id: a finished LAHIS run.

    Returns:
        ``top_heads``: per language the number of top, specific and general heads, the best five
        (``layer.head``, 0-based) with the first one's interval, and the layer that holds most.
        ``general_heads``: layer and head. ``overlap``: shared top heads of every two languages
        in percent. ``layer_profile``: percent of each language's top heads per layer.
    """
    scores, top = score_matrices(study, run_id), selected_heads(study, run_id)
    options = _options(study, run_id)
    general = general_heads(top, options.general_min)
    specific = specific_heads(top, options.general_min)
    n_layers = len(next(iter(scores.values())))
    profiles = {lang: layer_profile(heads, n_layers) for lang, heads in top.items()}
    rows = [
        {
            "lang": lang,
            "top": len(heads),
            "specific": len(specific[lang]),
            "general": len(heads) - len(specific[lang]),
            "best heads (layer.head)": " ".join(
                f"{layer}.{head}" for layer, head in heads[:_SHOWN]
            ),
            "best score": float(scores[lang][heads[0]]) if heads else float("nan"),
            **_interval(study, run_id, lang, heads),
            "fullest layer": int(profiles[lang].argmax()),
        }
        for lang, heads in top.items()
    ]
    overlap = pd.DataFrame(overlap_matrix(top), columns=list(top))
    overlap.insert(0, "lang", list(top))
    profile = pd.DataFrame(profiles)
    profile.insert(0, "layer", range(n_layers))
    return {
        "top_heads": pd.DataFrame(rows),
        "general_heads": pd.DataFrame(general, columns=["layer", "head"]),
        "overlap": overlap,
        "layer_profile": profile,
    }


def _interval(study: Study, run_id: str, lang: str, heads: list[Head]) -> dict[str, float]:
    table = study.table("head_scores", run_id=run_id)
    if not heads:
        return {"ci_low": float("nan"), "ci_high": float("nan")}
    layer, head = heads[0]
    row = table[(table["lang"] == lang) & (table["layer"] == layer) & (table["head"] == head)]
    return {name: float(row[name].iloc[0]) for name in ("ci_low", "ci_high")}


def _options(study: Study, run_id: str) -> LahisOptions:
    return LahisOptions.of_run(study.spec(run_id)["arguments"])
