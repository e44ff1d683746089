"""Language-specific neurons: how many, where, how specific, and what one of them does."""

import streamlit as st

from dashboards.controls import choose
from dashboards.faults import told
from dashboards.page import Chosen, begin
from dashboards.parts.neurons.controls import (
    choose_layers,
    choose_neuron,
    choose_set,
    choose_thresholds,
    choose_view_of_counts,
)
from dashboards.parts.neurons.counts import draw_counts
from dashboards.parts.neurons.layers import draw_layers, draw_one_language
from dashboards.parts.neurons.one import draw_neuron, draw_texts
from dashboards.parts.neurons.path import draw_path
from dashboards.parts.neurons.pick import draw_map, draw_table
from dashboards.parts.neurons.shown import Shown, read_shown
from dashboards.parts.neurons.window import draw_window
from dashboards.texts import plain


def main() -> None:
    """Draw the page."""
    chosen = begin("Neurons")
    runs = chosen.choose_runs("lape")
    if not runs:
        return
    st.write(
        "A neuron is language-specific if it fires in few languages: its firing probabilities over "
        "languages have low entropy (LAPE, Tang et al. 2024)."
    )
    changes = choose_thresholds(chosen.source, runs)
    shown = []
    for label, run_id in runs.items():
        with told():  # one run that cannot be read leaves the others
            shown.append(read_shown(chosen.source, label, run_id, changes))
    if not shown:
        return
    _draw(chosen, shown)


def _draw(chosen: Chosen, shown: list[Shown]) -> None:
    languages = chosen.shown(list(dict.fromkeys(code for one in shown for code in one.languages)))
    if not languages:
        st.info("None of the chosen languages has a LAPE run here: choose others in the sidebar.")
        return
    for one in shown:
        if one.listed is not None:
            st.info(
                f"{plain(one.label)} was imported and lacks: "
                f"{plain('; '.join(one.listed.missing))}. {plain(one.listed.caveat)}"
            )
    left, right = st.columns((1, 2))
    with left:
        lang = choose("Language", languages, "lang")
    with right:
        window = choose_layers(shown)
    place = choose_neuron(shown, lang)
    view = choose_view_of_counts(shown, chosen.base)
    if not any(one.n_selected() for one in shown):
        st.warning(
            "These thresholds select no neuron: raise the top fraction or loosen the filter."
        )
    draw_counts(chosen, shown, languages, view)
    draw_layers(chosen, shown, languages, view)
    draw_one_language(chosen, shown, lang, view, window, place[0] if place else None)
    draw_window(chosen, shown, languages, window)
    wanted = choose_set(shown, chosen.base)
    at = next(one for one in shown if one.label == wanted.at)
    draw_table(chosen, shown, lang, wanted, place)
    draw_map(chosen, at, lang, place)
    if place is None:
        st.info("No checkpoint here says which neurons there are: none can be looked at.")
        return
    draw_neuron(chosen, shown, languages, place)
    draw_texts(chosen, shown, languages, lang, place)
    draw_path(chosen, shown, languages, lang, place)


main()
