"""Language neurons as points: counts on a logarithmic axis, and differences with all their evidence."""

from __future__ import annotations

import html
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from interp.figures.layout import empty, finish, legend_below
from interp.figures.marks import Mark
from interp.figures.verdicts import SIGNS
from interp.stats.verdict import BEYOND, NOT_COMPARABLE, NOT_ENOUGH

FLOOR = "rgba(128, 128, 128, 0.28)"
"""The noise floor; visible on white and on black."""

_NOUGHT = 0.5
"""Where 0 stands on a logarithmic axis of whole numbers: as far below 1 as 2 is above."""
_FAINT = "#8A8A8A"
_SLOT = 0.75
"""Of the room of a language, shared out among the checkpoints."""
_PIXELS = 26
_GAP = "\u00a0\u00a0\u00a0"
"""Between a point and its sign; plotly drops plain blanks."""
_NO_DIFFERENCE = {"difference": 0.0, "distance": 0.0, "likeness": 1.0}


def language_points(
    frame: pd.DataFrame, marks: Mapping[str, Mark], *, title: str, y: str
) -> go.Figure:
    """Draw one count per language and checkpoint on a logarithmic axis.

    Points and not bars: a logarithmic axis has no 0, so the length of a bar would mean nothing.

    Args:
        frame: columns ``lang``, ``label``, ``value`` (whole numbers from 0) and ``few_tokens``, in the
            order in which languages are shown.
        marks: label to look.
        title: of the chart.
        y: title of the y axis.

    Returns:
        Points, checkpoints beside each other; a count of 0 stands at a tick of its own below 1.
    """
    if frame.empty:
        return empty(title, "no language neurons to count")
    few = set(frame.loc[frame["few_tokens"].astype(bool), "lang"])
    ticks = {lang: f"{lang}<br>few tokens" if lang in few else lang for lang in frame["lang"]}
    at = {lang: place for place, lang in enumerate(ticks)}
    labels = list(dict.fromkeys(frame["label"]))
    figure = go.Figure()
    for shift, label in zip(_shifts(len(labels)), labels, strict=True):
        own, mark = frame[frame["label"] == label], marks[label]
        figure.add_scatter(
            x=own["lang"].map(at) + shift,
            y=own["value"].clip(lower=_NOUGHT),
            mode="markers",
            name=label,
            marker={"color": mark.colour, "symbol": mark.symbol, "size": 10},
            hovertext=[
                f"{html.escape(label)}, {lang}: {value:,}"
                for lang, value in zip(own["lang"], own["value"], strict=True)
            ],
            hoverinfo="text",
        )
    for place in range(1, len(at)):
        figure.add_vline(place - 0.5, line={"color": FLOOR, "width": 1})
    figure.update_xaxes(
        tickvals=list(at.values()),
        ticktext=list(ticks.values()),
        range=[-0.5, len(at) - 0.5],
        showgrid=False,
        zeroline=False,
    )
    nought = bool((frame["value"] == 0).any())
    figure.update_yaxes(type="log", **_log_ticks(float(frame["value"].max()), nought=nought))
    return finish(figure, title=title, y=y, height=440)


def _log_ticks(most: float, *, nought: bool) -> dict[str, Any]:
    decades = max(1, math.ceil(math.log10(max(most, 1) * 1.3)))
    values: list[float] = [step * 10**power for power in range(decades) for step in (1, 2, 5)]
    values = [value for value in [*values, 10**decades] if value <= 1.6 * max(most, 1)]
    texts = [f"{value:,}" for value in values]
    low = _NOUGHT if nought else 1
    if nought:
        values, texts = [_NOUGHT, *values], ["0", *texts]
    ends = [math.log10(low * 0.8), math.log10(max(most, 1) * 1.3)]
    return {"tickvals": values, "ticktext": texts, "range": ends}


def _shifts(n: int) -> list[float]:
    """Place checkpoints beside each other, around the middle of a language's room."""
    return [_SLOT / n * (place - (n - 1) / 2) for place in range(n)]


