"""Where along the depth the neurons lie, cumulated over layers: the paper's Figure 15, and a true ECDF."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from interp.errors import InterpError
from interp.figures.ecdf import cumulative_counts, layer_ecdf
from interp.lape.ecdf_band import DRAWS, LIVE_BYTES, counts_bytes, ecdf_band
from interp.lape.layer_ecdf import (
    WITHOUT_ENGLISH,
    Gap,
    LayerCounts,
    ecdf_frame,
    read_layer_counts,
)
from interp.plates.neurons.curve_words import about_gaps, gaps_of, group_name
from interp.plates.neurons.selected import Selected, read_all
from interp.plates.neurons.stored import own_rows
from interp.plates.neurons.words import about_evidence
from interp.plates.plate import Lacking, Plate
from interp.plates.view import View

SEED = 0


def cumulative(view: View) -> Plate:
    """Draw how many neurons lie in the layers up to each, with D in the legend.

    Source: the paper's Figure 15, which calls these counts an ECDF. The axis begins at 0, not at 500.

    Args:
        view: the study, and what of it is shown.

    Raises:
        Lacking: no LAPE run, or runs that share no language.
    """
    counts, gaps = layer_counts(view), {}
    if view.base in counts.counts:
        gaps = gaps_of(counts, view.base, others_of(counts, view.base), None)
    frame = ecdf_frame(counts, None)
    title = (
        f"Neurons of {group_name(None)} in layers up to each, counted: {', '.join(counts.counts)}"
    )
    return Plate(
        name="neuron-cumulative",
        title=title,
        figure=cumulative_counts(
            frame,
            view.marks,
            title=title,
            distances={label: gap.value for label, gap in gaps.items()},
            relative=counts.relative,
        ),
        frame=frame,
        reading=f"{_counts_not_shares(counts, view.base, gaps)}{_about(view, counts, gaps, None)}",
        runs=view.about([run for _, run in view.runs("lape")]),
        paper="Figure 15",
    )


def ecdf(view: View, *, lang: str | None = None) -> Plate:
    """Draw the share of neurons in the layers up to each, D at its layer, and how much noise moves the base.

    Args:
        view: the study, and what of it is shown.
        lang: language; all together where omitted; ``all but en`` for all but English.

    Raises:
        Lacking: no LAPE run, runs that share no language, or not this one.
    """
    counts, gaps = layer_counts(view), {}
    if lang not in (None, WITHOUT_ENGLISH, *counts.languages):
        raise view.lacking("lape", f"{group_name(lang)} was not measured for all checkpoints shown")
    if view.base in counts.counts:
        gaps = gaps_of(counts, view.base, others_of(counts, view.base), lang)
    band, band_name = _band(view, counts, lang)
    frame = ecdf_frame(counts, lang)
    title = f"Neurons of {group_name(lang)} up to each layer: {', '.join(counts.counts)}"
    part = {None: "", WITHOUT_ENGLISH: "-without-english"}.get(lang, f"-{lang}")
    return Plate(
        name=f"neuron-ecdf{part}",
        title=title,
        figure=layer_ecdf(
            frame,
            view.marks,
            title=title,
            gaps={
                label: (one.depth, one.base_share, one.label_share) for label, one in gaps.items()
            },
            band=band,
            band_name=band_name,
            relative=counts.relative,
        ),
        frame=frame if band is None else _with_band(frame, band, view.base),
        reading=f"{_about(view, counts, gaps, lang)}"
        + (f" The band: {band_name}." if band is not None else ""),
        runs=view.about([run for _, run in view.runs("lape")]),
    )


def ecdf_without_english(view: View) -> Plate:
    """Draw `ecdf` of all languages but English, which can be half of all neurons.

    Args:
        view: the study, and what of it is shown.

    Raises:
        Lacking: no LAPE run, runs that share no language, or only English.
    """
    spoken = layer_counts(view).languages
    if "en" not in spoken or len(spoken) < 2:
        raise Lacking(
            f"study {view.study.path}: no English beside other languages ({', '.join(spoken)})"
        )
    return ecdf(view, lang=WITHOUT_ENGLISH)


def layer_counts(view: View) -> LayerCounts:
    """Read the neurons per layer of the checkpoints shown.

    Raises:
        Lacking: no LAPE run, or runs that share no language.
    """
    runs = view.runs("lape")
    try:
        return read_layer_counts(view.study, runs)
    except InterpError as error:
        raise Lacking(f"study {view.study.path}: {error}") from error


def others_of(counts: LayerCounts, base: str) -> list[str]:
    """Return the labels beside the base's."""
    return [label for label in counts.counts if label != base]


