"""How much of each language's neurons lies in the final layers: the paper's Figure 6, and by script."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import plotly.graph_objects as go

from interp.data.languages import get, looks_like_code
from interp.figures.neuron_counts import language_bars
from interp.plates.neurons.frames import SHARE, final_layers, window_frame
from interp.plates.neurons.selected import Selected, about, read_all, spoken
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
