"""Statistics page: where along the depth the neurons of a language lie, base against checkpoints."""

from __future__ import annotations

import math
from collections.abc import Mapping

import pandas as pd
import streamlit as st

from dashboards.chart import show
from dashboards.controls import span
from dashboards.faults import told
from dashboards.page import Chosen
from dashboards.parts.statistics.forest import ALL
from dashboards.texts import language_name
from interp.data import languages
from interp.evidence.layer_null import DISTANCE, REST
from interp.figures.ecdf import layer_ecdf
from interp.figures.verdicts import SIGNS
from interp.lape.ecdf_band import DRAWS, LIVE_BYTES, counts_bytes, ecdf_band
from interp.lape.layer_ecdf import (
    WITHOUT_ENGLISH,
    Gap,
    LayerCounts,
    ecdf_frame,
    largest_gap,
    read_layer_counts,
    window_share,
)
from interp.stats.verdict import MIN_NEURONS

SEED = 0


def group_name(lang: str | None) -> str:
    """Name a language, all of them, or all but English."""
    if lang == WITHOUT_ENGLISH:
        return f"all languages but {languages.get('en').name}"
    return ALL if lang is None else language_name(lang)


def draw_ecdf(
    chosen: Chosen, runs: Mapping[str, str], rows: pd.DataFrame, lang: str | None
) -> dict[str, Gap]:
    """Draw the cumulative shares of neurons over layers, with D at its layer.

    Args:
        chosen: the page's choice.
        runs: label to LAPE run, the base first.
        rows: rows of ``comparisons`` about these runs (any statistic; may be empty).
        lang: language, None for all together, or all but English.

    Returns:
        Label to its largest distance from the base, of those that have neurons enough for a p-value.
    """
    source = chosen.source
    st.subheader(f"Layers of the neurons of {group_name(lang)}")
    counts = None
    with told():
        counts = source.derive(read_layer_counts, runs=tuple(runs.items()))
    if counts is None:
        return {}
    if lang not in (None, WITHOUT_ENGLISH, *counts.languages):
        st.info(f"{group_name(lang)} was not measured for {', '.join(runs)} alike.")
        return {}
    frame = ecdf_frame(counts, lang)
    base, others = chosen.base, [label for label in runs if label != chosen.base]
    gaps = _gaps(counts, base, others, lang)
    n_layers = counts.of(base, lang).shape[-1]
    window = None
    if counts.relative:
        depths = ", ".join(f"{label} {own.shape[-1]}" for label, own in counts.counts.items())
        st.info(f"Different numbers of layers ({depths}): layers stand at their relative depth.")
    else:
        window = span("Layers shown", 0, n_layers - 1, "s_layers")
    band, band_name = _band(chosen, runs[base], counts, lang)
    show(
        layer_ecdf(
            frame,
            chosen.marks,
            title=f"Neurons of {group_name(lang)} up to each layer: {', '.join(runs)}",
            gaps={
                label: (gap.depth, gap.base_share, gap.label_share) for label, gap in gaps.items()
            },
            band=band,
            band_name=band_name,
            relative=counts.relative,
            window=None if window is None else (window[0] - 0.5, window[1] + 0.5),
        ),
        frame,
        "s_ecdf",
        runs=chosen.about(list(runs.values())),
        takeaway=_takeaway(chosen, counts, gaps, rows, lang),
    )
    if window is not None and window != (0, n_layers - 1):
        shares = [f"{label} {window_share(counts.of(label, lang), *window):.1%}" for label in runs]
        st.caption(
            f"Share of the neurons in layers {window[0]} to {window[1]}: {', '.join(shares)} (of the "
            "window chosen now, without an interval or verdict: late_share is compared. D is always over "
            "all layers)."
        )
    if not counts.whole:
        st.caption(
            "The runs were measured for different languages: the curves are their own selections, while "
            "the stored D is of neurons selected anew for the shared languages."
        )
    return {label: gap for label, gap in gaps.items() if _enough(counts, base, label, lang)}


def _gaps(counts: LayerCounts, base: str, others: list[str], lang: str | None) -> dict[str, Gap]:
    found = {
        label: largest_gap(counts.of(base, lang), counts.of(label, lang), relative=counts.relative)
        for label in others
    }
    return {label: gap for label, gap in found.items() if gap is not None}


