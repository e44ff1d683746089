"""Accuracy language by language, the base joined to every other checkpoint, with verdicts."""

from __future__ import annotations

import html
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from interp.figures.layout import empty, finish, legend_below
from interp.figures.marks import NEUTRAL, Mark


def dumbbell(
    frame: pd.DataFrame,
    labels: Sequence[str],
    languages: Sequence[str],
    base: str,
    *,
    title: str,
    marks: Mapping[str, Mark],
    chance: float | None = None,
    signs: Mapping[tuple[str, str], str] | None = None,
    evidence: Mapping[tuple[str, str], str] | None = None,
) -> go.Figure:
    """Draw accuracies language by language, the base joined to every other checkpoint.

    Args:
        frame: `interp.evals.checkpoint_tables.accuracy_of`: label, lang, facts, accuracy, ci_low,
            ci_high, delta, delta_low, delta_high.
        labels: checkpoints, the base first.
        languages: rows from top to bottom.
        base: label of the base.
        title: of the chart.
        marks: label to its look.
        chance: accuracy of guessing, as a line; None for none.
        signs: (label, language) to a sign of the verdict on the difference, in a column at the right.
        evidence: (label, language) to the evidence in words, for the hover.

    Returns:
        Points with intervals on an axis from 0; a click hands back ``[language]``.
    """
    frame = frame[frame["lang"].isin(languages) & frame["accuracy"].notna()]
    if frame.empty:
        return empty(title, "no fact is left in this choice")
    rows = {lang: place for place, lang in enumerate(languages)}
    shift = {label: 0.22 * (at - (len(labels) - 1) / 2) for at, label in enumerate(labels)}
    figure = go.Figure()
    levels = frame[frame["label"] == base].set_index("lang")["accuracy"]
    for label in labels:
        own = frame[frame["label"] == label]
        y = own["lang"].map(rows) + shift[label]
        if label != base:
            starts = own["lang"].map(levels)
            xs = np.column_stack([starts, own["accuracy"], np.full(len(own), np.nan)]).ravel()
            figure.add_scatter(
                x=xs, y=np.repeat(y, 3), mode="lines", line={"color": NEUTRAL, "width": 1},
                hoverinfo="skip", showlegend=False, name=f"{base} to {label}",
            )  # fmt: skip
        figure.add_scatter(
            x=own["accuracy"],
            y=y,
            mode="markers",
            name=label,
            marker={"color": marks[label].colour, "symbol": marks[label].symbol, "size": 9},
            error_x={
                "type": "data",
                "symmetric": False,
                "array": own["ci_high"] - own["accuracy"],
                "arrayminus": own["accuracy"] - own["ci_low"],
                "color": marks[label].colour,
                "thickness": 1.2,
                "width": 3,
            },
            customdata=[[lang] for lang in own["lang"]],
            hovertext=[_said_accuracy(row, base, evidence or {}) for row in own.to_dict("records")],
            hoverinfo="text",
        )
    edge = 1.02
    for at, label in enumerate(label for label in labels if label != base and signs):
        shown = [
            (lang, (signs or {})[label, lang])
            for lang in languages
            if (label, lang) in (signs or {})
        ]
        figure.add_scatter(
            x=[1.04 + 0.06 * at] * len(shown),
            y=[rows[lang] + shift[label] for lang, _ in shown],
            mode="text",
            text=[sign for _, sign in shown],
            textfont={"color": marks[label].colour, "size": 14},
            hovertext=[html.escape((evidence or {}).get((label, lang), "")) for lang, _ in shown],
            hoverinfo="text",
            showlegend=False,
            name=f"verdict on {label}",
        )
        edge = 1.08 + 0.06 * at
    if edge > 1.02:
        figure.add_annotation(
            text="verdicts", x=edge, y=1, xref="x", yref="paper", xanchor="right", yanchor="bottom",
            showarrow=False, font={"size": 11},
        )  # fmt: skip
    if chance is not None:
        figure.add_vline(
            x=chance, line={"dash": "dot", "color": NEUTRAL},
            annotation={"text": f"guessing {chance:.2g}", "font": {"size": 11}, "yanchor": "bottom"},
        )  # fmt: skip
    figure.update_yaxes(
        tickvals=list(rows.values()),
        ticktext=list(rows),
        range=[len(rows) - 0.4, -0.6],
        zeroline=False,
    )
    figure.update_xaxes(range=[0, edge], tickvals=[0, 0.2, 0.4, 0.6, 0.8, 1])
    height = 170 + max(34, 14 * len(labels)) * len(rows)
    finish(figure, title=title, x="accuracy (share of facts)", height=height)
    return legend_below(figure, height)


def _said_accuracy(
    row: Mapping[Hashable, Any], base: str, evidence: Mapping[tuple[str, str], str]
) -> str:
    label, lang = str(row["label"]), str(row["lang"])
    text = (
        f"{lang}, {html.escape(label)}: {row['accuracy']:.1%} [{row['ci_low']:.1%}, "
        f"{row['ci_high']:.1%}] of {row['facts']} facts"
    )
    if label != base and not pd.isna(row["delta"]):
        text += (
            f"<br>minus {html.escape(base)} {row['delta']:+.3f} [{row['delta_low']:+.3f}, "
            f"{row['delta_high']:+.3f}]"
        )
    if (label, lang) in evidence:
        text += f"<br>compared: {html.escape(evidence[label, lang])}"
    return text
