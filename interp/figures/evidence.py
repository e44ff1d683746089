"""Evidence drawn: every row of a statistic with interval, noise floor and verdict; D under chance."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from numpy.typing import ArrayLike, NDArray

from interp.evidence.places import EVERY
from interp.figures.layout import empty, finish
from interp.figures.marks import Mark
from interp.figures.verdicts import evidence_text
from interp.stats.verdict import BEYOND, NOT_COMPARABLE, NOT_ENOUGH, WITHIN

BAND = "rgba(128, 128, 128, 0.28)"
"""The noise floor; visible on white and on black."""

_FILL = {BEYOND: "", WITHIN: "-open", NOT_ENOUGH: "-open", NOT_COMPARABLE: "-open"}
_FAINT = "#8A8A8A"
_SLOT = 0.8
"""Of a row's height, shared out among the checkpoints."""
_PIXELS = 26
BINS = 60
"""Of the histogram, between 0 and the largest D."""
_WRAP = 70
_NO_DIFFERENCE = {"difference": 0.0, "distance": 0.0, "likeness": 1.0}


def forest(
    rows: pd.DataFrame, places: Sequence[str], marks: Mapping[str, Mark], *, title: str, x: str
) -> go.Figure:
    """Draw one statistic at all places, checkpoints side by side.

    Told by shape and colour: filled in the checkpoint's colour is *beyond noise*, hollow *within noise*,
    hollow and grey with a question mark *not enough data*. The grey band of each row is what measuring
    the base twice gives (of a difference on both sides of 0).

    Args:
        rows: rows of ``comparisons`` of one statistic, with ``place`` and ``rest``
            (`interp.evidence.places.with_places`); one per place and label.
        places: rows of the chart from the top; the last is set apart if it is `EVERY`.
        marks: label to its look, in the order in which checkpoints lie within a row.
        title: of the chart.
        x: what the value is.

    Returns:
        The chart; a click on a point hands back ``[lang, rest]`` (an empty ``lang`` for all languages).
    """
    labels = [label for label in marks if label in set(rows["label"])]
    if rows.empty or not places:
        return empty(title, "no row to draw")
    at = {place: float(row) for row, place in enumerate(places)}
    apart = len(places) > 1 and places[-1] == EVERY
    if apart:
        at[EVERY] += 0.6
    slot = _SLOT / len(labels)
    middle = {label: slot * (n - (len(labels) - 1) / 2) for n, label in enumerate(labels)}
    shown = rows[rows["place"].isin(at)]
    y = shown["place"].map(at).to_numpy(float) + shown["label"].map(middle).to_numpy(float)
    kind = str(shown["kind"].iloc[0])
    figure = go.Figure()
    _floors(figure, shown, y, slot)
    for label in labels:
        _of_label(figure, shown, y, label, marks[label])
    _verdict_legend(figure)
    figure.add_vline(x=_NO_DIFFERENCE[kind], line={"color": _FAINT, "width": 1})
    if apart:
        figure.add_hline(y=at[EVERY] - 0.8, line={"color": _FAINT, "width": 1, "dash": "dot"})
    figure.update_yaxes(
        tickvals=[at[place] for place in places],
        ticktext=[html.escape(place) for place in places],
        range=[max(at.values()) + 0.6, -0.6],
        zeroline=False,
    )
    figure.update_layout(barmode="overlay", hovermode="closest")
    per_row = _PIXELS * max(1.0, 0.6 * len(labels))
    height = int(190 + per_row * (len(places) + apart))
    finish(figure, title=title, x=x, height=height)
    # below the axis title whatever the height: y is in units of the plot's height
    figure.update_layout(legend={"y": -70 / (height - 140)})
    return figure


def _floors(figure: go.Figure, rows: pd.DataFrame, y: np.ndarray, slot: float) -> None:
    floor = rows["noise_floor"].to_numpy(float)
    kind = rows["kind"].to_numpy(str)
    start = np.where(kind == "difference", -floor, np.where(kind == "likeness", floor, 0.0))
    width = np.where(
        kind == "difference", 2 * floor, np.where(kind == "likeness", 1 - floor, floor)
    )
    figure.add_bar(
        y=y,
        x=width,
        base=start,
        width=slot,
        orientation="h",
        marker={"color": BAND, "line": {"width": 0}},
        hoverinfo="skip",
        name="noise floor",
    )


