"""Language neurons: how many, in which layers, how specific, and what one of them does."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from interp.figures.layout import GRID, empty, finish
from interp.figures.marks import Mark, series_marks
from interp.figures.verdicts import SIGNS

COLUMNS = 4
"""Panels side by side."""

_OTHERS = Mark("#8A8A8A", "circle", "solid", "")
_SELECTED = Mark("#4477AA", "square", "solid", "")
_OWN = Mark("#EE6677", "diamond", "solid", "")
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
    ticks = {
        lang: f"{lang}<br>few tokens" if few else lang
        for lang, few in zip(frame["lang"], frame["few_tokens"], strict=True)
    }
    for lang, few in zip(frame["lang"], frame["few_tokens"], strict=True):
        if few:  # in one checkpoint is enough
            ticks[lang] = f"{lang}<br>few tokens"
    at = {lang: place for place, lang in enumerate(ticks)}
    for label, own in frame.groupby("label", sort=False):
        figure.add_bar(
            x=own["lang"].map(at),
            y=own["value"],
            name=str(label),
            offsetgroup=str(label),
            marker=_filled(marks[str(label)]),
            error_y=_interval(own),
            customdata=own[["lang", "label"]].to_numpy().tolist(),
            hovertext=[_said(row, percent) for row in own.to_dict("records")],
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


def _filled(mark: Mark) -> dict[str, Any]:
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
        Small multiples, four in a row, the legend below them.
    """
    if frame.empty or not len(languages):
        return empty(title, "no language neurons to count")
    columns = min(COLUMNS, len(languages))
    rows = math.ceil(len(languages) / columns)
    height = 170 * rows + 130
    cells = [place < len(languages) for place in range(rows * columns)]
    figure = make_subplots(
        rows=rows,
        cols=columns,
        specs=[[{} if cells[row * columns + at] else None for at in range(columns)]
               for row in range(rows)],
        subplot_titles=list(languages),
        shared_yaxes="all" if shared else False,
        vertical_spacing=0.34 / rows,
        horizontal_spacing=0.02 if shared else 0.05,
        x_title="layer (from 0)",
        y_title=y,
    )  # fmt: skip
    traces, named = [], set[str]()
    for place, lang in enumerate(languages):
        axis = str(place + 1) if place else ""
        for label, own in frame[frame["lang"] == lang].groupby("label", sort=False):
            name = str(label)
            said = f"{name}, {lang}, layer"
            traces.append(
                go.Bar(
                    x=own["layer"],
                    y=own["value"],
                    name=name,
                    legendgroup=name,
                    showlegend=name not in named,
                    marker=_filled(marks[name]),
                    hovertext=[
                        f"{said} {at}: {_number(value, percent)}"
                        for at, value in zip(own["layer"], own["value"], strict=True)
                    ],
                    hoverinfo="text",
                    xaxis=f"x{axis}",
                    yaxis=f"y{axis}",
                )
            )
            named.add(name)
    figure.add_traces(traces)
    figure.update_yaxes(rangemode="tozero", tickformat=".0%" if percent else None)
    finish(figure, title=title, height=height)
    # laid out for panels: their legend further down, in pixels, where it covers no bar
    figure.update_layout(barmode="group", bargap=0.15, legend={"y": -70 / height})
    return figure


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
    figure = go.Figure()
    for label, own in frame.groupby("label", sort=False):
        figure.add_bar(
            x=own["layer"],
            y=own["value"],
            name=str(label),
            marker=_filled(marks[str(label)]),
            customdata=[[int(at), str(label)] for at in own["layer"]],
            hovertext=[
                f"{label}, layer {at}: {_number(value, percent)}"
                for at, value in zip(own["layer"], own["value"], strict=True)
            ],
            hoverinfo="text",
        )
    if window is not None:
        figure.add_vrect(
            window[0] - 0.5, window[1] + 0.5, fillcolor=_WINDOW, line_width=0, layer="below"
        )
    if layer is not None:
        figure.add_vline(layer, line={"dash": "dot", "color": _OWN.colour, "width": 2})
    figure.update_layout(barmode="group", bargap=0.15)
    figure.update_yaxes(rangemode="tozero", tickformat=".0%" if percent else None)
    last = int(frame["layer"].max())
    figure.update_xaxes(range=[-0.6, last + 0.6], dtick=1 if last < 40 else 5)
    return finish(figure, title=title, x="layer (from 0)", y=y, height=360)


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
    own = frame["langs"].str.split().map(lambda codes: lang in codes)
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
                customdata=part[["layer", "neuron"]].to_numpy().tolist(),
                hovertext=[
                    f"layer {layer}, neuron {neuron}<br>fires most in {top}: {peak:.4g}"
                    f"<br>entropy {h:.4g} nats<br>{f'selected for {langs}' if langs else name}"
                    for layer, neuron, h, peak, top, langs in zip(
                        *(part[c] for c in ("layer", "neuron", "entropy", "peak", "top", "langs")),
                        strict=True,
                    )
                ],
                hoverinfo="text",
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


