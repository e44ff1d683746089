"""What can be set on the Neurons page: language, thresholds, layers, the neuron that is looked at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from dashboards.controls import choose, choose_view, number, set_control, span
from dashboards.data import Source
from dashboards.parts.neurons.shown import Place, Shown, options_of
from interp.options import LapeOptions
from interp.plates.neurons.frames import CHANGE, NUMBER, SHARE, final_layers

VIEWS = (NUMBER, SHARE, CHANGE)
EVERY, KEPT, GAINED, LOST = "all", "kept", "gained", "lost"
SETS = (EVERY, KEPT, GAINED, LOST)

_SMALLEST, _LARGEST = 0.1, 10.0
"""Of the top fraction, in percent of all neurons."""

_SEEN = "n_neuron_of"
"""Session key: the language whose neuron was looked at last."""


def choose_thresholds(source: Source, runs: Mapping[str, str]) -> dict[str, Any]:
    """Choose what selects a neuron.

    Args:
        source: the study.
        runs: label to run.

    Returns:
        Fields of ``LapeOptions``; none where every run is imported. What stands at its default is the
        first run's own value, to the last digit.
    """
    known = {label: options_of(source, run_id) for label, run_id in runs.items()}
    own = next((options for options in known.values() if options is not None), None)
    if own is None:
        st.caption("Thresholds cannot be changed: imported runs list neurons, not activations.")
        return {}
    columns = st.columns((3, 3, 4))
    with columns[0]:
        fraction = _choose_fraction(own)
    with columns[1]:
        quantile = _choose_quantile(own)
    with columns[2]:
        rule = choose_view(
            "Assignment",
            ("argmax", "threshold"),
            "n_rule",
            default=own.assignment,
            help="argmax: a neuron has the language in which it fires most; threshold: every "
            "language in which it fires more often than the filter asks.",
        )
    made = {options for options in known.values() if options is not None}
    if len({_thresholds(options) for options in made}) > 1:
        st.warning(
            "These runs were made with different thresholds. All are shown under one, to begin with "
            f"that of {next(label for label, options in known.items() if options is own)}."
        )
    return {"top_fraction": fraction, "filter_quantile": quantile, "assignment": rule}


def _thresholds(options: LapeOptions) -> tuple[float, float | None, str]:
    return options.top_fraction, options.filter_quantile, options.assignment


def _choose_fraction(own: LapeOptions) -> float:
    stored = round(100 * own.top_fraction, 4)
    percent = number(
        "Top fraction, % of all",
        min(_SMALLEST, stored),
        max(_LARGEST, stored),
        "n_top",
        default=stored,
        step=0.1,
        help="The entropy cut: how many of all neurons, those of lowest entropy, count as "
        "language-specific.",
    )
    return own.top_fraction if percent == stored else float(percent) / 100


def _choose_quantile(own: LapeOptions) -> float | None:
    values = {"none": None, "0.9": 0.9, "0.95": 0.95, "0.99": 0.99}
    stored = "none" if own.filter_quantile is None else f"{own.filter_quantile:g}"
    values[stored] = own.filter_quantile
    chosen = choose(
        "Filter, quantile",
        list(values),
        "n_filter",
        default=stored,
        help="A neuron has to fire in some language more often than this quantile of all "
        "probabilities; none lets neurons in that hardly ever fire.",
    )
    return values[chosen]


def choose_layers(shown: Sequence[Shown]) -> tuple[int, int]:
    """Choose a range of layers, 0-based and inclusive; at first the final ones, as they are compared."""
    deepest = max(shown, key=lambda one: one.n_layers)
    return span(
        "Layer window",
        0,
        deepest.n_layers - 1,
        "n_window",
        default=final_layers(deepest.n_layers),
        help="The share of a language's neurons in these layers is drawn below.",
    )


def choose_view_of_counts(shown: Sequence[Shown], base: str) -> str:
    """Choose what is drawn of counts; without a base beside others there is no difference."""
    labels = [one.label for one in shown]
    views = VIEWS if base in labels and len(labels) > 1 else VIEWS[:2]
    return choose_view("Counts as", views, "n_view")


@dataclass(frozen=True)
class Set:
    """Which of a language's neurons are listed.

    Attributes:
        at: label of the checkpoint.
        kind: all of its neurons, or those kept, gained or lost against the base.
    """

    at: str
    kind: str


def choose_set(shown: Sequence[Shown], base: str) -> Set:
    """Choose the checkpoint whose neurons are listed, and how they are held against the base."""
    labels = [one.label for one in shown]
    first = next((label for label in labels if label != base), labels[0])
    columns = st.columns(2)
    with columns[0]:
        at = choose("Neurons of checkpoint", labels, "n_at", default=first)
    with columns[1]:
        comparable = base in labels and at != base and _same_neurons(shown, base, at)
        kind = choose_view(
            f"Held against {base}",
            SETS if comparable else SETS[:1],
            "n_set",
            help="kept: selected in both; gained: here only; lost: in the baseline only.",
        )
    return Set(at, kind)


def _same_neurons(shown: Sequence[Shown], base: str, at: str) -> bool:
    shapes = {one.label: one.shape for one in shown}
    return shapes[base] == shapes[at]


def choose_neuron(shown: Sequence[Shown], lang: str) -> Place | None:
    """Choose the neuron that is looked at; another language begins with its most specific one.

    Args:
        shown: the checkpoints.
        lang: the chosen language.

    Returns:
        (layer, neuron); None where no checkpoint says how many neurons it has.
    """
    widths = [one.n_neurons for one in shown if one.n_neurons is not None]
    if not widths:
        return None
    deepest = max(one.n_layers for one in shown)
    _begin_with(shown, lang)
    columns = st.columns(2)
    with columns[0]:
        layer = choose("Layer", range(deepest), "n_layer", help="From 0.")
    with columns[1]:
        neuron = choose(
            "Neuron",
            range(max(widths)),
            "n_neuron",
            help="Within the layer, from 0. A click on a point or on a row of the table sets it, too.",
        )
    return layer, neuron


def _begin_with(shown: Sequence[Shown], lang: str) -> None:
    """Set the neuron to the language's first one, unless a link or the reader has chosen one.

    It is set, and not only made the default, so that the address carries it.
    """
    seen = st.session_state.get(_SEEN)
    asked = "n_layer" in st.query_params or "n_neuron" in st.query_params
    st.session_state[_SEEN] = lang
    if seen == lang or (seen is None and asked):
        return
    first = first_place(shown, lang)
    if first is not None:
        look_at(first)
        if seen is None:  # what a script sets before a widget is there does not reach the address
            st.query_params.update({"n_layer": str(first[0]), "n_neuron": str(first[1])})


def first_place(shown: Sequence[Shown], lang: str, layer: int | None = None) -> Place | None:
    """Return the first neuron of a language in the first checkpoint that names one."""
    for one in shown:
        for place in one.places(lang) or ():
            if layer is None or place[0] == layer:
                return place
    return None


def look_at(place: Place) -> None:
    """Set the neuron that is looked at; call it in a callback, or before the widgets are drawn."""
    set_control("n_layer", int(place[0]))
    set_control("n_neuron", int(place[1]))
