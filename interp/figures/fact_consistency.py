"""Answers across languages: facts right in so many of them, and how alike two languages are answered."""

from __future__ import annotations

import html
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from interp.figures.layout import clickable, empty, finish
from interp.figures.marks import DIVERGING, NEUTRAL, SEQUENTIAL, Mark, hatch


def right_histogram(
    frame: pd.DataFrame, labels: Sequence[str], *, title: str, marks: Mapping[str, Mark]
) -> go.Figure:
    """Draw how many facts are right in exactly k languages.

    Args:
        frame: `interp.evals.checkpoint_tables.right_in_languages`.
        labels: checkpoints, in order.
        title: of the chart.
        marks: label to its look.

    Returns:
        Grouped bars from 0 with 95 % intervals, and as open markers what independent errors would
        give; the legend names every checkpoint's total.
    """
    if frame.empty:
        return empty(title, "no fact is answered in every language by every checkpoint")
    figure = go.Figure()
    for label in labels:
        own = frame[frame["label"] == label]
        total = int(own["facts"].sum())
        mean = float((own["facts"] * own["languages_right"]).sum()) / total
        mark = marks[label]
        figure.add_bar(
            x=own["languages_right"],
            y=own["facts"],
            name=f"{label} ({total:,} facts, {mean:.2f} languages on average)",
            offsetgroup=label,
            marker={"color": mark.colour, "pattern": hatch(mark.pattern)},
            error_y={
                "type": "data",
                "symmetric": False,
                "array": (own["ci_high"] - own["share"]) * own["of"],
                "arrayminus": (own["share"] - own["ci_low"]) * own["of"],
                "thickness": 1,
                "width": 2,
                "color": NEUTRAL,
            },
            customdata=np.column_stack([own["share"], own["ci_low"], own["ci_high"]]),
            hovertemplate=f"{html.escape(label)}: %{{y}} facts right in %{{x}} languages, "
            "%{customdata[0]:.1%} [%{customdata[1]:.1%}, %{customdata[2]:.1%}]<extra></extra>",
        )
    width = 0.8 / len(labels)
    for place, label in enumerate(labels):  # after every bar, each in the middle of its own
        own, mark = frame[frame["label"] == label], marks[label]
        figure.add_scatter(
            x=own["languages_right"] + width * (place - (len(labels) - 1) / 2),
            y=own["if_independent"],
            customdata=own["languages_right"],
            mode="markers",
            name=f"{label} if languages erred independently",
            marker={
                "color": "white",  # seen on bars, too
                "symbol": mark.symbol,
                "size": 8,
                "line": {"width": 1.5, "color": mark.colour},
            },
            hovertemplate="expected: %{y:.1f} facts in %{customdata} languages<extra></extra>",
        )
    figure.update_layout(barmode="group")
    most = int(frame["languages_right"].max())
    figure.update_xaxes(dtick=1, zeroline=False, range=[-0.6, most + 0.6])
    figure.update_yaxes(rangemode="tozero")
    return finish(figure, title=title, x="languages in which the fact is right", y="facts")


def pair_maps(
    frame: pd.DataFrame,
    labels: Sequence[str],
    languages: Sequence[str],
    *,
    title: str,
    column: str = "value",
    name: str = "value",
    chance: float | None = None,
) -> go.Figure:
    """Draw a statistic of every two languages, one map per checkpoint on one scale.

    Args:
        frame: `interp.evals.checkpoint_tables.pairs_of`.
        labels: maps from left to right.
        languages: rows and columns, in order.
        title: of the chart.
        column: ``value``, or ``delta``: the difference from the base on a scale centred on 0, with a
            dot where its own 95 % interval leaves out 0.
        name: of the statistic.
        chance: lower end of the scale of values, e.g. what random rankings give.

    Returns:
        Heat maps; a click hands back ``[language, other language]``.
    """
    frame = frame[frame["label"].isin(labels)]
    if frame.empty or not frame[column].notna().any():
        return empty(title, "nothing to compare: two languages with facts in common are needed")
    figure = make_subplots(
        1, len(labels), subplot_titles=[html.escape(one) for one in labels],
        horizontal_spacing=0.07, shared_yaxes=True,
    )  # fmt: skip
    delta = column == "delta"
    largest = float(np.nanmax(np.abs(frame[column]))) or 1e-9
    low = -largest if delta else min(chance or 0.0, float(np.nanmin(frame[column])))
    figure.update_layout(
        coloraxis={
            "colorscale": DIVERGING if delta else SEQUENTIAL,
            "cmin": low,
            "cmax": largest if delta else float(np.nanmax(frame[column])),
            "colorbar": {"title": {"text": name}, "thickness": 12},
        }
    )
    place = {lang: at for at, lang in enumerate(languages)}
    for number, label in enumerate(labels, start=1):
        own = frame[(frame["label"] == label)]
        own = own[own["lang"].isin(languages) & own["other_lang"].isin(languages)]
        grid = own.pivot(index="lang", columns="other_lang", values=column)
        grid = grid.reindex(index=list(languages), columns=list(languages))
        where = {"row": 1, "col": number}
        dots = np.full(grid.shape, "", object)
        if delta:
            sure = own[(own["delta_low"] > 0) | (own["delta_high"] < 0)]
            dots[sure["lang"].map(place), sure["other_lang"].map(place)] = "·"
        figure.add_trace(
            go.Heatmap(
                z=grid.to_numpy(), x=list(range(len(languages))), y=list(range(len(languages))),
                coloraxis="coloraxis", hoverinfo="skip", xgap=1, ygap=1,
                text=dots, texttemplate="%{text}", textfont={"size": 16}, name=label,
            ),
            **where,
        )  # fmt: skip
        clickable(
            figure,
            [place[one] for one in own["other_lang"]],
            [place[one] for one in own["lang"]],
            own[["lang", "other_lang"]].to_numpy(object).tolist(),
            hover=[_said_pair(row, name) for row in own.to_dict("records")],
            size=max(8, 300 // max(1, len(languages))),
            **where,
        )
    ticks = {"tickvals": list(place.values()), "ticktext": list(place)}
    figure.update_xaxes(**ticks, range=[-0.5, len(place) - 0.5])
    figure.update_yaxes(**ticks, range=[len(place) - 0.5, -0.5])
    height = 190 + 22 * len(languages)
    finish(figure, title=title, height=height, legend=False)
    figure.update_layout(margin={"t": 90})
    return figure


def _said_pair(row: Mapping[Hashable, Any], name: str) -> str:
    text = (
        f"{row['lang']} – {row['other_lang']}, {html.escape(str(row['label']))}: {name} "
        f"{row['value']:.3f} [{row['ci_low']:.3f}, {row['ci_high']:.3f}], {row['facts']} facts"
    )
    if not pd.isna(row["delta"]):
        text += (
            f"<br>minus the base {row['delta']:+.3f} [{row['delta_low']:+.3f}, "
            f"{row['delta_high']:+.3f}]"
        )
    return text