def evidence_dots(
    frame: pd.DataFrame,
    places: Sequence[str],
    marks: Mapping[str, Mark],
    *,
    title: str,
    x: str,
    kind: str,
    percent: bool = False,
) -> go.Figure:
    """Draw one statistic of each language, checkpoints side by side, with all that is known of its noise.

    Filled is *beyond noise*, hollow is everything else; the sign beside a point says which. The grey
    band is the noise floor: what measuring the base twice gives.

    Args:
        frame: columns ``place`` (a language, or a group of them), ``label``, ``value``, ``low`` and
            ``high`` (interval), ``floor`` (noise floor), ``verdict`` (empty without a comparison) and
            ``said`` (for the hover). Not a number where there is none.
        places: rows of the chart, from the top.
        marks: label to look.
        title: of the chart.
        x: what the value is, with its unit.
        kind: ``difference`` (0 is none, both signs), ``distance`` (from 0) or ``likeness`` (1 is none).
        percent: whether the value is a share, shown in percent.

    Returns:
        Points with intervals, floors and signs.
    """
    if frame["value"].isna().all() or not len(places):
        return empty(title, "nothing to compare")
    at = {place: row for row, place in enumerate(places)}
    labels = list(dict.fromkeys(frame["label"]))
    slot = _SLOT / len(labels)
    figure = go.Figure()
    for shift, label in zip(_shifts(len(labels)), labels, strict=True):
        own, mark = frame[frame["label"] == label], marks[label]
        y = own["place"].map(at) + shift
        _floor(figure, own, y, slot, kind, named=label == labels[0])
        beyond = own["verdict"] == BEYOND
        figure.add_scatter(
            x=own["value"],
            y=y,
            mode="markers",
            name=label,
            marker={
                "color": mark.colour,
                "symbol": [mark.symbol + ("" if one else "-open") for one in beyond],
                "size": 10,
                "line": {"width": 2, "color": mark.colour},
            },
            error_x={
                "type": "data",
                "symmetric": False,
                "array": own["high"] - own["value"],
                "arrayminus": own["value"] - own["low"],
                "visible": bool(own["low"].notna().any()),
                "color": mark.colour,
                "thickness": 1.5,
                "width": 3,
            },
            hovertext=own["said"].map(html.escape),
            hoverinfo="text",
        )
        judged = own["verdict"].isin(SIGNS) & own["value"].notna()
        figure.add_scatter(
            x=own.loc[judged, ["value", "high"]].max(axis=1),
            y=y[judged],
            mode="text",
            text=[f"{_GAP}{SIGNS[one]}" for one in own.loc[judged, "verdict"]],
            textposition="middle right",
            textfont={"size": 10},
            name=f"{label}: verdict",
            showlegend=False,
            hoverinfo="skip",
            cliponaxis=False,
        )
    _verdict_legend(figure, frame)
    figure.add_vline(_NO_DIFFERENCE[kind], line={"color": _FAINT, "width": 1})
    figure.update_yaxes(
        tickvals=list(at.values()), ticktext=list(at), range=[len(at) - 0.5, -0.5], zeroline=False
    )
    figure.update_xaxes(tickformat=".0%" if percent else None)
    if kind == "distance":  # a little below 0, where a point would be cut in half
        most = float(np.nanmax(frame[["value", "high", "floor"]].to_numpy(float)))
        figure.update_xaxes(range=[-0.02 * most, 1.06 * most] if most else None)
    if kind == "likeness":
        figure.update_xaxes(range=[0, 1.06])
    figure.update_layout(barmode="overlay", hovermode="closest")
    height = int(190 + _PIXELS * max(1.0, 0.6 * len(labels)) * len(places))
    return legend_below(finish(figure, title=title, x=x, height=height), height)


def _floor(
    figure: go.Figure, own: pd.DataFrame, y: pd.Series, slot: float, kind: str, *, named: bool
) -> None:
    floor = own["floor"].to_numpy(float)
    if np.isnan(floor).all():
        return
    start = {"difference": -floor, "distance": 0 * floor, "likeness": floor}[kind]
    width = {"difference": 2 * floor, "distance": floor, "likeness": 1 - floor}[kind]
    figure.add_bar(
        y=y,
        x=width,
        base=start,
        width=slot,
        orientation="h",
        marker={"color": FLOOR, "line": {"width": 0}},
        hoverinfo="skip",
        legendgroup="floor",
        showlegend=named,
        name="noise floor",
    )


def _verdict_legend(figure: go.Figure, frame: pd.DataFrame) -> None:
    there = set(frame["verdict"])
    for verdict, sign in SIGNS.items():
        if verdict in there and verdict != NOT_COMPARABLE:
            figure.add_scatter(
                x=[None],
                y=[None],
                mode="markers",
                marker={
                    "symbol": "circle" if verdict == BEYOND else "circle-open",
                    "color": _FAINT,
                    "size": 9,
                    "line": {"width": 2, "color": _FAINT},
                },
                name=f"{sign} {verdict}" if verdict == NOT_ENOUGH else verdict,
            )
