"""How much of each language's neurons lies in the final layers: the paper's Figure 6, and any other window."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from interp.data.languages import get, looks_like_code
from interp.figures.neuron_counts import language_bars
from interp.figures.neuron_depth import depth_grid
from interp.plates.neurons.frames import SHARE, final_layers, window_frame
from interp.plates.neurons.selected import Selected, about, of_base, read_all, spoken
from interp.plates.neurons.stored import own_rows, stored_rows
from interp.plates.neurons.words import about_evidence, most_and_least, with_intervals
from interp.plates.plate import Plate
from interp.plates.view import View
from interp.stats.verdict import MIN_NEURONS


def final_share(view: View) -> Plate:
    """Draw the share of each language's neurons in the final layers.

    Source: the paper's Figure 6, of layers 28–32 of 32 counted from 1, the last five. Of other depths
    it is the same share of the layers, rounded up (`interp.stats.ks.last_layers`), as it is compared.

    Args:
        view: the study, and what of it is shown.

    Raises:
        Lacking: no LAPE run.
    """
    shown = read_all(view)
    languages = spoken(shown, view.languages)
    frame = window_frame(shown, languages, view.base, None, {})
    title = f"Share of a language's neurons in {_layers(shown)}: {_labels(shown)}"
    return Plate(
        name="neuron-final",
        title=title,
        figure=_bars(view, frame, title),
        frame=frame,
        reading=f"{_shares_said(shown, frame)}{_thinnest(frame)}{about_evidence(view, shown, own_rows(view, shown, 'late_share', languages))}",
        runs=about(view, shown),
        paper="Figure 6",
    )


def final_share_with_intervals(view: View) -> Plate:
    """Draw the share in the final layers with intervals and verdicts, languages by their script.

    Args:
        view: the study, and what of it is shown.

    Raises:
        Lacking: no LAPE run.
    """
    shown = read_all(view)
    languages = sorted(spoken(shown, view.languages), key=_is_other)
    rows = stored_rows(view, shown, "late_share")
    frame = window_frame(shown, languages, view.base, None, rows)
    frame = frame.assign(script=[_script(lang) for lang in frame["lang"]])
    title = (
        f"Share of neurons in {_layers(shown)}{with_intervals(frame)}, Latin script first: "
        f"{_labels(shown)}"
    )
    return Plate(
        name="neuron-final-intervals",
        title=title,
        figure=_bars(view, frame, title),
        frame=frame,
        reading=f"{_by_script(frame, view.base)}"
        f"{about_evidence(view, shown, own_rows(view, shown, 'late_share', languages))}",
        runs=about(view, shown),
    )


def windows(view: View) -> Plate:
    """Draw the share of each language's neurons in the last layers, however many one takes.

    Args:
        view: the study, and what of it is shown.

    Raises:
        Lacking: no LAPE run.
    """
    shown = read_all(view)
    languages = spoken(shown, view.languages)
    frame = last_frame(shown, languages)
    relative = len({one.n_layers for one in shown}) > 1
    deepest = max(one.n_layers for one in shown)
    start, end = final_layers(deepest)
    n_final = end - start + 1
    title = f"Share of a language's neurons in the last layers: {_labels(shown)}"
    return Plate(
        name="neuron-windows",
        title=title,
        figure=depth_grid(
            frame, languages, view.marks, title=title,
            x="last layers, as a share of all" if relative else "number of last layers",
            y="share of the language's neurons",
            whole=True,
            final=n_final / deepest if relative else n_final,
            final_name=f"final layers as in the other charts: last {n_final} of {deepest}",
        ),
        frame=frame,
        reading=_windows(frame, shown, view.base),
        runs=about(view, shown),
    )  # fmt: skip


def last_frame(shown: Sequence[Selected], languages: Sequence[str]) -> pd.DataFrame:
    """Measure the share of neurons in the last layers, for every number of layers.

    Args:
        shown: the checkpoints.
        languages: in order.

    Returns:
        Columns ``lang``, ``label``, ``layers`` (how many of the last), ``depth`` (the same; where
        checkpoints differ in depth the share of all layers) and ``value``.
    """
    relative = len({one.n_layers for one in shown}) > 1
    parts = []
    for lang in languages:
        for one in shown:
            own = one.per_layer.get(lang)
            if own is None:
                continue
            layers = np.arange(1, len(own) + 1)
            total = own.sum()
            value = np.cumsum(own[::-1]) / total if total else np.full(len(own), math.nan)
            parts.append(
                pd.DataFrame(
                    {
                        "lang": lang, "label": one.label, "layers": layers,
                        "depth": layers / len(own) if relative else layers, "value": value,
                    }
                )
            )  # fmt: skip
    names = ["lang", "label", "layers", "depth", "value"]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=names)


def _bars(view: View, frame: pd.DataFrame, title: str) -> go.Figure:
    return language_bars(
        frame, view.marks, title=title, y="share of the language's neurons", percent=True
    )


def _labels(shown: Sequence[Selected]) -> str:
    return ", ".join(one.label for one in shown)


def _layers(shown: Sequence[Selected]) -> str:
    """Name the final layers; where depths differ, of each."""
    found = {one.n_layers: final_layers(one.n_layers) for one in shown}
    said = [f"{_span(*ends)} of {n_layers}" for n_layers, ends in found.items()]
    plural = "layer" if all(start == end for start, end in found.values()) else "layers"
    return f"{plural} {' or '.join(said)} (from 0)"


def _span(start: int, end: int) -> str:
    return str(start) if start == end else f"{start}–{end}"


def _shares_said(shown: Sequence[Selected], frame: pd.DataFrame) -> str:
    if frame["value"].isna().all():
        return "No language has a neuron. "
    return f"In {_layers(shown)} lie, of a language's neurons – {most_and_least(frame, SHARE)}. "


def _thinnest(frame: pd.DataFrame) -> str:
    """Say behind which share fewest neurons stand: the paper's form hides it."""
    own = frame[frame["neurons"] > 0]
    if own.empty:
        return ""
    row = own.iloc[int(own["neurons"].to_numpy().argmin())]
    return (
        f"The fewest neurons behind a share: {row['neurons']:,} ({row['lang']}, {row['label']}). "
    )


