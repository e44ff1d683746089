"""One neuron: how often it fires in each language, and its path along a training."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence

import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from interp.figures.layout import GRID, empty, finish
from interp.figures.marks import Mark, series_marks

_ENTROPY = "#8A8A8A"


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
    frame: pd.DataFrame,
    languages: Sequence[str],
    lang: str,
    *,
    title: str,
    unplaced: Collection[str] = (),
) -> go.Figure:
    """Draw one neuron along the steps of a training.

    Args:
        frame: ``interp.lape.neuron_view.read_path``: columns ``step``, ``label``, ``lang``, ``p``,
            ``low``, ``high``, ``entropy`` and ``selected``.
        languages: lines, in order.
        lang: the one that stands out.
        title: of the chart.
        unplaced: labels whose step is not known: their place on the axis is no step.

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
        line={"color": _ENTROPY, "width": 2.5},
        marker={
            "size": 10,
            "symbol": ["diamond" if langs else "circle-open" for langs in points["selected"]],
        },
        hovertext=[
            f"{label}: {f'{h:.4g} nats' if math.isfinite(h) else 'never fires'}, "
            + (f"selected for {langs}" if langs else "not selected")
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
        ticktext=_step_names(points["step"].tolist(), points["label"].tolist(), unplaced),
        row=2,
        col=1,
    )
    figure.update_yaxes(rangemode="tozero", gridcolor=GRID)
    finish(figure, title=title, height=520)
    figure.update_yaxes(title_text="firing probability", row=1, col=1)
    figure.update_yaxes(title_text="entropy (nats)", row=2, col=1)
    return figure


def _step_names(
    steps: Sequence[int], labels: Sequence[str], unplaced: Collection[str]
) -> list[str]:
    """Name the ends by label and step, what is between by its step."""
    names = []
    for place, (step, label) in enumerate(zip(steps, labels, strict=True)):
        if label in unplaced:
            names.append(f"{label}<br>end")
        elif place in (0, len(steps) - 1):
            names.append(f"{label}<br>step {step}")
        else:
            names.append(str(step))
    return names
