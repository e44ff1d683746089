"""In which layers each language's top heads lie: the paper's Figure 8, and a map with verdicts."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import pandas as pd

from interp.figures.head_lines import layer_lines
from interp.figures.head_sets import layer_profiles
from interp.lahis.top_frames import profile_frame
from interp.plates.heads.sides import Heads, sentences
from interp.plates.plate import Lacking, Plate
from interp.plates.view import View


def lines(view: View, *, fraction: float | None = None) -> Plate:
    """Draw the percent of a language's top heads in each layer as lines, a panel per checkpoint.

    Source: the paper's Figure 8 (11 for Qwen-2.5). Colour alone would repeat, so that marker and dash
    tell the languages apart, too, and points are spread around their layer.

    Args:
        view: the study, and what of it is shown.
        fraction: the share of all heads called top; by default the one that the runs were made with,
            of imported matrices the paper's 2 %.

    Raises:
        Lacking: no LAHIS run, or no language whose scores are all numbers.
    """
    heads, frame = _read(view, fraction)
    labels = [label for label in heads.labels if label in set(frame["label"])]
    title = f"Layers of the {heads.cut.named}: {', '.join(labels)}"
    return Plate(
        name="head-layer-lines",
        title=title,
        figure=layer_lines(frame, labels, heads.languages, title=title),
        frame=frame,
        reading=sentences(
            peak_text(frame), fullest_text(frame), _first_layer(heads), heads.cut.coarse(labels)
        ),
        runs=heads.about(),
        paper="Figure 8",
    )


def layers(view: View, *, fraction: float | None = None) -> Plate:
    """Draw the same as a map, language by layer, a dot where it differs from the base beyond noise.

    Args:
        view: the study, and what of it is shown.
        fraction: as of `lines`.

    Raises:
        Lacking: no LAHIS run, or no language whose scores are all numbers.
    """
    heads, frame = _read(view, fraction)
    labels = [label for label in heads.labels if label in set(frame["label"])]
    stored = heads.stored("layer_profile")
    title = f"Layers of the {heads.cut.named}: {', '.join(labels)}"
    shown = [lang for lang in heads.languages if lang in set(frame["lang"])]
    return Plate(
        name="head-layers",
        title=title,
        figure=layer_profiles(frame, labels, shown, title=title, beyond=heads.dots(stored)),
        frame=frame,
        reading=sentences(
            fullest_text(frame), early_text(frame), _judged(heads, stored), heads.cut.coarse(labels)
        ),
        runs=heads.about(),
    )


def fullest_text(frame: pd.DataFrame) -> str:
    """Say which layer holds most top heads of each checkpoint, on average over languages.

    Args:
        frame: of `profile_frame`.
    """
    if frame.empty:
        return "No language has scores that are all numbers."
    parts = []
    for label, own in frame.groupby("label", sort=False):
        means = own.groupby("layer")["percent"].mean()
        parts.append(f"{label} layer {means.idxmax()} ({means.max():.0f} %)")
    over = ", mean over languages" if frame["lang"].nunique() > 1 else ""
    return f"The layer with most top heads{over}: {', '.join(parts)}."


def peak_text(frame: pd.DataFrame) -> str:
    """Say how much of its top heads a language has in the first layer, at most, and anywhere.

    Args:
        frame: of `profile_frame`.
    """
    first, elsewhere = [], []
    for label, own in frame.groupby("label", sort=False):
        top = _most(own[own["layer"] == 0])
        most = _most(own)
        alike = int((own.loc[own["layer"] == 0, "percent"] == top["percent"]).sum()) - 1
        named = f"{top['lang']} and {alike} more" if alike else top["lang"]
        first.append(
            f"{label} {top['percent']:.0f} % ({named})" if top["percent"] else f"{label} none"
        )
        if most["percent"] > top["percent"]:
            elsewhere.append(
                f"{label} {most['percent']:.0f} % in layer {most['layer']} ({most['lang']})"
            )
    more = f"; the fullest layer of any: {', '.join(elsewhere)}" if elsewhere else ""
    return f"Most that a language has of its top heads in layer 0: {', '.join(first)}{more}."


def _most(rows: pd.DataFrame) -> dict[Hashable, Any]:
    return rows.iloc[[int(rows["percent"].to_numpy().argmax())]].to_dict("records")[0]


def early_text(frame: pd.DataFrame) -> str:
    """Say how much lies in the first third of the layers, on average over languages.

    Args:
        frame: of `profile_frame`.
    """
    parts, ends = [], {}
    for label, own in frame.groupby("label", sort=False):
        end = max(1, round((int(own["layer"].max()) + 1) / 3))
        part = own[own["layer"] < end].groupby("lang")["percent"].sum().mean()
        ends[label] = end
        parts.append(f"{label} {part:.0f} %")
    if len(set(ends.values())) > 1:
        return f"In the first third of their layers: {', '.join(parts)}."
    end = next(iter(ends.values()))
    where = "layer 0" if end == 1 else f"layers 0 to {end - 1}"
    return f"In {where}, the first third: {', '.join(parts)}."


def _read(view: View, fraction: float | None) -> tuple[Heads, pd.DataFrame]:
    heads = Heads.of(view, fraction)
    frame = profile_frame(view.study, heads.runs, heads.languages, heads.cut.fraction)
    if frame.empty:
        raise Lacking(f"study {view.study.path}: no language has head scores that are all numbers")
    return heads, frame


def _first_layer(heads: Heads) -> str:
    """Say whether the peak of layer 0 differs from the base's."""
    if not heads.others:
        return ""
    labels = [label for label, _ in heads.others]
    what = "points of the largest share in layer 0"
    return heads.other_cut or heads.against_base("layer_peak", what, labels)


def _judged(heads: Heads, stored: pd.DataFrame) -> str:
    if not heads.others:
        return ""
    return heads.other_cut or heads.beyond(stored, "cells of language and layer (dots)")
