"""Answers across languages: facts right in exactly k of them, and how alike two languages are answered."""

from __future__ import annotations

import html

from interp.errors import unknown
from interp.evals.checkpoint_tables import PAIRWISE, pair_chance
from interp.evals.fact_sheet import Part
from interp.figures.fact_consistency import pair_maps, right_histogram
from interp.plates.evaluation.answers import Answers, Languages, first_of, shown_languages
from interp.plates.evaluation.compared import NOT_COMPARED, across, stored
from interp.plates.evaluation.titles import title_of
from interp.plates.evaluation.words import ACROSS, PAIR_NAMES, histogram_said, pairs_said
from interp.plates.plate import Plate
from interp.plates.view import View


def right_in_k(view: View, *, benchmark: str | None = None) -> Plate:
    """Draw how many facts are right in exactly k languages, beside what independent errors would give.

    Args:
        view: the study, and what of it is shown.
        benchmark: ``klar`` or ``mcq``; by default the first that the study holds.

    Raises:
        Lacking: no such answers, or in one language only.
    """
    answers = first_of(view, benchmark)
    languages = _common(view, answers)
    frame = answers.histogram(languages, Part())
    title = title_of(view, answers, f"facts right in 0 to {len(languages)} languages")
    said = [histogram_said(frame, len(languages)), "Bars: 95 % bootstrap intervals over facts."]
    if answers.base and answers.others:
        rows = stored(view, answers.analysis, answers.runs, "total_consistency")
        whole = languages == answers.facts.languages
        judged = across(rows, answers.base, "Right in every language") if whole else ""
        said.append(judged or f"Differences are {NOT_COMPARED}.")
    return Plate(
        name=f"{answers.analysis}-right-in-k",
        title=title,
        figure=right_histogram(
            frame, list(answers.runs), title=html.escape(title), marks=view.marks
        ),
        frame=frame,
        reading=" ".join(said),
        runs=view.about(list(answers.runs.values())),
    )


def consistency(view: View, *, benchmark: str | None = None, statistic: str | None = None) -> Plate:
    """Draw how alike every two languages are answered, a map per checkpoint on one scale.

    Args:
        view: the study, and what of it is shown.
        benchmark: ``klar`` or ``mcq``; by default the first that the study holds.
        statistic: ``rankc``, ``agreement`` (both need options that denote the same in every language),
            ``clc`` or ``given``, see `interp.evals.consistency`; by default ``rankc``, where it can be,
            else ``clc``.

    Raises:
        Lacking: no such answers, or in one language only.
        InterpError: a statistic that these answers do not allow.
    """
    answers = first_of(view, benchmark)
    languages = _common(view, answers)
    able = [one for one in PAIRWISE if answers.aligned or one in ("clc", "given")]
    chosen = statistic or ("rankc" if answers.aligned else "clc")
    if chosen not in able:
        raise unknown("consistency of these answers", chosen, able)
    frame = answers.pairs(languages, Part(), chosen)
    labels, name = list(answers.runs), PAIR_NAMES[chosen]
    chance = pair_chance(chosen, answers.n_options)
    title = title_of(view, answers, f"{name}, two languages at a time")
    said = [pairs_said(frame, labels, name, False, chance)]
    if answers.base and answers.others:
        judged = ""
        if chosen in ACROSS and languages == answers.facts.languages:
            rows = stored(view, answers.analysis, answers.runs, ACROSS[chosen])
            judged = across(rows, answers.base, f"Mean {name} over all pairs")
        said.append(
            judged or pairs_said(frame, answers.others, name, True, float("nan"), dotted=False)
        )
        if not judged:
            said.append(f"Differences are {NOT_COMPARED}.")
    if chosen in ("clc", "given"):
        said.append(
            "It rises with accuracy alone, so levels of checkpoints are not comparable by it."
        )
    return Plate(
        name=f"{answers.analysis}-consistency",
        title=title,
        figure=pair_maps(
            frame, labels, languages, title=html.escape(title), name=name,
            chance=None if chance != chance else chance,
        ),
        frame=frame,
        reading=" ".join(said),
        runs=view.about(list(answers.runs.values())),
    )  # fmt: skip


def _common(view: View, answers: Answers) -> Languages:
    languages = answers.answered_by_all(shown_languages(view, answers), Part())
    if len(languages) < 2:
        raise view.lacking(
            answers.analysis,
            "consistency across languages needs two languages that every checkpoint answered in, there "
            f"is {', '.join(languages) or 'none'}",
        )
    return languages
