"""What a checkpoint changes, language by language: accuracy with verdicts, facts gained and lost."""

from __future__ import annotations

import html
from collections.abc import Sequence

import numpy as np
import pandas as pd

from interp.data.fact_groups import ENGLISH_ONLY, STATED
from interp.evals.fact_sheet import Part
from interp.figures.fact_accuracy import dumbbell
from interp.figures.fact_flips import flip_bars
from interp.plates.evaluation.answers import (
    Answers,
    Languages,
    first_of,
    needs_change,
    shown_languages,
)
from interp.plates.evaluation.cells import cell, mean_accuracy
from interp.plates.evaluation.compared import (
    NOT_COMPARED,
    across,
    languages_said,
    legend,
    mean_over,
    signs_of,
    stored,
)
from interp.plates.evaluation.titles import title_of
from interp.plates.evaluation.words import accuracy_said, flips_said
from interp.plates.plate import Lacking, Plate
from interp.plates.view import View
from interp.plates.words import listed

_KNOWN = {ENGLISH_ONLY: "accuracy_english_only", STATED: "accuracy_stated"}
_SAID = {
    ENGLISH_ONLY: "facts that only the English text states",
    STATED: "facts that the language's own text states",
}


def accuracy_change(view: View, *, benchmark: str | None = None) -> Plate:
    """Draw accuracy language by language, the base joined to every other checkpoint.

    Where the paper's Figure 4b has bars: points with intervals, sorted by change, with the sign of every
    stored verdict.

    Args:
        view: the study, and what of it is shown.
        benchmark: ``klar`` or ``mcq``; by default the first that the study holds.

    Raises:
        Lacking: no such answers.
    """
    answers = first_of(view, benchmark)
    languages = shown_languages(view, answers)
    frame = answers.accuracy(languages, Part())
    rows = stored(view, answers.analysis, answers.runs, "accuracy")
    signs, evidence = signs_of(rows[rows["lang"].isin(languages)])
    change = bool(answers.base and answers.others)
    against = f", sorted by change from {answers.base}" if change else ""
    title = title_of(view, answers, f"accuracy by language{against}")
    order = by_change(frame, languages, answers)
    said = [accuracy_said(answers.base, answers.others, frame, rows, True)]
    if answers.chance is not None:
        said.append(f"Guessing would give {answers.chance:.0%}.")
    said.append(f"Bars: 95 % bootstrap intervals over facts.{_sorted_said(answers)}")
    if answers.base and answers.others:
        said.append(legend(signs.values()) or f"Differences are {NOT_COMPARED}.")
        over = rows[rows["lang"].isna()]
        mean = mean_over(answers.facts.languages, languages)
        said.append(across(over, answers.base, f"{mean[0].upper()}{mean[1:]}"))
    return Plate(
        name=f"{answers.analysis}-accuracy-change",
        title=title,
        figure=dumbbell(
            frame, list(answers.runs), order, answers.base, title=html.escape(title),
            marks=view.marks, chance=answers.chance, signs=signs, evidence=evidence,
        ),
        frame=frame,
        reading=" ".join(filter(None, said)),
        runs=view.about(list(answers.runs.values())),
    )  # fmt: skip


def english_only(view: View, *, benchmark: str | None = None) -> Plate:
    """Draw accuracy on the facts that no text of the language states, only the English one.

    What a checkpoint answers here it must have carried over from another language. A stored verdict is on
    the average over languages, so single languages have no sign.

    Args:
        view: the study, and what of it is shown.
        benchmark: ``klar`` or ``mcq``; by default the first whose facts say what is stated.

    Raises:
        Lacking: no such answers, or facts of which nobody knows what is stated.
    """
    answers = _with_statedness(view, benchmark)
    part = Part(stated=ENGLISH_ONLY)
    there = shown_languages(view, answers)
    languages = tuple(
        lang for lang, known in zip(there, _has(answers, there, part), strict=True) if known
    )
    if not languages:
        raise view.lacking(
            answers.analysis,
            f"no fact is stated in English only, in {', '.join(there)}: choose another language",
        )
    frame = answers.accuracy(languages, part)
    title = title_of(view, answers, f"accuracy on {_SAID[ENGLISH_ONLY]}")
    said = [_both(answers, languages)]
    if answers.chance is not None:
        said.append(f"Guessing would give {answers.chance:.0%}.")
    judged = [
        across(
            stored(view, answers.analysis, answers.runs, name), answers.base, f"On {_SAID[what]}"
        )
        for what, name in _KNOWN.items()
        if languages == _every(answers)
    ]
    if answers.base and answers.others:
        said += judged if any(judged) else [f"Differences are {NOT_COMPARED}."]
    said.append(f"Bars: 95 % bootstrap intervals over facts.{_sorted_said(answers)}")
    return Plate(
        name="english-only-facts",
        title=title,
        figure=dumbbell(
            frame, list(answers.runs), by_change(frame, languages, answers), answers.base,
            title=html.escape(title), marks=view.marks, chance=answers.chance,
        ),
        frame=frame,
        reading=" ".join(filter(None, said)),
        runs=view.about(list(answers.runs.values())),
    )  # fmt: skip


