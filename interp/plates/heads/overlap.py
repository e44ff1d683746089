"""How many of their top heads two languages share: the paper's Figure 7, and its change with verdicts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

import numpy as np
import pandas as pd

from interp.data.languages import get
from interp.errors import unknown
from interp.figures.head_sets import overlap_maps
from interp.lahis.top_frames import overlap_change, overlap_frame
from interp.plates.heads.sides import Heads, sentences
from interp.plates.heads.words import spread
from interp.plates.plate import Lacking, Plate
from interp.plates.view import View
from interp.plates.words import count, listed

ORDERS = ("table", "family", "script")
"""Of rows and columns: the languages' table, or related ones, or those of one script, side by side."""


def overlap(view: View, *, fraction: float | None = None, order: str = "table") -> Plate:
    """Draw how many of their top heads every two languages share, a map per checkpoint.

    Source: the paper's Figure 7 (13 for Qwen-2.5), with one colour scale and every value printed.

    Args:
        view: the study, and what of it is shown.
        fraction: the share of all heads called top, at least one head; by default the one that the runs
            were made with, of imported matrices the paper's 2 %.
        order: one of ``ORDERS``.

    Raises:
        Lacking: no LAHIS run, or fewer than two languages.
        InterpError: for an unknown order.
    """
    heads = Heads.of(view, fraction)
    frame = _frame(heads)
    labels = [label for label in heads.labels if label in set(frame["label"])]
    title = f"Shared by two languages, {heads.cut.named}: {', '.join(labels)}"
    return Plate(
        name="head-overlap",
        title=title,
        figure=overlap_maps(
            frame, labels, arranged(_present(heads, frame), order), title=title, unit="% shared"
        ),
        frame=frame,
        reading=sentences(
            overlap_text(frame, {label: heads.cut.chance(label) for label in labels}),
            _range_text(frame),
            groups_text(frame, order),
            _against(heads),
            heads.cut.coarse(labels),
        ),
        runs=heads.about(),
        paper="Figure 7",
    )


def overlap_change_map(view: View, *, fraction: float | None = None, order: str = "table") -> Plate:
    """Draw how the overlaps differ from the base's, a dot where a stored comparison is beyond noise.

    Args:
        view: the study, and what of it is shown.
        fraction: as of `overlap`.
        order: one of ``ORDERS``.

    Raises:
        Lacking: no LAHIS run of the base and of another checkpoint, or fewer than two languages.
        InterpError: for an unknown order.
    """
    heads = Heads.of(view, fraction)
    if view.base not in heads.maps or len(heads.maps) < 2:
        heads.need_base()
    change = overlap_change(_frame(heads), view.base)
    change = change[change["lang"] != change["other_lang"]]
    labels = [label for label in heads.labels if label in set(change["label"])]
    if not labels:
        raise Lacking(f"study {view.study.path}: no two languages that {view.base} and others have")
    stored = heads.stored("overlap")
    title = f"Change of what two languages share, {heads.cut.named}: {', '.join(labels)} minus {view.base}"
    return Plate(
        name="head-overlap-change",
        title=title,
        figure=overlap_maps(
            change,
            labels,
            arranged(_present(heads, change), order),
            title=title,
            unit="points (blue: more shared)",
            diverging=True,
            beyond=heads.dots(stored),
        ),
        frame=change,
        reading=sentences(
            change_text(change),
            heads.other_cut or sentences(_against(heads), _dotted(heads, stored)),
            heads.cut.coarse([view.base, *labels]),
        ),
        runs=heads.about(),
    )


def arranged(languages: Sequence[str], order: str) -> list[str]:
    """Put related languages, or those of one script, side by side.

    Args:
        languages: in the table's order.
        order: one of ``ORDERS``; groups in the order of their first language.

    Raises:
        InterpError: for an unknown order.
    """
    if order not in ORDERS:
        raise unknown("order of languages", order, ORDERS)
    if order == "table":
        return list(languages)
    kinds = [getattr(get(lang), order) for lang in languages]
    return sorted(languages, key=lambda lang: kinds.index(getattr(get(lang), order)))


