"""What every chart has in common: title, axes, fonts, room for long labels, no fixed text colour."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import plotly.graph_objects as go

FONT = (
    "Noto Sans, Noto Sans Arabic, Noto Sans Bengali, Noto Sans CJK SC, Noto Sans CJK JP, "
    "system-ui, sans-serif"
)
"""Twelve languages need glyphs of five scripts; the first font that has one is taken."""

GRID = "rgba(128, 128, 128, 0.25)"
"""Readable on white and on black."""


INK = {"light": "#31333F", "dark": "#E6EAF1"}
"""Of what is written on a figure, by what is behind it; read at a contrast above 10."""


def finish(
    figure: go.Figure,
    *,
    title: str,
    x: str | None = None,
    y: str | None = None,
    height: int = 420,
    legend: bool = True,
) -> go.Figure:
    """Give a figure the look that all share.

    Args:
        figure: changed in place.
        title: from metadata (checkpoints, languages, data), never typed by hand.
        x: title of the x axis, with its unit.
        y: title of the y axis, with its unit.
        height: in pixels.
        legend: whether series are named; below the chart, where it covers nothing.

    Returns:
        The figure.
    """
    axis = {"gridcolor": GRID, "zerolinecolor": GRID, "automargin": True}
    return _merged(
        figure,
        {
            "title": {
                "text": title, "x": 0, "xanchor": "left", "yref": "container", "automargin": True,
                "pad": {"t": 8},  # without it Chrome cuts the tops of capitals off
            },
            "font": {"family": FONT},
            "paper_bgcolor": "rgba(0, 0, 0, 0)",
            "plot_bgcolor": "rgba(0, 0, 0, 0)",
            "height": height,
            "margin": {"l": 60, "r": 20, "t": 60, "b": 60},
            "showlegend": legend,
            "legend": {"orientation": "h", "yanchor": "top", "y": -0.2, "xanchor": "left", "x": 0},
            "hoverlabel": {"font": {"family": FONT}},
        },
        xaxis={**axis, **({} if x is None else {"title": {"text": x}})},
        yaxis={**axis, **({} if y is None else {"title": {"text": y}})},
    )  # fmt: skip


def legend_below(figure: go.Figure, height: int, *, pixels: int = 60) -> go.Figure:
    """Keep the legend the same distance below a chart, however tall; plotly counts in heights of panels.

    Args:
        figure: changed in place.
        height: of the figure in pixels.
        pixels: between the panels' lower edge and the legend.
    """
    return _merged(figure, {"legend": {"y": -pixels / max(60, height - 150)}})


def inked(figure: go.Figure, behind: str) -> go.Figure:
    """Write ticks, axis titles and annotations in a colour that can be read.

    Streamlit's own grey for them is too faint on white (contrast 3.7; WCAG asks for 4.5).

    Args:
        figure: changed in place, which spares a copy of its numbers.
        behind: ``light`` or ``dark``.

    Returns:
        The figure.
    """
    ink = {"color": INK[behind]}
    axis = {"tickfont": ink, "title": {"font": ink}}
    bar = {"colorbar": {"tickfont": ink, "title": {"font": ink}}}
    return _merged(figure, {"font": ink}, xaxis=axis, yaxis=axis, coloraxis=bar)


def _merged(figure: go.Figure, layout: Mapping[str, Any], **every: Mapping[str, Any]) -> go.Figure:
    """Put properties into a figure's layout, leaving what they do not name.

    Plotly checks a property at a time: on a figure of twelve panels its own updates take a hundred times
    as long, 80 ms. What is put here is known to be right.

    Args:
        figure: changed in place.
        layout: properties of the layout.
        **every: properties of all axes of a kind (``xaxis``, ``yaxis``, ``coloraxis``).
    """
    whole = figure.layout._props
    _put(whole, layout)
    for kind, properties in every.items():
        if kind != "coloraxis":
            whole.setdefault(kind, {})  # the first axis is there though nobody named it
        for name in whole:
            if name.rstrip("0123456789") == kind:
                _put(whole[name], properties)
    return figure


def _put(into: dict[str, Any], properties: Mapping[str, Any]) -> None:
    for name, value in properties.items():
        if isinstance(value, Mapping):
            _put(into.setdefault(name, {}), value)
        else:
            into[name] = value


def empty(title: str, why: str) -> go.Figure:
    """Draw a chart that says why there is nothing to draw.

    Args:
        title: the title it would have had.
        why: one sentence.
    """
    figure = go.Figure()
    figure.add_annotation(text=why, showarrow=False, xref="paper", yref="paper", x=0.5, y=0.5)
    figure.update_xaxes(visible=False)
    figure.update_yaxes(visible=False)
    return finish(figure, title=title, height=200, legend=False)


def clickable(
    figure: go.Figure,
    x: Sequence[Any],
    y: Sequence[Any],
    points: Sequence[Sequence[Any]],
    *,
    hover: Sequence[str],
    size: int = 14,
    **place: Any,
) -> go.Figure:
    """Lay invisible squares over a heat map, which by itself reports no click.

    Args:
        figure: changed in place; the heat map below should have ``hoverinfo="skip"``.
        x: positions, one per cell.
        y: positions, one per cell.
        points: ``customdata`` of each cell, which a click hands back.
        hover: what is shown on the cell.
        size: of the square in pixels; as large as a cell, so that any spot in it can be hit.
        **place: ``row`` and ``col`` of a subplot.

    Returns:
        The figure.
    """
    figure.add_trace(
        go.Scatter(
            x=x,
            y=y,
            mode="markers",
            marker={"symbol": "square", "size": size, "opacity": 0},
            customdata=points,
            hovertext=hover,
            hoverinfo="text",
            showlegend=False,
            name="cells",
        ),
        **place,
    )
    return figure
