"""The paper's picture of one fact: log ranks of its two answers by layer, two checkpoints side by side."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from interp.figures.layout import empty, finish, legend_below
from interp.figures.lens import LAYER_AXIS, ROLE_DASH, ROLE_NAMES
from interp.figures.tokens import plotly_text, token_label

COLOURS = {"target": "#4477AA", "en": "#8A8A8A"}
"""Blue and grey, as in the paper: there colours tell the answers and panels the checkpoints."""

LOG_RANK_AXIS = "log(1 + rank)"
_ROW_HEIGHT = 330
"""Pixels of one fact."""


def log_rank_pairs(
    ranks: pd.DataFrame, examples: Sequence[str], labels: Sequence[str], *, title: str
) -> go.Figure:
    """Draw the log rank of facts' answers by layer: a row per fact, a column per checkpoint.

    Source: the paper's Figures 3 and 9: y is the natural logarithm of 1 + the 0-based rank, turned round
    so that the likeliest token (0) is on top. Departures: one axis for all panels, and marks at the
    layers, since there is nothing between them.

    Args:
        ranks: columns example, label, role (others than ``target`` and ``en`` are left out), layer, token
            and rank (0-based).
        examples: the rows from the top, each a value of ``example``: its panels' heading.
        labels: the columns.
        title: of the chart.
    """
    ranks = ranks[ranks["role"].isin(list(COLOURS))]
    if ranks.empty:
        return empty(title, "no fact was ranked in both languages")
    figure = make_subplots(
        rows=len(examples),
        cols=len(labels),
        shared_yaxes="all",
        shared_xaxes="columns",
        horizontal_spacing=0.03,
        vertical_spacing=0.16 / len(examples),
        subplot_titles=[
            f"{plotly_text(example)}<br>{plotly_text(label)}"
            for example in examples
            for label in labels
        ],
    )
    for row, example in enumerate(examples, start=1):
        for col, label in enumerate(labels, start=1):
            mine = ranks[(ranks["example"] == example) & (ranks["label"] == label)]
            for role in COLOURS:
                own = mine[mine["role"] == role].sort_values("layer")
                if len(own):
                    figure.add_trace(_line(own, label, role), row=row, col=col)
    for role, colour in COLOURS.items():
        figure.add_scatter(
            x=[None],
            y=[None],
            mode="lines",
            line={"color": colour, "dash": ROLE_DASH[role], "width": 2.5},
            name=ROLE_NAMES[role],
            row=1,
            col=1,
        )
    height = 170 + _ROW_HEIGHT * len(examples)
    finish(figure, title=title, height=height)
    figure.update_layout(margin_t=80)
    figure.update_annotations(font={"size": 13})
    top = float(np.log1p(ranks["rank"].max()))
    figure.update_yaxes(range=[1.04 * max(top, 1.0), -0.04 * max(top, 1.0)])
    figure.update_yaxes(title_text=LOG_RANK_AXIS, col=1)
    figure.update_xaxes(title_text=LAYER_AXIS, row=len(examples))
    return legend_below(figure, height, pixels=66)


def _line(own: pd.DataFrame, label: str, role: str) -> go.Scatter:
    return go.Scatter(
        x=own["layer"],
        y=np.log1p(own["rank"]),
        mode="lines+markers",
        line={"color": COLOURS[role], "dash": ROLE_DASH[role], "width": 2.5},
        marker={"size": 5},
        hovertext=[
            f"{plotly_text(label)}, layer {layer}<br>{ROLE_NAMES[role]} "
            f"{plotly_text(token_label(token))}: {place_words(rank)}"
            for layer, token, rank in zip(own["layer"], own["token"], own["rank"], strict=True)
        ],
        hoverinfo="text",
        name=f"{label} {ROLE_NAMES[role]}",
        showlegend=False,
    )


def place_words(rank: float) -> str:
    """Write a 0-based rank as a place, e.g. ``rank 1``."""
    return f"rank {rank + 1:,.10g}"
