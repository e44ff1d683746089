"""Which language neurons a checkpoint kept, lost and gained against the base."""

from __future__ import annotations

import html
from collections.abc import Sequence

import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from interp.figures.layout import empty, finish, legend_below
from interp.figures.verdicts import SIGNS

_PARTS = {"kept": ("#4477AA", ""), "gained": ("#CCBB44", "/"), "lost": ("#BBBBBB", "x")}
_FLOOR = "#222222"


def set_bars(
    frame: pd.DataFrame, labels: Sequence[str], places: Sequence[str], *, title: str
) -> go.Figure:
    """Draw what became of the neurons that either has, a panel per checkpoint, a bar per language.

    Args:
        frame: columns ``label``, ``place``, ``kept``, ``gained``, ``lost`` (neurons), ``union`` (all
            three), ``floor`` (what two measurements of the base share; not a number where unknown),
            ``verdict`` (empty without a comparison) and ``said`` (for the hover).
        labels: panels, in order.
        places: rows, from the top.
        title: of the chart.

    Returns:
        Bars from 0 to all; the kept part begins at 0, so that its end is the Jaccard index.
    """
    labels = [label for label in labels if label in set(frame["label"])]
    if not labels or not frame["union"].any():
        return empty(title, "no two checkpoints whose neurons can be matched")
    figure = make_subplots(
        1, len(labels), shared_yaxes=True, horizontal_spacing=0.03,
        subplot_titles=[html.escape(label) for label in labels],
    )  # fmt: skip
    at = {place: row for row, place in enumerate(places)}
    floors = bool(frame["floor"].notna().any())
    for column, label in enumerate(labels, 1):
        own = frame[(frame["label"] == label) & (frame["union"] > 0)]
        y = own["place"].map(at)
        for part, (colour, pattern) in _PARTS.items():
            figure.add_bar(
                x=own[part] / own["union"],
                y=y,
                orientation="h",
                name=part,
                legendgroup=part,
                showlegend=column == 1,
                marker={
                    "color": colour,
                    "pattern": {"shape": pattern, "fillmode": "overlay", "solidity": 0.15},
                },
                text=[f"{n:,}" if n / whole >= 0.12 else "" for n, whole in
                      zip(own[part], own["union"], strict=True)],
                textposition="inside",
                insidetextanchor="middle",
                textangle=0,
                hovertext=own["said"].map(html.escape),
                hoverinfo="text",
                row=1,
                col=column,
            )  # fmt: skip
        if floors:
            figure.add_scatter(
                x=own["floor"],
                y=y,
                mode="markers",
                marker={"symbol": "line-ns", "size": 16, "line": {"width": 3, "color": _FLOOR}},
                name="two measurements of the base share so much",
                legendgroup="floor",
                showlegend=column == 1,
                hovertemplate="two measurements of the base: %{x:.1%}<extra></extra>",
                row=1,
                col=column,
            )
        judged = own[own["verdict"].isin(SIGNS)]
        figure.add_scatter(
            x=[1.0] * len(judged),
            y=judged["place"].map(at),
            mode="text",
            text=[f" {SIGNS[one]}" for one in judged["verdict"]],
            textposition="middle right",
            showlegend=False,
            hoverinfo="skip",
            cliponaxis=False,
            row=1,
            col=column,
        )
    figure.update_layout(barmode="stack", bargap=0.25)
    figure.update_xaxes(range=[0, 1.08], tickformat=".0%", tickvals=[0, 0.25, 0.5, 0.75, 1])
    figure.update_yaxes(range=[len(at) - 0.5, -0.5])
    figure.update_yaxes(tickvals=list(at.values()), ticktext=list(at), col=1)
    figure.update_xaxes(title_text="share of the neurons that either has")
    height = 190 + 28 * len(at)
    return legend_below(finish(figure, title=title, height=height), height)
