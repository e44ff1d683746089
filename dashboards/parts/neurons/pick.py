"""Finding a neuron: the map of all of them, and the table of a language's own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from dashboards.chart import show
from dashboards.controls import toggle
from dashboards.page import Chosen
from dashboards.parts.neurons.controls import EVERY, GAINED, KEPT, LOST, Set, look_at
from dashboards.parts.neurons.shown import Place, Shown
from dashboards.rows import pick_row
from dashboards.texts import language_name, plain
from interp.figures.neuron_map import entropy_scatter
from interp.lape.live import neuron_table, scatter_frame
from interp.options import LapeOptions
from interp.plates.neurons.scatter import about_map


def draw_map(chosen: Chosen, one: Shown, lang: str, place: Place | None) -> None:
    """Draw entropy against the highest firing probability; a click chooses a neuron."""
    st.subheader("Neurons by entropy")
    if one.counted is None:
        missing = "; ".join(one.listed.missing) if one.listed is not None else ""
        st.info(f"{plain(one.label)} was imported and lacks {plain(missing)}: no entropy to draw.")
        return
    counted = one.counted
    log_x = toggle("Logarithmic probability", "n_log")

    # closes over what is cached already: only its key is made from the arguments
    def points_of(_: Any, run_id: str, options: LapeOptions) -> pd.DataFrame:
        return scatter_frame(counted.activity, counted.ranked, counted.chosen)

    frame = chosen.source.derive(points_of, one.run_id, counted.options)
    show(
        entropy_scatter(
            frame,
            lang,
            title=f"Entropy and highest firing probability of every neuron: {one.label}",
            chosen=place,
            log_x=log_x,
        ),
        frame,
        "n_map",
        runs=chosen.about([one.run_id]),
        takeaway=about_map(counted.ranked, counted.chosen, frame),
        on_click=lambda point: look_at((int(point[0]), int(point[1]))),
    )


def wanted_places(
    shown: Mapping[str, Shown], base: str, lang: str, wanted: Set
) -> list[Place] | None:
    """Pick the neurons of a language that a set operation asks for.

    Args:
        shown: label to checkpoint.
        base: label of the base.
        lang: the language.
        wanted: whose neurons, and which of them.

    Returns:
        Kept and gained ones in the order of the checkpoint, lost ones in the base's; None where the
        checkpoint does not name its neurons.
    """
    own = shown[wanted.at].places(lang)
    if own is None or wanted.kind == EVERY:
        return own
    before = shown[base].places(lang)
    if before is None:
        return None
    if wanted.kind == LOST:
        here = set(own)
        return [place for place in before if place not in here]
    there = set(before)
    return [place for place in own if (place in there) == (wanted.kind == KEPT)]


def table_of(
    shown: Sequence[Shown], base: str, lang: str, wanted: Set, places: Sequence[Place]
) -> pd.DataFrame:
    """Lay out neurons of one language with what becomes of them in the other checkpoints.

    Args:
        shown: the checkpoints.
        base: label of the base.
        lang: the language.
        wanted: of whose neurons it is a table.
        places: the neurons, in order.

    Returns:
        ``interp.lape.live.neuron_table`` (of an imported run only ``layer`` and ``neuron``), and per
        other checkpoint one column: ``selected`` or ``–`` for the base, and for the others ``kept``,
        ``gained``, ``lost`` or ``–`` against the base.
    """
    one = next(each for each in shown if each.label == wanted.at)
    if one.counted is not None:
        frame = neuron_table(one.counted.activity, one.counted.ranked, list(places), lang)
    else:
        frame = pd.DataFrame(list(places), columns=["layer", "neuron"])
    sets = {each.label: set(each.places(lang) or ()) for each in shown}
    known = {each.label for each in shown if each.places(lang) is not None}
    same = {each.label for each in shown if each.shape == one.shape}
    for each in shown:
        if each.label not in known & same:
            continue
        has = [place in sets[each.label] for place in places]
        if each.label == base or base not in known & same:
            said = ["selected" if one_has else "–" for one_has in has]
        else:
            had = [place in sets[base] for place in places]
            said = [_against(*pair) for pair in zip(had, has, strict=True)]
        frame[f"in {each.label}"] = said
    return frame


def _against(had: bool, has: bool) -> str:
    return {(True, True): KEPT, (False, True): GAINED, (True, False): LOST}.get((had, has), "–")


def draw_table(
    chosen: Chosen, shown: Sequence[Shown], lang: str, wanted: Set, place: Place | None
) -> None:
    """Show the language's neurons as a table; a click on a row chooses one."""
    by_label = {one.label: one for one in shown}
    st.subheader(f"{language_name(lang)} neurons of {wanted.at}")
    if chosen.base in by_label and by_label[chosen.base].shape != by_label[wanted.at].shape:
        st.info(
            f"{wanted.at} and {chosen.base} have different shapes (layers, neurons per layer: "
            f"{by_label[wanted.at].shape} and {by_label[chosen.base].shape}): a neuron of one is not "
            "one of the other, so none is kept, gained or lost."
        )
    places = wanted_places(by_label, chosen.base, lang, wanted)
    if places is None:
        st.info(f"{wanted.at} says how many neurons each layer has, and not which.")
        return
    here = toggle("Only the chosen layer", "n_here", help="A click on a layer's bar sets it, too.")
    if here and place is not None:
        places = [one for one in places if one[0] == place[0]]
    table = table_of(shown, chosen.base, lang, wanted, places)
    where = f" in layer {place[0]}" if here and place is not None else ""
    kind = "" if wanted.kind == EVERY else f" {wanted.kind} against {chosen.base}"
    st.caption(f"{len(table):,} neurons{kind}{where}. Choose a row to look at its neuron below.")
    if wanted.kind == LOST and len(table):
        st.caption(f"Entropy and probabilities are those of {wanted.at}, where they are lost.")
    if len(table):
        pick_row(
            table,
            places,
            "n_table",
            chosen=place,
            on_pick=look_at,
            alt=f"{language_name(lang)} neurons of {wanted.at}",
            column_config=_columns(lang),
        )


def _columns(lang: str) -> dict[str, Any]:
    number = st.column_config.NumberColumn
    return {
        "layer": number("layer", help="From 0."),
        "neuron": number("neuron", help="Within the layer, from 0."),
        "entropy": number("entropy", format="%.4f", help="In nats; 0: fires in one language only."),
        "p": number(f"p in {lang}", format="%.4f", help="Share of tokens on which it is active."),
        "next": st.column_config.TextColumn("next", help="Other language in which it fires most."),
        "p_next": number("its p", format="%.4f"),
        "n_active": number("active on", format="localized", help="Tokens, all languages together."),
    }
