"""What curves of a training show, in words; of the curves as they are drawn."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

MOST_SAID = 6
"""Series whose ends are said; of more, how many there are."""


def ends(frame: pd.DataFrame, names: Sequence[str], points: int = 1) -> str:
    """Say from where to where the first few series went.

    Args:
        frame: `interp.train_curves.curves`, not empty.
        names: metrics, in order.
        points: logged points at either end whose mean is said, a quarter of the series at the most; 1:
            the ends of the lines as they are drawn. The first logged point alone is what one update
            happened to see, smoothed or not.
    """
    parts = []
    for name in names:
        for label, own in frame[frame["metric"] == name].groupby("label", sort=False):
            own = own.sort_values("step")
            n = min(points, len(own) // 4)
            series = own["smoothed"] if n <= 1 else own["value"]
            first, last = series.iloc[: max(1, n)].mean(), series.iloc[-max(1, n) :].mean()
            parts.append(f"{label} {name} {first:.3g} → {last:.3g}")
    shown, rest = parts[:MOST_SAID], len(parts) - MOST_SAID
    said = "; ".join(shown) + (f" and {rest} more" if rest > 0 else "") + "."
    if points <= 1:
        return said
    return f"Means of the first and the last logged points (up to {points}): {said}"


def averaged(table: pd.DataFrame, names: Sequence[str]) -> str:
    """Say which curves are means over languages, since no log has the metric for all together.

    Args:
        table: `interp.train_curves.logged`.
        names: metrics.
    """
    overall = table.set_index("metric")["overall"]
    apart = [name for name in names if name in overall.index and not overall[name]]
    return f" Mean over the languages logged at a step: {', '.join(apart)}." if apart else ""


def spread(frame: pd.DataFrame, metric: str) -> str:
    """Say in which language the last drawn value is the highest and the lowest.

    Args:
        frame: `interp.train_curves.curves` of one metric, language by language.
        metric: its name.
    """
    parts = []
    for label, own in frame.groupby("label", sort=False):
        last = own.sort_values("step").groupby("lang", sort=False)["smoothed"].last().dropna()
        if len(last) > 1 and last.min() == last.max():
            parts.append(f"{label} ends at {last.iloc[0]:.3g} in all {len(last)} languages")
        elif len(last) > 1:
            parts.append(
                f"{label} ends at {last.min():.3g} ({last.idxmin()}) to {last.max():.3g} "
                f"({last.idxmax()})"
            )
        elif len(last):
            parts.append(f"{label} ends at {last.iloc[0]:.3g} ({last.index[0]})")
    return f"{metric}: {'; '.join(parts)}." if parts else f"{metric} has no value here."
