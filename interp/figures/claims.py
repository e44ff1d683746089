"""What a paper reports beside what a study gives."""

from __future__ import annotations

import html

import pandas as pd
import plotly.graph_objects as go

from interp.figures.layout import empty, finish, legend_below
from interp.figures.marks import NEUTRAL

_KINDS = (
    ("reproduced", "#4477AA", "circle"),
    ("not reproduced", "#EE6677", "square"),
    ("opposite sign", "#EE6677", "x"),
    ("cannot tell", "#CCBB44", "cross"),
    ("other data", "#8A8A8A", "triangle-up"),
)
"""Verdicts by colour and shape; *other data*: measured on other languages or texts than claimed."""


def reported_beside(frame: pd.DataFrame, *, title: str, x: str) -> go.Figure:
    """Draw a row per claim: the paper's number, and the study's with its interval.

    Args:
        frame: columns ``row`` (what a row is called, unique), ``reported``, ``value``, ``ci_low``,
            ``ci_high`` (both empty without an interval) and ``verdict``, in the order of the rows.
        title: of the chart.
        x: what the numbers are, with their unit.

    Returns:
        Open diamonds (the paper) joined to what is here, whose colour and shape say the verdict. The axis
        begins at 0.
    """
    if frame.empty:
        return empty(title, "no claim with one number was judged")
    figure = go.Figure()
    places = list(range(len(frame)))
    lines: list[tuple[float | None, float | None]] = []
    for place, (reported, value) in enumerate(zip(frame["reported"], frame["value"], strict=True)):
        lines += [(reported, place), (value, place), (None, None)]
    figure.add_scatter(
        x=[one for one, _ in lines],
        y=[one for _, one in lines],
        mode="lines",
        line={"color": NEUTRAL, "width": 1},
        hoverinfo="skip",
        showlegend=False,
    )
    figure.add_scatter(
        x=frame["reported"],
        y=places,
        mode="markers",
        marker={"symbol": "diamond-open", "size": 11, "color": "#8A8A8A", "line": {"width": 2}},
        hovertext=[f"paper: {one:g}" for one in frame["reported"]],
        hoverinfo="text",
        name="reported",
    )
    for verdict, colour, symbol in _KINDS:
        own = frame[frame["verdict"] == verdict]
        if own.empty:
            continue
        figure.add_scatter(
            x=own["value"],
            y=[
                place for place, one in zip(places, frame["verdict"], strict=True) if one == verdict
            ],
            error_x={
                "type": "data",
                "array": (own["ci_high"] - own["value"]).fillna(0.0),
                "arrayminus": (own["value"] - own["ci_low"]).fillna(0.0),
                "thickness": 1.5,
                "width": 3,
            },
            mode="markers",
            marker={"symbol": symbol, "size": 9, "color": colour},
            hovertext=[f"here: {value:.4g}, {verdict}" for value in own["value"]],
            hoverinfo="text",
            name=f"here: {verdict}",
        )
    height = 150 + 22 * len(frame)
    finish(figure, title=title, x=x, height=height)
    figure.update_yaxes(
        tickvals=places,
        ticktext=[html.escape(str(one)) for one in frame["row"]],
        range=[len(frame) - 0.4, -0.6],
    )
    figure.update_xaxes(rangemode="tozero")
    return legend_below(figure, height)
