"""How much of each language's neurons lies in a range of layers."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from dashboards.chart import show
from dashboards.page import Chosen
from dashboards.parts.neurons.shown import Shown
from interp.figures.neuron_counts import language_bars
from interp.plates.neurons.frames import SHARE, final_layers, window_frame
from interp.plates.neurons.stored import stored_rows
from interp.plates.neurons.words import most_and_least, verdicts


def draw_window(
    chosen: Chosen, shown: Sequence[Shown], languages: Sequence[str], window: tuple[int, int]
) -> None:
    """Draw the share of each language's neurons within the layer window."""
    rows = stored_rows(chosen, shown, "late_share")
    frame = window_frame(shown, languages, chosen.base, window, rows)
    show(
        language_bars(
            frame,
            chosen.marks,
            title=f"Share of a language's neurons in layers {window[0]}–{window[1]}: "
            f"{', '.join(one.label for one in shown)}",
            y="share of the language's neurons",
            percent=True,
        ),
        frame,
        "n_inside",
        runs=chosen.about([one.run_id for one in shown]),
        takeaway=f"In layers {window[0]}–{window[1]} lie, of a language's neurons – "
        f"{most_and_least(frame, SHARE)}" + verdicts(frame),
    )
    final = final_layers(shown[0].n_layers)
    if window != final:
        st.caption(
            f"Intervals and verdicts are stored for the final layers, {final[0]}–{final[1]}."
        )
