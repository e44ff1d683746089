"""Answers to facts: accuracy, consistency, flips, ways of being wrong, and every fact in every language."""

from __future__ import annotations

import numpy as np
import streamlit as st

from dashboards.controls import choose, choose_some, choose_view
from dashboards.faults import say_one_checkpoint, told
from dashboards.page import Chosen, begin
from dashboards.parts.facts import charts
from dashboards.parts.facts.browser import browse
from dashboards.parts.facts.data import Answers, own_rules, read_answers
from interp.data.languages import get
from interp.evals.choices import LENGTHS
from interp.evals.fact_sheet import ANY, STATEDNESS, Part


def main() -> None:
    """Draw the page."""
    chosen = begin("Facts")
    runs = chosen.choose_runs("mcq", "klar")
    if not runs:
        return
    with told():
        _page(chosen, runs)


def _page(chosen: Chosen, runs: dict[str, str]) -> None:
    controls = st.container()
    with controls:
        rule, own = _normalisation(chosen, runs)
    answers = read_answers(chosen, runs, rule)
    if not answers.facts.fact_ids:
        st.info("These runs hold no answers that can be laid out fact by fact.")
        return
    with controls:
        part, languages = _choice(answers)
    if not languages:
        st.info("None of the chosen languages and scripts is in these runs: choose others.")
        return
    if not answers.base:
        st.info(f"The baseline {chosen.base} has no such run: levels are shown, no differences.")
    elif chosen.source.runs()["label"].nunique() == 1:
        say_one_checkpoint(chosen.source)
    frame = charts.accuracy(answers, languages, part, part.whole and own)
    common = answers.answered_by_all(languages, part)
    if left := [lang for lang in languages if lang not in common]:
        st.info(
            f"Not every checkpoint answered {', '.join(left)} here: statistics across languages are "
            f"over the other {len(common)}."
        )
    if len(common) > 1:
        st.header("Across languages")
        charts.histogram(answers, common, part)
        charts.consistency(answers, common, part)
    else:
        st.info("Consistency across languages needs two languages.")
    if answers.base and answers.others:
        st.header("What changed")
        charts.flips(answers, languages, part, frame)
    st.header("How answers are wrong")
    charts.ways(answers, languages, part)
    st.header("Fact by fact")
    browse(answers, languages, part)


def _normalisation(chosen: Chosen, runs: dict[str, str]) -> tuple[str, bool]:
    """Choose what option scores are divided by; whether it is what every run decided by."""
    about = chosen.about(list(runs.values()))
    if about["analysis"].iloc[0] != "mcq":
        return "", True
    own = chosen.source.derive(own_rules, tuple(runs.values()))
    rule = choose(
        "Option scores divided by",
        list(LENGTHS),
        "f_norm",
        default=own[0],
        help="Decides anew which option is chosen; the run's own at first.",
    )
    if len(set(own)) > 1:
        st.info(f"The runs decided by {', '.join(own)}: here all are decided by {rule}.")
    return rule, set(own) == {rule}


def _choice(answers: Answers) -> tuple[Part, tuple[str, ...]]:
    """Choose facts and scripts; nothing chosen is everything."""
    facts = answers.facts
    shown = answers.chosen.shown(facts.languages)
    relations = sorted(set(facts.relation) - {""})
    splits = sorted(set(facts.split) - {""}, key=lambda one: (one != "train", one == "test", one))
    scripts = list(dict.fromkeys(get(code).script for code in shown))
    columns = st.columns(3)
    with columns[0]:
        relation = choose_some("Relations", relations, "f_rel", default=[], help="None: all.")
    with columns[1]:
        split = choose_some("Splits", splits, "f_split", default=[], help="None: all.")
    with columns[2]:
        script = choose_some("Scripts", scripts, "f_script", default=[], help="None: all.")
    stated = ANY
    if not np.isnan(facts.stated).all():
        stated = choose_view(
            "What the language's training text says",
            list(STATEDNESS),
            "f_stated",
            help="Facts that a language's own text states, or that only the English text states.",
        )
    languages = tuple(code for code in shown if not script or get(code).script in script)
    return Part(tuple(relation), tuple(split), stated), languages


main()
