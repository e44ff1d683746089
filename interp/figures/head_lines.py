"""Lines of the heads: where each language's top heads lie, layer by layer."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from interp.figures.layout import empty, finish, legend_below
from interp.figures.marks import series_marks

_DODGE = 0.56
"""Of the way from one layer to the next, over which the languages' points are spread."""


def layer_lines(
    frame: pd.DataFrame, labels: Sequence[str], languages: Sequence[str], *, title: str
) -> go.Figure:
    """Draw in which layers each language's top heads lie, a line per language, a panel per checkpoint.

    Args:
        frame: columns ``label``, ``lang``, ``layer``, ``percent``.
        labels: checkpoints, in order, below one another.
        languages: in order; marker, colour and dash tell them apart.
        title: of the chart.

    Returns:
        Lines on one scale from 0. Points are spread around their layer, so that equal values do not
        cover each other.
    """
    labels = [label for label in labels if label in set(frame["label"])]
    if not labels:
        return empty(title, "no top heads of these checkpoints and languages")
    languages = [lang for lang in languages if lang in set(frame["lang"])]
    marks = series_marks(languages)
    figure = make_subplots(
        len(labels), 1, subplot_titles=labels, shared_xaxes=True,
        vertical_spacing=0.24 / (1 + len(labels)),
    )  # fmt: skip
    named: set[str] = set()
    for at, label in enumerate(labels, 1):
        for place, lang in enumerate(languages):
            own = frame[(frame["label"] == label) & (frame["lang"] == lang)].sort_values("layer")
            if own.empty:
                continue
            shift = _DODGE * ((place + 0.5) / len(languages) - 0.5)
            mark = marks[lang]
            figure.add_scatter(
                x=own["layer"].to_numpy(float) + shift,
                y=own["percent"].to_numpy(float),
                mode="lines+markers",
                name=lang,
                legendgroup=lang,
                showlegend=lang not in named,
                line={"color": mark.colour, "dash": mark.dash, "width": 1.2},
                marker={"color": mark.colour, "symbol": mark.symbol, "size": 7},
                customdata=own["layer"].to_numpy(int),
                hovertemplate=(
                    f"{label}: {lang}, layer %{{customdata}}<br>%{{y:.1f}} % of its top heads"
                    "<extra></extra>"
                ),
                row=at,
                col=1,
            )
            named.add(lang)
    n_layers = int(frame["layer"].max()) + 1
    step = 1 if n_layers <= 16 else 2 if n_layers <= 32 else 4
    figure.update_xaxes(range=[-0.6, n_layers - 0.4], dtick=step, zeroline=False)
    figure.update_xaxes(title_text="layer (from 0)", row=len(labels), col=1)
    most = float(frame["percent"].max()) or 1.0
    figure.update_yaxes(range=[-0.04 * most, 1.06 * most], title_text="% of top heads")
    height = 160 + 230 * len(labels)
    return legend_below(finish(figure, title=title, height=height), height)
