"""Sets of top heads: what languages share, where they lie, what a checkpoint changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.subplots import make_subplots

from interp.figures.heads import DOT, TARGET, legend_below, whole_cells
from interp.figures.layout import clickable, empty, finish
from interp.figures.marks import DIVERGING, SEQUENTIAL, Mark
from interp.figures.one_head import language_rows, shifts

_EDGE = "#AA3377"

PRINTED = 48
"""Columns of cells side by side up to which every number is printed; the hover has them all."""

_CHANGES = {
    "stable": ("#66CCEE", ""),
    "lost": ("#CCBB44", "/"),
    "gained": ("#AA3377", "x"),
    "changed": ("#EE7733", "/"),
}
"""Colour and pattern: none is a checkpoint's."""


def overlap_maps(
    frame: pd.DataFrame,
    labels: Sequence[str],
    languages: Sequence[str],
    *,
    title: str,
    unit: str,
    diverging: bool = False,
    chosen: tuple[str, str] | None = None,
    beyond: pd.DataFrame | None = None,
) -> go.Figure:
    """Draw how much of their top heads every two languages share, a panel per checkpoint.

    Args:
        frame: columns ``label``, ``lang``, ``other_lang``, ``percent``.
        labels: checkpoints with a panel, in order.
        languages: rows and columns, in order.
        title: of the chart.
        unit: of ``percent``.
        diverging: whether ``percent`` is a difference, centred on 0; else the scale is 0 to 100.
        chosen: two languages whose cells are framed.
        beyond: columns ``label``, ``lang``, ``other_lang``: pairs to mark with a dot, in both orders.

    Returns:
        Heat maps with one scale and every value printed; a click hands back ``[label, lang,
        other_lang]``.
    """
    labels = [label for label in labels if label in set(frame["label"])]
    if not labels:
        return empty(title, "no top heads of these checkpoints and languages")
    figure = _panels(labels)
    n, side = len(languages), 26
    place = {lang: at for at, lang in enumerate(languages)}
    for at, label in enumerate(labels, 1):
        own = frame[frame["label"] == label]
        values = np.full((n, n), np.nan)
        rows, columns = (own[name].map(place).to_numpy(int) for name in ("lang", "other_lang"))
        values[rows, columns] = own["percent"].to_numpy(float)
        figure.add_heatmap(
            z=values,
            coloraxis="coloraxis",
            text=[[_printed(value, diverging) for value in row] for row in values],
            texttemplate="%{text}",
            textfont={"size": 10},
            hoverinfo="skip",
            name=label,
            row=1,
            col=at,
        )  # fmt: skip
        if beyond is not None:
            marked = beyond[beyond["label"] == label]
            pairs = [
                (place[a], place[b])
                for a, b in zip(marked["lang"], marked["other_lang"], strict=True)
                if a in place and b in place
            ]
            pairs += [(b, a) for a, b in pairs]
            figure.add_scatter(
                # in the cell's corner, beside the number
                x=[b + 0.36 for _, b in pairs],
                y=[a - 0.36 for a, _ in pairs],
                mode="markers",
                marker={**DOT, "size": 6},
                hoverinfo="skip",
                name="beyond noise",
                showlegend=at == 1,
                row=1,
                col=at,
            )
        clickable(
            figure,
            columns.tolist(),
            rows.tolist(),
            [[label, a, b] for a, b in zip(own["lang"], own["other_lang"], strict=True)],
            hover=[
                f"{label}: {a} and {b}<br>{unit}: {value:{'+' if diverging else ''}.1f}"
                for a, b, value in zip(own["lang"], own["other_lang"], own["percent"], strict=True)
            ],
            size=TARGET,
            row=1,
            col=at,
        )
        whole_cells(figure, n, n, row=1, col=at)
        if chosen is not None and {*chosen} <= {*place}:
            for a, b in {chosen, chosen[::-1]}:
                x, y = place[b], place[a]
                figure.add_shape(
                    type="rect", x0=x - 0.5, x1=x + 0.5, y0=y - 0.5, y1=y + 0.5,
                    line={"color": _EDGE, "width": 3}, row=1, col=at,
                )  # fmt: skip
    ticks = {"tickvals": list(range(n)), "ticktext": list(languages)}
    figure.update_xaxes(**ticks)
    figure.update_yaxes(**ticks)
    most = float(np.nanmax(np.abs(frame["percent"].to_numpy(float)), initial=0.0)) or 1.0
    colours = (
        {"colorscale": DIVERGING, "cmin": -most, "cmax": most}
        if diverging
        else {"colorscale": SEQUENTIAL, "cmin": 0, "cmax": 100}
    )
    figure.update_layout(
        coloraxis={**colours, "colorbar": {"title": {"text": unit, "side": "right"}}},
        hoverdistance=-1,
    )
    return legend_below(finish(figure, title=title, height=150 + side * n))


