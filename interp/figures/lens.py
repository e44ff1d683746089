"""One fact through the layers: ranks of its answers, and the likeliest token at every layer."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from interp.figures.layout import clickable, empty, finish
from interp.figures.marks import SEQUENTIAL, Mark
from interp.figures.tokens import plotly_text, token_label

ROLE_NAMES = {"target": "target answer", "en": "English answer", "distractor": "a wrong option"}
ROLE_DASH = {"target": "solid", "en": "dash", "distractor": "dot"}
_OPEN = {"target": "", "en": "-open", "distractor": "-open-dot"}
_GREY = "#8A8A8A"

RANK_AXIS = "rank (1 = most likely)"
LAYER_AXIS = "layer (0: embeddings, l: after block l)"

SHOWN_IN_CELL = 16
"""Characters of a token that a cell has room for."""


def rank_trajectories(
    ranks: pd.DataFrame,
    tops: pd.DataFrame,
    marks: Mapping[str, Mark],
    *,
    title: str,
    log: bool = True,
    crossovers: Mapping[str, float] | None = None,
) -> go.Figure:
    """Draw the rank of a fact's answers by layer, one panel per checkpoint.

    Args:
        ranks: columns label, role, depth, spot, token, logprob and rank (0-based; drawn as rank + 1).
        tops: columns label, spot, place, token, probability: what is shown on hover.
        marks: label to look, in the order of the panels.
        title: of the chart.
        log: whether the ranks' axis is logarithmic.
        crossovers: label to the layer from which the target stays ahead of English; infinite where
            it never does, not a number where that cannot be said.

    Returns:
        Lines (target solid, English dashed), the likeliest rank on top; a click hands back
        ``[spot]``.
    """
    labels = [label for label in marks if label in set(ranks["label"])]
    if not labels:
        return empty(title, "no ranks of this fact in this language")
    figure = rank_panels(labels, log=log)
    likeliest = {
        key: "<br>".join(
            f"{place}. {plotly_text(token_label(token))} {share:.1%}"
            for place, token, share in zip(
                own["place"], own["token"], own["probability"], strict=True
            )
        )
        for key, own in tops.groupby(["label", "spot"], sort=False)
    }
    for column, label in enumerate(labels, start=1):
        mine = ranks[ranks["label"] == label]
        for role in [role for role in ROLE_NAMES if role in set(mine["role"])]:
            own = mine[mine["role"] == role].sort_values("depth")
            hover = [
                f"{plotly_text(label)}, layer {spot}<br>{ROLE_NAMES[role]} "
                f"{plotly_text(token_label(token))}: rank {rank + 1:g}"
                f" ({math.exp(logprob):.2%})<br>{likeliest.get((label, spot), '')}"
                for spot, token, rank, logprob in zip(
                    own["spot"], own["token"], own["rank"], own["logprob"], strict=True
                )
            ]
            figure.add_scatter(
                x=own["depth"],
                y=own["rank"] + 1,
                mode="lines+markers",
                line={"color": marks[label].colour, "dash": ROLE_DASH[role]},
                marker={"symbol": marks[label].symbol + _OPEN[role], "size": 8},
                opacity=0.5 if role == "distractor" else 1,
                customdata=[[spot] for spot in own["spot"]],
                hovertext=hover,
                hoverinfo="text",
                name=f"{label} {ROLE_NAMES[role]}",
                showlegend=False,
                row=1,
                col=column,
            )
        _mark_crossover(figure, column, (crossovers or {}).get(label, math.nan))
    name_roles(figure, [role for role in ROLE_NAMES if role in set(ranks["role"])])
    return finish(figure, title=title, height=460)


def rank_panels(labels: Sequence[str], *, log: bool) -> go.Figure:
    """Lay out one panel per checkpoint with a common axis of ranks, rank 1 on top.

    Args:
        labels: the checkpoints.
        log: whether the ranks' axis is logarithmic.
    """
    figure = make_subplots(
        rows=1,
        cols=len(labels),
        shared_yaxes=True,
        horizontal_spacing=0.03,
        subplot_titles=[plotly_text(label) for label in labels],
    )
    kind = {"type": "log", "dtick": 1} if log else {"type": "linear"}
    figure.update_yaxes(autorange="reversed", exponentformat="none", separatethousands=True, **kind)
    figure.update_yaxes(title_text=RANK_AXIS, col=1)
    return name_layers(figure, len(labels))


def name_layers(figure: go.Figure, panels: int) -> go.Figure:
    """Name the axis of layers once, below the middle one of panels that stand beside each other."""
    return figure.update_xaxes(title_text=LAYER_AXIS, row=1, col=(panels + 1) // 2)


def name_roles(figure: go.Figure, roles: Sequence[str]) -> None:
    """Explain dashes in the legend, in grey: colours are the checkpoints', which panels name."""
    for role in roles:
        figure.add_scatter(
            x=[None],
            y=[None],
            mode="lines+markers",
            line={"color": _GREY, "dash": ROLE_DASH[role]},
            marker={"symbol": f"circle{_OPEN[role]}", "size": 8},
            name=ROLE_NAMES[role],
            hoverinfo="skip",
            row=1,
            col=1,
        )


