"""Statistics page: where along the depth the neurons of a language lie, base against checkpoints."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
import streamlit as st

from dashboards.chart import show
from dashboards.controls import span
from dashboards.faults import told
from dashboards.page import Chosen
from interp.figures.ecdf import layer_ecdf
from interp.lape.ecdf_band import DRAWS, LIVE_BYTES, counts_bytes, ecdf_band
from interp.lape.layer_ecdf import (
    WITHOUT_ENGLISH,
    Gap,
    LayerCounts,
    ecdf_frame,
    read_layer_counts,
    window_share,
)
from interp.plates.neurons.curve_words import about_gaps, fewest, gaps_of, group_name
from interp.stats.verdict import MIN_NEURONS

SEED = 0


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
    gaps = gaps_of(counts, base, others, lang)
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
        takeaway=about_gaps(counts, base, gaps, rows, lang),
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


def _enough(counts: LayerCounts, base: str, label: str, lang: str | None) -> bool:
    return fewest(counts, base, label, lang) >= MIN_NEURONS


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