def _script(lang: str) -> str:
    return get(lang).script if looks_like_code(lang) else "unknown"


def _is_other(lang: str) -> bool:
    return _script(lang) != "Latin"


def _by_script(frame: pd.DataFrame, base: str) -> str:
    """Say how the mean share of Latin-script and other languages moves: of them the paper's claim is.

    Of languages with fewer neurons than a verdict needs, a share says nothing: they are left out.
    """
    enough = frame[frame["neurons"] >= MIN_NEURONS]
    labels = list(dict.fromkeys(frame["label"]))
    parts = []
    for name, chosen in (("Latin script", True), ("other scripts", False)):
        if not any(_is_other(lang) != chosen for lang in frame["lang"]):
            continue
        own = enough[enough["lang"].map(_is_other) != chosen]
        table = own.pivot(index="lang", columns="label", values="value").reindex(columns=labels)
        table = table.dropna()
        if table.empty:
            parts.append(f"{name}: no language with {MIN_NEURONS} neurons in every checkpoint")
            continue
        said = [
            f"{label} {table[label].mean():.1%}"
            if label == base or base not in table
            else f"{label} {100 * (table[label] - table[base]).mean():+.1f} points"
            for label in labels
        ]
        parts.append(f"{name} ({', '.join(table.index)}): {', '.join(said)}")
    told = len(labels) > 1 and any(f"{labels[-1]} " in part for part in parts)
    note = "; of these means no interval is stored" if told else ""
    return f"Mean share in the final layers – {'; '.join(parts)}{note}. "


def _windows(frame: pd.DataFrame, shown: Sequence[Selected], base: str) -> str:
    """Say how much depends on the number of layers that one calls the final ones."""
    first = of_base(shown, base) or shown[0]
    start, end = final_layers(first.n_layers)
    n_final = end - start + 1
    parts = []
    for layers in dict.fromkeys((n_final, min(2 * n_final, first.n_layers))):
        own = frame[(frame["label"] == first.label) & (frame["layers"] == layers)].dropna()
        if own.empty:
            return f"{first.label} has no language neurons."
        ends = dict.fromkeys(f"{value:.0%}" for value in (own["value"].min(), own["value"].max()))
        parts.append(f"{' to '.join(ends)} in the last {_many_layers(layers)}")
    said = f"Of a language's neurons {first.label} has {' and '.join(parts)}."
    if first.label != base or len(shown) == 1:
        return said
    return f"{said} {_flips(frame, shown, first)}"


def _many_layers(n: int) -> str:
    return "layer" if n == 1 else f"{n} layers"


def _flips(frame: pd.DataFrame, shown: Sequence[Selected], first: Selected) -> str:
    """Count the languages of which another window would tell another direction."""
    start, end = final_layers(first.n_layers)
    n_final = end - start + 1
    parts = []
    for one in shown:
        if one.label == first.label or one.n_layers != first.n_layers:
            continue
        table = frame[frame["label"].isin([first.label, one.label])].pivot(
            index="lang", columns=["label", "layers"], values="value"
        )
        moved = (table[one.label] - table[first.label]).dropna()
        signs = np.sign(moved.to_numpy(float))  # [language, number of layers - 1]
        here = signs[:, n_final - 1]
        other = (signs * here[:, None] < 0).any(axis=1)
        if len(here) and not here.any():
            parts.append(f"{one.label} none, its shares there are the base's")
        elif len(here):
            parts.append(f"{one.label} {int(other.sum())} of {int((here != 0).sum())}")
    differing = any(one.n_layers != first.n_layers for one in shown)
    note = " Depths differ: layers stand at their share of the depth." if differing else ""
    if not parts:
        return note.strip()
    return (
        "Languages whose change against "
        f"{first.label} in the last {_many_layers(n_final)} has the other sign for some other number of "
        f"layers: {'; '.join(parts)}; signs alone, without interval.{note}"
    )
