"""Where neurons lie along the depth: true cumulative shares with D marked, and the paper's counts."""

from __future__ import annotations

import html
from collections.abc import Mapping

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from interp.figures.layout import empty, finish
from interp.figures.marks import Mark

LAYER = "layer (from 0)"
RELATIVE = "relative depth (layer l of L ends at (l + 1) / L)"


def layer_ecdf(
    frame: pd.DataFrame,
    marks: Mapping[str, Mark],
    *,
    title: str,
    gaps: Mapping[str, tuple[float, float, float]] | None = None,
    band: pd.DataFrame | None = None,
    band_name: str = "",
    relative: bool = False,
    window: tuple[float, float] | None = None,
) -> go.Figure:
    """Draw the share of neurons in layers up to each layer, a step per layer, from 0 to 1.

    Args:
        frame: `interp.lape.layer_ecdf.ecdf_frame`: ``label``, ``layer``, ``depth``, ``neurons``,
            ``cumulative``, ``share``; every layer, empty ones as 0.
        marks: label to its look.
        title: of the chart.
        gaps: label to ``(depth, base_share, label_share)`` of its largest distance from the base: a
            vertical line at that layer, thick between the two curves.
        band: ``depth``, ``low`` and ``high``: a band around the first curve, pointwise.
        band_name: what the band is.
        relative: whether ``depth`` is relative, where checkpoints differ in depth.
        window: part of the axis to show; all where omitted.
    """
    if frame.empty or frame["share"].isna().all():
        return empty(title, "no neuron was selected")
    figure = go.Figure()
    start, end = (0.0, 1.0) if relative else (-0.5, float(frame["depth"].max()) + 0.5)
    if band is not None and len(band):
        _band(figure, band, start, end, band_name)
    for label, own in frame.groupby("label", sort=False):
        if own["share"].isna().any():
            continue
        mark = marks[str(label)]
        text = [
            f"{html.escape(str(label))}, layer {layer}: {n:,} neurons here, {total:,} up to it "
            f"({share:.1%})"
            for layer, n, total, share in zip(
                own["layer"], own["neurons"], own["cumulative"], own["share"], strict=True
            )
        ]
        figure.add_scatter(
            x=[start, *own["depth"], end],
            y=[0.0, *own["share"], 1.0],
            mode="lines",
            line={"shape": "hv", "color": mark.colour, "dash": mark.dash, "width": 2},
            hovertext=["", *text, ""],
            hoverinfo="text",
            name=f"{label} ({own['cumulative'].iloc[-1]:,} neurons)",
        )
    for label, (depth, first, second) in (gaps or {}).items():
        _gap(figure, label, depth, first, second, marks[label])
    figure.update_yaxes(range=[0, 1.02], tickformat=".0%")
    figure.update_xaxes(range=list(window) if window else [start, end])
    if not relative and end <= 40:
        figure.update_xaxes(dtick=1 if end <= 16 else 2)
    finish(
        figure,
        title=title,
        x=RELATIVE if relative else LAYER,
        y="share of neurons up to here",
        height=460,
    )
    figure.update_layout(legend={"y": -0.24})
    return figure


def _band(figure: go.Figure, band: pd.DataFrame, start: float, end: float, name: str) -> None:
    """Fill between two step curves, so that the band has the shape of what it belongs to."""
    edges = np.concatenate([[start], band["depth"].to_numpy(float), [end]])
    x = np.repeat(edges, 2)[1:-1]
    lower, upper = (
        np.repeat(np.concatenate([[0.0], band[side].to_numpy(float)]), 2)
        for side in ("low", "high")
    )
    figure.add_scatter(
        x=np.concatenate([x, x[::-1]]),
        y=np.concatenate([lower, upper[::-1]]),
        fill="toself",
        fillcolor="rgba(128, 128, 128, 0.35)",
        mode="lines",
        line={"width": 0},
        hoverinfo="skip",
        name=name,
    )


def _gap(
    figure: go.Figure, label: str, depth: float, first: float, second: float, mark: Mark
) -> None:
    figure.add_vline(x=depth, line={"color": mark.colour, "width": 1, "dash": "dot"})
    figure.add_scatter(
        x=[depth, depth],
        y=[first, second],
        mode="lines+markers",
        line={"color": mark.colour, "width": 5},
        marker={"symbol": "line-ew", "size": 12, "line": {"width": 2, "color": mark.colour}},
        hovertemplate=f"D {abs(second - first):.4f}: {first:.1%} and {second:.1%}<extra></extra>",
        name=f"{label}: D = {abs(second - first):.4f}",
    )


def cumulative_counts(
    frame: pd.DataFrame,
    marks: Mapping[str, Mark],
    *,
    title: str,
    distances: Mapping[str, float] | None = None,
    relative: bool = False,
) -> go.Figure:
    """Draw the paper's Fig 15: cumulative *numbers* of neurons, D in the legend.

    Curves of checkpoints with different totals end at different heights, so a gap here is not D.

    Args:
        frame: as for `layer_ecdf`.
        marks: label to its look.
        title: of the chart.
        distances: label to its D from the base.
        relative: whether ``depth`` is relative, where checkpoints differ in depth.
    """
    if frame.empty:
        return empty(title, "no neuron was selected")
    figure = go.Figure()
    for label, own in frame.groupby("label", sort=False):
        mark = marks[str(label)]
        known = (distances or {}).get(str(label))
        figure.add_scatter(
            x=own["depth"],
            y=own["cumulative"],
            mode="lines+markers",
            line={"color": mark.colour, "dash": mark.dash},
            marker={"symbol": mark.symbol},
            name=str(label) if known is None else f"{label} (D_KS = {known:.4f})",
        )
    figure.update_yaxes(rangemode="tozero")
    return finish(
        figure, title=title, x=RELATIVE if relative else LAYER, y="neurons in layers up to here"
    )
