"""Every language at once: shares of facts by layer, and the layer by which half of the facts have crossed."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from interp.figures.layout import empty, finish, legend_below
from interp.figures.lens_sets import share_curve
from interp.figures.marks import Mark
from interp.figures.tokens import plotly_text

NOT_REACHED = "not reached"
ACROSS = 4
"""Panels beside each other."""
_PANEL_HEIGHT = 190


def _of_language(label: str, lang: str, layer: int, n: str, share: str) -> str:
    return f"{label}, {lang}, layer {layer}<br>{share} of {n} facts"


def language_shares(
    frame: pd.DataFrame,
    marks: Mapping[str, Mark],
    languages: Sequence[str],
    *,
    title: str,
    y: str,
    half: bool = True,
) -> go.Figure:
    """Draw a share of facts by layer with its interval, one panel per language.

    Args:
        frame: columns lang, label, layer, n, share, low and high.
        marks: label to look, in the order of the legend.
        languages: the panels, row by row.
        title: of the chart.
        y: what the share is of.
        half: whether one half is marked: above it, most facts are.
    """
    panels = [lang for lang in languages if lang in set(frame["lang"])]
    if not panels:
        return empty(title, "no fact was ranked in both languages")
    across = min(ACROSS, len(panels))
    down = math.ceil(len(panels) / across)
    figure = make_subplots(
        rows=down,
        cols=across,
        shared_xaxes="columns",
        shared_yaxes="all",
        horizontal_spacing=0.025,
        vertical_spacing=0.26 / (down + 0.5),
        subplot_titles=[plotly_text(lang) for lang in panels],
    )
    named: set[str] = set()
    for at, lang in enumerate(panels):
        place = {"row": at // across + 1, "col": at % across + 1}
        for label, mark in marks.items():
            own = frame[(frame["lang"] == lang) & (frame["label"] == label)].sort_values("layer")
            if own.empty:
                continue
            hover = partial(_of_language, plotly_text(label), lang)
            share_curve(figure, own, label, mark, hover, size=5, named=label not in named, **place)
            named.add(label)
    height = 170 + _PANEL_HEIGHT * down
    finish(figure, title=title, height=height)
    if half:
        figure.add_hline(y=0.5, line={"color": "#8A8A8A", "dash": "dot", "width": 1})
    figure.update_yaxes(range=[-0.02, 1.02], tickformat=".0%", dtick=0.5)
    figure.update_yaxes(title_text=y, row=(down + 1) // 2, col=1)
    figure.update_xaxes(title_text="layer", row=down)
    # a panel with none below it shows its own ticks
    for at in range(len(panels), across * down):
        figure.update_xaxes(showticklabels=True, row=down - 1, col=at % across + 1)
        figure.update_xaxes(visible=False, row=down, col=at % across + 1)
        figure.update_yaxes(visible=False, row=down, col=at % across + 1)
    return legend_below(figure, height, pixels=62)


def crossover_medians(
    frame: pd.DataFrame,
    marks: Mapping[str, Mark],
    languages: Sequence[str],
    *,
    title: str,
) -> go.Figure:
    """Draw the layer by which half of the facts have crossed, per language and checkpoint.

    Args:
        frame: columns lang, label, value, low and high (layers; infinite where not reached, low and high
            not a number where there is no interval), n, and ``last``: the checkpoint's last layer.
        marks: label to look; those of one language stand below each other in this order.
        languages: rows, from the top; each a value of ``lang``.
        title: of the chart.

    Returns:
        Dots with intervals; what is not reached stands, hollow, at a place of its own behind the last
        layer.
    """
    labels = [label for label in marks if label in set(frame["label"])]
    if not labels:
        return empty(title, "no fact was ranked in both languages")
    last = int(frame["last"].max())
    never = last + max(1.0, 0.08 * last)
    row_of = {lang: at for at, lang in enumerate(languages)}
    step = 0.7 / len(labels)
    figure = go.Figure()
    for turn, label in enumerate(labels):
        own = frame[(frame["label"] == label) & frame["lang"].isin(row_of)]
        value, low, high = (
            own[name].replace(np.inf, never).to_numpy(float) for name in ("value", "low", "high")
        )
        shift = (turn - (len(labels) - 1) / 2) * step
        figure.add_scatter(
            x=value,
            y=[row_of[lang] + shift for lang in own["lang"]],
            mode="markers",
            error_x={
                "type": "data",
                "symmetric": False,
                "array": high - value,
                "arrayminus": value - low,
                "color": marks[label].colour,
                "thickness": 1.5,
                "width": 3,
            },
            marker={
                "symbol": [
                    marks[label].symbol + ("-open" if np.isinf(one) else "") for one in own["value"]
                ],
                "color": marks[label].colour,
                "size": 9,
            },
            hovertext=[
                f"{lang}, {plotly_text(label)}<br>{layer_words(one)} "
                f"[{layer_words(least)}, {layer_words(most)}]<br>{n:,} facts"
                for lang, one, least, most, n in zip(
                    *(own[name] for name in ("lang", "value", "low", "high", "n")), strict=True
                )
            ],
            hoverinfo="text",
            name=label,
        )
    ticks = sorted({*range(0, last, max(1, round(last / 8))), last})
    figure.update_xaxes(
        tickvals=[*ticks, never],
        ticktext=[*map(str, ticks), NOT_REACHED],
        range=[-0.03 * never, 1.04 * never],
    )
    figure.update_yaxes(
        tickvals=list(row_of.values()), ticktext=list(row_of), range=[len(row_of) - 0.5, -0.5]
    )
    height = 170 + max(24, 14 * len(labels)) * len(row_of)
    finish(figure, title=title, x="layer by which half of the facts have crossed", height=height)
    return legend_below(figure, height)


def layer_words(layer: float) -> str:
    """Write a layer that may not be reached."""
    if math.isnan(layer):
        return "–"
    return NOT_REACHED if math.isinf(layer) else f"layer {layer:g}"