def firing_dots(
    frame: pd.DataFrame, languages: Sequence[str], marks: Mapping[str, Mark], *, title: str
) -> go.Figure:
    """Draw how often one neuron fires in each language, a row per language.

    Args:
        frame: columns ``label`` and those of ``interp.lape.neuron_view.firing``.
        languages: rows, from the top.
        marks: label to look.
        title: of the chart.

    Returns:
        Dots with intervals, from 0 in firing probability.
    """
    if frame.empty:
        return empty(title, "no firing probabilities")
    figure = go.Figure()
    labels = list(dict.fromkeys(frame["label"]))
    at = {lang: place for place, lang in enumerate(languages)}
    for place, label in enumerate(labels):
        own = frame[frame["label"] == label]
        mark = marks[label]
        figure.add_scatter(
            x=own["p"],
            # beside each other within the row, so that intervals do not cover each other
            y=own["lang"].map(at) + 0.22 * (place - (len(labels) - 1) / 2),
            mode="markers",
            name=label,
            marker={"color": mark.colour, "symbol": mark.symbol, "size": 9},
            error_x={
                "type": "data",
                "symmetric": False,
                "array": own["high"] - own["p"],
                "arrayminus": own["p"] - own["low"],
                "color": mark.colour,
                "thickness": 1.5,
            },
            hovertext=[
                f"{label}, {lang}: {p:.4g} [{low:.4g}, {high:.4g}]<br>{hits:,} of {n:,} tokens"
                for lang, hits, n, p, low, high in zip(
                    *(own[c] for c in ("lang", "n_active", "n_tokens", "p", "low", "high")),
                    strict=True,
                )
            ],
            hoverinfo="text",
        )
    figure.update_yaxes(
        tickvals=list(at.values()),
        ticktext=list(at),
        range=[len(at) - 0.5, -0.5],
        zeroline=False,
    )
    figure.update_xaxes(rangemode="tozero", zeroline=True)
    height = 170 + 34 * len(at)
    finish(figure, title=title, x="firing probability", height=height)
    figure.update_layout(legend={"y": -75 / height})
    return figure


def neuron_path(
    frame: pd.DataFrame, languages: Sequence[str], lang: str, *, title: str
) -> go.Figure:
    """Draw one neuron along the steps of a training.

    Args:
        frame: ``interp.lape.neuron_view.read_path``: columns ``step``, ``label``, ``lang``, ``p``,
            ``low``, ``high``, ``entropy`` and ``selected``.
        languages: lines, in order.
        lang: the one that stands out.
        title: of the chart.

    Returns:
        Firing probability per language above, entropy below; the axis is in training steps.
    """
    if frame.empty:
        return empty(title, "no checkpoint along the way knows this neuron")
    figure = make_subplots(
        rows=2, cols=1, shared_xaxes=True, row_heights=[0.68, 0.32], vertical_spacing=0.07
    )
    for code, mark in series_marks(list(languages)).items():
        own = frame[frame["lang"] == code]
        if own.empty:
            continue
        standing = code == lang
        figure.add_scatter(
            x=own["step"],
            y=own["p"],
            mode="lines+markers",
            name=code,
            opacity=1 if standing else 0.65,
            line={"color": mark.colour, "dash": mark.dash, "width": 3.5 if standing else 1.5},
            marker={"symbol": mark.symbol, "size": 9 if standing else 6},
            error_y={
                "type": "data",
                "symmetric": False,
                "array": own["high"] - own["p"],
                "arrayminus": own["p"] - own["low"],
                "visible": standing,
            },
            hovertext=[
                f"{label}, {code}: {p:.4g} [{low:.4g}, {high:.4g}]"
                for label, p, low, high in zip(
                    *(own[c] for c in ("label", "p", "low", "high")), strict=True
                )
            ],
            hoverinfo="text",
            row=1,
            col=1,
        )
    points = frame.drop_duplicates("step")
    finite = points["entropy"].where(points["entropy"] < math.inf)
    figure.add_scatter(
        x=points["step"],
        y=finite,
        mode="lines+markers",
        name="entropy",
        showlegend=False,
        line={"color": _OTHERS.colour, "width": 2.5},
        marker={
            "size": 10,
            "symbol": ["diamond" if langs else "circle-open" for langs in points["selected"]],
        },
        hovertext=[
            f"{label}: {h:.4g} nats, " + (f"selected for {langs}" if langs else "not selected")
            for label, h, langs in zip(
                *(points[c] for c in ("label", "entropy", "selected")), strict=True
            )
        ],
        hoverinfo="text",
        row=2,
        col=1,
    )
    figure.update_xaxes(
        tickvals=points["step"].tolist(),
        ticktext=[
            f"{label}<br>step {step}"
            for label, step in zip(points["label"], points["step"], strict=True)
        ],
        row=2,
        col=1,
    )
    figure.update_yaxes(rangemode="tozero", gridcolor=GRID)
    finish(figure, title=title, height=520)
    figure.update_yaxes(title_text="firing probability", row=1, col=1)
    figure.update_yaxes(title_text="entropy (nats)", row=2, col=1)
    return figure