def stored_distances(view: View, shown: Sequence[Selected]) -> pd.DataFrame:
    """Return the stored comparisons of D, of the languages shown, of all together, and without English."""
    names = ("layer_distance", "layer_distance_without_english")
    places = [*view.languages, None]
    return pd.concat([own_rows(view, shown, name, places) for name in names], ignore_index=True)


def _about(view: View, counts: LayerCounts, gaps: Mapping[str, Gap], lang: str | None) -> str:
    """Say D of every checkpoint with its evidence, or why there is none."""
    shown = read_all(view)
    if view.base not in counts.counts or len(counts.counts) == 1:
        return about_evidence(view, shown, pd.DataFrame(columns=["label"]))
    rows = stored_distances(view, shown)
    said = about_gaps(counts, view.base, gaps, rows, lang)
    lists = not rows.empty and (rows["design"] == "lists").all()
    if rows.empty or lists:
        said += f" {about_evidence(view, shown, rows)}"
    if lists and rows["p"].notna().any():
        said += (
            " Here p is of exchanging the neurons in which two lists differ, as if each were drawn by itself: a "
            "small one says that the curves differ, and nothing of what measuring again would do to them."
        )
    return said


def _counts_not_shares(counts: LayerCounts, base: str, gaps: Mapping[str, Gap]) -> str:
    """Say that these curves are no ECDF, with what shows it."""
    totals = {label: int(counts.of(label, None).sum()) for label in counts.counts}
    ends = ", ".join(f"{label} {total:,}" for label, total in totals.items())
    said = f"These are numbers of neurons, not shares: the curves end at {ends}"
    if len(set(totals.values())) > 1 and gaps:
        return f"{said}, so a distance between them is not D, which is one of shares. "
    if not gaps or counts.relative:
        return f"{said}. "
    parts = []
    for label in gaps:
        steps = [np.cumsum(counts.of(one, None)) for one in (base, label)]
        parts.append(f"{label} {int(np.abs(steps[1] - steps[0]).max()):,}")
    return f"{said}; D is the largest distance from {base} (in neurons: {', '.join(parts)}) over this total. "


def _band(view: View, counts: LayerCounts, lang: str | None) -> tuple[pd.DataFrame | None, str]:
    """Resample the base's blocks where it has counts of a size that this takes a moment for."""
    run = dict(view.runs("lape")).get(view.base)
    size = None if run is None else counts_bytes(view.study, run)
    if run is None or size is None or size > LIVE_BYTES:
        return None, ""
    try:
        found = ecdf_band(view.study, run, counts.languages, draws=DRAWS, seed=SEED)[lang]
    except InterpError:  # a single block of text: nothing to resample
        return None, ""
    if found.empty:
        return None, ""
    depth = (found["layer"] + 1) / len(found) if counts.relative else found["layer"]
    return (
        found.assign(depth=depth.astype(float)),
        f"{view.base} on other text, pointwise 95 % of {DRAWS} draws of blocks, seed {SEED}",
    )


def _with_band(frame: pd.DataFrame, band: pd.DataFrame, base: str) -> pd.DataFrame:
    ends = band[["layer", "low", "high"]].assign(label=base)
    return frame.merge(ends, on=["label", "layer"], how="left")
