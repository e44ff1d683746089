"""Every head's score in every language, and how sure the order at the edge of a set of top heads is."""

from __future__ import annotations

import numpy as np
import pandas as pd

from interp.figures.heads import head_multiples
from interp.lahis.maps import UNITS, HeadMaps, score_frame
from interp.lahis.select import n_top
from interp.lahis.top_frames import RULE
from interp.plates.heads.sides import Heads, sentences
from interp.plates.heads.words import of_languages
from interp.plates.plate import Plate
from interp.plates.view import View


def scores(view: View, *, shown: str = "share", own_scale: bool = False) -> Plate:
    """Draw the head scores of every language and checkpoint as small maps.

    Args:
        view: the study, and what of it is shown.
        shown: ``raw``, ``share`` (percent of the language's total, so that one colour scale serves all)
            or ``rank`` (1 scores highest).
        own_scale: whether every map has its own colour scale.

    Raises:
        Lacking: no LAHIS run.
        InterpError: for an unknown view of the scores.
    """
    heads = Heads.of(view)
    frame = score_frame(view.study, heads.runs, heads.languages, shown)
    unit = UNITS[shown]
    title = f"Head scores, {unit}: {', '.join(heads.labels)}"
    return Plate(
        name="head-scores",
        title=title,
        figure=head_multiples(
            frame,
            heads.labels,
            heads.languages,
            title=title,
            unit=unit,
            own_scale=own_scale,
            reverse=shown == "rank",
        ),
        frame=frame,
        reading=sentences(
            leading_text(frame, shown == "rank"), negative_text(frame), edges_text(heads)
        ),
        runs=heads.about(),
    )


def leading_text(frame: pd.DataFrame, reverse: bool) -> str:
    """Say which head scores highest, and in how many maps.

    Args:
        frame: of `score_frame`.
        reverse: whether values are ranks, of which the smallest leads.
    """
    known = frame.dropna(subset="value")
    if known.empty:
        return "No score is a number in this view."
    grouped = known.groupby(["label", "lang"], sort=False)["value"]
    first = known.loc[grouped.idxmin() if reverse else grouped.idxmax()]
    names = first["layer"].astype(str) + "." + first["head"].astype(str)
    counts = names.value_counts()
    name, n = counts.index[0], len(first)
    if len(counts) == 1:
        where = "" if n == 1 else f" in all {n} maps" if n > 2 else " in both maps"
        return f"Head {name} (layer.head) scores highest{where}."
    if counts.iloc[0] == 1:
        return f"In {n} maps {n} different heads score highest, {name} (layer.head) in the first."
    return (
        f"Head {name} (layer.head) scores highest in {counts.iloc[0]} of {n} maps; over all of them "
        f"{len(counts)} different heads do."
    )


def negative_text(frame: pd.DataFrame) -> str:
    """Say that some scores are below 0, so that shares of their sum are no parts of a whole; else nothing.

    Args:
        frame: of `score_frame`.
    """
    known = frame["value"].dropna()
    below = int((known < 0).sum())
    if not below:
        return ""
    return (
        f"{below:,} of {len(known):,} scores {'is' if below == 1 else 'are'} below 0, so that a share of a "
        "language's total, which sums them too, is no part of a whole."
    )


def edges_text(heads: Heads) -> str:
    """Say what the scores' intervals say: how wide they are, and whether the last top head is told apart.

    Args:
        heads: the scores shown; a run without intervals is said to have none.
    """
    parts, without = [], []
    for label, maps in heads.maps.items():
        found = edge(maps, heads.languages, heads.cut.fraction)
        if found.empty:
            without.append(label)
            continue
        unsure = int(found["overlaps"].sum())
        parts.append(
            f"{label} ±{found['half_width'].median():.0f} % of the score and "
            f"{of_languages(unsure, len(found))}"
        )
    said = ""
    if parts:
        said = (
            "Median half-width of the top heads' 95 % intervals over resampled samples, and where the interval "
            f"of the last head of the {heads.cut.named} overlaps that of the first one outside, so that "
            f"the edge of the set is unsure: {'; '.join(parts)}."
        )
    if without:
        said = sentences(
            said,
            f"{', '.join(without)}: no intervals, only the scores are known, so it cannot be said how "
            "sure their order is.",
        )
    return said


def edge(maps: HeadMaps, languages: tuple[str, ...], fraction: float) -> pd.DataFrame:
    """Look at the intervals of a run's top heads.

    Args:
        maps: scores with intervals.
        languages: which.
        fraction: the share of all heads called top.

    Returns:
        A row per language whose scores and their intervals at the edge are numbers: ``lang``,
        ``half_width`` (median over its top heads, percent of the score), ``overlaps`` (whether the
        intervals of the last top head and of the first one outside overlap).
    """
    k = n_top(maps.n_heads_total, fraction, RULE)
    rows = []
    for lang in languages:
        if lang not in maps.whole or k >= maps.n_heads_total:
            continue
        at = maps.languages.index(lang)
        score, low, high = (a[at].ravel() for a in (maps.scores, maps.low, maps.high))
        order = np.argsort(-score, kind="stable")
        last, outside = order[k - 1], order[k]
        if not np.isfinite([low[last], high[outside]]).all():
            continue
        top = order[:k][score[order[:k]] > 0]
        width = 50 * (high[top] - low[top]) / score[top]
        rows.append(
            {
                "lang": lang,
                "half_width": float(np.nanmedian(width)) if len(top) else np.nan,
                "overlaps": bool(low[last] <= high[outside]),
            }
        )
    return pd.DataFrame(rows, columns=["lang", "half_width", "overlaps"])