def _of_label(figure: go.Figure, rows: pd.DataFrame, y: np.ndarray, label: str, mark: Mark) -> None:
    chosen = (rows["label"] == label).to_numpy()
    own, y = rows[chosen], y[chosen]
    ends = np.column_stack([own["ci_low"], own["ci_high"], np.full(len(own), np.nan)]).ravel()
    figure.add_scatter(
        x=ends,
        y=np.repeat(y, 3),
        mode="lines",
        line={"color": mark.colour, "width": 2},
        hoverinfo="skip",
        legendgroup=label,
        showlegend=False,
        name=f"{label}: 95 % interval",
    )
    figure.add_scatter(  # what the legend shows: the first point's look may be any verdict's
        x=[None],
        y=[None],
        mode="lines+markers",
        line={"color": mark.colour, "width": 2},
        marker={"symbol": mark.symbol, "color": mark.colour, "size": 11},
        legendgroup=label,
        name=label,
    )
    verdicts = own["verdict"].to_numpy(str)
    lacking = ~np.isin(verdicts, (BEYOND, WITHIN))
    figure.add_scatter(
        x=own["value"],
        y=y,
        mode="markers+text",
        marker={
            "symbol": [mark.symbol + _FILL[one] for one in verdicts],
            "color": np.where(lacking, _FAINT, mark.colour),
            "size": np.where(lacking, 15, 11),
            "opacity": 1,
            "line": {"width": 2, "color": np.where(lacking, _FAINT, mark.colour)},
        },
        text=["?" if one else "" for one in lacking],
        textposition="middle center",
        textfont={"size": 10, "color": _FAINT},
        customdata=[
            ["" if pd.isna(lang) else str(lang), str(rest)]
            for lang, rest in zip(own["lang"], own["rest"], strict=True)
        ],
        hovertext=[hover(row) for row in own.to_dict("records")],
        hoverinfo="text",
        legendgroup=label,
        showlegend=False,
        name=f"{label}: value",
    )


def _verdict_legend(figure: go.Figure) -> None:
    for verdict in (BEYOND, WITHIN, NOT_ENOUGH):
        figure.add_scatter(
            x=[None],
            y=[None],
            mode="markers",
            marker={"symbol": f"circle{_FILL[verdict]}", "color": _FAINT, "size": 10},
            name=f"? {verdict}" if verdict == NOT_ENOUGH else verdict,
        )


def hover(row: Mapping[Any, Any]) -> str:
    """Write the whole evidence of one row, in lines, escaped."""
    lines = [f"{row['place']} · {row['label']} against {row['base']}"]
    if not pd.isna(row["base_value"]) and not pd.isna(row["label_value"]):
        lines.append(f"{row['base_value']:.3g} → {row['label_value']:.3g}")
    lines.append(evidence_text(row))
    lines.append(str(row["reason"]))
    behind = "" if pd.isna(row["behind"]) else f", {row['behind']:.0f} behind it"
    lines.append(f"{row['n']} {row['unit']}, {row['design']}{behind}")
    if row["notes"]:
        lines.append(str(row["notes"]))
    return "<br>".join(part for line in lines for part in _wrapped(html.escape(line)))


def _wrapped(line: str) -> list[str]:
    parts = [""]
    for word in line.split(" "):
        if parts[-1] and len(parts[-1]) + len(word) > _WRAP:
            parts.append("")
        parts[-1] += f" {word}" if parts[-1] else word
    return parts


