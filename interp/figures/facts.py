"""Accuracy, consistency, flips and failures of answers to facts, checkpoint beside checkpoint."""

from __future__ import annotations

import html
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from interp.figures.layout import GRID, clickable, empty, finish
from interp.figures.marks import DIVERGING, SEQUENTIAL, Mark

_NEUTRAL = "rgba(128, 128, 128, 0.7)"
UNBALANCED = "†"
"""Sign of gains and losses that McNemar's adjusted p calls unbalanced."""

_WAYS = ("#228833", "#CCBB44", "#EE6677", "#4477AA", "#AA3377", "#66CCEE", "#BBBBBB", "#EE8866")
_WAY_PATTERNS = ("", "/", "x", "\\", ".", "-", "+", "|")


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
                x=xs, y=np.repeat(y, 3), mode="lines", line={"color": _NEUTRAL, "width": 1},
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
    if chance is not None:
        figure.add_vline(
            x=chance, line={"dash": "dot", "color": _NEUTRAL},
            annotation={"text": f"guessing {chance:.2g}", "font": {"size": 11}, "yanchor": "bottom"},
        )  # fmt: skip
    figure.update_yaxes(
        tickvals=list(rows.values()), ticktext=list(rows), range=[len(rows) - 0.4, -0.6]
    )
    figure.update_xaxes(range=[0, edge], tickvals=[0, 0.2, 0.4, 0.6, 0.8, 1])
    height = 170 + max(34, 14 * len(labels)) * len(rows)
    finish(figure, title=title, x="accuracy (share of facts)", height=height)
    return _legend_below(figure, height)


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
            marker={"color": mark.colour, "pattern": _hatch(mark.pattern)},
            error_y={
                "type": "data",
                "symmetric": False,
                "array": (own["ci_high"] - own["share"]) * own["of"],
                "arrayminus": (own["share"] - own["ci_low"]) * own["of"],
                "thickness": 1,
                "width": 2,
                "color": _NEUTRAL,
            },
            customdata=np.column_stack([own["share"], own["ci_low"], own["ci_high"]]),
            hovertemplate=f"{html.escape(label)}: %{{y}} facts right in %{{x}} languages, "
            "%{customdata[0]:.1%} [%{customdata[1]:.1%}, %{customdata[2]:.1%}]<extra></extra>",
        )
        figure.add_scatter(
            x=own["languages_right"],
            y=own["if_independent"],
            mode="markers",
            name=f"{label} if languages erred independently",
            marker={
                "color": mark.colour,
                "symbol": f"{mark.symbol}-open",
                "size": 8,
                "line": {"width": 1.5},
            },
            hovertemplate="expected: %{y:.1f} facts in %{x} languages<extra></extra>",
        )
    figure.update_layout(barmode="group")
    figure.update_xaxes(dtick=1)
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


def flip_bars(
    frame: pd.DataFrame,
    labels: Sequence[str],
    languages: Sequence[str],
    base: str,
    *,
    title: str,
    marks: Mapping[str, Mark],
) -> go.Figure:
    """Draw facts gained above and facts lost below 0, language by language.

    Args:
        frame: `interp.evals.checkpoint_tables.accuracy_of`: label, lang, gained, lost, p, p_adjusted.
        labels: checkpoints beside the base.
        languages: in order.
        base: label of the base.
        title: of the chart.
        marks: label to its look.

    Returns:
        Bars; a click hands back ``[label, language, "gained" or "lost"]``.
    """
    frame = frame[frame["label"].isin(labels) & frame["lang"].isin(languages)]
    frame = frame[frame["gained"].notna()]
    if frame.empty:
        return empty(title, f"no fact is answered by {base} and another checkpoint")
    figure = go.Figure()
    for label in labels:
        own = frame[frame["label"] == label].set_index("lang").reindex(list(languages)).dropna(
            subset=["gained"]
        )  # fmt: skip
        for kind, sign in (("gained", 1), ("lost", -1)):
            figure.add_bar(
                x=[list(languages).index(lang) for lang in own.index],
                y=sign * own[kind].astype(int),
                name=f"{label}: {kind}",
                offsetgroup=label,
                legendgroup=label,
                marker={
                    "color": marks[label].colour,
                    "opacity": 1.0 if sign > 0 else 0.55,
                    "pattern": _hatch(marks[label].pattern),
                },
                text=[UNBALANCED if sign > 0 and p < 0.05 else "" for p in own["p_adjusted"]],
                textposition="outside",
                customdata=[[label, lang, kind] for lang in own.index],
                hovertext=[
                    f"{lang}, {html.escape(label)}: {row['gained']} gained, {row['lost']} lost of "
                    f"{row['shared']}; McNemar p {row['p']:.2g}, adjusted {row['p_adjusted']:.2g}"
                    for lang, row in own.iterrows()
                ],
                hoverinfo="text",
            )
    most = int(frame[["gained", "lost"]].to_numpy(float).max())
    figure.update_layout(barmode="group")
    figure.update_xaxes(tickvals=list(range(len(languages))), ticktext=list(languages))
    steps = _round_steps(most)
    figure.update_yaxes(tickvals=steps, ticktext=[str(abs(one)) for one in steps])
    figure.add_hline(y=0, line={"color": GRID, "width": 1})
    return finish(figure, title=title, y="facts lost ↓ · gained ↑")


