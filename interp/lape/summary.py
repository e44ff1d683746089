"""What a LAPE run says, read back from the study without the model."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd

from interp.errors import InterpError, unknown
from interp.lape.listed import Listed, read_listed
from interp.lape.select import LapeSelection, select_from_counts
from interp.options import LapeOptions
from interp.study import Study

LATE_SHARE = 1 / 4
"""Of the layers, counted from the output, for the column ``in last quarter``."""


def selection(study: Study, run_id: str, **changes: Any) -> LapeSelection:
    """Derive a run's selection from its stored counts, possibly under other options.

    Args:
        study: the study.
        run_id: a finished LAPE run.
        **changes: fields of ``LapeOptions`` to replace; those that decide what was counted
            (activation, text) have no effect any more.

    Returns:
        The selection; without changes, the one that the run stored.

    Raises:
        InterpError: for a run or option that does not exist, a value out of range, or an imported
            run, which has no counts.
    """
    if read_listed(study, run_id) is not None:
        raise InterpError(
            f"run {run_id} was imported: it lists neurons without the counts behind them, so no "
            "selection can be derived from it; expected a run of interp lape"
        )
    arguments = study.spec(run_id)["arguments"]
    options = LapeOptions.of_run(arguments).to_dict()
    tensors = study.tensors(run_id, "counts")
    for name in changes:
        if name not in options:
            raise unknown("lape option", name, options)
    return select_from_counts(
        tensors["counts"],
        tensors["tokens"],
        LapeOptions(**{**options, **changes}),
        languages=tuple(arguments["languages"]),
    )


def summarise(study: Study, run_id: str) -> dict[str, pd.DataFrame]:
    """Lay out what a run found.

    Args:
        study: the study.
        run_id: a finished LAPE run.

    Returns:
        ``languages``: per language its selected neurons, the share of them in the last quarter of
        the layers, the median entropy in nats and the tokens counted. ``totals``: name and value of
        the counts behind the selection. ``layers``: selected neurons per layer and language. What
        an imported run does not say is empty.
    """
    listed = read_listed(study, run_id)
    if listed is not None:
        return _summarise_listed(listed)
    found = selection(study, run_id)
    n_layers, n_neurons = found.entropy.shape
    first_late = n_layers - math.ceil(LATE_SHARE * n_layers)
    entropies = found.entropy[found.layers, found.neurons]
    rows = []
    layers: dict[str, Any] = {"layer": np.arange(n_layers)}
    for place, lang in enumerate(found.languages):
        own = found.assigned[:, place]
        late = found.layers[own] >= first_late
        rows.append(
            {
                "lang": lang,
                "neurons": int(own.sum()),
                "in last quarter": float(late.mean()) if own.any() else math.nan,
                "median entropy": float(np.median(entropies[own])) if own.any() else math.nan,
                "tokens": int(found.tokens[place]),
            }
        )
        layers[lang] = np.bincount(found.layers[own], minlength=n_layers)
    counts = found.to_dict()
    totals = [
        ("neurons", n_layers * n_neurons),
        ("selected", counts["n_selected"]),
        ("asked for", counts["n_wanted"]),
        ("never active", counts["n_dead"]),
        ("removed by the filter", counts["n_filtered"]),
        (f"selected with few activations (< {_min_activations(study, run_id)})", counts["n_rare"]),
    ]
    return {
        "languages": pd.DataFrame(rows),
        "totals": pd.DataFrame(totals, columns=["what", "number"]),
        "layers": pd.DataFrame(layers),
    }


def _summarise_listed(listed: Listed) -> dict[str, pd.DataFrame]:
    """Lay an imported run out in the same tables, empty where the file does not say."""
    first_late = listed.n_layers - math.ceil(LATE_SHARE * listed.n_layers)
    rows: list[dict[str, Any]] = [
        {
            "lang": lang,
            "neurons": int(own.sum()),
            "in last quarter": float(own[first_late:].sum() / own.sum()) if own.any() else math.nan,
            "median entropy": math.nan,
            "tokens": listed.tokens.get(lang),
        }
        for lang, own in listed.per_layer.items()
    ]
    width = listed.n_neurons
    totals = [
        ("neurons", None if width is None else listed.n_layers * width),
        ("selected", listed.n_selected),
        *((what, None) for what in ("asked for", "never active", "removed by the filter")),
    ]
    layers = {"layer": np.arange(listed.n_layers), **listed.per_layer}
    return {
        # As objects: an empty cell must not turn the whole numbers beside it into floats.
        "languages": pd.DataFrame(rows, dtype=object).infer_objects(),
        "totals": pd.DataFrame(totals, columns=["what", "number"], dtype=object),
        "layers": pd.DataFrame(layers),
    }


def _min_activations(study: Study, run_id: str) -> int:
    return int(study.spec(run_id)["arguments"]["min_activations"])
