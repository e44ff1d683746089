"""What a run of attention patterns says, read back from the study without the model."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from interp.attention.heads import head_name
from interp.attention.measures import Measures, even_pattern, measure
from interp.attention.tables import TENSORS
from interp.study import Study

MEASURES: tuple[str, ...] = tuple(
    field.name for field in fields(Measures) if field.name != "n_queries"
)
"""The columns that say where attention goes, in the order of ``Measures``."""


def read_patterns(study: Study, run_id: str) -> dict[str, NDArray[np.float16]]:
    """Read the patterns of a run: ``tensor_key`` of the table ``attention`` to ``[query, key]``."""
    return study.tensors(run_id, TENSORS)


def summarise(study: Study, run_id: str) -> dict[str, pd.DataFrame]:
    """Say where each head's attention goes, language by language.

    Args:
        study: the study.
        run_id: a finished attention run.

    Returns:
        ``heads``: per head and language, in the order chosen, why the head is among them, samples,
        tokens per sample, and the means of ``interp.attention.measures.Measures``. ``even``: per
        language the same of attention spread evenly over all earlier tokens of the same samples.
    """
    table = study.table("attention", run_id=run_id)
    patterns = read_patterns(study, run_id)
    why = study.notes(run_id)["heads"]["why"]
    heads, even = [], {}
    for _, rows in table.groupby(["layer", "head", "lang"], sort=False):
        layer, head, lang = rows.iloc[0][["layer", "head", "lang"]]
        own = [patterns[key] for key in rows["tensor_key"]]
        lengths = [len(pattern) for pattern in own]
        about = {"samples": len(own), "tokens": float(np.mean(lengths))}
        name = head_name((int(layer), int(head)))
        heads.append(
            {"head": name, "why": why[name], "lang": lang, **about, **_means(measure(own))}
        )
        if lang not in even:
            spread = measure(even_pattern(length) for length in lengths)
            even[lang] = {"lang": lang, **about, **_means(spread)}
    return {"heads": pd.DataFrame(heads), "even": pd.DataFrame(list(even.values()))}


def _means(found: Measures) -> dict[str, float]:
    return {name: getattr(found, name) for name in MEASURES}
