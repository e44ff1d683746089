"""Statistics page: the evidence of every analysis as one table."""

from __future__ import annotations

import streamlit as st

from dashboards.chart import csv_bytes, is_long, parquet_bytes
from dashboards.controls import toggle
from dashboards.page import Chosen
from interp.evidence.sheet import evidence_table

CAVEAT = (
    "p is adjusted over the languages, pairs or layers of one statistic (Holm; over the heads of a map by "
    "the largest entry). Nothing adjusts over the dozens of statistics of a comparison: a lone call among "
    "hundreds of rows is what chance gives; look for what several statistics say. A verdict is about "
    "these two checkpoints on this text, not about other training runs."
)


def draw_table(chosen: Chosen) -> None:
    """Show every row with its reason and notes, to be searched, sorted and downloaded."""
    st.subheader("All of the evidence")
    st.caption(CAVEAT)
    maps = toggle(
        "With the maps over single heads",
        "s_maps",
        help="Thousands of rows: one per head and language.",
    )
    table = chosen.source.derive(evidence_table, chosen.base, chosen.others, maps=maps)
    st.dataframe(
        table,
        hide_index=True,
        key="s_evidence",
        alt="The evidence of every comparison",
        lazy=is_long(table),
    )
    with st.container(horizontal=True, gap="small"):
        for name, ending, mime, make in (
            ("Data (CSV)", "csv", "text/csv", csv_bytes),
            ("Data (parquet)", "parquet", "application/octet-stream", parquet_bytes),
        ):
            st.download_button(
                name,
                lambda make=make: make(table),  # type: ignore[misc]
                f"evidence.{ending}",
                mime,
                key=f"s_evidence_{ending}",
                on_click="ignore",
            )
