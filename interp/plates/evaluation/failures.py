"""How answers are wrong: failure modes of generated answers, or what was chosen instead."""

from __future__ import annotations

import html
from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from interp.evals.fact_sheet import Part
from interp.evals.failure_modes import LEAK, MODES, can_leak
from interp.figures.fact_ways import way_bars
from interp.plates.evaluation.answers import Answers, Languages, first_of, shown_languages
from interp.plates.evaluation.compared import NOT_COMPARED, across, mean_over, records, stored
from interp.plates.evaluation.titles import title_of
from interp.plates.evaluation.ways import (
    ENGLISH,
    FAILURE,
    counted_ways,
    named_ways,
    readings,
)
from interp.plates.evaluation.ways import title_of as way_title
from interp.plates.evaluation.words import ways_said
from interp.plates.plate import Plate
from interp.plates.view import View
from interp.stats.bootstrap import ratio_interval, widen_constant
from interp.stats.verdict import BEYOND

_OF_LEAKABLE = "failure_english_leak_of_leakable"
_MODE_STATISTICS = tuple(f"failure_{mode}" for mode in MODES)


def wrong_answers(view: View, *, benchmark: str | None = None, reading: str | None = None) -> Plate:
    """Draw in which ways answers are right and wrong, language by language.

    Args:
        view: the study, and what of it is shown.
        benchmark: ``klar`` or ``mcq``; by default the first that the study holds.
        reading: of scored options, ``beside English`` (the default where options denote the same in
            every language and English is there) or ``place of the true option``.

    Raises:
        Lacking: no such answers.
    """
    answers = first_of(view, benchmark)
    languages = shown_languages(view, answers)
    able = readings(answers, languages)
    chosen = reading if reading in able else able[-1]
    frame, order = counted_ways(answers, languages, Part(), chosen)
    title = title_of(view, answers, way_title(chosen))
    said = [ways_said(frame, order)]
    if chosen == FAILURE:
        said += _leaks(view, answers, languages)
        said.append(_modes_compared(view, answers, languages))
    if chosen == ENGLISH:
        said.append(_lost(answers, languages))
    if chosen != FAILURE and answers.base and answers.others:
        said.append(f"Differences of such shares are {NOT_COMPARED}.")
    said.append("Intervals in the table are Wilson's, 95 %, language by language.")
    return Plate(
        name=f"{answers.analysis}-wrong-answers",
        title=title,
        figure=way_bars(frame, list(answers.runs), languages, order, title=html.escape(title)),
        frame=frame,
        reading=" ".join(filter(None, said)),
        runs=view.about(list(answers.runs.values())),
    )


def _leaks(view: View, answers: Answers, languages: Languages) -> list[str]:
    """Say how often the English answer is given, of all answers and of those in which it can be seen."""
    able = {
        label: _leakable(view, run_id, answers, languages) for label, run_id in answers.runs.items()
    }
    if blind := [label for label, one in able.items() if not (one == one).any()]:
        return [
            f"The runs of {', '.join(blind)} hold no English answers, so that no English leak can be "
            "seen in them: such answers are among the others."
        ]
    modes, _ = named_ways(answers, languages, Part(), FAILURE)
    of_all = _shares(modes, {label: ~_absent(one) for label, one in modes.items()})
    of_able = _shares(
        modes, {label: (one == 1) & ~_absent(modes[label]) for label, one in able.items()}
    )
    parts = [
        f"{label} {of_all[label]} of all, {of_able[label]} of those that can leak"
        for label in modes
    ]
    said = [f"English answer given where the language's own is another: {'; '.join(parts)}."]
    if answers.base and answers.others:
        rows = stored(view, answers.analysis, answers.runs, _OF_LEAKABLE)
        over = rows[rows["lang"].isna()] if len(rows) else rows
        mean = mean_over(answers.facts.languages, languages)
        said.append(
            across(over, answers.base, f"Leaks, of those that can leak, {mean}")
            or f"Differences are {NOT_COMPARED}."
        )
    return said


def _modes_compared(view: View, answers: Answers, languages: Languages) -> str:
    """Say which modes changed beyond noise, as means over languages."""
    rows = stored(view, answers.analysis, answers.runs)
    rows = rows[rows["lang"].isna() & rows["statistic"].isin(_MODE_STATISTICS)]
    parts = []
    for label, own in rows.groupby("label", sort=False):
        beyond = own[own["verdict"] == BEYOND]
        told = [
            f"{row['statistic'].removeprefix('failure_')} {row['value']:+.3f} "
            f"[{row['ci_low']:+.3f}, {row['ci_high']:+.3f}]"
            for row in records(beyond)
        ]
        parts.append(f"{label} {', '.join(told) or 'none'} (of {len(own)} modes compared)")
    if not parts:
        return ""
    mean = mean_over(answers.facts.languages, languages)
    return f"Beyond noise against {answers.base}, {mean}: {'; '.join(parts)}."


def _absent(cells: NDArray[np.object_]) -> NDArray[np.bool_]:
    return np.asarray(pd.isna(cells))


def _shares(
    modes: Mapping[str, NDArray[np.object_]], members: Mapping[str, NDArray[np.bool_]]
) -> dict[str, str]:
    """Give the share of leaks among some answers, all languages together, resampled by fact."""
    said = {}
    for label, cells in modes.items():
        inside = members[label]
        top, bottom = ((cells == LEAK) & inside).sum(1), inside.sum(1)
        found = widen_constant(ratio_interval(top, bottom, draws=1000), 0, 1)
        if not bottom.sum():
            said[label] = "no answer"
            continue
        said[label] = f"{found.estimate:.2%} [{found.low:.2%}, {found.high:.2%}]"
    return said


def _leakable(
    view: View, run_id: str, answers: Answers, languages: Languages
) -> NDArray[np.float64]:
    """Say of each answer whether its English form is written otherwise ``[fact, language]``.

    Returns:
        1 or 0; not a number where no English form is known.
    """
    rows = view.study.table(
        "predictions", run_id=run_id, columns=["fact_id", "lang", "target", "target_en"]
    )
    rows = rows[rows["target_en"].notna() & rows["lang"].isin(languages)]
    made = np.full((len(answers.facts.fact_ids), len(languages)), np.nan)
    at = pd.Index(answers.facts.fact_ids).get_indexer(pd.Index(rows["fact_id"]))
    place = pd.Index(languages).get_indexer(pd.Index(rows["lang"]))
    pairs = zip(rows["target"], rows["target_en"], strict=True)
    made[at, place] = [float(can_leak(target, english)) for target, english in pairs]
    return made


def _lost(answers: Answers, languages: Languages) -> str:
    """Say what share of the facts that are right in English is wrong in another language."""
    modes, order = named_ways(answers, languages, Part(), ENGLISH)
    others = [at for at, lang in enumerate(languages) if lang != "en"]
    place = languages.index("en")
    parts = []
    for label, correct in answers.correct(languages, Part()).items():
        known = (correct[:, [place]] == 1) & ~np.isnan(correct[:, others])
        lost = (modes[label][:, others] == order[1]) & known
        found = widen_constant(ratio_interval(lost.sum(1), known.sum(1), draws=1000), 0, 1)
        if known.any():
            parts.append(f"{label} {found.estimate:.1%} [{found.low:.1%}, {found.high:.1%}]")
        else:
            parts.append(f"{label} no such answer")
    return f"Of answers to facts that are right in English, wrong in the other language: {', '.join(parts)}."
