"""How much of each language's neurons lies in the last layers, however many one calls the final ones."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd

from interp.figures.neuron_depth import depth_grid
from interp.plates.neurons.frames import final_layers
from interp.plates.neurons.selected import Selected, about, of_base, read_all, spoken
from interp.plates.plate import Plate
from interp.plates.view import View


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
    title = (
        f"Share of a language's neurons in the last layers: {', '.join(one.label for one in shown)}"
    )
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
