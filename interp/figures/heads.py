"""Maps of attention heads, layer by head: small multiples, and one that can be clicked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.subplots import make_subplots

from interp.figures.layout import clickable, empty, finish
from interp.figures.marks import DIVERGING, SEQUENTIAL

PER_ROW = 6
"""Panels side by side; more are too small to read."""

RING = {"symbol": "circle-open", "color": "white", "line": {"color": "white", "width": 2}}
"""A ring in the cell: among the top heads. White stands out on what is not bright, see `_contrast`."""

DOT = {"symbol": "circle", "color": "black", "line": {"color": "white", "width": 1}}
"""A dot in the cell: beyond noise. Black edged with white is seen on every colour of the map."""

_EDGE = "#AA3377"
"""Around the chosen cell: neither in cividis nor in the red and blue of the differences."""

Floats = NDArray[np.float64]
Cells = Sequence[tuple[int, int]]


def grid(frame: pd.DataFrame) -> Floats:
    """Put rows of ``layer``, ``head``, ``value`` on a grid, ``[layer, head]``; gaps are no numbers."""
    layer, head = frame["layer"].to_numpy(int), frame["head"].to_numpy(int)
    values = np.full((layer.max() + 1, head.max() + 1), np.nan)
    values[layer, head] = frame["value"].to_numpy(float)
    return values


def head_multiples(
    frame: pd.DataFrame,
    labels: Sequence[str],
    languages: Sequence[str],
    *,
    title: str,
    unit: str,
    own_scale: bool = False,
    diverging: bool = False,
    reverse: bool = False,
    beyond: pd.DataFrame | None = None,
) -> go.Figure:
    """Draw one small map per checkpoint and language.

    Args:
        frame: columns ``label``, ``lang``, ``layer``, ``head``, ``value``; a panel without rows is
            left out.
        labels: checkpoints, in order: a row of panels each, for every six languages.
        languages: in order: columns.
        title: of the chart.
        unit: of the values.
        own_scale: whether every panel has its own colour scale (else all share one).
        diverging: whether values are differences: red and blue around 0.
        reverse: whether a small value is the important one (ranks), and bright.
        beyond: columns ``label``, ``lang``, ``layer``, ``head``: cells to mark with a dot.

    Returns:
        Heat maps with layer 0 at the top.
    """
    parts = {
        (str(label), str(lang)): own
        for (label, lang), own in frame.groupby(["label", "lang"], sort=False)
    }
    rows = panel_rows(labels, languages, set(parts))
    if not rows:
        return empty(title, "no head scores of these checkpoints and languages")
    columns = max(map(len, rows))
    figure = make_subplots(
        len(rows),
        columns,
        subplot_titles=[
            " · ".join(reversed(row[at])) if at < len(row) and row[at] in parts else ""
            for row in rows
            for at in range(columns)
        ],
        horizontal_spacing=0.02,
        vertical_spacing=min(0.08, 0.45 / len(rows)),
    )
    colours = _colours(frame["value"].to_numpy(float), diverging, reverse)
    dots = _per_panel(beyond)
    tallest = 0
    for at_row, row in enumerate(rows, 1):
        for at_column, panel in enumerate(row, 1):
            if panel not in parts:
                figure.update_xaxes(visible=False, row=at_row, col=at_column)
                figure.update_yaxes(visible=False, row=at_row, col=at_column)
                continue
            values = grid(parts[panel])
            tallest = max(tallest, len(values))
            looks: dict[str, Any] = {"coloraxis": "coloraxis"}
            if own_scale:
                looks = {**_colours(values, diverging, reverse), "showscale": False}
            figure.add_heatmap(
                z=values,
                hovertemplate=(
                    f"{panel[1]}, {panel[0]}<br>layer %{{y}}, head %{{x}}<br>{unit}: "
                    "%{z:.4g}<extra></extra>"
                ),
                name=f"{panel[1]} · {panel[0]}",
                row=at_row,
                col=at_column,
                **looks,
            )
            if panel in dots:
                figure.add_scatter(
                    x=[head for _, head in dots[panel]],
                    y=[layer for layer, _ in dots[panel]],
                    mode="markers",
                    marker={**DOT, "size": 5},
                    hoverinfo="skip",
                    showlegend=False,
                    name="beyond noise",
                    row=at_row,
                    col=at_column,
                )
            figure.update_yaxes(
                autorange="reversed", showticklabels=at_column == 1, row=at_row, col=at_column
            )
    bottom = {"row": len(rows)}
    figure.update_xaxes(showticklabels=False)
    figure.update_xaxes(showticklabels=True, title_text="head", **bottom)
    figure.update_yaxes(title_text="layer", col=1)
    figure.update_annotations(font_size=12)
    figure.update_xaxes(showgrid=False, zeroline=False)
    figure.update_yaxes(showgrid=False, zeroline=False)
    if not own_scale:
        figure.update_layout(coloraxis={**_axis(colours), "colorbar": {"title": {"text": unit}}})
    height = 110 + len(rows) * (40 + min(150, max(60, 9 * tallest)))
    return finish(figure, title=title, height=height, legend=False)


def head_map(
    frame: pd.DataFrame,
    *,
    title: str,
    unit: str,
    chosen: tuple[int, int] | None = None,
    rings: Cells = (),
    ring_name: str = "top heads",
    dots: Cells = (),
    diverging: bool = False,
    reverse: bool = False,
    hover: Sequence[str] | None = None,
) -> go.Figure:
    """Draw one large map whose cells can be clicked.

    Args:
        frame: columns ``layer``, ``head``, ``value``.
        title: of the chart.
        unit: of the values.
        chosen: layer and head of the chosen cell, which is framed.
        rings: cells with a ring.
        ring_name: what a ring means.
        dots: cells with a dot: beyond noise.
        diverging: whether values are differences: red and blue around 0.
        reverse: whether a small value is the important one (ranks), and bright.
        hover: text of each row of ``frame``; place and value by default.

    Returns:
        A heat map with layer 0 at the top; a click hands back ``[layer, head]``.
    """
    if frame.empty:
        return empty(title, "no head scores of this checkpoint and language")
    values = grid(frame)
    side = cell_side(len(values))
    figure = go.Figure(
        go.Heatmap(
            z=values,
            hoverinfo="skip",
            colorbar={"title": {"text": unit}},
            **_colours(values, diverging, reverse),
        )
    )
    if len(rings):
        _marks(figure, rings, ring_name, RING, side)
        # a white ring is lost on the bright end, so a smaller black one lies within
        _marks(figure, rings, "", {**RING, "color": "black", "line": {"width": 1}}, 0.7 * side)
    if len(dots):
        _marks(figure, dots, "● beyond noise", DOT, side)
    layer, head = frame["layer"].to_numpy(int), frame["head"].to_numpy(int)
    shown = frame["value"].to_numpy(float)
    figure = clickable(
        figure,
        head.tolist(),
        layer.tolist(),
        [[int(a), int(b)] for a, b in zip(layer, head, strict=True)],
        hover=list(hover)
        if hover is not None
        else [
            f"layer {a}, head {b}<br>{unit}: {value:.4g}"
            for a, b, value in zip(layer, head, shown, strict=True)
        ],
        size=side,
    )
    if chosen is not None and chosen[0] < values.shape[0] and chosen[1] < values.shape[1]:
        figure.add_shape(
            type="rect",
            x0=chosen[1] - 0.5, x1=chosen[1] + 0.5, y0=chosen[0] - 0.5, y1=chosen[0] + 0.5,
            line={"color": _EDGE, "width": 4},
        )  # fmt: skip
    whole_cells(figure, *values.shape)
    # whatever is nearest is hit, also from a corner of a cell that is not square
    figure.update_layout(hoverdistance=-1)
    height = 170 + side * len(values)
    return finish(figure, title=title, x="head", y="layer", height=height)


def cell_side(n_layers: int) -> int:
    """Return how high a cell of a large map is, in pixels."""
    return int(min(40, max(14, 560 // n_layers)))


def whole_cells(figure: go.Figure, n_rows: int, n_columns: int, **place: Any) -> None:
    """Fit the axes to a map's cells, the first row at the top, and number them by whole numbers."""
    axes: dict[str, Any] = {"showgrid": False, "zeroline": False}
    figure.update_xaxes(range=[-0.5, n_columns - 0.5], dtick=_step(n_columns), **axes, **place)
    figure.update_yaxes(range=[n_rows - 0.5, -0.5], dtick=_step(n_rows), **axes, **place)


