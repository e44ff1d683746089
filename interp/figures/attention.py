"""What one head attends to on one text."""

from __future__ import annotations

import html
import unicodedata
from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from interp.figures.layout import empty, finish
from interp.figures.marks import SEQUENTIAL

_LONGEST = 14
"""Signs of a token on an axis; the whole of it is in the hover."""


def attention_map(weights: NDArray[np.floating], tokens: Sequence[str], *, title: str) -> go.Figure:
    """Draw an attention pattern: how much each token (query) looks at which tokens (keys).

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
    # positions too: equal tokens are told apart by them
    named = [f"{html.escape(isolated(sign))} (token {at})" for at, sign in enumerate(signs)]
    names = np.array(named, dtype=object)
    pairs = np.stack(np.broadcast_arrays(names[:, None], names[None, :]), axis=-1)
    figure = go.Figure(
        go.Heatmap(
            z=np.asarray(weights, float),
            customdata=pairs,
            colorscale=SEQUENTIAL,
            zmin=0,
            colorbar={"title": {"text": "weight"}, "thickness": 14},
            hovertemplate=(
                "%{customdata[0]}<br>looks at %{customdata[1]}<br>weight %{z:.3f}<extra></extra>"
            ),
            hoverongaps=False,
        )
    )
    ticks = {
        "tickvals": list(range(n)),
        "ticktext": [html.escape(isolated(_short(sign))) for sign in signs],
        "showgrid": False,
        "zeroline": False,
        "tickfont": {"size": 11 if n <= 40 else 8},
    }
    figure.update_xaxes(range=[-0.5, n - 0.5], tickangle=-60, **ticks)
    figure.update_yaxes(range=[n - 0.5, -0.5], **ticks)
    return finish(
        figure, title=title, x="key: the token looked at", y="query: the token that looks",
        height=int(min(1000, 280 + max(12, 18 if n <= 40 else 12) * n)), legend=False,
    )  # fmt: skip


def visible(token: str) -> str:
    """Show a token's spaces and line breaks; a piece that ends within a character as ``⋯``."""
    if not token:
        return "⋯"
    return token.replace(" ", "·").replace("\n", "↵").replace("\t", "⇥")


def isolated(text: str) -> str:
    """Keep a text's own direction within a line that runs left to right.

    A right-to-left token begins at its right end: without this the sign of its leading space would stand
    at its end.
    """
    if any(unicodedata.bidirectional(sign) in ("R", "AL") for sign in text):
        return f"\u2067{text}\u2069"
    return text


def _short(sign: str) -> str:
    return sign if len(sign) <= _LONGEST else sign[: _LONGEST - 1] + "…"
