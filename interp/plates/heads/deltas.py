"""What a checkpoint does to every head: the paper's Figures 16 and 17, and without the change of scale."""

from __future__ import annotations

import pandas as pd

from interp.errors import unknown
from interp.figures.head_scale import weakened_dots
from interp.figures.heads import head_multiples
from interp.figures.verdicts import evidence_text
from interp.lahis.maps import DELTA_UNITS, delta_frame, scale_frame
from interp.plates.heads.sides import Heads, sentences
from interp.plates.heads.words import spread
from interp.plates.plate import Lacking, Plate
from interp.plates.view import View
from interp.plates.words import listed
from interp.stats.verdict import BEYOND, NOT_ENOUGH

FAINT = 0.1
"""Of the colour scale: a map that stays below it is a blank to the eye."""

_COLOURS = "red: stronger, blue: weaker"
"""The paper's; in the other charts of differences here blue is a rise."""


def raw_deltas(view: View) -> Plate:
    """Draw every head's score minus the base's, all languages of a checkpoint on one colour scale.

    Source: the paper's Figures 16 (GRPO) and 17 (SFT), in their colours: red strengthened, blue weakened.

    Args:
        view: the study, and what of it is shown.

    Raises:
        Lacking: no two checkpoints with scores of the same heads and languages.
    """
    heads, labels, frame = _read(view, "raw")
    unit = f"score, difference<br>({_COLOURS})"
    title = f"Heads minus {view.base}, raw scores: {', '.join(labels)}"
    found = scale_frame(view.study, heads.base_run, heads.others, heads.languages)
    return Plate(
        name="head-deltas-raw",
        title=title,
        figure=head_multiples(
            frame, labels, heads.languages, title=title, unit=unit,
            scale_per_label=True, diverging=True, reverse=True,
        ),
        frame=frame,
        reading=sentences(
            "Red heads are stronger than in the base, blue ones weaker.",
            scale_text(found, view.base),
            _weakened(heads, "weakened", "raw"),
            faint_text(frame),
        ),
        runs=heads.about(((view.base, heads.base_run), *heads.others)),
        paper="Figures 16 and 17",
    )  # fmt: skip


def deltas(view: View, *, shown: str = "share") -> Plate:
    """Draw the same without the change of scale, each map on its own colours, dots beyond noise.

    Args:
        view: the study, and what of it is shown.
        shown: ``share`` (points of the language's total), ``rank`` (places gained) or ``raw``.

    Raises:
        Lacking: no two checkpoints with scores of the same heads and languages.
        InterpError: for another view of the scores.
    """
    if shown not in DELTA_UNITS:
        raise unknown("view of head scores", shown, DELTA_UNITS)
    heads, labels, frame = _read(view, shown)
    unit = DELTA_UNITS[shown]
    title = f"Heads minus {view.base}, {unit} ({_COLOURS}): {', '.join(labels)}"
    stored = heads.stored(f"delta_{shown}", percent=shown == "share")
    return Plate(
        name="head-deltas",
        title=title,
        figure=head_multiples(
            frame, labels, heads.languages, title=title, unit=unit, own_scale=True,
            diverging=True, reverse=True, beyond=stored[stored["verdict"] == BEYOND],
        ),
        frame=frame,
        reading=sentences(
            "Red heads are stronger than in the base, blue ones weaker; above each map stands where its "
            "colours end, so that maps are alike in colour and not in size.",
            _largest_text(frame, stored, unit, " points" if shown == "share" else ""),
            heads.beyond(stored, "cells of head and language (dots), adjusted by the largest of each map"),
            f"Left out: {heads.other_shapes}." if heads.other_shapes else "",
        ),
        runs=heads.about(((view.base, heads.base_run), *heads.others)),
    )  # fmt: skip


