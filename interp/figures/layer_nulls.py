"""D where only chance tells two checkpoints apart: a row per checkpoint."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from interp.figures.layout import empty, finish, legend_below
from interp.figures.marks import Mark

_FAINT = "#8A8A8A"


def null_rows(
    bins: pd.DataFrame,
    values: Sequence[Mapping[str, Any]],
    marks: Mapping[str, Mark],
    *,
    title: str,
) -> go.Figure:
    """Draw the histogram of D under relabelling of each checkpoint, with the observed D in it.

    Args:
        bins: columns ``label``, ``start`` and ``width`` of each bin and ``count`` of relabellings.
        values: of each checkpoint ``label``, ``observed`` (its D), ``usual`` (what 95 % of the
            relabellings do not exceed) and ``units`` (what is exchanged).
        marks: label to look.
        title: of the chart.

    Returns:
        Histograms on one D axis, which begins at 0.
    """
    if not values:
        return empty(title, "D could not be computed")
    figure = make_subplots(
        len(values), 1, shared_xaxes=True, vertical_spacing=0.28 / len(values),
        subplot_titles=[html.escape(f"{one['label']}: {one['units']} exchanged") for one in values],
    )  # fmt: skip
    for row, one in enumerate(values, 1):
        own, mark = bins[bins["label"] == one["label"]], marks[one["label"]]
        most = float(own["count"].max())
        figure.add_bar(
            x=own["start"] + own["width"] / 2,
            y=own["count"],
            width=own["width"],
            marker={"color": "#BBBBBB", "line": {"width": 0}},
            name="relabellings",
            legendgroup="relabellings",
            showlegend=row == 1,
            hovertemplate="D %{x:.3~g}: %{y}<extra></extra>",
            row=row,
            col=1,
        )
        for x, name, group, line in (
            (one["usual"], "95 % of them at or below", "usual",
             {"color": _FAINT, "dash": "dash", "width": 2}),
            (one["observed"], f"{one['label']}: D = {one['observed']:.4f}", str(one["label"]),
             {"color": mark.colour, "width": 4}),
        ):  # fmt: skip
            figure.add_scatter(
                x=[x, x],
                y=[0, most],
                mode="lines",
                line=line,
                name=name,
                legendgroup=group,
                showlegend=group != "usual" or row == 1,
                hovertemplate=f"{x:.4f}<extra></extra>",
                row=row,
                col=1,
            )
    figure.update_yaxes(title_text="relabellings", rangemode="tozero")
    most = max(
        float((bins["start"] + bins["width"])[bins["count"] > 0].max()),
        *(float(one["observed"]) for one in values),
    )
    figure.update_xaxes(range=[0, 1.04 * most])
    figure.update_xaxes(title_text="D", row=len(values), col=1)
    figure.update_layout(bargap=0)
    height = 170 + 150 * len(values)
    return legend_below(finish(figure, title=title, height=height), height)
