"""What one head attends to on one text."""

from __future__ import annotations

import html
from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from interp.figures.layout import empty, finish
from interp.figures.marks import SEQUENTIAL

_LONGEST = 14
"""Signs of a token on an axis; the whole of it is in the hover."""


def attention_map(weights: NDArray[np.floating], tokens: Sequence[str], *, title: str) -> go.Figure:
    """Draw an attention pattern: which tokens are read (keys) at which token (query).

    Args:
        weights: ``[query, key]``; each row sums to 1. Not a number is a gap.
        tokens: one per position, pieces of the text; may repeat, may be empty (within a character).
        title: of the chart.

    Returns:
        A heat map from 0, the first query at the top; positions are whole numbers, so that equal
        tokens stay apart.
    """
    if not len(tokens):
        return empty(title, "the text has no token")
    signs = [visible(token) for token in tokens]
    n = len(signs)
    names = np.array([html.escape(sign) for sign in signs], dtype=object)
    pairs = np.stack(np.broadcast_arrays(names[:, None], names[None, :]), axis=-1)
    figure = go.Figure(
        go.Heatmap(
            z=np.asarray(weights, float),
            customdata=pairs,
            colorscale=SEQUENTIAL,
            zmin=0,
            colorbar={"title": {"text": "weight"}},
            hovertemplate=(
                "at %{y}: %{customdata[0]}<br>reads %{x}: %{customdata[1]}<br>"
                "weight %{z:.3f}<extra></extra>"
            ),
        )
    )
    ticks = {
        "tickvals": list(range(n)),
        "ticktext": [html.escape(_short(sign)) for sign in signs],
        "showgrid": False,
        "zeroline": False,
        "tickfont": {"size": 11 if n <= 40 else 8},
    }
    figure.update_xaxes(range=[-0.5, n - 0.5], tickangle=-60, **ticks)
    figure.update_yaxes(range=[n - 0.5, -0.5], **ticks)
    return finish(
        figure, title=title, x="key: what is read", y="query: where it is read from",
        height=int(min(1000, 280 + max(12, 18 if n <= 40 else 12) * n)), legend=False,
    )  # fmt: skip


def visible(token: str) -> str:
    """Show a token's spaces and line breaks; a piece that ends within a character as ``⋯``."""
    if not token:
        return "⋯"
    return token.replace(" ", "·").replace("\n", "↵").replace("\t", "⇥")


def _short(sign: str) -> str:
    return sign if len(sign) <= _LONGEST else sign[: _LONGEST - 1] + "…"
