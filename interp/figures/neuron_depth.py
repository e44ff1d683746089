"""How deep the neurons of each language lie: curves along the depth, a panel per language."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from interp.figures.layout import empty, finish
from interp.figures.marks import Mark
from interp.figures.neuron_counts import COLUMNS

_FINAL = "#AA3377"


def depth_grid(
    frame: pd.DataFrame,
    languages: Sequence[str],
    marks: Mapping[str, Mark],
    *,
    title: str,
    x: str,
    y: str,
    whole: bool = False,
    final: float | None = None,
) -> go.Figure:
    """Draw a share of each language's neurons along the depth, a curve per checkpoint.

    Curves and not bars: of four checkpoints with 32 layers each bar of a panel is a pixel wide.

    Args:
        frame: columns ``lang``, ``label``, ``depth`` (a layer, a number of layers, or a share of all)
            and ``value`` (share of the language's neurons).
        languages: of the panels, in order.
        marks: label to look.
        title: of the chart.
        x: what ``depth`` is.
        y: what ``value`` is.
        whole: whether the scale ends at 1, and not where the curves do.
        final: the depth that is called the final layers; dashed.

    Returns:
        Small multiples of one scale from 0, the legend below them.
    """
    known = frame.dropna(subset=["value"])
    if known.empty or not len(languages):
        return empty(title, "no language neurons to count")
    columns = min(COLUMNS, len(languages))
    rows = math.ceil(len(languages) / columns)
    height = 170 * rows + 130
    cells = [place < len(languages) for place in range(rows * columns)]
    figure = make_subplots(
        rows=rows,
        cols=columns,
        specs=[[{} if cells[row * columns + at] else None for at in range(columns)]
               for row in range(rows)],
        subplot_titles=list(languages),
        shared_yaxes="all",
        vertical_spacing=0.34 / rows,
        horizontal_spacing=0.02,
        x_title=x,
        y_title=y,
    )  # fmt: skip
    traces, named = [], set[str]()
    for place, lang in enumerate(languages):
        axis = str(place + 1) if place else ""
        for label, own in known[known["lang"] == lang].groupby("label", sort=False):
            name, mark = str(label), marks[str(label)]
            traces.append(
                go.Scatter(
                    x=own["depth"],
                    y=own["value"],
                    mode="lines+markers" if len(own) == 1 else "lines",
                    line={"color": mark.colour, "dash": mark.dash, "width": 2},
                    name=name,
                    legendgroup=name,
                    showlegend=name not in named,
                    hovertemplate=f"{name}, {lang}: %{{y:.1%}} at %{{x:.3~g}}<extra></extra>",
                    xaxis=f"x{axis}",
                    yaxis=f"y{axis}",
                )
            )
            named.add(name)
    figure.add_traces(traces)
    top = 1.0 if whole else float(known["value"].max())
    if final is not None:
        for place in range(len(languages)):
            axis = str(place + 1) if place else ""
            figure.add_shape(
                type="line", x0=final, x1=final, y0=0, y1=top, xref=f"x{axis}", yref=f"y{axis}",
                line={"color": _FINAL, "dash": "dot", "width": 1.5},
            )  # fmt: skip
    figure.update_yaxes(range=[0, 1.04 * top], tickformat=".0%")
    figure.update_xaxes(rangemode="tozero")
    finish(figure, title=title, height=height)
    figure.update_layout(legend={"y": -70 / height})
    return figure
