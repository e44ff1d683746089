"""Maps of attention heads, layer by head: small multiples, and one that can be clicked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from numpy.typing import NDArray

from interp.figures.layout import clickable, empty, finish
from interp.figures.marks import DIVERGING, SEQUENTIAL

PER_ROW = 6
"""Panels side by side; more are too small to read."""

RING = {"symbol": "circle", "color": "white", "line": {"color": "black", "width": 2}}
"""A ring in the cell: among the top heads. White edged with black is seen on every colour."""

DOT = {"symbol": "circle", "color": "black", "line": {"color": "white", "width": 1}}
"""A dot in the cell: beyond noise. Black edged with white is seen on every colour, too."""

TARGET = 6
"""Size of what is clicked, in pixels, with ``hoverdistance=-1``: whichever centre is nearest is hit, from
any spot and in cells of any shape. Targets as large as a cell overlap where it is not square, and then
the wrong one is hit."""

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
    scale_per_label: bool = False,
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
        own_scale: whether every panel has its own colour scale, whose end stands above it (else all
            share one).
        scale_per_label: whether every checkpoint has a colour scale, which its panels share.
        diverging: whether values are differences: red and blue around 0.
        reverse: whether a small value is the important one (ranks), and bright; of differences,
            whether red is a rise.
        beyond: columns ``label``, ``lang``, ``layer``, ``head``: cells to mark with a dot.

    Returns:
        Heat maps with layer 0 at the top.
    """
    parts = {
        (str(label), str(lang)): grid(own)
        for (label, lang), own in frame.groupby(["label", "lang"], sort=False)
    }
    places = panel_places(labels, languages, {panel: z.shape for panel, z in parts.items()})
    if not places:
        return empty(title, "no head scores of these checkpoints and languages")
    shared = _shared_scales(frame, labels if scale_per_label else (), unit, diverging, reverse)
    data = []
    for panel, (top, left) in places.items():
        looks: dict[str, Any] = {"coloraxis": shared[panel[0] if scale_per_label else ""][0]}
        if own_scale:
            looks = {**_colours(parts[panel], diverging, reverse), "showscale": False}
        data.append(
            go.Heatmap(
                z=parts[panel].astype(np.float32),  # seven digits: half of what a page holds
                y0=top,
                x0=left,
                dx=1,
                dy=1,
                text=_names(*parts[panel].shape),
                hovertemplate=(
                    f"{panel[1]}, {panel[0]}<br>head %{{text}} (layer.head)<br>"
                    f"{unit}: %{{z:.4g}}<extra></extra>"
                ),
                name=f"{panel[1]} · {panel[0]}",
                **looks,
            )
        )
    dots = [
        (top + layer, left + head)
        for panel, cells in _per_panel(beyond).items()
        if (place := places.get(panel))
        for top, left in (place,)
        for layer, head in cells
    ]
    if dots:
        data.append(
            go.Scatter(
                x=[x for _, x in dots],
                y=[y for y, _ in dots],
                mode="markers",
                marker={**DOT, "size": 5},
                hoverinfo="skip",
                name="beyond noise",
            )
        )
    ends = {panel: _end(z, diverging) for panel, z in parts.items()} if own_scale else {}
    figure = go.Figure(
        data, _panel_axes(places, {panel: z.shape for panel, z in parts.items()}, ends)
    )
    if not own_scale:
        figure.update_layout(dict(shared.values()))
    last = max(top + parts[panel].shape[0] for panel, (top, _) in places.items())
    tallest = max(z.shape[0] for z in parts.values())
    height = 150 + last * min(12, max(5, 150 / tallest))
    finish(figure, title=title, x="head", y="layer", height=int(height), legend=False)
    # the names of the rows stand to the right of the axes, where otherwise a colour bar makes room
    return figure.update_layout(margin_r=44) if own_scale else figure


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
            colorbar={"title": {"text": unit, "side": "right"}},
            **_colours(values, diverging, reverse),
        )
    )
    if len(rings):
        _marks(figure, rings, ring_name, RING, side)
    if len(dots):
        _marks(figure, dots, "beyond noise", DOT, side)
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
        size=TARGET,
    )
    if chosen is not None and chosen[0] < values.shape[0] and chosen[1] < values.shape[1]:
        figure.add_shape(
            type="rect",
            x0=chosen[1] - 0.5, x1=chosen[1] + 0.5, y0=chosen[0] - 0.5, y1=chosen[0] + 0.5,
            line={"color": _EDGE, "width": 4},
        )  # fmt: skip
    whole_cells(figure, *values.shape)
    figure.update_layout(hoverdistance=-1)
    height = 170 + side * len(values)
    return legend_below(finish(figure, title=title, x="head", y="layer", height=height))


def legend_below(figure: go.Figure) -> go.Figure:
    """Put the legend right below the title of the x axis, however high the chart is."""
    return figure.update_layout(legend_y=-60 / max(60, figure.layout.height - 120))


