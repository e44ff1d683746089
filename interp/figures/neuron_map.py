"""Every neuron of a checkpoint by how often it fires and how specific it is."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from interp.figures.layout import empty, finish
from interp.figures.marks import Mark

_OTHERS = Mark("#8A8A8A", "circle", "solid", "")
_SELECTED = Mark("#4477AA", "square", "solid", "")
_OWN = Mark("#EE6677", "diamond", "solid", "")


def entropy_scatter(
    frame: pd.DataFrame,
    lang: str,
    *,
    title: str,
    chosen: tuple[int, int] | None = None,
    log_x: bool = False,
) -> go.Figure:
    """Draw every neuron by its highest firing probability and its entropy.

    Args:
        frame: ``interp.lape.live.scatter_frame``.
        lang: the language whose neurons stand out.
        title: of the chart.
        chosen: (layer, neuron) that is ringed, if it is among them.
        log_x: whether the probability is on a logarithmic axis.

    Returns:
        Three series told by colour and shape; a click hands back ``[layer, neuron]``.
    """
    if frame.empty:
        return empty(title, "every neuron is dead or removed by the filter")
    own = np.array([lang in langs.split() for langs in frame["langs"]], bool)
    figure = go.Figure()
    for name, rows, mark, size in (
        ("not selected", ~frame["selected"], _OTHERS, 5),
        ("selected, other languages", frame["selected"] & ~own, _SELECTED, 6),
        (f"selected, {lang}", own, _OWN, 8),
    ):
        part = frame[rows]
        figure.add_trace(
            go.Scattergl(
                x=part["peak"],
                y=part["entropy"],
                mode="markers",
                name=f"{name} ({len(part):,})",
                marker={
                    "color": mark.colour,
                    "symbol": mark.symbol,
                    "size": size,
                    "opacity": 0.45 if mark is _OTHERS else 0.8,
                },
                customdata=part[["layer", "neuron"]].to_numpy(),
                # only codes are sent per point: a sentence each would be most of the page
                text=part["top"].to_numpy(),
                hovertext=None if mark is _OTHERS else part["langs"].to_numpy(),
                hovertemplate="layer %{customdata[0]}, neuron %{customdata[1]}<br>"
                "fires most in %{text}: %{x:.4~g}<br>entropy %{y:.4~g} nats<br>"
                + (name if mark is _OTHERS else "selected for %{hovertext}")
                + "<extra></extra>",
            )
        )
    if chosen is not None:
        here = frame[(frame["layer"] == chosen[0]) & (frame["neuron"] == chosen[1])]
        if len(here):
            figure.add_scatter(
                x=here["peak"],
                y=here["entropy"],
                mode="markers",
                marker={"symbol": "circle-open", "size": 18, "line": {"width": 3}},
                marker_color="#AA3377",
                name=f"layer {chosen[0]}, neuron {chosen[1]}",
                hoverinfo="skip",
            )
    figure.update_xaxes(type="log" if log_x else "linear")
    return finish(
        figure,
        title=title,
        x="highest firing probability over languages",
        y="entropy (nats)",
        height=480,
    )
