"""The charts of the page of facts: each draws one question about all chosen facts."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from dashboards.chart import show
from dashboards.controls import choose, choose_view, set_control
from dashboards.parts.facts.data import Answers
from dashboards.parts.facts.verdicts import (
    matching,
    say_across,
    say_verdicts,
    verdicts,
)
from interp.data.languages import get
from interp.evals.checkpoint_tables import PAIRWISE, pair_chance
from interp.evals.fact_sheet import Part
from interp.evidence.rows import evidence
from interp.figures.fact_accuracy import dumbbell
from interp.figures.fact_consistency import pair_maps, right_histogram
from interp.figures.fact_flips import flip_bars
from interp.figures.fact_ways import way_bars
from interp.figures.verdicts import SIGNS, evidence_text
from interp.plates.evaluation.compared import legend, records
from interp.plates.evaluation.ways import FAILURE, counted_ways, readings, title_of
from interp.plates.evaluation.words import (
    ACROSS,
    COMPARED_FACTS,
    PAIR_NAMES,
    accuracy_said,
    flips_said,
    histogram_said,
    pairs_said,
    ways_said,
)

Languages = tuple[str, ...]


def accuracy(answers: Answers, languages: Languages, part: Part, stored: bool) -> pd.DataFrame:
    """Draw accuracy per language with intervals and verdicts.

    Args:
        answers: the runs.
        languages: those to show.
        part: which facts.
        stored: whether part and normalisation are those of the stored comparisons.

    Returns:
        The plotted table, for the charts below.
    """
    frame = answers.accuracy(languages, part)
    options = [
        "language",
        "script",
        *([f"Δ {one}" for one in answers.others] if answers.base else []),
    ]
    order = choose_view("Sort by", options, "f_sort")
    rows = verdicts(answers)
    signs, said = {}, {}
    of_what = "" if stored else f"{COMPARED_FACTS}: "
    for row in records(rows[rows["lang"].notna()]):
        cell = str(row["label"]), str(row["lang"])
        signs[cell], said[cell] = SIGNS[row["verdict"]], of_what + evidence_text(row)
    chance = 1 / answers.n_options if answers.n_options else None
    show(
        dumbbell(
            frame,
            list(answers.runs),
            _sorted(frame, languages, order),
            answers.base,
            title=_title(answers, "accuracy", part),
            marks=answers.chosen.marks,
            chance=chance,
            signs=signs,
            evidence=said,
        ),
        frame,
        "f_accuracy",
        runs=_runs(answers),
        takeaway=f"{accuracy_said(answers.base, answers.others, frame, rows, stored)} "
        f"Bars: 95 % bootstrap intervals over facts. {legend(signs.values())}".rstrip(),
        on_click=lambda point: set_control("lang", point[0]),
    )
    say_verdicts(answers, rows, stored)
    return frame


def histogram(answers: Answers, languages: Languages, part: Part) -> None:
    """Draw in how many languages facts are right."""
    frame = answers.histogram(languages, part)
    show(
        right_histogram(
            frame,
            list(answers.runs),
            title=_title(answers, f"facts right in 0 to {len(languages)} languages", part),
            marks=answers.chosen.marks,
        ),
        frame,
        "f_histogram",
        runs=_runs(answers),
        takeaway=f"{histogram_said(frame, len(languages))} Bars: 95 % bootstrap intervals over facts.",
    )
    say_across(answers, "total_consistency", "Right in every language")


def consistency(answers: Answers, languages: Languages, part: Part) -> None:
    """Draw how alike every two languages are answered."""
    options = [one for one in PAIRWISE if answers.aligned or one in ("clc", "given")]
    left, right = st.columns(2)
    with left:
        statistic = choose(
            "Consistency of two languages", options, "f_stat",
            help="; ".join(f"{one}: {PAIR_NAMES[one]}" for one in options),
        )  # fmt: skip
    with right:
        views = ["value", *(["difference"] if answers.base and answers.others else [])]
        view = choose_view("Show", views, "f_pairs")
    if not answers.aligned:
        st.caption(
            "Agreement and RankC need scored options that denote the same thing in every language, "
            "which these runs do not say."
        )
    frame = answers.pairs(languages, part, statistic)
    delta = view == "difference"
    shown = answers.others if delta else list(answers.runs)
    chance = pair_chance(statistic, answers.n_options)
    name = PAIR_NAMES[statistic]
    show(
        pair_maps(
            frame,
            shown,
            languages,
            title=_title(answers, f"{name}{f', minus {answers.base}' if delta else ''}", part),
            column="delta" if delta else "value",
            name=f"Δ {name}" if delta else name,
            chance=None if chance != chance else chance,
        ),
        frame[frame["label"].isin(shown)],
        "f_consistency",
        runs=_runs(answers),
        takeaway=pairs_said(frame, shown, name, delta, chance),
        on_click=_choose_pair,
    )
    if statistic in ACROSS:
        say_across(answers, ACROSS[statistic], f"Mean {name} over all pairs")
    if len(languages) > 1:
        one, two = st.columns(2)
        with one:
            first = choose("Language of the row", languages, "f_row")
        with two:
            second = choose("Language of the column", languages, "f_column", default=languages[1])
        pair = frame[(frame["lang"] == first) & (frame["other_lang"] == second)]
        if first == second:
            st.info("Choose two different languages to see the numbers of a pair.")
        elif len(pair):
            st.dataframe(pair.drop(columns=["statistic"]), hide_index=True, key="f_pair")


def flips(answers: Answers, languages: Languages, part: Part, frame: pd.DataFrame) -> None:
    """Draw facts gained and lost between the base and the other checkpoints."""
    counted = frame[frame["label"].isin(answers.others)]
    columns = ["label", "lang", "shared", "gained", "lost", "delta", "delta_low", "delta_high",
               "p", "p_adjusted"]  # fmt: skip
    show(
        flip_bars(
            counted, answers.others, languages, answers.base,
            title=_title(answers, f"answers gained and lost against {answers.base}", part),
            marks=answers.chosen.marks,
        ),
        counted[columns],
        "f_flip",
        runs=_runs(answers),
        takeaway=flips_said(counted, answers.others),
        on_click=_choose_flips,
    )  # fmt: skip


def ways(answers: Answers, languages: Languages, part: Part) -> None:
    """Draw in which ways answers are wrong."""
    options = readings(answers, languages)
    view = choose_view("Wrong answers by", options, "f_ways") if answers.n_options else FAILURE
    frame, order = counted_ways(answers, languages, part, view)
    show(
        way_bars(
            frame, list(answers.runs), languages, order,
            title=_title(answers, title_of(view), part),
        ),
        frame,
        "f_way",
        runs=_runs(answers),
        takeaway=f"{ways_said(frame, order)} Intervals on hover: Wilson, 95 %.",
    )  # fmt: skip
    if view == FAILURE:
        rows = matching(answers, answers.chosen.compared(analysis=answers.analysis))
        rows = rows[rows["statistic"].str.startswith("failure_")]
        if len(rows):
            with st.expander("Differences between the ways, compared", icon=":material/balance:"):
                st.dataframe(evidence(rows), hide_index=True, key="f_way_evidence")


def _choose_pair(point: Sequence[Any]) -> None:
    set_control("f_row", point[0])
    set_control("f_column", point[1])


def _choose_flips(point: Sequence[Any]) -> None:
    set_control("f_other", point[0])
    set_control("f_where", point[1])
    set_control("f_flips", point[2])


def _title(answers: Answers, what: str, part: Part) -> str:
    about = _runs(answers).iloc[0]
    rule = f", by {answers.rule}" if answers.rule else ""
    return f"{about['analysis']} ({about['preset']}{rule}): {what} · {html.escape(str(part))}"


def _runs(answers: Answers) -> pd.DataFrame:
    return answers.chosen.about(list(answers.runs.values()))


def _sorted(frame: pd.DataFrame, languages: Languages, order: str) -> list[str]:
    """Order languages; those that a difference is not known of come last."""
    if order == "script":
        return sorted(languages, key=lambda code: (get(code).script, languages.index(code)))
    if order.startswith("Δ "):
        own = frame[frame["label"] == order.removeprefix("Δ ")].set_index("lang")["delta"]
        return list(own.sort_values(ascending=False, na_position="last", kind="stable").index)
    return list(languages)
