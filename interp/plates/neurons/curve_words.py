"""What is said of D, the largest distance between two cumulative curves over layers."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import pandas as pd

from interp.data import languages
from interp.evidence.layer_null import DISTANCE, REST
from interp.figures.verdicts import SIGNS
from interp.lape.layer_ecdf import WITHOUT_ENGLISH, Gap, LayerCounts, largest_gap
from interp.stats.verdict import MIN_NEURONS

ALL = "all languages"


def group_name(lang: str | None) -> str:
    """Name a language, all of them, or all but English."""
    if lang == WITHOUT_ENGLISH:
        return f"all languages but {languages.get('en').name}"
    if lang is None:
        return ALL
    name = languages.get(lang).name if languages.looks_like_code(lang) else lang
    return lang if name == lang else f"{name} ({lang})"


def gaps_of(
    counts: LayerCounts, base: str, others: Sequence[str], lang: str | None
) -> dict[str, Gap]:
    """Find the largest distance of each checkpoint from the base.

    Args:
        counts: neurons per layer.
        base: label of the base.
        others: labels of the others.
        lang: language, None for all together, or all but English.

    Returns:
        Label to gap; a checkpoint without a neuron, or all where the base has none, is left out.
    """
    found = {
        label: largest_gap(counts.of(base, lang), counts.of(label, lang), relative=counts.relative)
        for label in others
    }
    return {label: gap for label, gap in found.items() if gap is not None}


def fewest(counts: LayerCounts, base: str, label: str, lang: str | None) -> int:
    """Count the neurons of the side that has fewer."""
    return int(min(counts.of(one, lang).sum() for one in (base, label)))


def stored_row(rows: pd.DataFrame, label: str, lang: str | None) -> pd.Series | None:
    """Return the stored row of D of one checkpoint and group; None where there is none."""
    if rows.empty:
        return None
    name = REST if lang == WITHOUT_ENGLISH else DISTANCE
    spoken = rows["lang"].isna() if lang in (None, WITHOUT_ENGLISH) else rows["lang"] == lang
    own = rows[(rows["statistic"] == name) & (rows["label"] == label) & spoken]
    return None if own.empty else own.iloc[0]


def about_gaps(
    counts: LayerCounts,
    base: str,
    gaps: Mapping[str, Gap],
    rows: pd.DataFrame,
    lang: str | None,
) -> str:
    """Say of each checkpoint its D, where it lies, whose curve is above, and how sure that is.

    Args:
        counts: neurons per layer.
        base: label of the base.
        gaps: from `gaps_of`.
        rows: stored comparisons of these runs (any statistic; may be empty).
        lang: language, None for all together, or all but English.
    """
    parts = []
    for label in counts.counts:
        if label == base:
            continue
        if label not in gaps:
            parts.append(f"{label}: no D, one of the two has no neuron")
            continue
        gap = gaps[label]
        said = f"{label}: D = {gap.value:.4f} at layer {gap.layer}"
        if gap.signed:
            side = "earlier" if gap.signed > 0 else "later"
            said += f" ({base} {gap.base_share:.1%}, {label} {gap.label_share:.1%}: {label}'s lie {side})"
        row = stored_row(rows, label, lang)
        parts.append(said + _stored(row, gap.value, fewest(counts, base, label, lang)))
    return "; ".join(parts) + "." if parts else f"Only {base} is shown."


def _stored(row: pd.Series | None, drawn: float, n_fewest: int) -> str:
    """Write interval, noise floor, p and verdict; no p where fewer neurons stand behind it than needed.

    Args:
        row: the stored row of D, if there is one.
        drawn: D of the curves that are drawn.
        n_fewest: neurons of the checkpoint that has fewer.
    """
    if row is None:
        return ", not compared"
    parts = []
    if not math.isclose(row["value"], drawn, abs_tol=1e-9):
        # selected anew for the shared languages: the verdict is of another number than the curves'
        parts.append(f"compared is D = {row['value']:.4f} of neurons selected anew")
        n_fewest = n_fewest if pd.isna(row["behind"]) else int(row["behind"])
    if not pd.isna(row["ci_low"]):
        parts.append(f"95 % interval {row['ci_low']:.3g} to {row['ci_high']:.3g}")
    lists = row["design"] == "lists"
    if not pd.isna(row["noise_floor"]):
        parts.append(f"noise floor {row['noise_floor']:.3g}")
    elif not lists:
        parts.append("no noise floor")
    if n_fewest < MIN_NEURONS:
        parts.append(f"no p-value: {n_fewest} neurons, {MIN_NEURONS} are needed")
    elif pd.isna(row["p_adjusted"]):
        parts.append("no p-value")
    else:
        of = " of exchanged neurons" if lists else ""
        parts.append(f"adjusted p{of} {row['p_adjusted']:.2g}")
    return f", {', '.join(parts)}: {SIGNS[str(row['verdict'])]} {row['verdict']}"
