"""The ablated sets that one head belongs to, and what ablating them did."""

from __future__ import annotations

import pandas as pd

from interp.causal.tables import read_sets
from interp.study import Study


def sets_with(study: Study, run_id: str, layer: int, head: int) -> dict[str, int]:
    """Name the languages whose ablated heads include one head.

    Args:
        study: the study.
        run_id: a finished run of the causal check.
        layer: 0-based.
        head: 0-based.

    Returns:
        Language to the number of heads in its set, in the run's order; nothing for a run that
        ablated neurons.
    """
    about = study.tensor_metadata(run_id, "losses")
    places = study.tensors(run_id, "losses")["places"]
    return {
        one.lang: len(one.places)
        for one in read_sets(about["sets"], places)
        if one.kind == "heads" and (layer, head) in one.places
    }


def set_effects(study: Study, run_id: str, source_lang: str) -> pd.DataFrame:
    """Read what ablating one language's heads did, beside its controls.

    Args:
        study: the study.
        run_id: a finished run of the causal check that ablated heads.
        source_lang: whose heads.

    Returns:
        Columns ``lang`` (measured), ``kind`` (``heads``, and per control its mean over the draws),
        ``draws`` (random sets behind it; 1 for the language's own), ``n_ablated``, ``delta_nll`` in
        nats per token, ``ci_low``, ``ci_high``, ``n_tokens``.
    """
    table = study.table("ablations", run_id=run_id)
    own = table[table["source_lang"] == source_lang]
    drawn = own[own["draw"].notna()].groupby("kind")["draw"].nunique()
    found = own[own["draw"].isna()].reset_index(drop=True)
    names = ["lang", "kind", "n_ablated", "delta_nll", "ci_low", "ci_high", "n_tokens"]
    found = found[names]
    found.insert(2, "draws", [int(drawn.get(kind, 1)) for kind in found["kind"]])
    return found
