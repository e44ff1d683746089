"""Prints what ``interp attention`` stored."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from interp.cli.tables import console, print_frame

if TYPE_CHECKING:
    from interp.study import Study

_SHARES = ("first", "previous", "itself")


def print_attention(study: Study, run_id: str) -> None:
    """Print where each head's attention goes in each language.

    Args:
        study: the study.
        run_id: a finished attention run.
    """
    from interp.attention.summary import summarise

    found = summarise(study, run_id)
    even = found["even"].assign(head="(even)")
    print_frame(
        _shown(pd.concat([found["heads"], even], ignore_index=True)),
        f"Attention, mean over tokens from the third on: {run_id}",
        caption="head is layer.head, 0-based; share of attention on the first token, on the one "
        "before, and on the token itself; distance in tokens, entropy in nats; (even): attention "
        "spread evenly over the token and all before it",
    )
    if origin := study.notes(run_id)["heads"]["from"]:
        why = found["heads"][["head", "why"]].drop_duplicates()
        print_frame(why, "Why these heads")
        console().print(f"they are the top heads of {origin}")


def _shown(frame: pd.DataFrame) -> pd.DataFrame:
    """Shares as percent; the long measures rounded to what a few samples can tell."""
    shown = frame[["head", "lang", "samples"]].copy()
    shown["tokens"] = frame["tokens"].round(1)
    for name in _SHARES:
        shown[f"{name} %"] = (100 * frame[name]).round(1)
    shown["distance"] = frame["distance"].round(2)
    shown["entropy"] = frame["entropy"].round(2)
    return shown