def scale(view: View) -> Plate:
    """Draw how many heads weaken, raw and as a share of their language's total.

    Args:
        view: the study, and what of it is shown.

    Raises:
        Lacking: no two checkpoints with scores of the same heads and languages.
    """
    heads, labels, _ = _read(view, "raw")
    frame = scale_frame(view.study, heads.base_run, heads.others, heads.languages)
    title = f"Heads weaker than in {view.base}, raw and as a share: {', '.join(labels)}"
    return Plate(
        name="head-scale",
        title=title,
        figure=weakened_dots(frame, labels, heads.languages, title=title, marks=view.marks),
        frame=frame,
        reading=sentences(
            scale_text(frame, view.base),
            "Where nothing but noise moves scores, about half of the heads weaken.",
            _weakened(heads, "weakened_share_scale", "as a share"),
        ),
        runs=heads.about(((view.base, heads.base_run), *heads.others)),
    )


def scale_text(found: pd.DataFrame, base: str) -> str:
    """Say how much of a raw difference is a change of scale.

    Args:
        found: of `scale_frame`.
        base: label of the base.
    """
    parts = []
    for label, own in found.groupby("label", sort=False):
        known = own.dropna(subset=["ratio", "fell_raw", "fell_share"])
        if len(known):
            parts.append(
                f"{label}'s scores add up to {spread(known['ratio'].tolist(), '.2f')} times {base}'s "
                f"({known['fell_raw'].mean():.0f} % of the heads weaken raw, "
                f"{known['fell_share'].mean():.0f} % as a share of their language's total)"
            )
    if not parts:
        return "No language's scores are all numbers, so totals cannot be compared."
    return f"A raw difference shows a change of scale, too: {'; '.join(parts)}."


def faint_text(frame: pd.DataFrame) -> str:
    """Say how many maps a common colour scale leaves blank.

    Args:
        frame: of `delta_frame`.
    """
    parts = []
    for label, own in frame.dropna(subset="value").groupby("label", sort=False):
        most = own["value"].abs().groupby(own["lang"]).max()
        end = float(most.max())
        faint = int((most < FAINT * end).sum())
        weakest = 100 * float(most.min()) / end if end > 0 else 100.0
        parts.append(
            f"{label} ±{end:.3g}, of which the faintest map reaches {weakest:.0f} % "
            f"({faint or 'no'} map{'' if faint == 1 else 's'} below {100 * FAINT:.0f} %)"
        )
    return f"One colour scale for all languages: {'; '.join(parts)}." if parts else ""


def _read(view: View, shown: str) -> tuple[Heads, list[str], pd.DataFrame]:
    heads = Heads.of(view)
    labels = heads.need_base()
    frame = delta_frame(view.study, heads.base_run, heads.others, heads.languages, shown)
    labels = [label for label in labels if label in set(frame["label"])]
    if not labels:
        raise Lacking(
            f"study {view.study.path}: {view.base} and the others share no language shown"
        )
    return heads, labels, frame


def _weakened(heads: Heads, statistic: str, how: str) -> str:
    """Say what the stored comparison says of the share of weaker heads."""
    rows = heads.stored(statistic)
    if missing := heads.not_judged(rows):
        return missing
    if set(heads.maps[heads.view.base].languages) - set(heads.languages):
        return "The stored comparison is over all languages of the runs, so none stands here."
    parts = [f"{row['label']} {evidence_text(row)}" for row in rows.to_dict("records")]
    return f"Weaker minus stronger heads, {how}, in points: {'; '.join(parts)}."


def _largest_text(frame: pd.DataFrame, stored: pd.DataFrame, unit: str, short: str) -> str:
    """Say which difference is the largest of each checkpoint, with its evidence where there is some."""
    parts = []
    for label, own in frame.dropna(subset="value").groupby("label", sort=False):
        row = own.iloc[[int(own["value"].abs().to_numpy().argmax())]].to_dict("records")[0]
        if row["value"] == 0:
            parts.append(f"none in {label}")
            continue
        rows = stored[(stored["label"] == label) & (stored["lang"] == row["lang"])]
        rows = rows[(rows["layer"] == row["layer"]) & (rows["head"] == row["head"])]
        rows = rows[rows["verdict"] != NOT_ENOUGH]
        said = f"{row['value']:+.3g}{short}"
        if len(rows):
            said = evidence_text(rows.iloc[0].to_dict())
        parts.append(f"{label} head {row['layer']}.{row['head']} in {row['lang']} ({said})")
    return (
        f"The largest difference, {unit}: {listed(parts)}."
        if parts
        else "No difference is a number."
    )
