"""Accuracies as bars from 0: groups of languages by checkpoint, and languages by checkpoint."""

from __future__ import annotations

import html
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from interp.figures.layout import empty, finish, legend_below
from interp.figures.marks import NEUTRAL, Mark, hatch

_GROUPS = (("#4477AA", ""), ("#EE6677", "/"), ("#BBBBBB", "."))
_HEIGHT = 440


def group_bars(
    frame: pd.DataFrame, labels: Sequence[str], groups: Sequence[str], *, title: str
) -> go.Figure:
    """Draw the accuracy of groups of languages, checkpoint by checkpoint.

    Args:
        frame: label, group, facts, languages, accuracy, ci_low, ci_high.
        labels: checkpoints, from the left.
        groups: bars of a checkpoint, from the left; three at most.
        title: of the chart.

    Returns:
        Grouped bars on an axis from 0, each with its interval and its value written beside it.
    """
    frame = frame[frame["label"].isin(labels) & frame["accuracy"].notna()]
    if frame.empty:
        return empty(title, "no fact is left in this choice")
    figure = go.Figure()
    for (colour, pattern), group in zip(_GROUPS, groups, strict=False):
        own = frame[frame["group"] == group].set_index("label").reindex(list(labels))
        own = own.dropna(subset=["accuracy"]).reset_index()
        figure.add_bar(
            x=[list(labels).index(label) for label in own["label"]],
            y=own["accuracy"],
            name=html.escape(group),
            marker={"color": colour, "pattern": hatch(pattern)},
            error_y=_ends(own, "accuracy", "ci_low", "ci_high"),
            hovertext=[_said(row, f"{row['label']}, {row['group']}") for row in _rows(own)],
            hoverinfo="text",
        )
        _values(figure, own, group, groups, labels)
    figure.update_layout(barmode="group")
    figure.update_xaxes(
        tickvals=list(range(len(labels))), ticktext=[html.escape(one) for one in labels],
        zeroline=False, range=[-0.6, len(labels) - 0.4],
    )  # fmt: skip
    top = float(frame[["accuracy", "ci_high"]].max().max())
    figure.update_yaxes(range=[0, min(1.08, 1.15 * top + 0.02)])
    finish(figure, title=title, y="accuracy (share of facts)", height=_HEIGHT)
    return legend_below(figure, _HEIGHT, pixels=45)


def _values(
    figure: go.Figure,
    own: pd.DataFrame,
    group: str,
    groups: Sequence[str],
    labels: Sequence[str],
) -> None:
    """Write values above their intervals, which plotly's own labels would lie on."""
    width = 0.8 / len(groups)
    shift = width * (list(groups).index(group) - (len(groups) - 1) / 2)
    figure.add_scatter(
        x=[list(labels).index(label) + shift for label in own["label"]],
        y=own["ci_high"].fillna(own["accuracy"]),
        mode="text",
        text=[f"{value:.1%}" for value in own["accuracy"]],
        textposition="top center",
        hoverinfo="skip",
        showlegend=False,
        name=f"{html.escape(group)}: values",
    )


def language_bars(
    frame: pd.DataFrame,
    labels: Sequence[str],
    languages: Sequence[str],
    *,
    title: str,
    marks: Mapping[str, Mark],
    divider: tuple[int, str, str] | None = None,
    chance: float | None = None,
) -> go.Figure:
    """Draw accuracies language by language, checkpoints side by side.

    Args:
        frame: `interp.evals.checkpoint_tables.accuracy_of`.
        labels: bars of a language, from the left.
        languages: from the left.
        title: of the chart.
        marks: label to its look.
        divider: number of languages left of a dotted line, and the names of both sides.
        chance: accuracy of guessing, as a line; None for none.

    Returns:
        Grouped bars with intervals on an axis from 0.
    """
    frame = frame[frame["lang"].isin(languages) & frame["accuracy"].notna()]
    if frame.empty:
        return empty(title, "no fact is left in this choice")
    place = {lang: at for at, lang in enumerate(languages)}
    figure = go.Figure()
    for label in labels:
        own = frame[frame["label"] == label]
        figure.add_bar(
            x=own["lang"].map(place),
            y=own["accuracy"],
            name=html.escape(label),
            marker={"color": marks[label].colour, "pattern": hatch(marks[label].pattern)},
            error_y=_ends(own, "accuracy", "ci_low", "ci_high"),
            hovertext=[_said(row, f"{row['lang']}, {row['label']}") for row in _rows(own)],
            hoverinfo="text",
        )
    if divider is not None:
        at, left, right = divider
        figure.add_vline(x=at - 0.5, line={"dash": "dot", "color": NEUTRAL})
        for x, text in (((at - 1) / 2, left), ((at + len(place) - 1) / 2, right)):
            figure.add_annotation(
                x=x, y=1, yref="paper", text=html.escape(text), showarrow=False, yanchor="bottom"
            )
    if chance is not None:
        figure.add_hline(y=chance, line={"dash": "dot", "color": NEUTRAL})
        figure.add_annotation(
            x=1, xref="paper", y=chance, text=f"guessing<br>{chance:.2g}", showarrow=False,
            xanchor="left", align="left", font={"size": 11},
        )  # fmt: skip
    figure.update_layout(barmode="group")
    figure.update_xaxes(
        tickvals=list(place.values()),
        ticktext=list(place),
        range=[-0.6, len(place) - 0.4],
        zeroline=False,
    )
    figure.update_yaxes(rangemode="tozero")
    finish(figure, title=title, y="accuracy (share of facts)", height=_HEIGHT)
    if chance is not None:
        figure.update_layout(margin={"r": 70})  # its name lies beside the bars, not on them
    return legend_below(figure, _HEIGHT, pixels=45)


def _ends(own: pd.DataFrame, value: str, low: str, high: str) -> dict[str, Any]:
    return {
        "type": "data",
        "symmetric": False,
        "array": own[high] - own[value],
        "arrayminus": own[value] - own[low],
        "thickness": 1.2,
        "width": 3,
        "color": NEUTRAL,
    }


def _rows(own: pd.DataFrame) -> list[dict[Hashable, Any]]:
    return own.to_dict("records")


def _said(row: Mapping[Hashable, Any], what: str) -> str:
    return (
        f"{html.escape(what)}: {row['accuracy']:.1%} [{row['ci_low']:.1%}, {row['ci_high']:.1%}] of "
        f"{row['facts']} facts"
    )