def cell_side(n_layers: int) -> int:
    """Return how high a cell of a large map is, in pixels."""
    return int(min(40, max(14, 560 // n_layers)))


def whole_cells(figure: go.Figure, n_rows: int, n_columns: int, **place: Any) -> None:
    """Fit the axes to a map's cells, the first row at the top, and number them by whole numbers.

    Args:
        figure: changed in place.
        n_rows: rows of cells.
        n_columns: columns of cells.
        **place: ``row`` and ``col`` of the panel, where there are several.
    """
    axes: dict[str, Any] = {"showgrid": False, "zeroline": False}
    figure.update_xaxes(range=[-0.5, n_columns - 0.5], dtick=_step(n_columns), **axes, **place)
    figure.update_yaxes(range=[n_rows - 0.5, -0.5], dtick=_step(n_rows), **axes, **place)


def panel_places(
    labels: Sequence[str],
    languages: Sequence[str],
    shapes: Mapping[tuple[str, str], tuple[int, ...]],
) -> dict[tuple[str, str], tuple[float, float]]:
    """Arrange panels on one pair of axes: six languages side by side, checkpoints below one another.

    One pair of axes, because a pair of its own for every panel makes a chart of 36 slow.

    Args:
        labels: checkpoints.
        languages: codes.
        shapes: layers and heads of each panel there is, by label and language.

    Returns:
        By label and language the position of the panel's first layer and first head, in cells.
    """
    languages = [lang for lang in languages if any((label, lang) in shapes for label in labels)]
    if not languages:
        return {}
    most_heads = max(shape[1] for shape in shapes.values())
    deepest = max(shape[0] for shape in shapes.values())
    step = most_heads + max(1.0, 0.06 * most_heads)
    # room for a panel's name above it
    between = 2 + 0.15 * deepest
    places, top = {}, 0.0
    for at in range(0, len(languages), PER_ROW):
        for label in labels:
            row = [(label, lang) for lang in languages[at : at + PER_ROW]]
            there = [panel for panel in row if panel in shapes]
            for panel in there:
                places[panel] = (top, step * row.index(panel))
            if there:
                top += max(shapes[panel][0] for panel in there) + between
    return places


def _panel_axes(
    places: Mapping[tuple[str, str], tuple[float, float]],
    shapes: Mapping[tuple[str, str], tuple[int, ...]],
    ends: Mapping[tuple[str, str], str],
) -> dict[str, Any]:
    """Lay out ticks of every row and column of panels, and their names, with the ends of own scales."""
    rows = {top: shapes[panel][0] for panel, (top, _) in places.items()}
    columns = {left: shapes[panel][1] for panel, (_, left) in places.items()}
    last_head = max(left + n for left, n in columns.items()) - 0.5
    bare = {"showarrow": False, "font": {"size": 12}}
    # a language above each panel, a checkpoint beside each row: together they would be wider than a panel
    names = [
        {
            "text": f"{lang} {ends[label, lang]}" if ends else lang,
            "x": left - 0.5,
            "y": top - 0.6,
            "xanchor": "left",
            "yanchor": "bottom",
            **bare,
        }
        for (label, lang), (top, left) in places.items()
    ] + [
        {
            "text": label,
            "x": last_head,
            "y": top + (rows[top] - 1) / 2,
            "xanchor": "left",
            "xshift": 4,
            "textangle": 90,
            **bare,
        }
        for top, label in {top: label for (label, _), (top, _) in places.items()}.items()
    ]
    plain = {"showgrid": False, "zeroline": False}
    first, last = min(rows), max(top + n for top, n in rows.items())
    return {
        "annotations": names,
        "xaxis": {
            **plain,
            **_ticks(columns, (0, 0.5)),
            "range": [-0.5, last_head],
        },
        "yaxis": {**plain, **_ticks(rows, (0, 0.5, 1)), "range": [last - 0.5, first - 3]},
    }


def _ticks(starts: Mapping[float, int], parts: Sequence[float]) -> dict[str, list[Any]]:
    """Number some layers or heads of each row or column of panels, from 0."""
    marks = {
        start + at: str(at)
        for start, n in starts.items()
        for at in sorted({round(part * (n - 1)) for part in parts})
    }
    return {"tickvals": list(marks), "ticktext": list(marks.values())}


def _colours(values: Floats, diverging: bool, reverse: bool) -> dict[str, Any]:
    """Return colour scale and its ends; a difference is centred on 0, all equal gets a width."""
    known = values[np.isfinite(values)]
    if diverging:
        most = float(np.abs(known).max()) if known.size else 0.0
        ends = {"zmin": -(most or 1.0), "zmax": most or 1.0}
        return {"colorscale": DIVERGING, **ends, **({"reversescale": True} if reverse else {})}
    low, high = (float(known.min()), float(known.max())) if known.size else (0.0, 1.0)
    high = high if high > low else low + 1.0
    return {"colorscale": SEQUENTIAL, "zmin": low, "zmax": high, "reversescale": reverse}


def _shared_scales(
    frame: pd.DataFrame, labels: Sequence[str], unit: str, diverging: bool, reverse: bool
) -> dict[str, tuple[str, dict[str, Any]]]:
    """Give all panels one colour axis (named ""), or each checkpoint one, its bar beside the others'."""
    found = [label for label in labels if label in set(frame["label"])]
    scales = {}
    for at, label in enumerate(found or [""]):
        own = frame[frame["label"] == label] if label else frame
        bar: dict[str, Any] = {"title": {"text": unit, "side": "right"}, "x": 1.06}
        if len(found) > 1:  # one above the other
            height = 1 / len(found)
            bar |= {"len": 0.9 * height, "y": 1 - (at + 0.5) * height, "yanchor": "middle"}
            bar["title"]["text"] = f"{label}<br>{unit}"
        scales[label] = (
            f"coloraxis{at + 1 if at else ''}",
            {**_axis(_colours(own["value"].to_numpy(float), diverging, reverse)), "colorbar": bar},
        )
    return scales


def _end(values: Floats, diverging: bool) -> str:
    """Write where a panel's own colour scale ends."""
    known = values[np.isfinite(values)]
    if not known.size:
        return ""
    return f"±{np.abs(known).max():.2g}" if diverging else f"to {known.max():.2g}"


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


@cache
def _names(n_layers: int, n_heads: int) -> NDArray[np.object_]:
    """Name every head ``layer.head``: as an array of texts, which plotly takes without a check of each."""
    names = [[f"{layer}.{head}" for head in range(n_heads)] for layer in range(n_layers)]
    return np.array(names, dtype=object)


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
