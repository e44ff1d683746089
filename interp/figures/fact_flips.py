"""Facts gained and lost between the base and the other checkpoints."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from interp.figures.layout import GRID, empty, finish
from interp.figures.marks import Mark, hatch

UNBALANCED = "†"
"""Sign of gains and losses that McNemar's adjusted p calls unbalanced."""


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
                    # a fainter colour and not an opacity, which the legend would not show
                    "color": marks[label].colour if sign > 0 else marks[label].faint(),
                    "pattern": hatch(marks[label].pattern),
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
    figure.update_xaxes(
        tickvals=list(range(len(languages))), ticktext=list(languages), zeroline=False
    )
    steps = _round_steps(most)
    figure.update_yaxes(tickvals=steps, ticktext=[str(abs(one)) for one in steps])
    figure.add_hline(y=0, line={"color": GRID, "width": 1})
    return finish(figure, title=title, y="facts lost ↓ · gained ↑")


def _round_steps(most: int) -> list[int]:
    """About four round numbers on each side of 0."""
    if most < 1:
        return [0]
    rough = most / 4
    power = 10 ** int(np.floor(np.log10(max(rough, 1))))
    step = next(m * power for m in (1, 2, 5, 10) if m * power >= rough)
    last = int(np.ceil(most / step)) * int(step)
    return list(range(-last, last + 1, int(step)))
