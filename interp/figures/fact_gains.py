"""Changes of accuracy from the base, by kind of answer and by relation."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from interp.figures.layout import GRID, empty, finish, legend_below
from interp.figures.marks import NEUTRAL, Mark, hatch

_KINDS = (("#4477AA", ""), ("#CCBB44", "/"), ("#BBBBBB", "."))


def kind_bars(
    frame: pd.DataFrame,
    labels: Sequence[str],
    kinds: Sequence[str],
    places: Sequence[str],
    *,
    title: str,
) -> go.Figure:
    """Draw the change of accuracy of each kind of answer, language by language.

    Args:
        frame: label, kind, lang, facts, delta, delta_low, delta_high, gained, lost.
        labels: checkpoints beside the base, a panel each.
        kinds: bars of a language, from the left; three at most.
        places: languages, from the left; what is no language (an average) comes last.
        title: of the chart.

    Returns:
        Bars from 0 with paired intervals, on one scale.
    """
    frame = frame[frame["label"].isin(labels) & frame["delta"].notna()]
    if frame.empty:
        return empty(title, "no fact is answered by the base and another checkpoint")
    figure = make_subplots(
        len(labels), 1, shared_xaxes=True, vertical_spacing=0.12,
        subplot_titles=[html.escape(one) for one in labels],
    )  # fmt: skip
    at = {lang: number for number, lang in enumerate(places)}
    for number, label in enumerate(labels, start=1):
        for (colour, pattern), kind in zip(_KINDS, kinds, strict=False):
            own = frame[(frame["label"] == label) & (frame["kind"] == kind)]
            own = own[own["lang"].isin(at)]
            figure.add_trace(
                go.Bar(
                    x=own["lang"].map(at),
                    y=own["delta"],
                    name=html.escape(kind),
                    legendgroup=kind,
                    showlegend=number == 1,
                    marker={"color": colour, "pattern": hatch(pattern)},
                    error_y={
                        "type": "data",
                        "symmetric": False,
                        "array": own["delta_high"] - own["delta"],
                        "arrayminus": own["delta"] - own["delta_low"],
                        "thickness": 1.2,
                        "width": 3,
                        "color": NEUTRAL,
                    },
                    hovertext=[
                        f"{row['lang']}, {html.escape(label)}, {html.escape(kind)}: "
                        f"{row['delta']:+.3f} [{row['delta_low']:+.3f}, {row['delta_high']:+.3f}], "
                        f"{row['gained']} gained, {row['lost']} lost of {row['facts']} facts"
                        for row in own.to_dict("records")
                    ],
                    hoverinfo="text",
                ),
                row=number,
                col=1,
            )
        figure.add_hline(y=0, line={"color": GRID, "width": 2}, row=number, col=1)
    figure.update_layout(barmode="group")
    ends = frame.loc[frame["lang"].isin(at), ["delta", "delta_low", "delta_high"]].to_numpy(float)
    low, high = min(0.0, float(np.nanmin(ends))), max(0.0, float(np.nanmax(ends)))
    room = 0.06 * (high - low) or 0.01
    figure.update_yaxes(range=[low - room, high + room])
    figure.update_xaxes(
        tickvals=list(at.values()), ticktext=[html.escape(one) for one in at],
        range=[-0.6, len(at) - 0.4], showticklabels=True, zeroline=False,
    )  # fmt: skip
    height = 170 + 270 * len(labels)
    finish(figure, title=title, y="Δ accuracy", height=height)
    figure.update_layout(margin={"t": 90})
    return legend_below(figure, height, pixels=45)


def relation_points(
    frame: pd.DataFrame,
    labels: Sequence[str],
    rows: Mapping[str, str],
    *,
    title: str,
    marks: Mapping[str, Mark],
) -> go.Figure:
    """Draw the change of accuracy of each relation, averaged over languages.

    Args:
        frame: label, relation, facts, delta, delta_low, delta_high.
        labels: checkpoints beside the base.
        rows: relation to the name of its row, from top to bottom.
        title: of the chart.
        marks: label to its look.

    Returns:
        Points with intervals on both sides of 0; hollow where the interval includes 0.
    """
    frame = frame[frame["label"].isin(labels) & frame["delta"].notna()]
    if frame.empty or not rows:
        return empty(title, "no relation has a fact that the base and another checkpoint answered")
    at = {relation: place for place, relation in enumerate(rows)}
    figure = go.Figure()
    for number, label in enumerate(labels):
        own = frame[(frame["label"] == label) & frame["relation"].isin(at)]
        sure = (own["delta_low"] > 0) | (own["delta_high"] < 0)
        mark = marks[label]
        figure.add_scatter(  # what the legend shows: the first point may be hollow
            x=[None], y=[None], mode="markers", name=html.escape(label), legendgroup=label,
            marker={"color": mark.colour, "size": 9, "symbol": mark.symbol},
        )  # fmt: skip
        figure.add_scatter(
            x=own["delta"],
            y=own["relation"].map(at) + 0.24 * (number - (len(labels) - 1) / 2),
            mode="markers",
            name=f"{html.escape(label)}: change",
            legendgroup=label,
            showlegend=False,
            marker={
                "color": mark.colour,
                "size": 9,
                "symbol": [mark.symbol if one else f"{mark.symbol}-open" for one in sure],
                "line": {"width": 1.5, "color": mark.colour},
            },
            error_x={
                "type": "data",
                "symmetric": False,
                "array": own["delta_high"] - own["delta"],
                "arrayminus": own["delta"] - own["delta_low"],
                "thickness": 1.2,
                "width": 3,
                "color": mark.colour,
            },
            hovertext=[
                f"{html.escape(str(row['relation']))}, {html.escape(label)}: {row['delta']:+.3f} "
                f"[{row['delta_low']:+.3f}, {row['delta_high']:+.3f}], {row['facts']} facts"
                for row in own.to_dict("records")
            ],
            hoverinfo="text",
        )
    figure.add_vline(x=0, line={"color": GRID, "width": 2})
    figure.update_yaxes(
        tickvals=list(at.values()), ticktext=[html.escape(one) for one in rows.values()],
        range=[len(at) - 0.4, -0.6], zeroline=False,
    )  # fmt: skip
    height = 190 + max(24, 14 * len(labels)) * len(at)
    finish(figure, title=title, x="Δ accuracy, mean over languages", height=height)
    return legend_below(figure, height)