def way_bars(
    frame: pd.DataFrame,
    labels: Sequence[str],
    languages: Sequence[str],
    order: Sequence[str],
    *,
    title: str,
) -> go.Figure:
    """Draw in which ways answers are right and wrong, language by language.

    Args:
        frame: `interp.evals.wrong_answers.mode_counts`.
        labels: checkpoints, one panel each.
        languages: rows from top to bottom.
        order: ways, from the left.
        title: of the chart.

    Returns:
        Stacked bars from 0 to 1 in shares of answers.
    """
    frame = frame[frame["label"].isin(labels) & frame["lang"].isin(languages)]
    if frame.empty:
        return empty(title, "no answer is left in this choice")
    figure = make_subplots(
        1, len(labels), subplot_titles=[html.escape(one) for one in labels],
        shared_yaxes=True, horizontal_spacing=0.03,
    )  # fmt: skip
    present = [way for way in order if way in set(frame["mode"])]
    place = {lang: at for at, lang in enumerate(languages)}
    for at, way in enumerate(present):
        for number, label in enumerate(labels, start=1):
            own = frame[(frame["label"] == label) & (frame["mode"] == way)]
            figure.add_trace(
                go.Bar(
                    y=own["lang"].map(place),
                    x=own["share"],
                    orientation="h",
                    name=way,
                    legendgroup=way,
                    showlegend=number == 1,
                    marker={
                        "color": _WAYS[at % len(_WAYS)],
                        "pattern": _hatch(_WAY_PATTERNS[at % len(_WAY_PATTERNS)]),
                    },
                    customdata=own[["n", "of", "ci_low", "ci_high", "lang"]].to_numpy(object),
                    hovertemplate=f"%{{customdata[4]}}, {html.escape(label)}<br>{html.escape(way)}: "
                    "%{customdata[0]} of %{customdata[1]}, %{x:.1%} "
                    "[%{customdata[2]:.1%}, %{customdata[3]:.1%}]<extra></extra>",
                ),
                row=1,
                col=number,
            )
    figure.update_layout(barmode="stack")
    figure.update_xaxes(range=[0, 1], tickvals=[0, 0.5, 1], title_text="share of answers")
    figure.update_yaxes(
        tickvals=list(place.values()),
        ticktext=list(place),
        range=[len(place) - 0.5, -0.5],
    )
    height = 200 + 24 * len(languages)
    finish(figure, title=title, height=height)
    figure.update_layout(margin={"t": 90})
    return _legend_below(figure, height)


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


def _round_steps(most: int) -> list[int]:
    """About four round numbers on each side of 0."""
    if most < 1:
        return [0]
    rough = most / 4
    power = 10 ** int(np.floor(np.log10(max(rough, 1))))
    step = next(m * power for m in (1, 2, 5, 10) if m * power >= rough)
    last = int(np.ceil(most / step)) * int(step)
    return list(range(-last, last + 1, int(step)))


def _hatch(shape: str) -> dict[str, Any]:
    """Draw a pattern over the colour, so that a bar keeps its weight."""
    return {
        "shape": shape,
        "fillmode": "overlay",
        "fgcolor": "rgba(255, 255, 255, 0.55)",
        "size": 6,
    }


def _legend_below(figure: go.Figure, height: int) -> go.Figure:
    """Keep the legend the same distance below a tall chart."""
    figure.update_layout(legend={"y": -60 / max(60, height - 150)})
    return figure