def _mark_crossover(figure: go.Figure, column: int, layer: float) -> None:
    if math.isnan(layer):
        return
    if math.isinf(layer):
        figure.add_annotation(
            text="no crossover: English ahead at the end",
            xref="x domain",
            yref="y domain",
            x=0.02,
            y=0.02,
            showarrow=False,
            row=1,
            col=column,
        )
        return
    figure.add_vline(
        x=layer,
        line={"dash": "dot", "width": 1.5, "color": _GREY},
        annotation_text=f"crossover {layer:g}",
        annotation_position="bottom left" if layer > 0 else "bottom right",
        row=1,
        col=column,
    )


def top_token_grid(tops: pd.DataFrame, labels: Sequence[str], *, title: str) -> go.Figure:
    """Draw the likeliest token at every layer, one column per checkpoint.

    Args:
        tops: columns label, depth, spot, place, token, probability, and ``answer``: ``target``,
            ``en`` or empty, whose answer the token begins. Places other than 1 are shown on hover.
        labels: the checkpoints, in order.
        title: of the chart.

    Returns:
        A heat map of probabilities with tokens in the cells (``✓`` behind the target's, ``EN``
        behind the English answer's), the embeddings at the bottom; a click hands back ``[spot]``.
    """
    first = tops[tops["place"] == 1]
    labels = [label for label in labels if label in set(first["label"])]
    if not labels:
        return empty(title, "no tokens of this fact in this language")
    spots = first.drop_duplicates("spot").sort_values("depth")["spot"].tolist()
    row_of, column_of = ({name: at for at, name in enumerate(names)} for names in (spots, labels))
    z = np.full((len(spots), len(labels)), np.nan)
    text = np.full(z.shape, "", object)
    for label, spot, token, share, answer in zip(
        *(first[name] for name in ("label", "spot", "token", "probability", "answer")), strict=True
    ):
        at = row_of[spot], column_of[label]
        z[at] = share
        sign = {"target": " ✓", "en": " EN"}.get(answer, "")
        text[at] = plotly_text(token_label(token, most=SHOWN_IN_CELL)) + sign
    figure = go.Figure(
        go.Heatmap(
            z=z,
            x=list(range(len(labels))),
            y=list(range(len(spots))),
            text=text,
            texttemplate="%{text}",
            colorscale=SEQUENTIAL,
            zmin=0,
            zmax=1,
            colorbar={"title": {"text": "probability"}, "tickformat": ".0%"},
            hoverinfo="skip",
            xgap=2,
            ygap=1,
        )
    )
    hover = {
        key: f"{plotly_text(str(key[0]))}, layer {key[1]}<br>"
        + "<br>".join(
            f"{place}. {plotly_text(token_label(token))} {share:.1%}"
            for place, token, share in zip(
                own["place"], own["token"], own["probability"], strict=True
            )
        )
        for key, own in tops.sort_values("place").groupby(["label", "spot"], sort=False)
    }
    figure = clickable(
        figure,
        [column_of[label] for label, _ in hover],
        [row_of[spot] for _, spot in hover],
        [[spot] for _, spot in hover],
        hover=list(hover.values()),
        size=24,
    )
    # tokens repeat, so that cells are placed by number and only named by layer and checkpoint
    figure.update_xaxes(
        tickvals=list(range(len(labels))),
        ticktext=[plotly_text(label) for label in labels],
        side="top",
        range=[-0.5, len(labels) - 0.5],
    )
    figure.update_yaxes(
        tickvals=list(range(len(spots))), ticktext=spots, range=[-0.5, len(spots) - 0.5]
    )
    height = 130 + 26 * len(spots)
    return finish(figure, title=title, y="layer", height=height, legend=False)
