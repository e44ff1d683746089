"""Many facts through the layers: ribbons of ranks, shares of facts, and levels per language."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from interp.figures.layout import empty, finish
from interp.figures.lens import (
    ROLE_DASH,
    ROLE_NAMES,
    name_layers,
    name_roles,
    rank_panels,
)
from interp.figures.marks import Mark
from interp.figures.tokens import plotly_text


def rank_ribbons(
    frame: pd.DataFrame, marks: Mapping[str, Mark], *, title: str, log: bool = True
) -> go.Figure:
    """Draw the median rank by layer with the quartiles around it, one panel per checkpoint.

    Args:
        frame: columns label, role, layer, n, q25, median, q75 (0-based ranks; drawn as rank + 1).
        marks: label to look, in the order of the panels.
        title: of the chart.
        log: whether the ranks' axis is logarithmic.

    Returns:
        Lines (target solid, English dashed) over ribbons, the likeliest rank on top.
    """
    labels = [label for label in marks if label in set(frame["label"])]
    if not labels:
        return empty(title, "no fact that matches was ranked in this language")
    figure = rank_panels(labels, log=log)
    for column, label in enumerate(labels, start=1):
        own = frame[frame["label"] == label]
        median_lines(figure, own, label, marks[label], row=1, col=column)
    name_roles(figure, [role for role in ROLE_NAMES if role in set(frame["role"])])
    return finish(figure, title=title, height=460)


def median_lines(
    figure: go.Figure, frame: pd.DataFrame, label: str, mark: Mark, **place: int
) -> None:
    """Draw one checkpoint's medians over the quartiles.

    Args:
        figure: changed in place.
        frame: columns role, layer, n, q25, median, q75 (0-based ranks; drawn as rank + 1).
        label: of the checkpoint.
        mark: its look.
        **place: ``row`` and ``col`` of the panel.
    """
    for role in [role for role in ROLE_NAMES if role in set(frame["role"])]:
        own = frame[frame["role"] == role].sort_values("layer")
        ribbon(figure, own["layer"], own["q25"] + 1, own["q75"] + 1, mark, **place)
        figure.add_scatter(
            x=own["layer"],
            y=own["median"] + 1,
            mode="lines+markers",
            line={"color": mark.colour, "dash": ROLE_DASH[role]},
            marker={"symbol": mark.symbol + ("" if role == "target" else "-open"), "size": 7},
            hovertext=[
                f"{plotly_text(label)}, layer {layer}<br>{ROLE_NAMES[role]}: median rank "
                f"{median + 1:,.4g}, quartiles {low + 1:,.4g} to {high + 1:,.4g}<br>{n} facts"
                for layer, n, low, median, high in zip(
                    *(own[name] for name in ("layer", "n", "q25", "median", "q75")), strict=True
                )
            ],
            hoverinfo="text",
            name=f"{label} {ROLE_NAMES[role]}",
            showlegend=False,
            **place,
        )


def _of_statistic(label: str, statistic: str, layer: int, n: str, share: str) -> str:
    return f"{label}, layer {layer}<br>{statistic}: {share}<br>{n} facts"


def share_curve(
    figure: go.Figure,
    own: pd.DataFrame,
    label: str,
    mark: Mark,
    said: Callable[[int, str, str], str],
    *,
    size: int,
    named: bool,
    **place: int,
) -> None:
    """Add one checkpoint's share of facts by layer, with its interval, to a panel.

    Args:
        figure: changed in place.
        own: columns layer, n, share, low and high, in the order of layers.
        label: the checkpoint's.
        mark: its look.
        said: what the hover says of a layer, a number of facts, and a share with its interval.
        size: of a marker in pixels.
        named: whether the legend names it here.
        **place: ``row`` and ``col`` of the panel.
    """
    ribbon(figure, own["layer"], own["low"], own["high"], mark, **place)
    rows = zip(*(own[name] for name in ("layer", "n", "share", "low", "high")), strict=True)
    figure.add_scatter(
        x=own["layer"],
        y=own["share"],
        mode="lines+markers",
        line={"color": mark.colour, "dash": mark.dash},
        marker={"symbol": mark.symbol, "size": size},
        name=label,
        legendgroup=label,
        showlegend=named,
        hovertext=[
            said(layer, f"{n:,}", f"{share:.1%} [{low:.1%}, {high:.1%}]")
            for layer, n, share, low, high in rows
        ],
        hoverinfo="text",
        **place,
    )


def share_lines(
    frame: pd.DataFrame, marks: Mapping[str, Mark], statistics: Sequence[str], *, title: str
) -> go.Figure:
    """Draw shares of facts by layer, one panel per statistic.

    Args:
        frame: columns label, statistic, layer, n, share, low and high (its interval).
        marks: label to look, in the order of the legend.
        statistics: the panels; one without rows is left out.
        title: of the chart.

    Returns:
        Lines over intervals, from 0 to 100 %.
    """
    panels = [name for name in statistics if name in set(frame["statistic"])]
    if not panels:
        return empty(title, "no fact that matches was ranked in this language")
    figure = make_subplots(
        rows=1, cols=len(panels), shared_yaxes=True, horizontal_spacing=0.03, subplot_titles=panels
    )
    named: set[str] = set()
    for column, statistic in enumerate(panels, start=1):
        for label, mark in marks.items():
            own = frame[(frame["label"] == label) & (frame["statistic"] == statistic)]
            if own.empty:
                continue
            own = own.sort_values("layer")
            place = {"row": 1, "col": column}
            hover = partial(_of_statistic, plotly_text(label), statistic)
            share_curve(figure, own, label, mark, hover, size=7, named=label not in named, **place)
            named.add(label)
    figure.update_yaxes(range=[-0.02, 1.02], tickformat=".0%")
    figure.update_yaxes(title_text="share of facts", col=1)
    name_layers(figure, len(panels))
    return finish(figure, title=title, height=400)


def language_levels(
    frame: pd.DataFrame,
    marks: Mapping[str, Mark],
    languages: Sequence[str],
    *,
    title: str,
    x: str,
    percent: bool,
) -> go.Figure:
    """Draw one statistic per language and checkpoint as dots with their intervals.

    Args:
        frame: columns lang, label, value, low, high, ``verdict`` on the difference to the base and its
            ``sign`` (both empty for the base itself), and ``evidence`` (everything in words).
        marks: label to look; those of one language stand below each other in this order.
        languages: rows, from the top; each a value of ``lang``.
        title: of the chart.
        x: title of the value's axis.
        percent: whether values are shares.

    Returns:
        Dots, and the verdicts at the right; a click hands back ``[lang]``.
    """
    labels = [label for label in marks if label in set(frame["label"])]
    if not labels:
        return empty(title, "nothing has been compared")
    place = {lang: at for at, lang in enumerate(languages)}
    step = 0.7 / len(labels)
    edge = float(np.fmax.reduce(frame[["value", "high"]].to_numpy(float), axis=None))
    figure = go.Figure()
    for turn, label in enumerate(labels):
        own = frame[(frame["label"] == label) & frame["lang"].isin(place)]
        shift = (turn - (len(labels) - 1) / 2) * step
        figure.add_scatter(
            x=own["value"],
            y=[place[lang] + shift for lang in own["lang"]],
            mode="markers",
            error_x={
                "type": "data",
                "symmetric": False,
                "array": own["high"] - own["value"],
                "arrayminus": own["value"] - own["low"],
                "color": marks[label].colour,
                "thickness": 1.5,
                "width": 0,
            },
            marker={"symbol": marks[label].symbol, "color": marks[label].colour, "size": 9},
            customdata=[[lang] for lang in own["lang"]],
            hovertext=[
                f"{lang}, {plotly_text(label)}<br>{plotly_text(words)}"
                for lang, words in zip(own["lang"], own["evidence"], strict=True)
            ],
            hoverinfo="text",
            name=label,
        )
        # at the right edge: a sign beside its dot would be taken for another dot
        judged = own[own["verdict"] != ""]
        figure.add_scatter(
            x=[edge] * len(judged),
            y=[place[lang] + shift for lang in judged["lang"]],
            mode="text",
            text=[
                f"\u2003{sign} {verdict}"  # an em space away from a dot at the edge
                for sign, verdict in zip(judged["sign"], judged["verdict"], strict=True)
            ],
            textposition="middle right",
            textfont={"size": 11},
            cliponaxis=False,
            hoverinfo="skip",
            showlegend=False,
            name=f"{label} verdicts",
        )
    figure.update_yaxes(
        tickvals=list(place.values()),
        ticktext=list(place),
        range=[len(place) - 0.5, -0.5],
    )
    if percent:
        figure.update_xaxes(tickformat=".0%")
    height = 150 + 20 * len(labels) * len(place)
    finish(figure, title=title, x=x, height=height)
    # the legend's distance is a share of the height, which grows with the languages
    return figure.update_layout(legend_y=-60 / height, margin_r=120)


def ribbon(
    figure: go.Figure, x: pd.Series, low: pd.Series, high: pd.Series, mark: Mark, **place: int
) -> None:
    """Fill what lies between two curves; there is no line around it.

    Args:
        figure: changed in place.
        x: places of both curves.
        low: the lower curve.
        high: the upper one.
        mark: whose tint the band has.
        **place: ``row`` and ``col`` of the panel, where there are several.
    """
    figure.add_scatter(
        x=[*x, *x[::-1]],
        y=[*high, *low[::-1]],
        mode="lines",
        line={"width": 0},
        fill="toself",
        fillcolor=mark.band(),
        hoverinfo="skip",
        showlegend=False,
        name="interval",
        **place,
    )
