"""One head: its scores everywhere, and what ablating the sets that hold it did."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from interp.figures.heads import legend_below
from interp.figures.layout import empty, finish
from interp.figures.marks import Mark

_SETS = {
    "heads": ("the language's own set", "#AA3377", "diamond"),
    "random": ("random heads, as many", "#8A8A8A", "circle"),
    "layer-matched": ("random heads of the same layers", "#228833", "square"),
}


def head_scores(
    frame: pd.DataFrame, languages: Sequence[str], *, title: str, marks: Mapping[str, Mark]
) -> go.Figure:
    """Draw one head's score in every language and checkpoint, with intervals where there are any.

    Args:
        frame: columns ``label``, ``lang``, ``score``, ``ci_low``, ``ci_high``, ``rank``, ``of``,
            ``share``.
        languages: rows, in order.
        title: of the chart.
        marks: label to look.
    """
    if frame.empty:
        return empty(title, "none of these checkpoints has this head")
    languages = [lang for lang in languages if lang in set(frame["lang"])]
    place = {lang: at for at, lang in enumerate(languages)}
    figure = go.Figure()
    labels = list(dict.fromkeys(frame["label"]))
    for shift, label in zip(shifts(len(labels)), labels, strict=True):
        own = frame[frame["label"] == label]
        figure.add_scatter(
            x=own["score"],
            y=own["lang"].map(place) + shift,
            error_x=_bars(own, "score"),
            mode="markers",
            name=label,
            marker={"color": marks[label].colour, "symbol": marks[label].symbol, "size": 9},
            customdata=own[["lang", "ci_low", "ci_high", "rank", "of", "share"]].to_numpy(object),
            hovertemplate=(
                f"{label}, %{{customdata[0]}}: %{{x:.4g}} [%{{customdata[1]:.4g}}, "
                "%{customdata[2]:.4g}]<br>rank %{customdata[3]} of %{customdata[4]}, "
                "%{customdata[5]:.2f} % of the total<extra></extra>"
            ),
        )
    language_rows(figure, languages)
    figure.update_xaxes(rangemode="tozero")
    return legend_below(
        finish(
            figure,
            title=title,
            x="LAHIS score, 95 % bootstrap interval over samples",
            height=170 + 30 * len(languages),
        )
    )


def set_effects(
    frame: pd.DataFrame, languages: Sequence[str], *, title: str, unit: str = "nats per token"
) -> go.Figure:
    """Draw what ablating one set of heads did to every language, beside random sets.

    Args:
        frame: columns ``lang``, ``kind``, ``draws``, ``delta_nll``, ``ci_low``, ``ci_high``.
        languages: rows, in order.
        title: of the chart.
        unit: of ``delta_nll``.
    """
    if frame.empty:
        return empty(title, "this set has not been ablated")
    languages = [lang for lang in languages if lang in set(frame["lang"])]
    place = {lang: at for at, lang in enumerate(languages)}
    figure = go.Figure()
    for shift, (kind, (name, colour, symbol)) in zip(
        shifts(len(_SETS)), _SETS.items(), strict=True
    ):
        own = frame[(frame["kind"] == kind) & frame["lang"].isin(place)]
        if own.empty:
            continue
        draws = int(own["draws"].max())
        shown = name if kind == "heads" else f"{name} ({draws} draw{'s' if draws > 1 else ''})"
        figure.add_scatter(
            x=own["delta_nll"],
            y=own["lang"].map(place) + shift,
            error_x=_bars(own, "delta_nll"),
            mode="markers",
            name=shown,
            marker={"color": colour, "symbol": symbol, "size": 9},
            customdata=own[["lang", "ci_low", "ci_high"]].to_numpy(object),
            hovertemplate=(
                f"{name}<br>%{{customdata[0]}}: %{{x:+.4g}} [%{{customdata[1]:.4g}}, "
                "%{customdata[2]:.4g}]<extra></extra>"
            ),
        )
    figure.add_vline(x=0, line={"color": "#8A8A8A", "width": 1})
    language_rows(figure, languages)
    return legend_below(
        finish(
            figure,
            title=title,
            x=f"loss, ablated minus intact, {unit}, 95 % interval",
            y="measured on",
            height=190 + 30 * len(languages),
        )
    )


def _bars(frame: pd.DataFrame, value: str) -> dict[str, object]:
    """Interval ends as distances from the value; nothing where there is no interval."""
    return {
        "type": "data",
        "symmetric": False,
        "array": np.nan_to_num(frame["ci_high"].to_numpy(float) - frame[value].to_numpy(float)),
        "arrayminus": np.nan_to_num(frame[value].to_numpy(float) - frame["ci_low"].to_numpy(float)),
        "thickness": 1.2,
        "width": 3,
    }


def shifts(n: int) -> list[float]:
    """Spread ``n`` series within a row of height 1, so that none covers another."""
    return [0.24 * (at - (n - 1) / 2) for at in range(n)]


def language_rows(figure: go.Figure, languages: Sequence[str]) -> None:
    """Name rows 0, 1, … by languages, the first at the top."""
    figure.update_yaxes(
        tickvals=list(range(len(languages))),
        ticktext=list(languages),
        range=[len(languages) - 0.5, -0.5],
        zeroline=False,
    )
