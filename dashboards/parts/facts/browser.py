"""Facts one by one: the list, and the answers to one fact in every language side by side."""

from __future__ import annotations

from functools import partial

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from dashboards.chart import csv_bytes
from dashboards.controls import ask_text, choose, choose_view, set_control, toggle
from dashboards.links import query
from dashboards.parts.facts.answers import RIGHT, answers_table
from dashboards.parts.facts.data import Answers
from dashboards.rows import pick_row
from dashboards.texts import language_name, plain
from interp.evals.fact_list import (
    FLIPS,
    answers_to,
    every_answer,
    fact_list,
    flipped,
    options_of,
)
from interp.evals.fact_sheet import Part, member, search

ANYWHERE = "any language"


def browse(answers: Answers, languages: tuple[str, ...], part: Part) -> None:
    """List the facts of the choice, narrowed by text and flips, and show one of them.

    Args:
        answers: the runs.
        languages: those to show.
        part: which facts.
    """
    keep, other = _narrowed(answers, languages, part)
    # right, gained and lost are counted over the languages of the part, as the charts above do
    table = fact_list(
        answers.facts, answers.correct(languages, part), languages, base=answers.base, other=other
    )[keep]
    lacking = int((table["missing"] != "").sum())
    st.caption(
        f"{len(table):,} of {len(answers.facts.fact_ids):,} facts"
        + (f"; {lacking:,} of them missing in some language (unparallel)" if lacking else "")
        + ". A click on the left edge of a row shows its answers."
    )
    if table.empty:
        st.info("No fact is left: widen the text, the flips or the choice of facts above.")
        return
    ids = table["fact_id"].tolist()
    pick_row(
        table,
        ids,
        "f_table",
        chosen=st.session_state.get("fact", st.query_params.get("fact")),
        on_pick=partial(set_control, "fact"),
        alt="Facts of the choice, with the languages in which each checkpoint is right",
        height=320,
        column_config={
            "fact_id": st.column_config.TextColumn(width="small"),
            "question": st.column_config.TextColumn(width="medium"),
            "answer": st.column_config.TextColumn(width="small"),
        },
    )
    st.download_button(
        "Every answer to these facts (CSV)",
        partial(_csv_of, answers, languages, keep),
        "answers.csv",
        "text/csv",
        key="f_csv",
        on_click="ignore",
        icon=":material/download:",
    )
    _one(answers, languages, ids)


def _narrowed(
    answers: Answers, languages: tuple[str, ...], part: Part
) -> tuple[NDArray[np.bool_], str | None]:
    """Draw the controls of the list; which facts they leave, and the checkpoint flips are counted to."""
    text = ask_text(
        "Search facts",
        "f_search",
        hint="in question, subject or answer, any language",
        help='Every word has to occur, "quoted words" as they stand.',
    )
    keep = member(answers.facts, part, languages).any(axis=1) & search(answers.facts, text)
    if not answers.base or not answers.others:
        return keep, None
    columns = st.columns([2, 1, 1])
    with columns[0]:
        how = choose_view(f"Flips from {answers.base}", list(FLIPS), "f_flips")
    with columns[1]:
        other = choose("to", answers.others, "f_other")
    with columns[2]:
        where = choose("in", [ANYWHERE, *languages], "f_where")
    correct = answers.correct(languages, part)
    place = None if where == ANYWHERE else languages.index(where)
    if how != "all":
        keep &= flipped(correct[answers.base], correct[other], how, place)
    return keep, other


def _csv_of(answers: Answers, languages: tuple[str, ...], keep: NDArray[np.bool_]) -> bytes:
    return csv_bytes(every_answer(answers.facts, answers.sheets, languages, keep))


def _one(answers: Answers, languages: tuple[str, ...], ids: list[str]) -> None:
    """Show the answers to one fact."""
    asked = st.session_state.get("fact", st.query_params.get("fact"))
    outside = asked not in ids and asked in answers.facts.fact_ids
    left, right = st.columns([3, 1])
    with left:
        fact = choose("Fact", [asked, *ids] if outside else ids, "fact")
    with right:
        lang = choose("Language", languages, "lang")
    if outside and fact == asked:
        st.caption("This fact is not in the list above: the choice leaves it out.")
    frame = answers_to(answers.facts, answers.sheets, fact, languages)
    labels = list(answers.runs)
    at = answers.facts.at(fact)
    about = [str(one) for one in (answers.facts.relation[at], answers.facts.split[at]) if one]
    counts = ", ".join(
        f"{label} {RIGHT} in {int((frame[f'{label} right'] == 1).sum())} of "
        f"{int(frame[f'{label} right'].notna().sum())}"
        for label in labels
    )
    st.caption(f"{plain(', '.join(about))}: {counts}")
    st.html(answers_table(frame, labels, chosen=lang))
    st.download_button(
        "These answers (CSV)",
        partial(csv_bytes, frame),
        "fact.csv",
        "text/csv",
        key="f_fact_csv",
        on_click="ignore",
        icon=":material/download:",
    )
    if answers.n_options and toggle(
        f"Probabilities of the options in {language_name(lang)}", "f_options"
    ):
        _options(answers, fact, lang)
    if len(answers.chosen.runs_of("lens")):
        st.page_link(
            "views/lens.py",
            label=f"This fact layer by layer, in {language_name(lang)}",
            icon=":material/layers:",
            query_params=query(fact=fact, lang=lang),
        )


def _options(answers: Answers, fact: str, lang: str) -> None:
    frame = options_of(answers.facts, answers.sheets, fact, lang)
    if frame.empty:
        st.info(f"The fact does not exist in {language_name(lang)}.")
        return
    shown = frame.assign(true=frame["true"].map({True: RIGHT, False: ""}))
    shares = {
        label: st.column_config.ProgressColumn(label, min_value=0, max_value=1, format="percent")
        for label in answers.runs
        if label in frame
    }
    st.dataframe(shown, hide_index=True, key="f_option_table", column_config=shares)
    st.caption(
        "Shares among the options: softmax of the log-probabilities"
        + ("" if answers.rule == "sum" else f", each divided by its {answers.rule} count")
        + "; what the model gives to other texts is left out."
    )
