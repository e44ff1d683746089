"""How much of a difference between two checkpoints' heads is a change of scale."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from interp.figures.heads import legend_below
from interp.figures.layout import empty, finish
from interp.figures.marks import NEUTRAL, Mark
from interp.figures.one_head import language_rows, shifts


def weakened_dots(
    frame: pd.DataFrame,
    labels: Sequence[str],
    languages: Sequence[str],
    *,
    title: str,
    marks: Mapping[str, Mark],
) -> go.Figure:
    """Draw the percent of weaker heads per language, raw (hollow) and as a share of the total (full).

    Args:
        frame: columns ``label``, ``lang``, ``ratio``, ``fell_raw``, ``fell_share`` (percent).
        labels: checkpoints, in order.
        languages: rows, in order.
        title: of the chart.
        marks: label to look.

    Returns:
        Two dots joined by a line per language and checkpoint, and a line at 50 %.
    """
    known = frame.dropna(subset=["fell_raw", "fell_share"])
    labels = [label for label in labels if label in set(known["label"])]
    languages = [lang for lang in languages if lang in set(known["lang"])]
    if not labels or not languages:
        return empty(title, "no two checkpoints with the same layers, heads and languages")
    place = {lang: at for at, lang in enumerate(languages)}
    figure = go.Figure()
    for shift, label in zip(shifts(len(labels)), labels, strict=True):
        own, mark = known[known["label"] == label], marks[label]
        rows = own["lang"].map(place).to_numpy(float) + shift
        gap = np.full(len(own), np.nan)
        figure.add_scatter(
            x=np.stack([own["fell_raw"], own["fell_share"], gap], axis=1).ravel(),
            y=np.repeat(rows, 3),
            mode="lines",
            line={"color": NEUTRAL, "width": 1.5},
            hoverinfo="skip",
            showlegend=False,
        )
        for column, name, hollow in (
            ("fell_raw", f"{label}, raw", True),
            ("fell_share", f"{label}, share of the total", False),
        ):
            figure.add_scatter(
                x=own[column].to_numpy(float),
                y=rows,
                mode="markers",
                name=name,
                marker={
                    "color": mark.colour,
                    "symbol": f"{mark.symbol}-open" if hollow else mark.symbol,
                    "size": 10,
                    "line": {"width": 2 if hollow else 0, "color": mark.colour},
                },
                customdata=own[["lang", "ratio"]].to_numpy(object),
                hovertemplate=(
                    f"{name}, %{{customdata[0]}}: %{{x:.0f}} % of the heads weaker<br>"
                    "total score %{customdata[1]:.2f} times the base's<extra></extra>"
                ),
            )
    figure.add_vline(x=50, line={"dash": "dash", "color": "#8A8A8A"})
    language_rows(figure, languages)
    figure.update_xaxes(range=[-2, 102])
    return legend_below(
        finish(
            figure, title=title, x="heads weaker than in the base, %",
            height=170 + 26 * len(languages),
        )
    )  # fmt: skip
