"""How many of their top heads two languages share: the paper's Figure 7, and its change with evidence."""

from __future__ import annotations

import pandas as pd

from interp.figures.head_sets import overlap_maps
from interp.lahis.maps import head_maps
from interp.lahis.select import n_top
from interp.lahis.top_frames import chance_overlap, overlap_frame
from interp.plates.plate import Plate
from interp.plates.view import View

PAPER_FRACTION = 0.02
"""Of all heads, called top: the paper's."""


def overlap(view: View, *, fraction: float = PAPER_FRACTION) -> Plate:
    """Draw how many of their top heads every two languages share, a map per checkpoint.

    Source: the paper's Figure 7 (13 for Qwen-2.5), with one colour scale and every value printed.

    Args:
        view: the study, and what of it is shown.
        fraction: the share of all heads called top; at least one head.

    Raises:
        Lacking: no LAHIS run.
    """
    runs = view.runs("lahis")
    frame = overlap_frame(view.study, runs, view.languages, fraction)
    labels = [label for label, _ in runs]
    title = f"Top {fraction:.0%} of heads shared by two languages: {', '.join(labels)}"
    shown = [lang for lang in view.languages if lang in set(frame["lang"])]
    return Plate(
        name="head-overlap",
        title=title,
        figure=overlap_maps(frame, labels, shown, title=title, unit="% shared"),
        frame=frame,
        reading=_reading(view, frame, runs, fraction),
        runs=view.about([run for _, run in runs]),
        paper="Figure 7",
    )


def _reading(
    view: View, frame: pd.DataFrame, runs: tuple[tuple[str, str], ...], fraction: float
) -> str:
    pairs = frame[frame["lang"] < frame["other_lang"]]
    if pairs.empty:
        return "Fewer than two languages have scores, so nothing can be shared."
    parts = []
    for label, run_id in runs:
        own = pairs[pairs["label"] == label]
        scores = head_maps(view.study, run_id).scores
        n_heads = scores.shape[1] * scores.shape[2]
        k = n_top(n_heads, fraction)
        parts.append(
            f"{label} {own['percent'].mean():.1f} % of {k} heads (by chance "
            f"{chance_overlap(k, n_heads):.1f} %)"
        )
    return (
        f"Of their top heads two languages share on average over {len(pairs) // len(runs)} pairs: "
        f"{'; '.join(parts)}."
    )
