"""Shares of facts by layer, a panel per language: English ahead, and not past English for good yet."""

from __future__ import annotations

import numpy as np
import pandas as pd

from interp.figures.lens_languages import language_shares
from interp.lens import pivot
from interp.lens.set_curves import SHARES, share_curves
from interp.lens.transition_frames import layer_text
from interp.plates.plate import Plate
from interp.plates.transition.source import Lens, both_ranked, lens_of
from interp.plates.transition.words import (
    counted,
    extremes,
    few_said,
    of_runs,
    percent,
    span,
    verdicts_said,
    warned,
    why_not,
)
from interp.plates.view import View
from interp.stats.bootstrap import ENOUGH

AHEAD, BEHIND = SHARES[1], SHARES[2]


def pivot_share(view: View) -> Plate:
    """Draw in which share of facts the English answer is ahead, by layer, a panel per language.

    Raises:
        Lacking: no lens run with English answers.
    """
    lens = lens_of(view)
    frame = _by_layer(lens, AHEAD)
    said = []
    for label, own in frame.groupby("label", sort=False):
        curves = own.pivot(index="lang", columns="layer", values="share")
        _, peak = extremes(own, "share")
        windows = pd.DataFrame(
            pivot.pivot_window(curves.to_numpy()), index=curves.index, columns=curves.columns
        )
        mean = curves.to_numpy().mean()
        said.append(
            f"{label}: {100 * mean:.1f} % over {counted(len(curves), 'language')} and all layers; at most "
            f"{percent(peak['share'], peak['low'], peak['high'])}, in {peak['lang']} at layer {peak['layer']}; "
            + _windows_said(windows)
        )
    reading = f"English is ahead in this share of facts: {'. '.join(said)}. "
    return _shares(
        view, lens, frame, "pivot-share", reading, "English ahead of the target", "mean_pivot_share"
    )


def _windows_said(inside: pd.DataFrame) -> str:
    """Say in how many languages English is ahead of more than half of the facts, and where for longest.

    Args:
        inside: rows languages, columns layers.
    """
    layers = inside.sum(axis=1)
    if not layers.any():
        return "nowhere more than half"
    most = str(layers.idxmax())
    at = layer_text(np.flatnonzero(inside.loc[most])).replace(" ", ", ")
    return (
        f"more than half at some layer in {int((layers > 0).sum())} of {len(layers)}, at most layers in {most} "
        f"({at})"
    )


def crossing_curves(view: View) -> Plate:
    """Draw which share of facts has not passed English for good yet (Kaplan-Meier), a panel per language.

    Raises:
        Lacking: no lens run with English answers.
    """
    lens = lens_of(view)
    frame = _by_layer(lens, BEHIND)
    said = []
    for label, own in frame.groupby("label", sort=False):
        last = own[own["layer"] == own["layer"].max()]
        said.append(f"{label} {span(last, 'share')}")
    reading = (
        f"What is left at the last layer never passes English: {'; '.join(said)}. Every fact is followed to "
        "the last layer, so that the Kaplan-Meier curve is the plain share. "
    )
    return _shares(
        view,
        lens,
        frame,
        "crossing-curves",
        reading,
        "Target not past English for good yet",
        "never_crosses",
    )


def _by_layer(lens: Lens, statistic: str) -> pd.DataFrame:
    frames = []
    for label, cube in lens.cubes.items():
        for lang in lens.languages:
            facts = both_ranked(cube, lang)
            if facts.any():
                curves = share_curves(cube, lang, facts)
                own = curves[curves["statistic"] == statistic]
                frames.append(own.assign(lang=lang, label=label))
    frame = pd.concat(frames, ignore_index=True)
    return frame[["lang", "label", "layer", "n", "share", "low", "high"]]


def _shares(
    view: View,
    lens: Lens,
    frame: pd.DataFrame,
    name: str,
    reading: str,
    heading: str,
    statistic: str,
) -> Plate:
    labels = [label for label in lens.runs if label in set(frame["label"])]
    title = f"{heading} by layer, share of facts: {', '.join(labels)}"
    rows = of_runs(view, lens, statistic)
    if rows.empty:
        others = [label for label in lens.runs if label != view.base]
        reading += (
            f"Bands are exact 95 % intervals of each share. {why_not(view, lens, others)}"
            + (" Nothing says which differences are beyond noise." if others else "")
        )
    else:
        reading += (
            "Bands are exact 95 % intervals of each share; whether checkpoints differ is said by the paired "
            f"comparison of {_NAMES[statistic]}, in percentage points: {verdicts_said(rows, points=True)}"
        )
    return Plate(
        name=name,
        title=title,
        figure=language_shares(frame, view.marks, lens.languages, title=title, y="share of facts"),
        frame=frame,
        reading=reading + few_said(frame.loc[frame["n"] < ENOUGH, "lang"]) + warned(lens, labels),
        runs=view.about([lens.runs[label] for label in labels]),
    )


_NAMES = {
    "mean_pivot_share": "the share averaged over layers",
    "never_crosses": "the share that never passes",
}
