"""In which layers the neurons of each language lie."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from dashboards.chart import show
from dashboards.controls import set_control, toggle
from dashboards.page import Chosen
from dashboards.parts.neurons.controls import first_place, look_at
from dashboards.parts.neurons.shown import Shown
from dashboards.texts import language_name
from interp.figures.neuron_counts import layer_bars, layer_grid
from interp.plates.neurons.frames import CHANGE, NUMBER, SHARE, layer_frame
from interp.plates.neurons.words import fullest

_LAYER_TITLES = {
    NUMBER: ("neurons per layer", "neurons"),
    SHARE: ("neurons per layer, share of the language's", "share of the language's neurons"),
    CHANGE: ("neurons per layer, change against the baseline", "neurons more or less"),
}


def draw_layers(
    chosen: Chosen, shown: Sequence[Shown], languages: Sequence[str], view: str
) -> None:
    """Draw every language's layers as small multiples."""
    st.subheader("Layers")
    shared = toggle("One scale for all languages", "n_shared", default=True)
    frame = layer_frame(shown, languages, chosen.base, view)
    what, axis = _LAYER_TITLES[view]
    show(
        layer_grid(
            frame,
            languages,
            chosen.marks,
            title=f"Language-specific {what}: {', '.join(dict.fromkeys(frame['label']))}",
            y=axis,
            shared=shared,
            percent=view == SHARE,
        ),
        frame,
        "n_layers",
        runs=chosen.about([one.run_id for one in shown]),
        takeaway=_fullest(shown, languages),
    )
    depths = {one.n_layers for one in shown}
    if len(depths) > 1:
        st.caption(
            f"Depths differ ({', '.join(f'{one.label}: {one.n_layers}' for one in shown)} layers): "
            "the same number of a layer is not the same place."
        )


def _fullest(shown: Sequence[Shown], languages: Sequence[str]) -> str:
    whose = language_name(languages[0]) if len(languages) == 1 else "These languages"
    return f"{whose}, the fullest layer – {fullest(shown, languages)}."


def draw_one_language(
    chosen: Chosen,
    shown: Sequence[Shown],
    lang: str,
    view: str,
    window: tuple[int, int],
    layer: int | None,
) -> None:
    """Draw the chosen language's layers; a click chooses a layer, its first neuron and the table."""
    frame = layer_frame(shown, [lang], chosen.base, view)
    what, axis = _LAYER_TITLES[view]

    def clicked(point: Sequence[Any]) -> None:
        first = first_place(shown, lang, int(point[0]))
        if first is not None:
            look_at(first)
        elif layer is not None:
            set_control("n_layer", int(point[0]))
        set_control("n_here", True)

    show(
        layer_bars(
            frame,
            chosen.marks,
            title=f"{language_name(lang)}, {what}: {', '.join(dict.fromkeys(frame['label']))}",
            y=axis,
            window=window,
            layer=layer,
            percent=view == SHARE,
        ),
        frame,
        "n_layer_of",
        runs=chosen.about([one.run_id for one in shown]),
        takeaway=_fullest(shown, [lang]),
        on_click=clicked if layer is not None else None,
    )
