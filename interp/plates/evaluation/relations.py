"""Where a checkpoint gains: by kind of answer (the paper's Figure 10), and relation by relation."""

from __future__ import annotations

import html
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from interp.data.relations import COMMON, PROPER
from interp.evals.answer_kinds import UNKNOWN, answer_kinds
from interp.figures.fact_gains import kind_bars, relation_points
from interp.plates.evaluation.answers import Answers, first_of, needs_change, shown_languages
from interp.plates.evaluation.cells import change
from interp.plates.evaluation.compared import records
from interp.plates.evaluation.gains import ALL, gains
from interp.plates.evaluation.titles import title_of
from interp.plates.evaluation.words import counted
from interp.plates.plate import Plate
from interp.plates.view import View
from interp.plates.words import listed
from interp.stats.bootstrap import ENOUGH

_ORDER = (PROPER, COMMON, UNKNOWN)


def gain_by_kind(view: View, *, benchmark: str | None = None) -> Plate:
    """Draw the change of accuracy of facts with proper nouns and with common nouns as answers.

    Source: the paper's Figure 10 (KLAR), with paired intervals over facts. The paper gives no list of its
    proper-noun relations; ours is `interp.data.relations.ANSWER_KINDS`.

    Args:
        view: the study, and what of it is shown.
        benchmark: ``klar`` or ``mcq``; by default the first that the study holds.

    Raises:
        Lacking: no such answers, of one checkpoint only, or of facts without a relation.
    """
    answers, relation = _with_relations(view, benchmark)
    kinds = answer_kinds(relation).to_numpy(object)
    if set(kinds) == {UNKNOWN}:
        raise view.lacking(
            answers.analysis,
            f"none of the relations of the {answers.analysis} facts ({', '.join(sorted(set(relation)))}) is "
            "known to have proper or common nouns as answers",
        )
    tables, between = _gains(answers, view, kinds)
    frame = tables.rename(columns={"group": "kind"})
    languages = shown_languages(view, answers)
    present = [kind for kind in _ORDER if kind in set(kinds)]
    title = title_of(view, answers, f"change from {answers.base} by kind of answer")
    shares = [f"{(kinds == kind).mean():.1%} {kind}" for kind in present]
    parts = []
    for label in answers.others:
        over = frame[(frame["label"] == label) & (frame["lang"] == ALL)]
        own = {row["kind"]: row for row in records(over)}
        told = [f"{_change(own[kind])} on {kind}s" for kind in present if kind != UNKNOWN]
        parts.append(f"{label} {', '.join(told)}")
    return Plate(
        name=f"{answers.analysis}-gain-by-kind",
        title=title,
        figure=kind_bars(
            frame, answers.others, present, [*languages, *([ALL] if len(languages) > 1 else [])],
            title=html.escape(title),
        ),
        frame=frame,
        reading=f"Of {len(kinds):,} facts the answers are {', '.join(shares)}, by relation. Mean change "
        f"of accuracy over languages: {'; '.join(parts)}.{_apart(between, answers.others)}"
        f"{_lost_said(frame, answers.others)} Intervals are "
        "95 % over facts, paired; kinds are not compared with a noise floor, so there is no verdict.",
        runs=view.about(list(answers.runs.values())),
        paper="Figure 10",
    )  # fmt: skip


def gain_by_relation(view: View, *, benchmark: str | None = None) -> Plate:
    """Draw the change of accuracy relation by relation, averaged over languages.

    Args:
        view: the study, and what of it is shown.
        benchmark: ``klar`` or ``mcq``; by default the first that the study holds.

    Raises:
        Lacking: no such answers, of one checkpoint only, or of facts without a relation.
    """
    answers, relation = _with_relations(view, benchmark)
    tables, _ = _gains(answers, view, relation.to_numpy(object))
    frame = tables[tables["lang"] == ALL].drop(columns="lang").rename(columns={"group": "relation"})
    frame["kind"] = answer_kinds(frame["relation"])
    last = frame[(frame["label"] == answers.others[-1]) & frame["delta"].notna()]
    order = last.sort_values("delta", ascending=False, kind="stable")
    rows = {
        str(row["relation"]): f"{row['relation']} ({row['kind']})"
        if row["kind"] != UNKNOWN
        else str(row["relation"])
        for row in records(order)
    }
    title = title_of(view, answers, f"change from {answers.base} by relation")
    return Plate(
        name=f"{answers.analysis}-gain-by-relation",
        title=title,
        figure=relation_points(
            frame, answers.others, rows, title=html.escape(title), marks=view.marks
        ),
        frame=frame.reset_index(drop=True),
        reading=f"{_relations_said(frame, answers)} Filled points: the 95 % interval over facts leaves "
        "out 0; intervals are not adjusted, about one in 20 leaves out 0 by chance. "
        "Relations are not compared with a noise floor, so there is no verdict.",
        runs=view.about(list(answers.runs.values())),
    )


