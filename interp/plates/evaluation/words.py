"""What charts of answers show, in one sentence each, computed from what is drawn."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from interp.figures.fact_flips import UNBALANCED
from interp.plates.evaluation.compared import records
from interp.stats.verdict import BEYOND

COMPARED_FACTS = "over all facts"
"""Which facts a stored verdict is about, where others are drawn."""


ACROSS = {"agreement": "agreement", "rankc": "rankc_mean"}
"""Statistic of pairs to the name of its mean over all pairs in the comparisons."""

PAIR_NAMES = {
    "agreement": "same option chosen",
    "rankc": "RankC",
    "clc": "right in both / in either",
    "given": "right in the column, given the row",
}
"""Statistic of pairs in words."""


def counted(rows: pd.DataFrame, what: str = "language") -> str:
    """Say how many there are, e.g. ``12 languages``."""
    return f"{len(rows)} {what}{'' if len(rows) == 1 else 's'}"


def accuracy_said(
    base: str, others: Sequence[str], frame: pd.DataFrame, rows: pd.DataFrame, stored: bool
) -> str:
    """Say where checkpoints are above and below the base, and how often beyond noise.

    Args:
        base: label of the base; empty for none.
        others: labels beside it.
        frame: `interp.evals.checkpoint_tables.accuracy_of`.
        rows: the stored comparisons of accuracy.
        stored: whether they are about what is drawn.
    """
    if not base or not others:
        own = frame.dropna(subset=["accuracy"])
        if own.empty:
            return "No answer is left in this choice."
        best, worst = (own.iloc[int(at(own["accuracy"]))] for at in (np.argmax, np.argmin))
        return (
            f"Between {worst['accuracy']:.1%} ({worst['label']}, {worst['lang']}) and "
            f"{best['accuracy']:.1%} ({best['label']}, {best['lang']})."
        )
    parts = []
    for label in others:
        own = frame[(frame["label"] == label) & frame["delta"].notna()]
        if own.empty:
            parts.append(f"{label} shares no fact with {base}")
            continue
        top = own.iloc[int(np.argmax(own["delta"].abs()))]
        text = (
            f"{label} is above {base} in {int((own['delta'] > 0).sum())} and below in "
            f"{int((own['delta'] < 0).sum())} of {counted(own)} (most: {top['lang']} "
            f"{top['delta']:+.3f} [{top['delta_low']:+.3f}, {top['delta_high']:+.3f}])"
        )
        judged = rows[(rows["label"] == label) & rows["lang"].isin(own["lang"])]
        if len(judged):
            beyond = int((judged["verdict"] == BEYOND).sum())
            text += f", beyond noise in {beyond}" + ("" if stored else f" {COMPARED_FACTS}")
        parts.append(text)
    return "; ".join(parts) + "."


def pairs_said(
    frame: pd.DataFrame,
    shown: Sequence[str],
    name: str,
    delta: bool,
    chance: float,
    dotted: bool = True,
) -> str:
    """Say the mean over pairs of languages, or its difference.

    Args:
        frame: `interp.evals.checkpoint_tables.pairs_of`.
        shown: labels that are drawn.
        name: of the statistic.
        delta: whether differences are drawn.
        chance: of random rankings, not a number where there is none.
        dotted: whether the chart marks differences whose interval leaves out 0.
    """
    column = "delta" if delta else "value"
    own = frame[frame["label"].isin(shown)].dropna(subset=[column])
    if own.empty:
        return "No fact is answered in every language by every checkpoint."
    parts = []
    for label in shown:
        rows = own[own["label"] == label]
        if rows.empty:
            continue
        text = f"{label} {rows[column].mean():{'+.3f' if delta else '.3f'}}"
        if delta:
            sure = (rows["delta_low"] > 0) | (rows["delta_high"] < 0)
            text += (
                f" (interval leaves out 0{', ·,' if dotted else ''} in {sure.mean():.0%} of pairs)"
            )
        parts.append(text)
    what = f"Mean {'difference in ' if delta else ''}{name} over pairs: {', '.join(parts)}"
    limit = "" if delta or chance != chance else f"; random rankings would give {chance:.3f}"
    warn = "; intervals are not adjusted, about one in 20 leaves out 0 by chance" if delta else ""
    return f"{what}{limit}{warn}."


def histogram_said(frame: pd.DataFrame, n_languages: int) -> str:
    """Say how many facts are right in every language, beside what independent errors would give.

    Args:
        frame: `interp.evals.checkpoint_tables.right_in_languages`.
        n_languages: languages that it counts.
    """
    if frame.empty:
        return "No fact is answered in every language by every checkpoint."
    last = frame[frame["languages_right"] == n_languages]
    parts = [
        f"{row['label']} {row['share']:.1%} [{row['ci_low']:.1%}, {row['ci_high']:.1%}] (independent "
        f"errors would give "
        f"{row['if_independent'] / row['of']:.1%})"
        for row in records(last)
    ]
    return (
        f"Of {int(frame['of'].iloc[0]):,} facts answered in all {n_languages} languages, right "
        f"in every one: {', '.join(parts)}."
    )


def flips_said(frame: pd.DataFrame, others: Sequence[str]) -> str:
    """Say how many answers were gained and lost, and what the sign of imbalance tests.

    Args:
        frame: `interp.evals.checkpoint_tables.accuracy_of`.
        others: labels beside the base.
    """
    parts = []
    for label in others:
        own = frame[(frame["label"] == label) & frame["gained"].notna()]
        gained, lost = int(own["gained"].sum()), int(own["lost"].sum())
        sure = int((own["p_adjusted"] < 0.05).sum())
        parts.append(
            f"{label} gained {gained:,} answer{'' if gained == 1 else 's'} and lost {lost:,}, unbalanced ({UNBALANCED}) in "
            f"{sure} of {counted(own)}"
        )
    return (
        f"{'; '.join(parts)}. {UNBALANCED}: McNemar's exact p below 0.05 after Holm over languages; "
        "it tests the balance only; a verdict also asks for more than the noise floor."
    )


def ways_said(frame: pd.DataFrame, order: Sequence[str]) -> str:
    """Say which way of being wrong is the most frequent.

    Args:
        frame: `interp.evals.wrong_answers.mode_counts`.
        order: the ways, the first is right.
    """
    if frame.empty:
        return "No answer of these runs has a known way of being wrong."
    wrong = frame[frame["mode"] != order[0]]
    parts = []
    for label, own in wrong.groupby("label", sort=False):
        counted = own.groupby("mode", sort=False)["n"].sum()
        total = int(frame[frame["label"] == label].groupby("lang")["of"].first().sum())
        if counted.sum():
            top = str(counted.idxmax())
            parts.append(f"{label}: {top} ({counted[top] / total:.1%} of answers)")
        else:
            parts.append(f"{label}: none")
    return f"Most frequent way of being wrong, over languages: {'; '.join(parts)}."
