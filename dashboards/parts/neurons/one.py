"""The chosen neuron: how often it fires where, and the texts that excite it."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from dashboards.chart import show
from dashboards.controls import number
from dashboards.faults import command, command_of
from dashboards.page import Chosen
from dashboards.parts.neurons.shown import Place, Shown
from dashboards.texts import language_name, paragraph, plain, shaded
from interp.figures.one_neuron import firing_dots
from interp.lape.neuron_view import FIRING, entropy_of, firing, read_examples, strongest

_FACES = "Noto Sans, Noto Sans Arabic, Noto Sans Bengali, Noto Sans CJK SC, Noto Sans CJK JP"


def draw_neuron(
    chosen: Chosen, shown: Sequence[Shown], languages: Sequence[str], place: Place
) -> None:
    """Draw how often the neuron fires in each language and checkpoint, and what it is there."""
    st.subheader(f"Neuron {place[1]} of layer {place[0]}")
    own = [one for one in shown if one.holds(place)]
    for one in shown:
        if one not in own:
            st.info(
                f"{one.label} has no such neuron: {one.n_layers} layers of {one.n_neurons} neurons."
            )
    if not own:
        return
    st.dataframe(about_neuron(own, place), hide_index=True, key="n_about", column_config=_ABOUT)
    if len({one.shape for one in own}) > 1:
        st.info(
            "These checkpoints have different shapes: the number is not one and the same neuron."
        )
    frame = firing_frame(own, languages, place)
    unknown = [one.label for one in own if one.counted is None]
    if unknown:
        st.info(f"{', '.join(unknown)}: imported, without firing probabilities.")
    if frame.empty:
        return
    labels = list(dict.fromkeys(frame["label"]))
    show(
        firing_dots(
            frame,
            list(dict.fromkeys(frame["lang"])),
            chosen.marks,
            title=f"Firing probability of layer {place[0]}, neuron {place[1]}: {', '.join(labels)}",
        ),
        frame,
        "n_firing",
        runs=chosen.about([one.run_id for one in own if one.label in labels]),
        takeaway=_fires_most(frame),
    )
    st.caption(
        "Intervals are Wilson's (95 %) and take tokens as independent. Tokens of one text are not, so "
        "they are too narrow, and two that do not overlap are no verdict: differences are judged for "
        "the neurons of a language together (Evidence, above), not for one neuron."
    )


def about_neuron(shown: Sequence[Shown], place: Place) -> pd.DataFrame:
    """Say what the neuron is in each checkpoint.

    Args:
        shown: checkpoints that have it.
        place: the neuron.

    Returns:
        Columns ``label``, ``entropy`` (in nats, also of one that the filter removes; empty where dead or
        not known), ``state`` (in words), ``place`` (1 is the lowest entropy of all that can be
        selected) and ``active`` (tokens, all languages).
    """
    rows = []
    for one in shown:
        langs = one.languages_of(place)
        state = f"selected for {', '.join(langs)}" if langs else "not selected"
        rank, h, active = None, math.nan, math.nan
        if one.counted is not None:
            ranked = one.counted.ranked
            rank = ranked.place(*place)
            fired = firing(one.counted.activity, *place)
            h, active = entropy_of(fired, one.counted.options.eps), float(fired["n_active"].sum())
            if ranked.dead[place]:
                state = "dead: never fires"
            elif rank is None:
                state = "removed by the filter: fires in no language often enough"
        elif one.listed is not None and one.listed.places is None:
            state = "not known: only counts per layer"
        rows.append(
            {
                "label": one.label,
                "state": state,
                "entropy": h if math.isfinite(h) else math.nan,
                "place": math.nan if rank is None else rank + 1,
                "active": active,
            }
        )
    return pd.DataFrame(rows)


_ABOUT: dict[str, Any] = {
    "label": "checkpoint",
    "state": "under these thresholds",
    "entropy": st.column_config.NumberColumn("entropy", format="%.4f", help="In nats."),
    "place": st.column_config.NumberColumn(
        "place by entropy", format="localized", help="1: the lowest of all that can be selected."
    ),
    "active": st.column_config.NumberColumn(
        "active on", format="localized", help="Tokens, all languages together."
    ),
}


def firing_frame(shown: Sequence[Shown], languages: Sequence[str], place: Place) -> pd.DataFrame:
    """Lay out how often a neuron fires, columns ``label`` and ``interp.lape.neuron_view.FIRING``."""
    parts = []
    for one in shown:
        if one.counted is not None:
            fired = firing(one.counted.activity, *place)
            fired = fired[fired["lang"].isin(languages)].copy()
            fired["at"] = fired["lang"].map(list(languages).index)
            parts.append(fired.sort_values("at").assign(label=one.label)[["label", *FIRING]])
    return (
        pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=["label", *FIRING])
    )


def _fires_most(frame: pd.DataFrame) -> str:
    parts = []
    for label, own in frame.groupby("label", sort=False):
        ordered = own.sort_values("p", ascending=False, kind="stable")
        if ordered["p"].iloc[0] == 0:
            parts.append(f"{label}: never")
            continue
        said = [f"{lang} ({p:.3g})" for lang, p in zip(ordered["lang"], ordered["p"], strict=True)]
        parts.append(f"{label}: {', then '.join(said[:2])}")
    return f"Fires most in – {'; '.join(parts)}."


def draw_texts(
    chosen: Chosen, shown: Sequence[Shown], languages: Sequence[str], lang: str, place: Place
) -> None:
    """Show the texts that excite the neuron most, a column per checkpoint, shaded by activation."""
    st.markdown("#### Texts that excite it most")
    examples = {
        one.label: chosen.source.derive(read_examples, one.run_id, *place)
        for one in shown
        if one.counted is not None and one.holds(place)
    }
    top = strongest(list(examples.values()))
    order = [lang, *(code for code in languages if code != lang)]
    each = 0
    if top > 0:
        each = number(
            "Texts of each other language",
            0,
            5,
            "n_texts",
            default=1,
            help="Of the chosen language all stored ones are shown.",
        )
        st.caption(
            f"Up to 32 tokens around the peak. The deepest shade is {top:.3g}, the neuron's highest "
            "activation in these texts over all checkpoints shown; negative activation is not shaded. "
            "Point at a shade for its share of it. A text may begin or end within a character (�)."
        )
    for column, one in zip(st.columns(len(shown)), shown, strict=True):
        with column:
            st.markdown(f"**{plain(one.label)}**")
            found = examples.get(one.label)
            if found is None or found.empty:
                _say_no_texts(chosen, one, place)
            else:
                st.html(examples_html(found, order, top, each))


def examples_html(examples: pd.DataFrame, languages: Sequence[str], top: float, each: int) -> str:
    """Write examples as HTML, every token escaped.

    Args:
        examples: ``interp.lape.neuron_view.read_examples``.
        languages: in order; of the first all texts are written.
        top: the activation that is shaded deepest.
        each: texts of every further language.
    """
    parts = []
    for place, lang in enumerate(languages):
        own = examples[examples["lang"] == lang]
        own = own if place == 0 else own.head(each)
        if own.empty:
            if place == 0:
                parts.append(f"<p><em>No text in {html.escape(language_name(lang))}.</em></p>")
            continue
        parts.append(f"<p><strong>{html.escape(language_name(lang))}</strong></p>")
        for tokens, activations in zip(own["tokens"], own["activations"], strict=True):
            values = np.asarray(activations, dtype=np.float64) / (top if top > 0 else math.inf)
            parts.append(paragraph(shaded(list(map(str, tokens)), values.tolist()), lang))
    return f'<div style="font-family:{_FACES}, sans-serif">{"".join(parts)}</div>'


def _say_no_texts(chosen: Chosen, one: Shown, place: Place) -> None:
    if one.counted is None:
        st.info("Imported: no texts are stored.")
        return
    if not one.holds(place):
        st.info("No such neuron.")
        return
    stored = chosen.source.study().spec(one.run_id)["arguments"].get("examples", 0)
    if not stored:
        st.info("Its run stored no texts. To store them:")
        command(command_of(chosen.source, "lape", one.label, "--examples 5"))
        return
    own = chosen.source.study().spec(one.run_id)["arguments"]["top_fraction"]
    st.info(
        "Texts are stored for the neurons that the run itself selected "
        f"(top {100 * own:g} %); this is none of them. A larger share stores more:"
    )
    more = min(1.0, 2 * own)
    command(
        command_of(
            chosen.source, "lape", one.label, f"--examples {stored}", f"--top-fraction {more:g}"
        )
    )