def _with_relations(view: View, benchmark: str | None) -> tuple[Answers, pd.Series[str]]:
    answers = first_of(view, benchmark)
    needs_change(view, answers)
    relation = pd.Series(answers.facts.relation, dtype=object)
    if not (relation != "").any():
        raise view.lacking(
            answers.analysis, f"the facts of the {answers.analysis} runs name no relation"
        )
    return answers, relation


def _gains(answers: Answers, view: View, groups: np.ndarray) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Take `gains` of every other checkpoint, each with its label."""
    languages = shown_languages(view, answers)
    correct = answers.correct(languages)
    order = [name for name in _ORDER if name in set(groups)]
    tables, between = [], []
    for label in answers.others:
        one, two = gains(correct[answers.base], correct[label], list(groups), languages)
        if order:  # kinds in their own order, whichever fact comes first
            one = one.sort_values("group", key=lambda s: s.map(order.index), kind="stable")
        tables.append(one.assign(label=label))
        between.append(two.assign(label=label))
    return pd.concat(tables, ignore_index=True), pd.concat(between, ignore_index=True)


def _change(row: Mapping[str, Any]) -> str:
    few = f", fewer than {ENOUGH} facts" if row["facts"] < ENOUGH else ""
    return f"{change(row)} ({row['gained']:.0f} gained, {row['lost']:.0f} lost{few})"


def _apart(between: pd.DataFrame, others: list[str]) -> str:
    """Say how far the gains of both kinds lie apart, on average and in how many languages."""
    parts = []
    kinds = {PROPER, COMMON}
    for label in others:
        keep = (between["label"] == label) & between["group"].isin(kinds)
        own = between[keep & between["other"].isin(kinds) & between["delta"].notna()]
        for row in records(own[own["lang"] == ALL]):
            sign = 1 if row["group"] == PROPER else -1
            each = own[own["lang"] != ALL]
            ends = np.sort(sign * each[["delta_low", "delta_high"]].to_numpy(float), axis=1)
            more, less = int((ends[:, 0] > 0).sum()), int((ends[:, 1] < 0).sum())
            parts.append(
                f"{label} {change(row, sign)}, above 0 in {more} and below in {less} of {counted(each)}"
            )
    said = "; ".join(parts)
    return f" Proper minus common nouns, by intervals that leave out 0: {said}." if parts else ""


def _lost_said(frame: pd.DataFrame, others: list[str]) -> str:
    """Say what share of the answers lost is to proper nouns."""
    parts = []
    for label in others:
        own = frame[(frame["label"] == label) & (frame["lang"] != ALL)]
        lost = int(own["lost"].sum())
        proper = int(own.loc[own["kind"] == PROPER, "lost"].sum())
        if lost:
            parts.append(f"{label} {proper / lost:.0%} of {lost:,}")
    return (
        f" Share of the answers lost that are to proper nouns: {', '.join(parts)}." if parts else ""
    )


def _relations_said(frame: pd.DataFrame, answers: Answers) -> str:
    parts = []
    for label in answers.others:
        own = frame[(frame["label"] == label) & frame["delta"].notna()]
        if own.empty:
            parts.append(f"{label} shares no fact with {answers.base}")
            continue
        up, down = (own["delta_low"] > 0).sum(), (own["delta_high"] < 0).sum()
        ordered = records(own.sort_values("delta", kind="stable"))
        low, top = ordered[0], ordered[-1]
        text = f"{label} rises in {up} and falls in {down} of {counted(own, 'relation')}"
        if len(own) > 1:
            text += (
                f" (most {top['relation']} {_change(top)}, least {low['relation']} {_change(low)})"
            )
        parts.append(text)
    return f"Counting only intervals that leave out 0, {listed(parts)}."
