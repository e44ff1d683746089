"""The answers of one run as arrays over the facts and languages of its fact set."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from interp.errors import InterpError
from interp.evals.answers import wide
from interp.evals.choices import LENGTHS, normalised, ranking
from interp.evals.fact_sheet import FactSheet
from interp.evals.matching import answer_line
from interp.study import Study

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class AnswerSheet:
    """What a checkpoint answered.

    Attributes:
        correct: 1, 0 or not a number ``[fact, language]``.
        chosen: place of the chosen option ``[fact, language]``, -1 where none is.
        scores: normalised scores ``[fact, language, option]``; without options for generated answers.
        said: the answer's text ``[fact, language]``: the chosen option or the generated line; None
            where there is none.
        modes: failure modes of generated answers ``[fact, language]``, None where there is none.
        aligned: whether an option denotes the same thing in every language.
    """

    correct: Floats
    chosen: NDArray[np.int64]
    scores: Floats
    said: NDArray[np.object_]
    modes: NDArray[np.object_]
    aligned: bool

    @property
    def n_options(self) -> int:
        """Options of a question; 0 for generated answers."""
        return self.scores.shape[-1]

    @property
    def ranks(self) -> NDArray[np.int64]:
        """Places of options, best first ``[fact, language, rank]``; -1 where there is no answer."""
        order = ranking(np.nan_to_num(self.scores, nan=-np.inf))
        return np.where(np.isnan(self.scores), -1, order)


def read_answer_sheet(
    study: Study, run_id: str, facts: FactSheet, normalisation: str | None = None
) -> AnswerSheet:
    """Read a run's answers.

    Args:
        study: the study.
        run_id: a finished run of ``mcq`` or ``klar``.
        facts: the run's fact set, which gives the axes; an answer to another fact or in another
            language is left out.
        normalisation: of option scores; the run's own when omitted.

    Raises:
        InterpError: an unknown normalisation, scores that are no numbers, a fact answered twice, option
            scores of facts that the study does not hold.
    """
    spec = study.spec(run_id)
    if spec["analysis"] == "mcq":
        return _of_options(study, run_id, facts, normalisation or own_normalisation(study, run_id))
    return _of_texts(study, run_id, facts)


def own_normalisation(study: Study, run_id: str) -> str:
    """Return what a run of option scores divided by."""
    return str(study.spec(run_id, "mcq")["arguments"]["normalisation"])


def option_shares(sheet: AnswerSheet, fact: int, lang: int) -> Floats:
    """Turn one question's normalised scores into shares that sum to 1 (softmax) ``[option]``."""
    scores = sheet.scores[fact, lang]
    if not len(scores) or np.isnan(scores).any():
        return np.full(len(scores), np.nan)
    powers = np.exp(scores - scores.max())
    return np.asarray(powers / powers.sum())


def _of_options(study: Study, run_id: str, facts: FactSheet, rule: str) -> AnswerSheet:
    length = LENGTHS.get(rule)
    columns = ["fact_id", "lang", "scores", *([length] if length else [])]
    rows = study.table("predictions", run_id=run_id, columns=columns)
    values = normalised(rows, rule)
    rows, place = _placed(rows, facts)
    scores = np.full((*facts.there.shape, values.shape[1]), np.nan)
    scores[place] = values[rows.index]
    known = ~np.isnan(scores).any(axis=2)
    chosen = np.where(known, ranking(np.nan_to_num(scores, nan=-np.inf))[..., 0], -1)
    said = np.full(facts.there.shape, None, object)
    if (known & (facts.answer_index < 0)).any():
        raise InterpError(
            f"the fact set of {run_id} is not in this study, so that its options cannot be judged: "
            "run interp eval mcq into this study, or merge the study that holds the facts"
        )
    asked = zip(facts.options[known].tolist(), chosen[known].tolist(), strict=True)
    said[known] = [options[place] for options, place in asked]
    correct = np.where(known, (chosen == facts.answer_index).astype(float), np.nan)
    aligned = bool(study.notes(run_id).get("options_aligned"))
    nothing = np.full(facts.there.shape, None, object)
    return AnswerSheet(correct, chosen, scores, said, nothing, aligned)


def _of_texts(study: Study, run_id: str, facts: FactSheet) -> AnswerSheet:
    columns = ["fact_id", "lang", "correct", "generated", "failure_mode"]
    rows = study.table("predictions", run_id=run_id, columns=columns)
    line = str(study.spec(run_id)["arguments"].get("line", "first_non_empty"))
    rows, place = _placed(rows, facts)
    correct = np.full(facts.there.shape, np.nan)
    said, modes = (np.full(facts.there.shape, None, object) for _ in range(2))
    correct[place] = rows["correct"].to_numpy(float)
    said[place] = [None if pd.isna(one) else answer_line(one, line) for one in rows["generated"]]
    modes[place] = [None if pd.isna(one) else str(one) for one in rows["failure_mode"]]
    chosen = np.full(facts.there.shape, -1)
    scores = np.full((*facts.there.shape, 0), np.nan)
    return AnswerSheet(correct, chosen, scores, said, modes, False)


def _placed(
    rows: pd.DataFrame, facts: FactSheet
) -> tuple[pd.DataFrame, tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """Keep the rows of known facts; where each stands in the sheet."""
    if len(twice := rows[rows.duplicated(["fact_id", "lang"], keep=False)]):
        wide(twice.assign(correct=0.0))  # refuses it
    at = pd.Index(facts.fact_ids).get_indexer(pd.Index(rows["fact_id"]))
    lang = pd.Index(facts.languages).get_indexer(pd.Index(rows["lang"]))
    keep = (at >= 0) & (lang >= 0)
    return rows[keep], (at[keep], lang[keep])


def only(sheet: AnswerSheet, facts: FactSheet, languages: Sequence[str]) -> Floats:
    """Return ``correct`` in some languages, in their order, empty where one is not in the set."""
    made = np.full((len(facts.fact_ids), len(languages)), np.nan)
    for place, lang in enumerate(languages):
        if lang in facts.languages:
            made[:, place] = sheet.correct[:, facts.languages.index(lang)]
    return made