def flips(view: View, *, benchmark: str | None = None) -> Plate:
    """Draw how many answers each checkpoint gains and loses against the base, language by language.

    A small difference of accuracy can hide many answers that changed sides.

    Args:
        view: the study, and what of it is shown.
        benchmark: ``klar`` or ``mcq``; by default the first that the study holds.

    Raises:
        Lacking: no such answers, or of one checkpoint only.
    """
    answers = first_of(view, benchmark)
    needs_change(view, answers)
    languages = shown_languages(view, answers)
    frame = answers.accuracy(languages, Part())
    frame = frame[frame["label"].isin(answers.others)].reset_index(drop=True)
    columns = ["label", "lang", "shared", "gained", "lost", "delta", "delta_low", "delta_high",
               "p", "p_adjusted"]  # fmt: skip
    title = title_of(view, answers, f"answers gained and lost against {answers.base}")
    return Plate(
        name=f"{answers.analysis}-flips",
        title=title,
        figure=flip_bars(
            frame, answers.others, languages, answers.base, title=html.escape(title),
            marks=view.marks,
        ),
        frame=frame[columns],
        reading=f"{flips_said(frame, answers.others)} {_moved(frame, answers.others)}",
        runs=view.about(list(answers.runs.values())),
    )  # fmt: skip


def by_change(frame: pd.DataFrame, languages: Sequence[str], answers: Answers) -> list[str]:
    """Order languages by the last checkpoint's change, largest first; without one as they stand."""
    if not answers.base or not answers.others:
        return list(languages)
    own = frame[frame["label"] == answers.others[-1]].set_index("lang")["delta"]
    return list(own.sort_values(ascending=False, na_position="last", kind="stable").index)


def _sorted_said(answers: Answers) -> str:
    if not answers.base or not answers.others:
        return ""
    return f" Languages are sorted by the change of {answers.others[-1]}."


def _with_statedness(view: View, benchmark: str | None) -> Answers:
    lacking = None
    for analysis in ("mcq", "klar") if benchmark is None else (benchmark,):
        try:
            answers = first_of(view, analysis)
        except Lacking as error:
            lacking = lacking or error
            continue
        if (answers.facts.stated == answers.facts.stated).any():
            return answers
        lacking = view.lacking(
            "mcq",
            f"the facts of the {analysis} runs do not say what a language's text states "
            "(those of the organism do: --facts cldr)",
        )
    assert lacking is not None
    raise lacking


def _has(answers: Answers, languages: Languages, part: Part) -> list[bool]:
    cells = answers.correct(languages, part).values()
    return np.any([~np.isnan(one) for one in cells], axis=(0, 1)).tolist()  # type: ignore[no-any-return]


def _every(answers: Answers) -> Languages:
    """Languages that stored averages over such facts rest on: all beside English."""
    return tuple(lang for lang in answers.facts.languages if lang != "en")


def _both(answers: Answers, languages: Languages) -> str:
    """Say accuracy over all these languages, of both kinds of facts."""
    parts = []
    means = {what: mean_accuracy(answers, languages, Part(stated=what)) for what in _KNOWN}
    for label in answers.runs:
        told = [cell(means[what][label]) for what in _KNOWN]
        parts.append(f"{label} {listed(told)}")
    return (
        f"Mean accuracy over {languages_said(languages)} in per cent, on {listed(list(_SAID.values()))}: "
        f"{'; '.join(parts)}."
    )


def _moved(frame: pd.DataFrame, others: Sequence[str]) -> str:
    """Say how many answers changed for each by which accuracy moved."""
    parts = []
    for label in others:
        own = frame[(frame["label"] == label) & frame["gained"].notna()]
        moved = int(own["gained"].sum() + own["lost"].sum())
        net = int(own["gained"].sum() - own["lost"].sum())
        of = int(own["shared"].sum())
        if of:
            parts.append(f"{label} {moved:,} of {of:,} ({moved / of:.1%}, net {net:+,})")
    return f"Answers that changed sides: {'; '.join(parts)}." if parts else ""