def null_histogram(
    drawn: Sequence[float] | NDArray[np.float64],
    observed: float,
    usual: float,
    mark: Mark,
    *,
    title: str,
    what: str,
) -> go.Figure:
    """Draw what D is where only chance tells two checkpoints apart, with the observed D in it.

    Args:
        drawn: D of every relabelling.
        observed: D as it is; drawn in the checkpoint's colour.
        usual: what 95 % of the relabellings do not exceed; dashed.
        mark: of the checkpoint.
        title: of the chart.
        what: the relabellings in the plural, e.g. ``relabellings``.

    Returns:
        A histogram that begins at 0, in numbers of relabellings.
    """
    if not len(drawn) or np.isnan(observed):
        return empty(title, "D could not be computed")
    largest = max(observed, usual, float(np.nanmax(drawn)), 1e-9)
    figure = go.Figure(
        go.Histogram(
            x=list(drawn),
            # from 0, below which there is no D; the last bin holds the largest
            xbins={"start": 0, "end": largest * (1 + 1 / BINS), "size": largest / BINS},
            marker={"color": _FAINT, "line": {"width": 0}},
            name=what,
            hovertemplate="D %{x}: %{y}<extra></extra>",
        )
    )
    for x, text, line in (
        (usual, f"95 % at or below {usual:.3g}", {"color": _FAINT, "dash": "dash", "width": 2}),
        (observed, f"observed D {observed:.3g}", {"color": mark.colour, "width": 3}),
    ):
        figure.add_scatter(
            x=[x, x],
            y=[0, 1],
            yaxis="y2",
            mode="lines",
            line=line,
            name=text,
            hovertemplate=f"{text}<extra></extra>",
        )
    figure.update_layout(
        bargap=0.02,
        yaxis2={"overlaying": "y", "range": [0, 1], "visible": False, "fixedrange": True},
    )
    figure.update_xaxes(range=[0, 1.06 * largest])
    finish(figure, title=title, x="D", y=what, height=360)
    figure.update_layout(legend={"y": -0.3})
    return figure


def over_steps(rows: pd.DataFrame, marks: Mapping[str, Mark], *, title: str, y: str) -> go.Figure:
    """Follow a statistic along training, with its interval, the noise floor and each verdict.

    Args:
        rows: rows of ``comparisons`` with ``training`` and ``step``
            (`interp.comparison.trajectory.trajectories`) of one statistic at one place.
        marks: training to its look.
        title: of the chart.
        y: what the value is.
    """
    if rows.empty:
        return empty(title, "no checkpoint along a training has been compared")
    figure = go.Figure()
    kind = str(rows["kind"].iloc[0])
    for training, own in rows.groupby("training", sort=False):
        mark = marks[str(training)]
        floor = own["noise_floor"].to_numpy(float)
        lower = {"difference": -floor, "distance": 0 * floor, "likeness": floor}[kind]
        upper = {"difference": floor, "distance": floor, "likeness": 0 * floor + 1}[kind]
        _ribbon(figure, own["step"], lower, upper, BAND, f"{training}: noise floor")
        _ribbon(
            figure, own["step"], own["ci_low"], own["ci_high"], mark.band(),
            f"{training}: 95 % interval",
        )  # fmt: skip
        figure.add_scatter(
            x=own["step"],
            y=own["value"],
            mode="lines+markers",
            line={"color": mark.colour, "dash": mark.dash},
            marker={
                "symbol": [mark.symbol + _FILL[one] for one in own["verdict"]],
                "color": mark.colour,
                "size": 10,
            },
            hovertext=[f"step {row['step']}<br>{hover(row)}" for row in own.to_dict("records")],
            hoverinfo="text",
            name=str(training),
        )
    figure.add_hline(y=_NO_DIFFERENCE[kind], line={"color": _FAINT, "width": 1})
    return finish(figure, title=title, x="training step", y=y)


def _ribbon(
    figure: go.Figure,
    x: pd.Series,
    low: ArrayLike,
    high: ArrayLike,
    colour: str,
    name: str,
) -> None:
    steps, lower, upper = (np.asarray(one, float) for one in (x, low, high))
    known = ~(np.isnan(lower) | np.isnan(upper))
    steps, lower, upper = steps[known], lower[known], upper[known]
    figure.add_scatter(
        x=np.concatenate([steps, steps[::-1]]),
        y=np.concatenate([lower, upper[::-1]]),
        fill="toself",
        fillcolor=colour,
        mode="lines",
        line={"width": 0},
        hoverinfo="skip",
        name=name,
    )
