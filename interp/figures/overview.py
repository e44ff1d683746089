"""What a study holds, and how much of it differs beyond noise."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import plotly.graph_objects as go

from interp.figures.layout import clickable, empty, finish, legend_below
from interp.figures.verdicts import SIGNS
from interp.stats.verdict import BEYOND, NOT_ENOUGH, WITHIN

_THERE = "#33669A"
_COLOURS = {BEYOND: "#AA3377", WITHIN: "#BBBBBB", NOT_ENOUGH: "#66CCEE"}


def completeness(
    frame: pd.DataFrame, labels: Sequence[str], analyses: Sequence[str], *, title: str
) -> go.Figure:
    """Draw which analysis is there for which checkpoint, in how many languages.

    Args:
        frame: columns ``analysis``, ``label`` and ``languages`` (how many; 0 for a run that knows no
            languages); a pair without a row is a gap.
        labels: columns of the grid, in order.
        analyses: rows of the grid, in order.
        title: of the chart.

    Returns:
        A heat map; a click hands back ``[analysis, label]``.
    """
    if frame.empty:
        return empty(title, "no finished run")
    wide = frame.pivot_table(index="analysis", columns="label", values="languages", aggfunc="max")
    wide = wide.reindex(index=list(analyses), columns=list(labels))
    shown = [
        ["" if pd.isna(n) else f"{int(n)}" if n else "✓" for n in row] for row in wide.to_numpy()
    ]
    figure = go.Figure(
        go.Heatmap(
            z=wide.to_numpy(),
            x=list(labels),
            y=list(analyses),
            text=shown,
            texttemplate="%{text}",
            colorscale=[[0, _THERE], [1, _THERE]],
            textfont={"color": "white"},
            showscale=False,
            hoverinfo="skip",
            xgap=2,
            ygap=2,
        )
    )
    cells = [(analysis, label) for analysis in analyses for label in labels]
    figure = clickable(
        figure,
        [label for _, label in cells],
        [analysis for analysis, _ in cells],
        cells,
        hover=[
            _said(float(n), *cell)
            for n, cell in zip(wide.to_numpy(float).ravel(), cells, strict=True)
        ],
        size=40,
    )
    figure.update_yaxes(autorange="reversed", type="category")
    figure.update_xaxes(type="category", side="top")
    return finish(figure, title=title, x=None, y=None, height=90 + 40 * len(analyses), legend=False)


def _said(languages: float, analysis: str, label: str) -> str:
    if pd.isna(languages):
        return f"{label}: no {analysis} run"
    count = f" in {int(languages)} languages" if languages else ""
    return f"{label}: {analysis}{count}"


def verdict_counts(frame: pd.DataFrame, *, title: str) -> go.Figure:
    """Draw how many statistics of each comparison fall under which verdict.

    Args:
        frame: ``interp.evidence.rows.tally``: columns ``label``, ``analysis``, ``statistics``
            and one per verdict.
        title: of the chart.

    Returns:
        Stacked bars, one per checkpoint and analysis, from 0, in statistics.
    """
    if frame.empty:
        return empty(title, "nothing has been compared")
    names = [
        f"{label} · {analysis}"
        for label, analysis in zip(frame["label"], frame["analysis"], strict=True)
    ]
    figure = go.Figure()
    for verdict, colour in _COLOURS.items():
        figure.add_bar(
            y=names,
            x=frame[verdict],
            name=f"{SIGNS[verdict]} {verdict}",
            orientation="h",
            marker={"color": colour},
            hovertemplate=f"%{{y}}<br>{verdict}: %{{x}}<extra></extra>",
        )
    figure.add_scatter(  # a count beside its bar is read however narrow its part of the bar
        y=names,
        x=frame[list(_COLOURS)].sum(axis=1),
        mode="text",
        text=[
            "  "
            + "   ".join(f"{SIGNS[one]} {n}" for one, n in zip(_COLOURS, row, strict=True) if n)
            for row in frame[list(_COLOURS)].to_numpy(int)
        ],
        textposition="middle right",
        hoverinfo="skip",
        showlegend=False,
    )
    figure.update_layout(barmode="stack", legend={"traceorder": "normal"})
    figure.update_yaxes(autorange="reversed", type="category")
    figure.update_xaxes(range=[0, 1.25 * float(frame[list(_COLOURS)].sum(axis=1).max())])
    height = 140 + 32 * len(names)
    finish(figure, title=title, x="comparisons: a statistic at one place", height=height)
    return legend_below(figure, height)
