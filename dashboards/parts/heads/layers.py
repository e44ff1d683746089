"""In which layers each language's top heads lie."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from dashboards.chart import show
from dashboards.controls import set_control
from dashboards.parts.heads.choice import HeadsChoice
from dashboards.parts.heads.evidence import say_cut, stored_table
from interp.figures.head_sets import layer_profiles
from interp.lahis.top_frames import profile_frame
from interp.plates.heads.layers import fullest_text
from interp.plates.heads.words import in_percent
from interp.stats.verdict import BEYOND


def draw(choice: HeadsChoice) -> None:
    """Draw the part of the page."""
    frame = choice.chosen.source.derive(
        profile_frame, choice.runs, choice.languages, choice.fraction
    )
    rows = [in_percent(choice.stored(label, "layer_profile")) for label, _ in choice.others]
    stored = pd.concat(rows) if rows else None
    show(
        layer_profiles(
            frame,
            list(choice.maps),
            choice.languages,
            title=f"Layers of the top {choice.percent} of heads: {', '.join(choice.maps)}",
            beyond=None if stored is None else stored[stored["verdict"] == BEYOND],
        ),
        frame,
        "h_layers",
        runs=choice.about(choice.runs),
        takeaway=fullest_text(frame),
        on_click=_choose_layer,
    )
    if stored is not None:
        say_cut(choice)
        peaks = [in_percent(choice.stored(label, "layer_peak")) for label, _ in choice.others]
        stored_table(choice, pd.concat([*peaks, stored]), "percent of the top heads in a layer")


def _choose_layer(cell: Sequence[Any]) -> None:
    set_control("h_label", str(cell[0]))
    set_control("lang", str(cell[1]))
    set_control("h_layer", int(cell[2]))