def panel_rows(
    labels: Sequence[str], languages: Sequence[str], there: set[tuple[str, str]]
) -> list[list[tuple[str, str]]]:
    """Arrange panels: six languages side by side, the checkpoints below one another.

    Args:
        labels: checkpoints.
        languages: codes.
        there: pairs of label and language that have something to show.

    Returns:
        Rows of ``(label, language)``; rows of which nothing is there are left out.
    """
    languages = [lang for lang in languages if any((label, lang) in there for label in labels)]
    blocks = [languages[at : at + PER_ROW] for at in range(0, len(languages), PER_ROW)]
    rows = [[(label, lang) for lang in block] for block in blocks for label in labels]
    return [row for row in rows if any(panel in there for panel in row)]


def _colours(values: Floats, diverging: bool, reverse: bool) -> dict[str, Any]:
    """Return colour scale and its ends; a difference is centred on 0, all equal gets a width."""
    known = values[np.isfinite(values)]
    if diverging:
        most = float(np.abs(known).max()) if known.size else 0.0
        return {"colorscale": DIVERGING, "zmin": -(most or 1.0), "zmax": most or 1.0}
    low, high = (float(known.min()), float(known.max())) if known.size else (0.0, 1.0)
    high = high if high > low else low + 1.0
    return {"colorscale": SEQUENTIAL, "zmin": low, "zmax": high, "reversescale": reverse}


def _axis(colours: dict[str, Any]) -> dict[str, Any]:
    """Rename a heat map's colours to a colour axis's."""
    names = {"zmin": "cmin", "zmax": "cmax"}
    return {names.get(name, name): value for name, value in colours.items()}


def _marks(figure: go.Figure, cells: Cells, name: str, marker: dict[str, Any], side: float) -> None:
    figure.add_scatter(
        x=[head for _, head in cells],
        y=[layer for layer, _ in cells],
        mode="markers",
        marker={**marker, "size": max(6, 0.45 * side)},
        hoverinfo="skip",
        name=name,
        showlegend=bool(name),
    )


def _per_panel(cells: pd.DataFrame | None) -> dict[tuple[str, str], list[tuple[int, int]]]:
    if cells is None or cells.empty:
        return {}
    return {
        (str(label), str(lang)): list(
            zip(own["layer"].astype(int), own["head"].astype(int), strict=True)
        )
        for (label, lang), own in cells.groupby(["label", "lang"], sort=False)
    }


def _step(n: int) -> int:
    return 1 if n <= 16 else 2 if n <= 32 else 4
