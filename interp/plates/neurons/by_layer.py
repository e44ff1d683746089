"""In which layers the neurons of each language lie: the paper's Figure 14, and the same as shares."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from interp.figures.ecdf import LAYER, RELATIVE
from interp.figures.neuron_counts import layer_grid
from interp.figures.neuron_depth import depth_grid
from interp.plates.neurons.frames import NUMBER, SHARE, layer_frame
from interp.plates.neurons.selected import Selected, about, read_all, spoken
from interp.plates.neurons.stored import own_rows
from interp.plates.neurons.words import about_evidence, fullest, languages_at
from interp.plates.plate import Plate
from interp.plates.view import View


def layers(view: View, *, shared: bool = True) -> Plate:
    """Draw the neurons per layer, a panel per language, bars by checkpoint.

    Source: the paper's Figure 14. There the axis begins at 20 and the legend covers the first layer's
    bar; here it begins at 0, and the legend stands below. Layers are counted from 0, there from 1.

    Args:
        view: the study, and what of it is shown.
        shared: whether all panels have one scale, as in the paper; otherwise each its own.

    Raises:
        Lacking: no LAPE run.
    """
    shown = read_all(view)
    languages = spoken(shown, view.languages)
    frame = layer_frame(shown, languages, view.base, NUMBER)
    title = f"Language-specific neurons per layer: {', '.join(one.label for one in shown)}"
    return Plate(
        name="neuron-layers",
        title=title,
        figure=layer_grid(frame, languages, view.marks, title=title, y="neurons", shared=shared),
        frame=frame,
        reading=f"Over these languages together the fullest layer – {fullest(shown, languages)}. "
        f"{_scale(frame, shared)}{_depths(shown)}{_evidence(view, shown)}",
        runs=about(view, shown),
        paper="Figure 14",
    )


def layer_shares(view: View) -> Plate:
    """Draw each language's neurons per layer as shares of its own, on one scale.

    Args:
        view: the study, and what of it is shown.

    Raises:
        Lacking: no LAPE run.
    """
    shown = read_all(view)
    languages = spoken(shown, view.languages)
    frame = layer_frame(shown, languages, view.base, SHARE)
    depths = {one.label: one.n_layers for one in shown}
    relative = len(set(depths.values())) > 1
    frame["depth"] = frame["layer"].astype(float)
    if relative:
        frame["depth"] = (frame["layer"] + 1) / frame["label"].map(depths)
    title = (
        "Language-specific neurons per layer, share of the language's: "
        f"{', '.join(one.label for one in shown)}"
    )
    return Plate(
        name="neuron-layer-shares",
        title=title,
        figure=depth_grid(
            frame, languages, view.marks, title=title, x=RELATIVE if relative else LAYER,
            y="share of the language's neurons",
        ),
        frame=frame,
        reading=f"{_medians(shown, languages)} {_depths(shown)}{_evidence(view, shown)}",
        runs=about(view, shown),
    )  # fmt: skip


def _scale(frame: pd.DataFrame, shared: bool) -> str:
    """Say how much smaller the smallest panel is than the tallest on the scale that they share."""
    tallest = frame.groupby("lang", sort=False)["value"].max().astype(int)
    tallest = tallest[tallest > 0]
    if len(tallest) < 2 or tallest.max() == tallest.min():
        return ""
    ends = [
        f"{int(value):,} ({languages_at(tallest.rename('value').reset_index(), value)})"
        for value in (tallest.max(), tallest.min())
    ]
    said = f"A panel's tallest bar is between {ends[1]} and {ends[0]} neurons high"
    if shared:
        said += (
            f": on one scale the lowest reaches {tallest.min() / tallest.max():.1%} of the height"
        )
    return f"{said}. "


def _depths(shown: Sequence[Selected]) -> str:
    """Warn where the same number of a layer is not the same place."""
    if len({one.n_layers for one in shown}) == 1:
        return ""
    said = ", ".join(f"{one.label} {one.n_layers}" for one in shown)
    return f"Depths differ ({said} layers): the same number of a layer is not the same place. "


def _medians(shown: Sequence[Selected], languages: Sequence[str]) -> str:
    """Say of each checkpoint in which language half of the neurons is reached first, and last."""
    parts = []
    for one in shown:
        found = {}
        for lang in languages:
            own = one.per_layer.get(lang)
            if own is not None and own.sum():
                found[lang] = int(np.searchsorted(np.cumsum(own) / own.sum(), 0.5))
        if not found:
            continue
        rows = pd.DataFrame({"lang": list(found), "value": list(found.values())})
        first, last = min(found.values()), max(found.values())
        if first == last:
            whose = "all of them" if len(found) > 1 else next(iter(found))
            parts.append(f"{one.label} at layer {first} ({whose})")
        else:
            parts.append(
                f"{one.label} between layer {first} ({languages_at(rows, first)}) and layer {last} "
                f"({languages_at(rows, last)})"
            )
    if not parts:
        return "No language has a neuron."
    return f"Half of a language's neurons is reached: {'; '.join(parts)}."


def _evidence(view: View, shown: Sequence[Selected]) -> str:
    """Hold D of every language's layers against noise: it is what these panels differ by."""
    rows = own_rows(view, shown, "layer_distance", view.languages)
    said = about_evidence(view, shown, rows)
    if rows.empty:
        return said
    return f"How far these distributions lie apart is D, per language. {said}"
