"""The figure of how cost grows: a row per cost, a column per thing that is doubled, both axes logarithmic."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from interp.figures.layout import finish, legend_below
from interp.figures.marks import NEUTRAL, series_marks
from interp.printing.images import image_bytes
from interp.printing.sheet import Sheet

TITLES = {
    "texts": "texts of 120 tokens", "layers": "layers", "languages": "languages", "facts": "facts",
    "blocks": "blocks of counts", "replicates": "bootstrap replicates",
}  # fmt: skip
COSTS = {"seconds": ("computing time, s", 1.0), "bytes": ("peak memory, MiB", 2.0**20)}
WIDE = Sheet(width=330, points=8, smallest=7, dpi=110)


def figure(found: Sequence[dict[str, Any]]) -> go.Figure:
    """Draw the series.

    Args:
        found: of each ``analysis``, ``axis``, ``points`` and the exponent with its standard error of both costs.

    Returns:
        Small multiples; in each panel the exponents, and a dotted line of slope 1.
    """
    axes = [axis for axis in TITLES if any(one["axis"] == axis for one in found)]
    marks = series_marks(list(dict.fromkeys(one["analysis"] for one in found)))
    whole = make_subplots(
        len(COSTS), len(axes), shared_yaxes="rows", horizontal_spacing=0.02, vertical_spacing=0.12,
        column_titles=[TITLES[axis] for axis in axes],
    )  # fmt: skip
    named: set[str] = set()
    for row, (cost, (title, unit)) in enumerate(COSTS.items(), 1):
        for column, axis in enumerate(axes, 1):
            members = [one for one in found if one["axis"] == axis]
            for one in members:
                name, mark = one["analysis"], marks[one["analysis"]]
                whole.add_scatter(
                    x=[point[axis] for point in one["points"]],
                    y=[point[cost] / unit for point in one["points"]],
                    mode="lines+markers", name=name, legendgroup=name, showlegend=name not in named,
                    line={"color": mark.colour, "dash": mark.dash, "width": 2},
                    marker={"symbol": mark.symbol, "size": 8, "color": mark.colour},
                    row=row, col=column,
                )  # fmt: skip
                named.add(name)
            _guide(whole, members, cost, unit, row, column)
            _exponents(whole, members, cost, row, column)
            values = sorted({point[axis] for one in members for point in one["points"]})
            whole.update_xaxes(type="log", tickvals=values, row=row, col=column)
        costs = [point[cost] / unit for one in found for point in one["points"]]
        # room for the exponents above the lines
        span = [math.log10(min(costs)) - 0.3, math.log10(max(costs)) + 1.2]
        whole.update_yaxes(type="log", dtick=1, range=span, row=row)
        whole.update_yaxes(title_text=title, row=row, col=1)
    made = finish(whole, title="How cost grows, with exponents ± standard error", height=620)
    whole.update_layout(margin={"t": 90})
    return legend_below(made, 620, pixels=40)


def _guide(
    whole: go.Figure, members: Sequence[dict[str, Any]], cost: str, unit: float, row: int, col: int
) -> None:
    """A line of slope 1 from the lowest first point on."""
    first = min(members, key=lambda one: one["points"][0][cost])
    start, end = first["points"][0], first["points"][-1]
    ends = [start[first["axis"]], end[first["axis"]]]
    level = start[cost] / unit * 0.7
    whole.add_scatter(
        x=ends, y=[level, level * ends[1] / ends[0]], mode="lines", name="proportional growth",
        line={"color": NEUTRAL, "dash": "dot", "width": 1.5}, hoverinfo="skip",
        legendgroup="guide", showlegend=(row, col) == (1, 1), row=row, col=col,
    )  # fmt: skip


def _exponents(
    whole: go.Figure, members: Sequence[dict[str, Any]], cost: str, row: int, col: int
) -> None:
    lines = []
    for one in members:
        slope, error = one[cost]
        lines.append(
            f"{one['analysis']} {slope:z.2f}" + ("" if error is None else f" ± {error:.2f}")
        )
    whole.add_annotation(
        text="<br>".join(lines), showarrow=False, align="left", x=0.03, xanchor="left", y=0.99,
        yanchor="top", xref="x domain", yref="y domain", row=row, col=col,
    )  # fmt: skip


def draw(found: Sequence[dict[str, Any]], form: str) -> bytes:
    """Draw as ``png`` or ``svg``."""
    return image_bytes(figure(found), form, sheet=WIDE)