def layer_profiles(
    frame: pd.DataFrame,
    labels: Sequence[str],
    languages: Sequence[str],
    *,
    title: str,
    beyond: pd.DataFrame | None = None,
) -> go.Figure:
    """Draw where each language's top heads lie, a panel per checkpoint.

    Args:
        frame: columns ``label``, ``lang``, ``layer``, ``percent``.
        labels: checkpoints, in order.
        languages: rows, in order.
        title: of the chart.
        beyond: columns ``label``, ``lang``, ``layer``: cells to mark with a dot.

    Returns:
        Heat maps of percent with one scale from 0; a click hands back ``[label, lang, layer]``.
    """
    labels = [label for label in labels if label in set(frame["label"])]
    if not labels:
        return empty(title, "no top heads of these checkpoints and languages")
    figure = _panels(labels)
    n, side = len(languages), 28
    # numbers of neighbours run into each other where cells are narrower than they
    cells = frame[frame["label"].isin(labels)].groupby("label")["layer"].nunique().sum()
    beside = 0.36 if cells <= PRINTED else 0.0  # a dot stands in the corner beside a number
    place = {lang: at for at, lang in enumerate(languages)}
    for at, label in enumerate(labels, 1):
        own = frame[frame["label"] == label]
        layers = own["layer"].to_numpy(int)
        rows = own["lang"].map(place).to_numpy(int)
        values = np.full((n, layers.max() + 1), np.nan)
        values[rows, layers] = own["percent"].to_numpy(float)
        figure.add_heatmap(
            z=values,
            coloraxis="coloraxis",
            **(_numbers(values) if cells <= PRINTED else {}),
            hoverinfo="skip",
            name=label,
            row=1,
            col=at,
        )
        if beyond is not None:
            marked = beyond[(beyond["label"] == label) & beyond["lang"].isin(place)]
            figure.add_scatter(
                x=[int(layer) + beside for layer in marked["layer"]],
                y=[place[lang] - beside for lang in marked["lang"]],
                mode="markers",
                marker={**DOT, "size": 6},
                hoverinfo="skip",
                name="differs from the base beyond noise",
                showlegend=False,
                row=1,
                col=at,
            )
        clickable(
            figure,
            layers.tolist(),
            rows.tolist(),
            [[label, lang, int(k)] for lang, k in zip(own["lang"], layers, strict=True)],
            hover=[
                f"{label}: {lang}, layer {k}<br>{value:.1f} % of its top heads"
                for lang, k, value in zip(own["lang"], layers, own["percent"], strict=True)
            ],
            size=TARGET,
            row=1,
            col=at,
        )
        whole_cells(figure, n, values.shape[1], row=1, col=at)
    figure.update_yaxes(tickvals=list(range(n)), ticktext=list(languages))
    figure.update_xaxes(title_text="layer (from 0)")
    figure.update_layout(
        coloraxis={
            "colorscale": SEQUENTIAL,
            "cmin": 0,
            "cmax": float(frame["percent"].max()) or 1.0,
            "colorbar": {"title": {"text": "% of top heads", "side": "right"}},
        },
        hoverdistance=-1,
    )
    return finish(figure, title=title, height=150 + side * n, legend=False)


