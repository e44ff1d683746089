"""Statistics page: D where only chance tells the checkpoints apart, drawn live."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import streamlit as st

from dashboards.chart import show
from dashboards.controls import choose, choose_view, number
from dashboards.faults import told
from dashboards.page import Chosen
from interp.evidence.layer_null import Null, block_null, neuron_null
from interp.figures.evidence import null_histogram
from interp.lape.ecdf_band import LIVE_BYTES, counts_bytes
from interp.lape.exchange import DRAWS as STORED_EXCHANGES
from interp.plates.neurons.curve_words import group_name, stored_row

BLOCKS, NEURONS = "blocks of text", "neurons"
QUICK_BYTES = 32_000_000
"""Counts up to this size are relabelled unasked; larger ones when blocks are chosen."""
FEWEST, MOST, STEP = 199, 1999, 200

WEAKER = (
    "This is a weaker null than that of blocks: it takes each neuron for an independent draw, so a small "
    "p says that the difference has a direction, and nothing of its size against measuring again"
)


def draw_null(
    chosen: Chosen,
    runs: Mapping[str, str],
    rows: pd.DataFrame,
    lang: str | None,
    labels: Sequence[str],
) -> None:
    """Draw D under relabelling, with the observed D and the 95 % point.

    Args:
        chosen: the page's choice.
        runs: label to LAPE run, the base among them.
        rows: rows of ``comparisons`` about these runs.
        lang: language, None for all together, or all but English.
        labels: checkpoints with enough neurons.
    """
    st.subheader("D where only chance tells them apart")
    if not labels:
        st.info(
            f"Too few neurons of {group_name(lang)} for a p-value, so no null distribution is drawn: "
            "20 are needed on each side."
        )
        return
    columns = st.columns([4, 6, 4])  # two views need room on a small screen
    with columns[0]:
        label = choose("Checkpoint of the null", list(labels), "s_null")
    pair = (runs[chosen.base], runs[label])
    with columns[1]:
        units = _ask_units(chosen, pair)
    with columns[2]:
        most = MOST if units == BLOCKS else STORED_EXCHANGES
        draws = number("Relabellings", FEWEST, most, "s_perm", default=FEWEST, step=STEP)
    row = stored_row(rows, label, lang)
    seed = int(row["seed"]) if row is not None and units == BLOCKS else 0
    null: Null | None = None
    with told():
        if units == BLOCKS:
            null = chosen.source.derive(block_null, *pair, permutations=int(draws), seed=seed)
        else:
            null = chosen.source.derive(neuron_null, *pair, draws=int(draws), seed=seed)
    if null is None:
        return
    if lang not in null.languages:
        st.info(f"{group_name(lang)} was not measured for both.")
        return
    drawn, observed, p, usual = null.of(lang)
    show(
        null_histogram(
            drawn,
            observed,
            usual,
            chosen.marks[label],
            title=f"D of {label} against {chosen.base}, {group_name(lang)}, {units} exchanged",
            what="relabellings",
        ),
        pd.DataFrame({"relabelling": np.arange(len(drawn)), "D": drawn}),
        "s_hist",
        runs=chosen.about(list(pair)),
        takeaway=_reached(null, observed, p, usual),
    )
    st.caption(f"{_how(null)} {_beside(null, row)}")


def _ask_units(chosen: Chosen, pair: tuple[str, str]) -> str:
    """Choose what is exchanged; blocks only where their counts are there and small."""
    sizes = [chosen.source.derive(counts_bytes, run) for run in pair]
    known = [size for size in sizes if size is not None]
    live = len(known) == len(pair) and max(known) <= LIVE_BYTES
    if not live:
        why = "the counts are too large" if len(known) == len(pair) else "there are no counts"
        st.caption(f"Neurons are exchanged: to relabel blocks of text while you wait, {why}.")
        return NEURONS
    return choose_view(
        "Exchange",
        [BLOCKS, NEURONS],
        "s_units",
        default=BLOCKS if max(known) <= QUICK_BYTES else NEURONS,
        help="Blocks are what the stored p is of; their neurons are selected anew in every relabelling.",
    )


def _reached(null: Null, observed: float, p: float, usual: float) -> str:
    return (
        f"D = {observed:.4f} has p = {p:.3g} before adjustment over languages; 95 % of "
        f"{len(null.drawn):,} relabellings are at or below {usual:.4f}."
    )


def _how(null: Null) -> str:
    count = "all relabellings there are" if null.exact else f"seed {null.seed}"
    if null.units == "neurons":
        return (
            f"Each of the {null.n_units:,} neurons on which the two selections differ goes to the other "
            f"side with probability 1/2 ({count}). {WEAKER}."
        )
    if null.paired:
        return (
            f"The checkpoints are exchanged within each of {null.n_units} blocks with probability 1/2, "
            f"neurons selected anew ({count})."
        )
    return f"All {null.n_units} blocks are dealt out again between the two ({count})."


def _beside(null: Null, row: pd.Series | None) -> str:
    """Say what the stored p is, and whether it is the same thing."""
    if row is None or pd.isna(row["p"]):
        return "No p is stored for it."
    stored = f"p = {row['p']:.3g}"
    if row["design"] == "lists":
        if null.exact or len(null.drawn) == STORED_EXCHANGES:
            return f"Stored: {stored}, the same exchanges."
        return f"Stored: {stored}, of {STORED_EXCHANGES:,} exchanges or, if fewer, all there are."
    if null.units == "neurons":
        return f"Stored, of blocks: {stored}."
    asked = _relabellings(str(row["method"]))
    if null.exact and asked is not None and len(null.drawn) <= asked:
        return f"Stored: {stored}, the same relabellings."
    if asked == len(null.drawn) and null.seed == row["seed"]:
        return f"Stored: {stored}, the same relabellings."
    return f"Stored: {stored}" + ("." if asked is None else f", of {asked:,} relabellings.")


def _relabellings(method: str) -> int | None:
    """Read from a row's method how many relabellings its p was drawn from, at most."""
    found = re.search(r"(\d+) relabellings", method)
    return None if found is None else int(found[1])
