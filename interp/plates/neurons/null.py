"""D where only chance tells a checkpoint from the base: the null distributions behind its p."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from interp.errors import InterpError
from interp.evidence.layer_null import Null, block_null, neuron_null
from interp.figures.layer_nulls import null_rows
from interp.lape.ecdf_band import counts_bytes
from interp.plates.neurons.curve_words import group_name, stored_row
from interp.plates.neurons.curves import layer_counts
from interp.plates.neurons.selected import need_pair, read_all
from interp.plates.neurons.stored import own_rows
from interp.plates.plate import Lacking, Plate
from interp.plates.view import View
from interp.stats.verdict import MIN_NEURONS

QUICK_BYTES = 32_000_000
"""Counts up to this size are relabelled, neurons selected anew every time; of larger ones neurons are."""

RELABELLINGS, EXCHANGES = 199, 999
BINS = 50


def null(view: View, *, lang: str | None = None, relabellings: int = RELABELLINGS) -> Plate:
    """Draw D under relabelling, checkpoint by checkpoint, with the D that was found in it.

    Blocks of text are exchanged where both runs have counts of a size that this takes seconds for;
    where only lists of neurons are known, the neurons on which the two differ: a weaker null.

    Args:
        view: the study, and what of it is shown.
        lang: language; all together where omitted.
        relabellings: of blocks; fewer than behind the stored p, from the same seed.

    Raises:
        Lacking: no LAPE run, none of the base or beside it, or none with neurons enough.
    """
    runs = dict(view.runs("lape"))
    counts = layer_counts(view)
    others = [label for label in runs if label != view.base]
    need_pair(view, runs)
    shown = read_all(view)
    rows = own_rows(view, shown, "layer_distance")
    found: dict[str, Null] = {}
    reasons = []
    for label in others:
        if min(counts.of(one, lang).sum() for one in (view.base, label)) < MIN_NEURONS:
            reasons.append(f"{label}: fewer than {MIN_NEURONS} neurons on a side")
            continue
        row = stored_row(rows, label, lang)
        seed = 0 if row is None else int(row["seed"])
        try:
            found[label] = _drawn(view, runs[view.base], runs[label], relabellings, seed)
        except InterpError as error:
            reasons.append(f"{label}: {error}")
    if not found:
        raise Lacking(f"no null distribution of D in study {view.study.path}: {'; '.join(reasons)}")
    values, bins = _binned(found, lang)
    title = f"D of {group_name(lang)} against {view.base}, exchanged at random: {', '.join(found)}"
    return Plate(
        name="neuron-null",
        title=title,
        figure=null_rows(bins, values, view.marks, title=title),
        frame=bins.merge(pd.DataFrame(values), on="label"),
        reading=" ".join([_reading(found, values, rows, lang), *(f"{one}." for one in reasons)]),
        runs=view.about([runs[view.base], *(runs[label] for label in found)]),
    )


def _drawn(view: View, base: str, other: str, relabellings: int, seed: int) -> Null:
    sizes = [counts_bytes(view.study, run) for run in (base, other)]
    if all(size is not None and size <= QUICK_BYTES for size in sizes):
        try:
            return block_null(view.study, base, other, permutations=relabellings, seed=seed)
        except InterpError:  # other blocks, other shapes: what their lists allow
            pass
    return neuron_null(view.study, base, other, draws=EXCHANGES, seed=0)


def _binned(found: dict[str, Null], lang: str | None) -> tuple[list[dict[str, Any]], pd.DataFrame]:
    """Bin the relabellings of all checkpoints alike, from 0."""
    values, drawn = [], {}
    for label, one in found.items():
        drawn[label], observed, p, usual = one.of(lang)
        values.append(
            {
                "label": label, "units": one.units, "observed": observed, "usual": usual, "p": p,
                "relabellings": len(drawn[label]),
            }
        )  # fmt: skip
    most = max(max(float(d.max(initial=0.0)) for d in drawn.values()), 1e-9)
    edges = np.linspace(0, most * (1 + 1 / BINS), BINS + 1)
    bins = [
        pd.DataFrame(
            {
                "label": label,
                "start": edges[:-1],
                "width": edges[1],
                "count": np.histogram(own, edges)[0],
            }
        )
        for label, own in drawn.items()
    ]
    return values, pd.concat(bins, ignore_index=True)


def _reading(
    found: dict[str, Null],
    values: list[dict[str, Any]],
    rows: pd.DataFrame,
    lang: str | None,
) -> str:
    parts = []
    for one in values:
        row = stored_row(rows, one["label"], lang)
        stored = "" if row is None or pd.isna(row["p"]) else f" (stored {row['p']:.2g})"
        parts.append(
            f"{one['label']} D = {one['observed']:.4f}, 95 % of {one['relabellings']:,} relabellings at or "
            f"below {one['usual']:.4f}, p = {one['p']:.3g}{stored}"
        )
    said = [f"{'; '.join(parts)}."]
    if "(stored " in said[0]:
        said.append("In brackets is the comparison's p, of more or fewer relabellings.")
    said.append("No p here is adjusted over languages.")
    if any(one.units == "blocks" for one in found.values()):
        said.append(
            "Where blocks of text are exchanged, neurons are selected anew in every relabelling; to be called "
            "beyond noise, a difference has to exceed the noise floor, too."
        )
    if any(one.units == "neurons" for one in found.values()):
        said.append(
            "Where neurons are exchanged, each counts as an independent draw: a small p says that the "
            "difference has a direction, and nothing of its size against measuring again."
        )
    return " ".join(said)
