"""One chart on a page: figure, what it rests on, the same numbers as a table, downloads and a link."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any
from urllib.parse import urlencode

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from interp.figures.captions import provenance
from interp.figures.layout import inked
from interp.printable import for_spreadsheets
from interp.printing.images import image_bytes, why_no_images

Point = Mapping[str, Any]

_LONG = 5_000
"""Rows of a table above which a rerun would be spent on sending it."""


def show(
    figure: go.Figure,
    frame: pd.DataFrame,
    key: str,
    *,
    runs: pd.DataFrame,
    takeaway: str,
    on_click: Callable[[Sequence[Any]], None] | None = None,
) -> None:
    """Show a chart with everything that belongs to it.

    Args:
        figure: made by ``interp.figures``, with its title.
        frame: exactly the numbers that are plotted, for the table and the downloads.
        key: of the chart, unique on the page; also the stem of the downloaded files.
        runs: rows of the table ``runs`` behind it.
        takeaway: what the chart shows, in one sentence computed from the data; it is the chart's
            description for screen readers, too.
        on_click: receives the ``customdata`` of a clicked point; sets the bound widgets that say the
            same (`dashboards.controls.set_control`), which are also the keyboard's way to it.
    """
    title = str(figure.layout.title.text or key)
    options: dict[str, Any] = {}
    if on_click is not None:
        options = {
            "on_select": partial(_clicked, f"chart_{key}", on_click),
            "selection_mode": "points",
        }
    st.plotly_chart(
        inked(figure, st.context.theme.type or "light"),
        key=f"chart_{key}",
        alt=f"{title}. {takeaway}",
        config={"displaylogo": False},
        **options,
    )
    st.caption(f"{takeaway}  \n{provenance(runs)}".replace("$", "\\$"))
    with st.container(horizontal=True, gap="small"):
        with st.popover("Download", icon=":material/download:", key=f"get_{key}"):
            _downloads(figure, frame, key)
        with st.popover("Copy link", icon=":material/link:", key=f"link_{key}"):
            st.code(link_here(), language=None, wrap_lines=True)
    with st.expander("Table of the numbers", icon=":material/table:", key=f"table_{key}"):
        st.dataframe(
            frame,
            hide_index=True,
            key=f"frame_{key}",
            alt=f"The numbers of: {title}",
            lazy=is_long(frame),
        )


def is_long(frame: pd.DataFrame) -> bool:
    """Whether a table is sent to the browser as it is scrolled, and not whole with every rerun."""
    return len(frame) > _LONG


def link_here() -> str:
    """Return the address of this view: the page, and every widget that is not at its default."""
    address = (st.context.url or "").split("?")[0]
    asked = st.query_params.to_dict() and urlencode(
        [(name, value) for name in st.query_params for value in st.query_params.get_all(name)]
    )
    return f"{address}?{asked}" if asked else address


def _clicked(chart: str, on_click: Callable[[Sequence[Any]], None]) -> None:
    """Hand the first clicked point's data over; clicking empty space selects nothing."""
    points: Sequence[Point] = st.session_state[chart]["selection"]["points"]
    for point in points:
        data = point.get("customdata")
        if data is not None:
            # a browser sends a list as {"0": …, "1": …}
            on_click(
                [data[k] for k in sorted(data, key=int)] if isinstance(data, Mapping) else data
            )
            return


def _downloads(figure: go.Figure, frame: pd.DataFrame, key: str) -> None:
    """Offer every form; each is made when it is asked for."""
    why = why_no_images()
    forms: tuple[tuple[str, str, str, Callable[[], bytes], str | None], ...] = (
        ("Data (CSV)", "csv", "text/csv", partial(csv_bytes, frame), None),
        (
            "Data (parquet)",
            "parquet",
            "application/octet-stream",
            partial(parquet_bytes, frame),
            None,
        ),
        ("Figure (HTML)", "html", "text/html", partial(html_bytes, figure), None),
        ("Figure (SVG)", "svg", "image/svg+xml", partial(image_bytes, figure, "svg"), why),
        ("Figure (PNG)", "png", "image/png", partial(image_bytes, figure, "png"), why),
    )
    for label, ending, mime, make, blocked in forms:
        st.download_button(
            label,
            make,
            f"{key}.{ending}",
            mime,
            key=f"{ending}_{key}",
            on_click="ignore",
            disabled=blocked is not None,
            help=blocked,
        )


def csv_bytes(frame: pd.DataFrame) -> bytes:
    """Write a frame as CSV, UTF-8 with every digit."""
    return for_spreadsheets(frame).to_csv(index=False).encode("utf-8")


def parquet_bytes(frame: pd.DataFrame) -> bytes:
    """Write a frame as parquet."""
    buffer = io.BytesIO()
    frame.to_parquet(buffer, index=False)
    return buffer.getvalue()


def html_bytes(figure: go.Figure) -> bytes:
    """Write a figure as one page, white, that needs no network."""
    page = inked(go.Figure(figure), "light").to_html(include_plotlyjs=True, full_html=True)
    return str(page).encode("utf-8")
