"""Statistics page: one statistic at every place, and the evidence of the chosen place in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
import streamlit as st

from dashboards.chart import show
from dashboards.controls import choose, choose_some, choose_view, set_control
from dashboards.page import Chosen
from dashboards.texts import language_name, plain
from interp.evidence.meanings import meaning
from interp.evidence.places import ORDERS, at_place, choices, ordered_places, thinned, with_places
from interp.evidence.words import in_words
from interp.figures.captions import short_hash
from interp.figures.evidence import forest
from interp.figures.verdicts import evidence_text
from interp.plates.neurons.curve_words import ALL
from interp.plates.overview.forest import COLUMNS, MOST_PLACES, verdicts_by_place
from interp.stats.verdict import BEYOND, NOT_ENOUGH, WITHIN

ONE = "one language"


@dataclass(frozen=True)
class Asked:
    """What the controls say.

    Attributes:
        analysis: e.g. ``lape``.
        statistic: e.g. ``layer_distance``.
        rows: its rows of ``comparisons`` of all chosen checkpoints, with their places.
        labels: checkpoints to draw.
    """

    analysis: str
    statistic: str
    rows: pd.DataFrame
    labels: tuple[str, ...]


def ask(chosen: Chosen, compared: pd.DataFrame) -> Asked:
    """Draw the controls that say what is looked at.

    Args:
        chosen: the page's choice.
        compared: rows of ``comparisons``, at least one.
    """
    checkpoint, analysis, statistic = st.columns(3)
    there = set(compared["label"].unique())
    labels = [label for label in chosen.others if label in there]
    with checkpoint:
        options = [SIDE_BY_SIDE, *labels] if len(labels) > 1 else labels
        label = choose("Checkpoint", options, "s_label")
    with analysis:
        which = choose("Analysis", list(compared["analysis"].unique()), "s_analysis")
    rows = compared[compared["analysis"] == which]
    short = {data: short_hash(data) for data in rows["data"].unique()}  # rows are tens of thousands
    kinds = rows["preset"] + " " + rows["data"].map(short)
    if kinds.nunique() > 1:
        kind = choose("Runs (preset, data)", list(kinds.unique()), "s_runs")
        rows = rows[kinds == kind]
    with statistic:
        name = choose("Statistic", list(rows["statistic"].unique()), "s_stat")
    rows = rows[rows["statistic"] == name]
    what = meaning(which, name, str(rows["kind"].iloc[0]))
    for column in ("lang", "other_lang"):
        rows = rows[rows[column].isna() | rows[column].isin(chosen.languages)]
    kept = tuple(labels) if label == SIDE_BY_SIDE else (str(label),)
    st.caption(f"**{plain(name)}**: {plain(what)}")
    return Asked(which, name, with_places(rows[rows["label"].isin(kept)]), kept)


SIDE_BY_SIDE = "side by side"


def draw_forest(chosen: Chosen, asked: Asked) -> None:
    """Draw the forest plot with its order and filter."""
    left, right = st.columns([6, 5])  # three views need room on a small screen
    with left:
        by = choose_view("Order", ORDERS, "s_sort")
    with right:
        kept = choose_some("Verdicts", [BEYOND, WITHIN, NOT_ENOUGH], "s_verdict")
    rows = asked.rows[asked.rows["verdict"].isin(kept)]
    if rows.empty:
        st.info(
            f"No row of {asked.statistic} has a verdict that is chosen: {', '.join(kept) or 'none'}."
        )
        return
    every = ordered_places(rows, by)
    places = thinned(every, MOST_PLACES)
    shown = rows[rows["place"].isin(places)]
    if len(places) < len(every):
        st.caption(
            f"The first {len(places)} of {len(every)} rows in this order are drawn; the table of the "
            "evidence below has all."
        )
    order = {place: at for at, place in enumerate(places)}
    shown = shown.sort_values("place", key=lambda own: own.map(order), kind="stable")
    marks = {label: chosen.marks[label] for label in asked.labels}
    show(
        forest(
            shown,
            places,
            marks,
            title=f"{asked.analysis} {asked.statistic}: {', '.join(asked.labels)} against {chosen.base}",
            x=f"{asked.statistic} ({shown['kind'].iloc[0]})",
        ),
        shown[COLUMNS].reset_index(drop=True),
        "s_forest",
        runs=chosen.about(list(dict.fromkeys([*shown["base_run"], *shown["label_run"]]))),
        takeaway=f"{verdicts_by_place(rows, asked.labels)}.",
        on_click=_clicked,
    )


def _clicked(data: Sequence[Any]) -> None:
    """Choose the clicked row's place: ``[lang, rest]``, an empty language for all of them."""
    lang, rest = str(data[0]), str(data[1])
    if lang:
        set_control("s_scope", ONE)
        set_control("lang", lang)
    else:
        set_control("s_scope", ALL)
    if rest:
        set_control("s_row", rest)


def ask_place(chosen: Chosen, asked: Asked) -> tuple[str | None, str]:
    """Draw the controls that say at which place to look more closely; a click sets them, too.

    Returns:
        Language (None for all together) and what else tells the row apart.
    """
    there = choices(asked.rows)
    spoken = [lang for lang in chosen.languages if lang in there]
    pooled = "" in there or asked.analysis == "lape"  # whose curves are there for all together, too
    scopes = [*([ONE] if spoken else []), *([ALL] if pooled else [])]
    left, middle, right = st.columns([12, 5, 5])
    lang: str | None = None
    with left:
        scope = choose_view("Look at", scopes, "s_scope")
    if scope == ONE:
        with middle:
            lang = choose("Language", spoken, "lang", help="A click on a row chooses it, too.")
    rests = there.get(lang or "", ("",))
    if len(rests) > 1:
        with right:
            return lang, choose("Row", rests, "s_row", help="A click on a row chooses it, too.")
    return lang, rests[0]


def draw_cards(asked: Asked, lang: str | None, rest: str) -> None:
    """Write the evidence of one place out, checkpoint by checkpoint."""
    found = at_place(asked.rows, lang, rest)
    where = " ".join(filter(None, (language_name(lang) if lang else ALL, rest)))
    st.subheader(f"{asked.statistic}, {where}")
    if found.empty:
        st.info(f"{asked.statistic} has no row for {where}.")
        return
    for column, row in zip(st.columns(len(found)), found.to_dict("records"), strict=True):
        named = {str(name): value for name, value in row.items()}
        with column.container(border=True):
            st.markdown(f"**{plain(str(named['label']))} against {plain(str(named['base']))}**")
            st.markdown(plain(evidence_text(named)))
            st.markdown("  \n".join(map(plain, in_words(named))))
