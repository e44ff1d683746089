"""How many language neurons there are, per language and per layer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from interp.figures.language_panels import finish_panels, language_panels, whole_steps
from interp.figures.layout import empty, finish
from interp.figures.marks import Mark
from interp.figures.verdicts import SIGNS

MOST_HATCHED = 400
"""Bars of small multiples that are hatched: of more each is too narrow for its hatch, which is slow to draw."""

MOST_BARS = 64
"""Bars of one small panel: of more each is a pixel wide or less, and steps are drawn in their place."""

_LAYER = "#AA3377"
"""Of the line at the chosen layer."""

_WINDOW = "rgba(204, 187, 68, 0.18)"


def language_bars(
    frame: pd.DataFrame,
    marks: Mapping[str, Mark],
    *,
    title: str,
    y: str,
    percent: bool = False,
) -> go.Figure:
    """Draw one number per language and checkpoint as bars from 0.

    Args:
        frame: columns ``lang``, ``label``, ``value``, ``low`` and ``high`` (interval of the value, empty
            where there is none), ``tokens`` (empty where nobody says), ``few_tokens`` (whether the
            language was measured on few) and ``verdict`` (empty without a comparison), in the order in
            which languages are shown.
        marks: label to look.
        title: of the chart.
        y: title of the y axis.
        percent: whether the value is a share, shown in percent.

    Returns:
        Grouped bars; above a bar with a verdict stands its sign.
    """
    if frame.empty:
        return empty(title, "no language neurons to count")
    figure = go.Figure()
    few = set(frame.loc[frame["few_tokens"].astype(bool), "lang"])  # in one checkpoint is enough
    ticks = {lang: f"{lang}<br>few tokens" if lang in few else lang for lang in frame["lang"]}
    at = {lang: place for place, lang in enumerate(ticks)}
    for label, own in frame.groupby("label", sort=False):
        figure.add_bar(
            x=own["lang"].map(at),
            y=own["value"],
            name=str(label),
            offsetgroup=str(label),
            marker=_filled(marks[str(label)]),
            error_y=_interval(own),
            hovertext=np.array([_said(row, percent) for row in own.to_dict("records")], object),
            hoverinfo="text",
        )
        judged = own[own["verdict"].isin(SIGNS)]
        if len(judged):
            figure.add_scatter(
                x=judged["lang"].map(at),
                y=_tops(judged),
                mode="text",
                text=judged["verdict"].map(SIGNS),
                textposition="top center",
                offsetgroup=str(label),
                name=f"{label}: verdict",
                showlegend=False,
                hoverinfo="skip",
                cliponaxis=False,
            )
    figure.update_layout(barmode="group", scattermode="group")
    figure.update_xaxes(tickvals=list(at.values()), ticktext=list(ticks.values()))
    figure.update_yaxes(rangemode="tozero", tickformat=".0%" if percent else None)
    return finish(figure, title=title, y=y)


def _filled(mark: Mark, *, hatched: bool = True) -> dict[str, Any]:
    if not hatched:
        return {"color": mark.colour}
    pattern = {"shape": mark.pattern, "solidity": 0.25, "fillmode": "overlay", "size": 6}
    return {"color": mark.colour, "pattern": pattern}


def _interval(own: pd.DataFrame) -> dict[str, Any]:
    return {
        "type": "data",
        "symmetric": False,
        "array": own["high"] - own["value"],
        "arrayminus": own["value"] - own["low"],
        "visible": bool(own["low"].notna().any()),
        "color": "#777777",
        "thickness": 1.5,
        "width": 3,
    }


def _tops(own: pd.DataFrame) -> pd.Series[Any]:
    """Say above what a sign stands: the bar, or the interval's end where that is higher."""
    return own[["value", "high"]].max(axis=1).clip(lower=0)


def _number(value: float, percent: bool) -> str:
    if pd.isna(value):
        return "–"
    return f"{value:.1%}" if percent else f"{value:,.4g}"


def _said(row: Mapping[Any, Any], percent: bool) -> str:
    text = f"{row['label']}, {row['lang']}: {_number(row['value'], percent)}"
    if not pd.isna(row["low"]):
        text += f" [{_number(row['low'], percent)}, {_number(row['high'], percent)}]"
    if row["verdict"] in SIGNS:
        text += f"<br>{SIGNS[row['verdict']]} {row['verdict']}"
    tokens = "not said" if pd.isna(row["tokens"]) else f"{int(row['tokens']):,}"
    return f"{text}<br>tokens: {tokens}" + (" (few)" if row["few_tokens"] else "")


