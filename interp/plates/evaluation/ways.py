"""In which ways answers are wrong, counted for checkpoints side by side."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from interp.evals.fact_sheet import Part
from interp.evals.wrong_answers import (
    BESIDE_ENGLISH,
    GENERATED,
    beside_english,
    mode_counts,
    place_names,
    place_of_true,
)
from interp.plates.evaluation.answers import Answers, Languages

FAILURE, PLACE, ENGLISH = "failure mode", "place of the true option", "beside English"

TITLES = {ENGLISH: "answers beside the same fact's in English"}
"""What is shown, in words, where ``answers by <way>`` does not say it."""

Modes = dict[str, NDArray[np.object_]]


def readings(answers: Answers, languages: Languages) -> list[str]:
    """Name the readings of wrong answers that are possible, the one without conditions first."""
    if not answers.n_options:
        return [FAILURE]
    beside = answers.aligned and "en" in languages and len(languages) > 1
    return [PLACE, *([ENGLISH] if beside else [])]


def title_of(reading: str) -> str:
    """Say what a reading shows."""
    return TITLES.get(reading, f"answers by {reading}")


def counted_ways(
    answers: Answers, languages: Languages, part: Part, reading: str
) -> tuple[pd.DataFrame, Sequence[str]]:
    """Count the ways of one reading.

    Returns:
        `interp.evals.wrong_answers.mode_counts`, and the ways in order, the first is right.
    """
    modes, order = named_ways(answers, languages, part, reading)
    return mode_counts(modes, languages, order), order


def named_ways(
    answers: Answers, languages: Languages, part: Part, reading: str
) -> tuple[Modes, Sequence[str]]:
    """Name the way of every answer.

    Returns:
        Label to one name per cell ``[fact, language]``, None where there is no answer or the fact is
        outside the part; and the names in order.
    """
    order: Sequence[str] = GENERATED
    if reading != FAILURE:
        order = BESIDE_ENGLISH if reading == ENGLISH else place_names(answers.n_options)
    modes: Modes = {}
    correct = answers.correct(languages, part)
    for label, sheet in answers.sheets.items():
        if reading == ENGLISH:
            found = beside_english(correct[label], answers.at(sheet.chosen, languages), languages)
        elif reading == FAILURE:
            found = answers.at(sheet.modes, languages).copy()
        else:
            truth = answers.at(answers.facts.answer_index, languages)
            found = place_of_true(answers.at(sheet.ranks, languages), truth)
        found[np.isnan(correct[label])] = None
        modes[label] = found
    return modes, order