def overlap_text(frame: pd.DataFrame, chance: Mapping[str, float]) -> str:
    """Say what two languages share on average in each checkpoint.

    Args:
        frame: of `overlap_frame`.
        chance: label to the percent that random sets share.
    """
    pairs = _pairs(frame)
    if pairs.empty:
        return "No two languages have scores that are all numbers."
    sizes = pairs.groupby("label", sort=False).size()
    alike = sizes.nunique() == 1
    parts = [
        f"{label} {own['percent'].mean():.1f} %"
        + ("" if alike else f" ({count(len(own), 'pair')})")
        for label, own in pairs.groupby("label", sort=False)
    ]
    over = f" over {sizes.iloc[0]} pairs" if alike and sizes.iloc[0] > 1 else ""
    by_chance = spread([chance[str(label)] for label in sizes.index], ".1f")
    return (
        f"Of their top heads two languages share on average{over}: {', '.join(parts)}; by chance it "
        f"would be {by_chance} %."
    )


def change_text(change: pd.DataFrame) -> str:
    """Say how much more two languages share than in the base, on average.

    Args:
        change: of `overlap_change`, without the diagonal.
    """
    pairs = _pairs(change)
    parts = []
    for label, own in pairs.groupby("label", sort=False):
        values = own["percent"]
        ends = f" (single pairs {spread(values.tolist(), '+.0f')})" if values.nunique() > 1 else ""
        parts.append(f"{values.mean():+.1f} points in {label}{ends}")
    unchanged = int(np.isclose(pairs["percent"], 0).sum())
    said = (
        f"{unchanged or 'none'} of {len(pairs)} pairs {'is' if unchanged <= 1 else 'are'} unchanged"
    )
    if len(pairs) == 1:
        said = f"the one pair is {'unchanged' if unchanged else 'changed'}"
    return f"Against the base, what two languages share changes on average by {', '.join(parts)}; {said}."


def groups_text(frame: pd.DataFrame, order: str) -> str:
    """Compare pairs within a script or family with those across; empty where one kind is missing.

    Args:
        frame: of `overlap_frame`.
        order: one of ``ORDERS``.
    """
    pairs = _pairs(frame)
    if order == "table" or pairs.empty:
        return ""
    group = {lang: getattr(get(lang), order) for lang in {*pairs["lang"], *pairs["other_lang"]}}
    same = (pairs["lang"].map(group) == pairs["other_lang"].map(group)).rename("same")
    means = pairs.groupby(["label", same], sort=False)["percent"].mean().unstack()
    if not {True, False} <= set(means.columns):
        return ""
    parts = [
        f"{label} {one[True]:.0f} and {one[False]:.0f} %"
        for label, one in means.iterrows()
        if one.notna().all()
    ]
    inside = int(same.groupby(pairs["label"]).sum().max())
    return f"Pairs of one {order} ({inside} of them) and pairs of two share {', '.join(parts)}."


def _frame(heads: Heads) -> pd.DataFrame:
    frame = overlap_frame(heads.view.study, heads.runs, heads.languages, heads.cut.fraction)
    if _pairs(frame).empty:
        raise Lacking(
            f"study {heads.view.study.path}: fewer than two of the languages shown have scores that "
            "are all numbers, so nothing can be shared"
        )
    return frame


def _pairs(frame: pd.DataFrame) -> pd.DataFrame:
    """Keep every pair once."""
    first = pd.DataFrame(np.sort(frame[["lang", "other_lang"]].to_numpy(str), axis=1))
    return frame[(frame["lang"] == first[0].to_numpy()) & (frame["lang"] != frame["other_lang"])]


def _present(heads: Heads, frame: pd.DataFrame) -> list[str]:
    return [lang for lang in heads.languages if lang in set(frame["lang"])]


def _range_text(frame: pd.DataFrame) -> str:
    pairs = _pairs(frame)
    if len(pairs) == pairs["label"].nunique():
        return ""
    parts = [
        f"{spread(cast(list[float], own['percent'].tolist()), '.0f')} % in {label}"
        for label, own in pairs.groupby("label", sort=False)
    ]
    return f"Single pairs share {listed(parts)}."


def _against(heads: Heads) -> str:
    """Say whether the means differ beyond noise, of the sets that were compared."""
    others = [label for label in heads.labels if label != heads.view.base]
    if not others or heads.view.base not in heads.maps:
        return "One checkpoint: there is nothing to hold the overlap against."
    return heads.other_cut or heads.against_base("mean_overlap", "points of the mean", others)


def _dotted(heads: Heads, stored: pd.DataFrame) -> str:
    said = heads.beyond(stored, "pairs")
    return "" if heads.not_judged(stored) else f"{said[:-1]} (dots)."
