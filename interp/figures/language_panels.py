"""Small multiples with a panel per language: how they are laid out, whatever is drawn in them."""

from __future__ import annotations

import math
from collections.abc import Sequence

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from interp.figures.layout import finish

COLUMNS = 4
"""Panels side by side."""

_FONT = 13
"""Of the titles of axes, in pixels: a longer one than a single row of panels is high runs into the title."""


_BELOW = 62
"""From the panels' lower edge to the legend, in pixels: the numbers and the title of the x axes between."""


def language_panels(
    languages: Sequence[str], *, x: str, y: str, shared: bool
) -> tuple[go.Figure, list[str]]:
    """Lay out a panel per language, four in a row.

    Args:
        languages: of the panels, in order; at least one.
        x: title of all x axes.
        y: title of all y axes.
        shared: whether all panels have one scale.

    Returns:
        A figure without traces, and what is put behind ``x`` and ``y`` for each panel's axes.
    """
    columns = min(COLUMNS, len(languages))
    rows = math.ceil(len(languages) / columns)
    cells = [place < len(languages) for place in range(rows * columns)]
    figure = make_subplots(
        rows=rows,
        cols=columns,
        specs=[[{} if cells[row * columns + at] else None for at in range(columns)]
               for row in range(rows)],
        subplot_titles=list(languages),
        shared_yaxes="all" if shared else False,
        vertical_spacing=0.34 / rows,
        horizontal_spacing=0.02 if shared else 0.05,
        x_title=x,
        y_title=y,
    )  # fmt: skip
    for note in figure.layout.annotations[-2:]:  # the titles of the axes
        note.font.size = _FONT
    return figure, [str(place + 1) if place else "" for place in range(len(languages))]


def finish_panels(figure: go.Figure, n_languages: int, *, title: str) -> go.Figure:
    """Give panels their height and look, the legend below them in pixels, where it covers nothing.

    Args:
        figure: of `language_panels`, with its traces; changed in place.
        n_languages: panels.
        title: of the chart.
    """
    rows = math.ceil(n_languages / min(COLUMNS, n_languages))
    height = 170 * rows + 130
    finish(figure, title=title, height=height)
    # room between the title of the y axes and their numbers, and below that of the x axes
    return figure.update_layout(margin_l=76, legend={"y": -_BELOW / (height - 120)})


def whole_steps(most: float) -> int:
    """Choose a step between ticks of whole numbers, so that few stand in a narrow panel.

    Args:
        most: the largest number.
    """
    return next(step for step in (1, 2, 5, 10, 20, 50, 100) if most / step <= 5 or step == 100)