def changed_heads(
    frame: pd.DataFrame,
    labels: Sequence[str],
    languages: Sequence[str],
    *,
    title: str,
    kinds: Sequence[str] = ("stable", "lost", "gained"),
) -> go.Figure:
    """Draw how many top heads stay, go and come, a panel per checkpoint.

    Args:
        frame: columns ``label``, ``lang``, and those of ``kinds``, in heads.
        labels: checkpoints, in order.
        languages: rows, in order.
        title: of the chart.
        kinds: what is stacked, of ``stable``, ``lost``, ``gained``, ``changed``.

    Returns:
        Stacked bars from 0, in heads; a click hands back ``[label, lang]``.
    """
    labels = [label for label in labels if label in set(frame["label"])]
    if not labels:
        return empty(title, "no two checkpoints with the same layers, heads and languages")
    figure = make_subplots(
        1, len(labels), subplot_titles=labels, shared_yaxes=True, horizontal_spacing=0.04
    )
    languages = [lang for lang in languages if lang in set(frame["lang"])]
    for at, label in enumerate(labels, 1):
        own = frame[frame["label"] == label]
        for change in kinds:
            colour, pattern = _CHANGES[change]
            figure.add_bar(
                y=own["lang"],
                x=own[change],
                orientation="h",
                name=change,
                legendgroup=change,
                showlegend=at == 1,
                marker={
                    "color": colour,
                    "pattern": {"shape": pattern, "fillmode": "overlay", "solidity": 0.1},
                },
                text=[str(count) if count else "" for count in own[change]],
                textangle=0,
                textposition="inside",
                insidetextanchor="middle",
                customdata=[[label, lang] for lang in own["lang"]],
                hovertemplate=f"{label}, %{{y}}<br>{change}: %{{x}} heads<extra></extra>",
                row=1,
                col=at,
            )
    figure.update_layout(barmode="stack")
    most = float(frame[list(kinds)].sum(axis=1).max())
    figure.update_xaxes(title_text="heads", range=[0, 1.05 * most])
    figure.update_yaxes(
        type="category", categoryorder="array", categoryarray=languages, autorange="reversed"
    )
    return legend_below(finish(figure, title=title, height=170 + 26 * len(languages)))


def jaccard_dots(
    frame: pd.DataFrame, languages: Sequence[str], *, title: str, marks: Mapping[str, Mark]
) -> go.Figure:
    """Draw how alike the top heads are to the base's, beside what chance gives.

    Args:
        frame: columns ``label``, ``lang``, ``jaccard``, ``chance``.
        languages: rows, in order.
        title: of the chart.
        marks: label to look.

    Returns:
        Dots from 0 (nothing shared) to 1 (the same heads), and a line at the chance level.
    """
    if frame.empty:
        return empty(title, "no two checkpoints with the same layers, heads and languages")
    languages = [lang for lang in languages if lang in set(frame["lang"])]
    place = {lang: at for at, lang in enumerate(languages)}
    labels = list(dict.fromkeys(frame["label"]))
    figure = go.Figure()
    for shift, label in zip(shifts(len(labels)), labels, strict=True):
        own, mark = frame[frame["label"] == label], marks[label]
        figure.add_scatter(
            x=own["jaccard"],
            y=[place[lang] + shift for lang in own["lang"]],
            mode="markers",
            name=label,
            marker={"color": mark.colour, "symbol": mark.symbol, "size": 11},
            customdata=own["lang"].to_numpy(object),
            hovertemplate=f"{label}, %{{customdata}}: %{{x:.2f}}<extra></extra>",
        )
    chance = float(frame["chance"].mean())
    figure.add_vline(
        x=chance,
        line={"dash": "dash", "color": "#8A8A8A"},
        annotation_text=f"chance {chance:.3f}",
        annotation_position="top",
    )
    language_rows(figure, languages)
    figure.update_xaxes(range=[0, 1.03])
    return legend_below(
        finish(
            figure,
            title=title,
            x="Jaccard index: stable heads over stable, lost and gained",
            height=170 + 26 * len(languages),
        )
    )


def _panels(labels: Sequence[str]) -> go.Figure:
    """Lay out a panel per checkpoint, side by side; the first names the rows of all."""
    return make_subplots(
        1, len(labels), subplot_titles=list(labels), shared_yaxes=True, horizontal_spacing=0.03
    )


def _numbers(values: NDArray[np.float64]) -> dict[str, Any]:
    """Print each cell's number, but no zeros."""
    text = [["" if np.isnan(v) or v == 0 else f"{v:.0f}" for v in row] for row in values]
    return {"text": text, "texttemplate": "%{text}", "textfont": {"size": 10}}


def _printed(value: float, signed: bool) -> str:
    """Write a cell's number; nothing where there is none."""
    if np.isnan(value):
        return ""
    whole = round(value)
    return f"{whole:+d}" if signed and whole else f"{whole:d}"
