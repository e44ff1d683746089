"""How deep the neurons of each language lie: curves along the depth, a panel per language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
import plotly.graph_objects as go

from interp.figures.language_panels import finish_panels, language_panels, whole_steps
from interp.figures.layout import empty
from interp.figures.marks import Mark

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
    final_name: str = "the final layers",
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
        final: the depth that is called the final layers: a line in every panel.
        final_name: of that line, in the legend.

    Returns:
        Small multiples of one scale from 0, the legend below them.
    """
    known = frame.dropna(subset=["value"])
    if known.empty or not len(languages):
        return empty(title, "no language neurons to count")
    figure, axes = language_panels(languages, x=x, y=y, shared=True)
    traces, named = [], set[str]()
    for axis, lang in zip(axes, languages, strict=True):
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
        line = {"color": _FINAL, "width": 1.5}
        for axis in axes:
            figure.add_shape(
                type="line", x0=final, x1=final, y0=0, y1=top, xref=f"x{axis}", yref=f"y{axis}",
                line=line,
            )  # fmt: skip
        figure.add_scatter(x=[None], y=[None], mode="lines", line=line, name=final_name)
    figure.update_yaxes(range=[0, 1.04 * top], tickformat=".0%")
    figure.update_xaxes(rangemode="tozero")
    if (known["depth"] % 1 == 0).all():  # layers; shares of the depth are not whole
        figure.update_xaxes(dtick=whole_steps(float(known["depth"].max())))
    return finish_panels(figure, len(languages), title=title)
