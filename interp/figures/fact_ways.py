"""In which ways answers are right and wrong, as shares of them."""

from __future__ import annotations

import html
from collections.abc import Sequence

import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from interp.figures.layout import empty, finish, legend_below
from interp.figures.marks import hatch

_WAYS = ("#228833", "#CCBB44", "#EE6677", "#4477AA", "#AA3377", "#66CCEE", "#BBBBBB", "#EE8866")
_WAY_PATTERNS = ("", "/", "x", "\\", ".", "-", "+", "|")


def way_bars(
    frame: pd.DataFrame,
    labels: Sequence[str],
    languages: Sequence[str],
    order: Sequence[str],
    *,
    title: str,
) -> go.Figure:
    """Draw in which ways answers are right and wrong, language by language.

    Args:
        frame: `interp.evals.wrong_answers.mode_counts`.
        labels: checkpoints, one panel each.
        languages: rows from top to bottom.
        order: ways, from the left.
        title: of the chart.

    Returns:
        Stacked bars from 0 to 1 in shares of answers.
    """
    frame = frame[frame["label"].isin(labels) & frame["lang"].isin(languages)]
    if frame.empty:
        return empty(title, "no answer is left in this choice")
    figure = make_subplots(
        1, len(labels), subplot_titles=[html.escape(one) for one in labels],
        shared_yaxes=True, horizontal_spacing=0.03,
    )  # fmt: skip
    present = [way for way in order if way in set(frame["mode"])]
    place = {lang: at for at, lang in enumerate(languages)}
    for at, way in enumerate(present):
        for number, label in enumerate(labels, start=1):
            own = frame[(frame["label"] == label) & (frame["mode"] == way)]
            figure.add_trace(
                go.Bar(
                    y=own["lang"].map(place),
                    x=own["share"],
                    orientation="h",
                    name=way,
                    legendgroup=way,
                    showlegend=number == 1,
                    marker={
                        "color": _WAYS[at % len(_WAYS)],
                        "pattern": hatch(_WAY_PATTERNS[at % len(_WAY_PATTERNS)]),
                    },
                    customdata=own[["n", "of", "ci_low", "ci_high", "lang"]].to_numpy(object),
                    hovertemplate=f"%{{customdata[4]}}, {html.escape(label)}<br>{html.escape(way)}: "
                    "%{customdata[0]} of %{customdata[1]}, %{x:.1%} "
                    "[%{customdata[2]:.1%}, %{customdata[3]:.1%}]<extra></extra>",
                ),
                row=1,
                col=number,
            )
    figure.update_layout(barmode="stack")
    figure.update_xaxes(range=[0, 1], tickvals=[0, 0.5, 1], title_text="share of answers")
    figure.update_yaxes(
        tickvals=list(place.values()),
        ticktext=list(place),
        range=[len(place) - 0.5, -0.5],
    )
    height = 200 + 24 * len(languages)
    finish(figure, title=title, height=height)
    figure.update_layout(margin={"t": 90})
    return legend_below(figure, height)
