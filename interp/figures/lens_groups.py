"""Ranks by layer of groups of facts: a row of ribbons per group, a column per checkpoint."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from interp.figures.layout import empty, finish, legend_below
from interp.figures.lens import LAYER_AXIS, RANK_AXIS, ROLE_NAMES, name_roles
from interp.figures.lens_sets import median_lines
from interp.figures.marks import Mark
from interp.figures.tokens import plotly_text

_ROW_HEIGHT = 290


def group_ribbons(
    frame: pd.DataFrame, groups: Sequence[str], marks: Mapping[str, Mark], *, title: str
) -> go.Figure:
    """Draw median ranks with the quartiles around them, facts of a group in a row.

    Args:
        frame: columns group, label, role, layer, n, q25, median, q75 (0-based ranks; drawn as rank + 1).
        groups: the rows from the top; one without facts is left out.
        marks: label to look, in the order of the columns.
        title: of the chart.

    Returns:
        Lines (target solid, English dashed) over ribbons on one logarithmic axis, the likeliest rank on top.
    """
    labels = [label for label in marks if label in set(frame["label"])]
    rows = [group for group in groups if group in set(frame["group"])]
    if not labels or not rows:
        return empty(title, "no fact was ranked in this language")
    figure = make_subplots(
        rows=len(rows),
        cols=len(labels),
        shared_yaxes="all",
        shared_xaxes="columns",
        horizontal_spacing=0.03,
        vertical_spacing=0.14 / len(rows),
        subplot_titles=[
            f"{plotly_text(label)}: {plotly_text(group)}" for group in rows for label in labels
        ],
    )
    for row, group in enumerate(rows, start=1):
        for col, label in enumerate(labels, start=1):
            own = frame[(frame["group"] == group) & (frame["label"] == label)]
            median_lines(figure, own, label, marks[label], row=row, col=col)
    name_roles(figure, [role for role in ROLE_NAMES if role in set(frame["role"])])
    height = 160 + _ROW_HEIGHT * len(rows)
    figure.update_annotations(font={"size": 13})
    figure.update_yaxes(
        type="log", dtick=1, autorange="reversed", exponentformat="none", separatethousands=True
    )
    figure.update_yaxes(title_text=RANK_AXIS, col=1)
    figure.update_xaxes(title_text=LAYER_AXIS, row=len(rows), col=(len(labels) + 1) // 2)
    finish(figure, title=title, height=height)
    return legend_below(figure, height, pixels=66)