def _enough(counts: LayerCounts, base: str, label: str, lang: str | None) -> bool:
    return _fewest(counts, base, label, lang) >= MIN_NEURONS


def _fewest(counts: LayerCounts, base: str, label: str, lang: str | None) -> int:
    return int(min(counts.of(one, lang).sum() for one in (base, label)))


def _band(
    chosen: Chosen, run: str, counts: LayerCounts, lang: str | None
) -> tuple[pd.DataFrame | None, str]:
    """Resample the base's blocks where that is quick; say what stands there instead where it is not."""
    size = chosen.source.derive(counts_bytes, run)
    floor = "the noise floor of D below is all there is of noise here"
    if size is None:
        st.caption(f"No band around {chosen.base}: run {run} holds no counts to resample; {floor}.")
        return None, ""
    if size > LIVE_BYTES:
        st.caption(
            f"No band around {chosen.base}: its counts ({size / 1e6:,.0f} MB) are too large to resample "
            f"while you wait; {floor}."
        )
        return None, ""
    found = None
    with told():
        found = chosen.source.derive(ecdf_band, run, counts.languages, draws=DRAWS, seed=SEED)[lang]
    if found is None or found.empty:
        return None, ""
    depth = (found["layer"] + 1) / len(found) if counts.relative else found["layer"]
    return (
        found.assign(depth=depth.astype(float)),
        f"{chosen.base} on other text: pointwise 95 % of {DRAWS} draws of blocks, seed {SEED}",
    )


def _takeaway(
    chosen: Chosen,
    counts: LayerCounts,
    gaps: Mapping[str, Gap],
    rows: pd.DataFrame,
    lang: str | None,
) -> str:
    parts = []
    for label in counts.counts:
        if label == chosen.base:
            continue
        if label not in gaps:
            parts.append(f"{label}: no D, one of the two has no neuron")
            continue
        gap = gaps[label]
        said = f"{label}: D = {gap.value:.4f} at layer {gap.layer}"
        if gap.signed:
            side = "earlier" if gap.signed > 0 else "later"
            said += (
                f" ({chosen.base} {gap.base_share:.1%}, {label} {gap.label_share:.1%}: {label}'s lie "
                f"{side})"
            )
        row = stored_row(rows, label, lang)
        parts.append(said + _stored(row, gap.value, _fewest(counts, chosen.base, label, lang)))
    return "; ".join(parts) + "." if parts else f"Only {chosen.base} is shown."


def stored_row(rows: pd.DataFrame, label: str, lang: str | None) -> pd.Series | None:
    """Return the stored row of D of one checkpoint and group; None where there is none."""
    if rows.empty:
        return None
    name = REST if lang == WITHOUT_ENGLISH else DISTANCE
    spoken = rows["lang"].isna() if lang in (None, WITHOUT_ENGLISH) else rows["lang"] == lang
    own = rows[(rows["statistic"] == name) & (rows["label"] == label) & spoken]
    return None if own.empty else own.iloc[0]


def _stored(row: pd.Series | None, drawn: float, fewest: int) -> str:
    """Write interval, noise floor, p and verdict; no p where fewer neurons stand behind it than needed.

    Args:
        row: the stored row of D, if there is one.
        drawn: D of the curves that are drawn.
        fewest: neurons of the checkpoint that has fewer.
    """
    if row is None:
        return ", not compared"
    parts = []
    if not math.isclose(row["value"], drawn, abs_tol=1e-9):
        # selected anew for the shared languages: the verdict is of another number than the curves'
        parts.append(f"compared is D = {row['value']:.4f} of neurons selected anew")
        fewest = fewest if pd.isna(row["behind"]) else int(row["behind"])
    if not pd.isna(row["ci_low"]):
        parts.append(f"95 % interval {row['ci_low']:.3g} to {row['ci_high']:.3g}")
    has_floor = not pd.isna(row["noise_floor"])
    parts.append(f"noise floor {row['noise_floor']:.3g}" if has_floor else "no noise floor")
    if fewest < MIN_NEURONS:
        parts.append(f"no p-value: {fewest} neurons, {MIN_NEURONS} are needed")
    elif pd.isna(row["p_adjusted"]):
        parts.append("no p-value")
    else:
        parts.append(f"adjusted p {row['p_adjusted']:.2g}")
    return f", {', '.join(parts)}: {SIGNS[str(row['verdict'])]} {row['verdict']}"