def layer_grid(
    frame: pd.DataFrame,
    languages: Sequence[str],
    marks: Mapping[str, Mark],
    *,
    title: str,
    y: str,
    shared: bool = True,
    percent: bool = False,
) -> go.Figure:
    """Draw the layers of every language, one panel each, bars by checkpoint.

    Args:
        frame: columns ``lang``, ``label``, ``layer`` (0-based) and ``value``.
        languages: of the panels, in order.
        marks: label to look.
        title: of the chart.
        y: title of the y axes.
        shared: whether all panels have one scale; otherwise each its own.
        percent: whether the value is a share, shown in percent.

    Returns:
        Small multiples, four in a row, the legend below them. Up to ``MOST_HATCHED`` bars are hatched;
        more are told by colour and by their order within a layer, which is the legend's. Where a panel
        would hold more than ``MOST_BARS``, each checkpoint is a line of steps, flat over each layer.
    """
    if frame.empty or not len(languages):
        return empty(title, "no language neurons to count")
    figure, axes = language_panels(languages, x="layer (from 0)", y=y, shared=shared)
    traces, named = list[go.Bar | go.Scatter](), set[str]()
    hatched = len(frame) <= MOST_HATCHED
    stepped = frame["label"].nunique() * frame["layer"].nunique() > MOST_BARS
    shown = ".1%" if percent else ","
    for axis, lang in zip(axes, languages, strict=True):
        for label, own in frame[frame["lang"] == lang].groupby("label", sort=False):
            name = str(label)
            said = f"{name}, {lang}, layer"
            common = {
                "x": own["layer"],
                "y": own["value"],
                "name": name,
                "legendgroup": name,
                "showlegend": name not in named,
                "hovertemplate": f"{said} %{{x}}: %{{y:{shown}}}<extra></extra>",
                "xaxis": f"x{axis}",
                "yaxis": f"y{axis}",
            }
            traces.append(
                go.Scatter(mode="lines", line=_stepped(marks[name]), **common)
                if stepped
                else go.Bar(marker=_filled(marks[name], hatched=hatched), **common)
            )
            named.add(name)
    figure.add_traces(traces)
    figure.update_yaxes(rangemode="tozero", tickformat=".0%" if percent else None)
    figure.update_xaxes(dtick=whole_steps(float(frame["layer"].max())))
    figure.update_layout(barmode="group", bargap=0.15)
    return finish_panels(figure, len(languages), title=title)


def _stepped(mark: Mark) -> dict[str, Any]:
    return {"shape": "hvh", "color": mark.colour, "dash": mark.dash, "width": 1.5}


def layer_bars(
    frame: pd.DataFrame,
    marks: Mapping[str, Mark],
    *,
    title: str,
    y: str,
    window: tuple[int, int] | None = None,
    layer: int | None = None,
    percent: bool = False,
) -> go.Figure:
    """Draw the layers of one language, bars by checkpoint.

    Args:
        frame: columns ``label``, ``layer`` (0-based) and ``value``.
        marks: label to look.
        title: of the chart.
        y: title of the y axis.
        window: first and last layer of a range that is shaded.
        layer: one that is marked as chosen.
        percent: whether the value is a share, shown in percent.

    Returns:
        Grouped bars; a click hands back ``[layer, label]``.
    """
    if frame.empty:
        return empty(title, "no language neurons to count")
    shown = ".1%" if percent else ","
    figure = go.Figure()
    for label, own in frame.groupby("label", sort=False):
        figure.add_bar(
            x=own["layer"],
            y=own["value"],
            name=str(label),
            marker=_filled(marks[str(label)]),
            customdata=[[int(at), str(label)] for at in own["layer"]],
            hovertemplate=f"{label}, layer %{{x}}: %{{y:{shown}}}<extra></extra>",
        )
    if window is not None:
        figure.add_vrect(
            window[0] - 0.5, window[1] + 0.5, fillcolor=_WINDOW, line_width=0, layer="below"
        )
    if layer is not None:
        figure.add_vline(layer, line={"dash": "dot", "color": _LAYER, "width": 2})
    figure.update_layout(barmode="group", bargap=0.15)
    figure.update_yaxes(rangemode="tozero", tickformat=".0%" if percent else None)
    last = int(frame["layer"].max())
    figure.update_xaxes(range=[-0.6, last + 0.6], dtick=1 if last < 40 else 5)
    return finish(figure, title=title, x="layer (from 0)", y=y, height=360)
