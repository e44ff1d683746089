"""What curves of a training show, in words; of the curves as they are drawn."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

MOST_SAID = 6
"""Series whose ends are said; of more, how many there are."""


def ends(frame: pd.DataFrame, names: Sequence[str]) -> str:
    """Say from where to where the first few series went, as they are drawn.

    Args:
        frame: `interp.train_curves.curves`, not empty.
        names: metrics, in order.
    """
    parts = []
    for name in names:
        for label, own in frame[frame["metric"] == name].groupby("label", sort=False):
            drawn = own.sort_values("step")["smoothed"]
            parts.append(f"{label} {name} {drawn.iloc[0]:.3g} → {drawn.iloc[-1]:.3g}")
    shown, rest = parts[:MOST_SAID], len(parts) - MOST_SAID
    return "; ".join(shown) + (f" and {rest} more" if rest > 0 else "") + "."


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
        if len(last) > 1:
            parts.append(
                f"{label} ends at {last.min():.3g} ({last.idxmin()}) to {last.max():.3g} "
                f"({last.idxmax()})"
            )
        elif len(last):
            parts.append(f"{label} ends at {last.iloc[0]:.3g} ({last.index[0]})")
    return f"{metric}: {'; '.join(parts)}." if parts else f"{metric} has no value here."
