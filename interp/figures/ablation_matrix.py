"""What ablating each language's heads or neurons does to every language: one matrix per checkpoint."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from interp.figures.heads import DOT, legend_below, whole_cells
from interp.figures.layout import empty, finish
from interp.figures.marks import DIVERGING, SEQUENTIAL

_DIAGONAL = "#AA3377"
"""Around the diagonal: neither in cividis nor in the red and blue of signed effects."""


def ablation_matrices(
    frame: pd.DataFrame,
    labels: Sequence[str],
    languages: Sequence[str],
    *,
    title: str,
    unit: str,
    dot: str = "",
) -> go.Figure:
    """Draw effects, whose set was ablated by on whose text, a panel per checkpoint; the diagonal framed.

    Args:
        frame: columns ``label``, ``source_lang`` (rows), ``lang`` (columns), ``value``, ``text`` (what
            is printed), ``hover``, and ``dotted`` where ``dot`` is given.
        labels: checkpoints, in order.
        languages: rows and columns, in order.
        title: of the chart.
        unit: of ``value``.
        dot: what a dot means; no dots without it.

    Returns:
        Heat maps with one scale from 0; around 0, red and blue, where a fifth of the scale is below 0.
    """
    labels = [label for label in labels if label in set(frame["label"])]
    if not labels:
        return empty(title, "nothing was ablated in these checkpoints and languages")
    columns = [lang for lang in languages if lang in set(frame["lang"])]
    rows = [lang for lang in languages if lang in set(frame["source_lang"])]
    # side by side where there is room, else below one another
    across = min(len(labels), max(1, 36 // len(columns)))
    down = -(-len(labels) // across)
    figure = make_panels(labels, down, across)
    for at, label in enumerate(labels):
        own = frame[frame["label"] == label].set_index(["source_lang", "lang"])
        grid = own.reindex(pd.MultiIndex.from_product([rows, columns]))
        where = {"row": at // across + 1, "col": at % across + 1}
        shape = (len(rows), len(columns))
        figure.add_heatmap(
            z=grid["value"].to_numpy(float).reshape(shape),
            text=grid["text"].fillna("").to_numpy(object).reshape(shape),
            hovertext=grid["hover"].fillna("").to_numpy(object).reshape(shape),
            texttemplate="%{text}",
            textfont={"size": 10},
            hoverinfo="text",
            hoverongaps=False,
            coloraxis="coloraxis",
            name=label,
            **where,
        )
        if dot:
            marked = np.flatnonzero(grid["dotted"].fillna(False).to_numpy(bool))
            y, x = np.unravel_index(marked, shape)
            figure.add_scatter(
                x=x + 0.38, y=y - 0.34, mode="markers", marker={**DOT, "size": 5}, name=dot,
                hoverinfo="skip", showlegend=at == 0, **where,
            )  # fmt: skip
        whole_cells(figure, *shape, **where)
        for lang in rows:
            if lang in columns:
                x0, y0 = columns.index(lang) - 0.5, rows.index(lang) - 0.5
                figure.add_shape(
                    type="rect", x0=x0, x1=x0 + 1, y0=y0, y1=y0 + 1,
                    line={"color": _DIAGONAL, "width": 2}, **where,
                )  # fmt: skip
    figure.update_xaxes(tickvals=list(range(len(columns))), ticktext=columns)
    figure.update_yaxes(tickvals=list(range(len(rows))), ticktext=rows)
    figure.update_xaxes(title_text="measured on", row=down)
    figure.update_yaxes(title_text="ablated set of", col=1)
    figure.update_layout(
        coloraxis={
            **_scale(frame["value"].to_numpy(float)),
            "colorbar": {"title": {"text": unit, "side": "right"}},
        }
    )
    height = 150 + down * (60 + 30 * len(rows))
    return legend_below(finish(figure, title=title, height=height, legend=bool(dot)))


def make_panels(labels: Sequence[str], down: int, across: int) -> go.Figure:
    """Lay panels out by rows, each named.

    Args:
        labels: the panels' names, in order.
        down: rows of panels.
        across: panels in a row.
    """
    from plotly.subplots import make_subplots

    return make_subplots(
        down, across, subplot_titles=list(labels), shared_yaxes=True, horizontal_spacing=0.05,
        vertical_spacing=0.18 / down,
    )  # fmt: skip


def _scale(values: np.ndarray) -> dict[str, object]:
    known = values[np.isfinite(values)]
    most = float(known.max(initial=0.0))
    least = float(known.min(initial=0.0))
    if least < -0.25 * most:
        end = max(most, -least)
        # red is a rise of the loss
        return {"colorscale": DIVERGING, "reversescale": True, "cmin": -end, "cmax": end}
    return {"colorscale": SEQUENTIAL, "cmin": min(0.0, least), "cmax": most or 1.0}
