"""Training logs: curves with their raw points, gaps left open, and languages by steps."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.subplots import make_subplots

from interp.figures.layout import clickable, empty, finish, legend_below
from interp.figures.marks import SEQUENTIAL, Mark

Floats = NDArray[np.float64]

_PANEL = 230
"""Height of one row of panels in pixels."""

MOST_DOTS = 400
"""Raw points up to which all of a series are drawn, fewer in more than seven panels. Vector graphics, not
WebGL: a page has more charts than a browser has WebGL contexts, and every dot costs as a line of hundreds."""

SAMPLED_DOTS = 120
"""Raw points of one longer series, fewer in more than five panels: every n-th, which shows the spread."""

MOST_ON_LINE = 300
"""Points of one line that are drawn: in a panel of about 500 pixels, more are not to be seen."""

MOST_ON_SHORT_LINE = 160
"""The same where there are more than two panels beside each other."""

MOST_COLUMNS = 160
"""Columns of a map of languages by steps; of more steps, the mean of neighbours."""


def metric_curves(
    frame: pd.DataFrame,
    labels: Sequence[str],
    panels: Sequence[str],
    *,
    title: str,
    marks: Mapping[str, Mark],
    x: str,
    by: str = "metric",
    columns: int = 2,
    same_y: bool = False,
) -> go.Figure:
    """Draw one small panel per metric, or per language, a curve per run.

    Args:
        frame: `interp.train_curves.curves`.
        labels: runs, in order.
        panels: values of the column ``by``, in order; one without a number has no panel.
        title: of the chart.
        marks: label to its look.
        x: title of the x axis, with its unit.
        by: ``metric`` or ``lang``.
        columns: panels beside each other.
        same_y: whether all panels have one y axis; each has its own otherwise.

    Returns:
        Smoothed lines over faint raw points; a line ends at a gap and begins anew after it. A click
        hands back ``[label, step]``.
    """
    series = dict(list(frame.sort_values("step", kind="stable").groupby([by, "label"], sort=False)))
    drawn = {panel for panel, label in series if label in labels}
    panels = [one for one in panels if one in drawn]
    if not panels:
        return empty(title, "nothing of this is in the chosen logs")
    columns = min(columns, len(panels))
    rows = -(-len(panels) // columns)
    figure = make_subplots(
        rows, columns, subplot_titles=[html.escape(str(one)) for one in panels],
        shared_yaxes="all" if same_y else False, horizontal_spacing=0.08 if not same_y else 0.03,
        vertical_spacing=min(0.15, 0.3 / rows),
    )  # fmt: skip
    named: set[str] = set()
    traces: list[go.Scatter] = []
    places: list[tuple[int, int]] = []
    for at, panel in enumerate(panels):
        for label in labels:
            own = series.get((panel, label))
            if own is None:
                continue
            mark = marks[label]
            raw = own.iloc[:: _thinning(len(own), len(panels))]
            smoothed = not np.array_equal(own["value"], own["smoothed"], equal_nan=True)
            traces.append(
                go.Scatter(
                    x=raw["x"].to_numpy(), y=raw["value"].to_numpy(), mode="markers", name=label, legendgroup=label,
                    showlegend=False,
                    marker={
                        "color": mark.colour, "symbol": mark.symbol,
                        "size": 5, "opacity": 0.3 if smoothed else 0.8,
                    },
                    customdata=_points(label, raw["step"]),
                    hovertemplate=f"{html.escape(label)}, step %{{customdata[1]}}: %{{y:.4g}}"
                    "<extra></extra>",
                )
            )  # fmt: skip
            line_x, line_y = _broken(own, _line_thinning(len(own), columns))
            traces.append(
                go.Scatter(
                    x=line_x, y=line_y, mode="lines", name=label, legendgroup=label,
                    showlegend=label not in named, connectgaps=False,
                    line={"color": mark.colour, "dash": mark.dash, "width": 2},
                    hoverinfo="skip",
                )
            )  # fmt: skip
            named.add(label)
            places += [(at // columns + 1, at % columns + 1)] * 2
    figure.add_traces(traces, rows=[row for row, _ in places], cols=[col for _, col in places])
    for column in range(1, columns + 1):
        last = max(row for row in range(1, rows + 1) if (row - 1) * columns + column <= len(panels))
        figure.get_subplot(last, column).xaxis.title.text = x
    if columns > 2:
        for note in figure.layout.annotations:
            note.font.size = 12  # names of metrics are long, panels narrow
    height = 130 + _PANEL * rows
    finish(figure, title=title, height=height)
    figure.layout.margin.t = 90
    return legend_below(figure, height, pixels=55)


def language_map(
    frame: pd.DataFrame, languages: Sequence[str], *, title: str, x: str, name: str
) -> go.Figure:
    """Draw one metric of one run as languages by steps.

    Args:
        frame: `interp.train_curves.curves` of one label and metric, a series per language.
        languages: rows from top to bottom.
        title: of the chart.
        x: title of the x axis.
        name: of the metric.

    Returns:
        A heat map on true distances between steps, white in gaps; a click hands back ``[label, step]``.
    """
    frame = frame[frame["lang"].isin(languages) & frame["smoothed"].notna()]
    if frame.empty:
        return empty(title, "not logged in these languages")
    binned = _binned(frame)
    edges = np.sort(binned["x"].unique())
    grid = binned.pivot_table(index="lang", columns="x", values="smoothed", aggfunc="mean")
    grid = grid.reindex(index=list(languages))
    xs, z = _with_gaps(edges, grid.to_numpy(float))
    figure = go.Figure(
        go.Heatmap(
            x=xs, y=list(range(len(languages))), z=z, colorscale=SEQUENTIAL, hoverinfo="skip",
            ygap=1, name=name, colorbar={"title": {"text": html.escape(name)}, "thickness": 12},
        )
    )  # fmt: skip
    place = {lang: at for at, lang in enumerate(languages)}
    clickable(
        figure,
        binned["x"].tolist(),
        [place[lang] for lang in binned["lang"]],
        binned[["label", "step"]].to_numpy(object).tolist(),
        hover=[
            f"{lang}, step {step:,}: {html.escape(name)} {value:.4g}"
            for lang, step, value in zip(
                binned["lang"], binned["step"], binned["smoothed"], strict=True
            )
        ],
        size=12,
    )
    figure.update_yaxes(
        tickvals=list(place.values()), ticktext=list(place), range=[len(place) - 0.5, -0.5]
    )
    return finish(figure, title=title, x=x, height=150 + 24 * len(languages), legend=False)


def _points(label: str, steps: pd.Series[Any]) -> Any:
    """Lay out what a click on a point hands back ``[point, 2]``."""
    made = np.empty((len(steps), 2), object)
    made[:, 0], made[:, 1] = label, steps.to_numpy()
    return made


def thinned(frame: pd.DataFrame, columns: int = 2) -> tuple[int, int]:
    """Say what is drawn of the longest series: every n-th raw point, every m-th of the line; 1 is all.

    Args:
        frame: `interp.train_curves.curves`.
        columns: panels beside each other, as for `metric_curves`.
    """
    if frame.empty:
        return 1, 1
    panels = len(frame[["metric", "lang"]].drop_duplicates())
    longest = int(frame.groupby(["metric", "lang", "label"]).size().max())
    return _thinning(longest, panels), _line_thinning(longest, min(columns, panels))


def _thinning(points: int, panels: int) -> int:
    if points <= MOST_DOTS:
        return max(1, -(-points * max(1, panels // 4) // MOST_DOTS))
    return -(-points * max(1, panels // 3) // SAMPLED_DOTS)


def _line_thinning(points: int, columns: int) -> int:
    return max(1, -(-points // (MOST_ON_LINE if columns <= 2 else MOST_ON_SHORT_LINE)))


def _broken(own: pd.DataFrame, every: int) -> tuple[Floats, Floats]:
    """Lay out a line, with an empty point between two pieces, so that nothing joins them.

    Args:
        own: one series.
        every: how many points of a piece one is drawn of; its last one is drawn in any case.

    Returns:
        x and y.
    """
    piece = own["piece"].to_numpy()
    begins = np.flatnonzero(np.diff(piece, prepend=piece[0] - 1))
    lengths = np.diff(begins, append=len(piece))
    within = np.arange(len(piece)) - np.repeat(begins, lengths)
    keep = within % every == 0
    keep[begins + lengths - 1] = True
    x, y = (own[name].to_numpy(float)[keep] for name in ("x", "smoothed"))
    breaks = np.flatnonzero(np.diff(piece[keep])) + 1
    return np.insert(x, breaks, x[breaks]), np.insert(y, breaks, np.nan)


def _binned(frame: pd.DataFrame) -> pd.DataFrame:
    """Average neighbouring steps where there are more than can be seen; pieces stay apart."""
    steps = np.sort(frame["step"].unique())
    if len(steps) <= MOST_COLUMNS:
        return frame
    group = pd.Series(np.arange(len(steps)) // -(-len(steps) // MOST_COLUMNS), steps)
    keys = [frame["label"], frame["lang"], frame["piece"], group.loc[frame["step"]].to_numpy()]
    found = frame.groupby(keys, sort=False).agg(
        {"step": "first", "x": "first", "smoothed": "mean", "label": "first", "lang": "first"}
    )
    return found.reset_index(drop=True)


def _with_gaps(edges: Any, z: Any) -> tuple[list[float], Any]:
    """Put an empty column wherever the distance is a gap, so that its neighbours do not fill it."""
    if len(edges) < 2:
        return list(edges), z
    distance = np.diff(edges)
    usual = float(np.median(distance))
    wide = np.flatnonzero(distance > 3 * usual)
    at = np.repeat(wide + 1, 2)
    between = np.column_stack([edges[wide] + usual, edges[wide + 1] - usual]).ravel()
    xs = np.insert(edges, at, between)
    return list(xs), np.insert(z, at, np.nan, axis=1)
