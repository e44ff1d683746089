"""The answers of several checkpoints to the same facts: what the plates of evaluation are drawn from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from interp.evals.answer_sheet import AnswerSheet, only, own_normalisation, read_answer_sheet
from interp.evals.checkpoint_tables import accuracy_of, pairs_of, right_in_languages
from interp.evals.fact_sheet import FactSheet, Part, member, read_sheet
from interp.plates.plate import Lacking
from interp.plates.view import View

Floats = NDArray[np.float64]
Languages = tuple[str, ...]

GENERATED, OPTIONS = "klar", "mcq"
"""Analyses whose answers are laid out fact by fact, the paper's own first."""


@dataclass(frozen=True)
class Answers:
    """Runs of one analysis on one fact set.

    Attributes:
        runs: label to run_id.
        base: label that differences are taken against; empty where the baseline has no run here.
        analysis: ``mcq`` or ``klar``.
        facts: the fact set.
        sheets: label to answers.
        rule: normalisation of option scores; empty for generated answers.
    """

    runs: Mapping[str, str]
    base: str
    analysis: str
    facts: FactSheet
    sheets: Mapping[str, AnswerSheet]
    rule: str

    @property
    def others(self) -> list[str]:
        """Labels beside the base."""
        return [label for label in self.runs if label != self.base]

    @property
    def aligned(self) -> bool:
        """Whether options denote the same in every language, for every checkpoint."""
        return all(sheet.aligned for sheet in self.sheets.values())

    @property
    def n_options(self) -> int:
        """Options of a question; 0 for generated answers."""
        return max((sheet.n_options for sheet in self.sheets.values()), default=0)

    @property
    def chance(self) -> float | None:
        """Accuracy of guessing; None for generated answers."""
        return 1 / self.n_options if self.n_options else None

    def correct(self, languages: Languages, part: Part | None = None) -> dict[str, Floats]:
        """Return label to 1, 0 or not a number ``[fact, language]``; empty outside the part."""
        keep = member(self.facts, part or Part(), languages)
        return {
            label: np.where(keep, only(sheet, self.facts, languages), np.nan)
            for label, sheet in self.sheets.items()
        }

    def at(self, values: NDArray[Any], languages: Languages) -> NDArray[Any]:
        """Take the columns of some languages."""
        return values[:, [self.facts.languages.index(lang) for lang in languages]]

    def answered_by_all(self, languages: Languages, part: Part) -> Languages:
        """Keep the languages in which every checkpoint answered something of the part."""
        cells = self.correct(languages, part).values()
        there = np.all([(~np.isnan(one)).any(axis=0) for one in cells], axis=0)
        return tuple(lang for lang, known in zip(languages, there, strict=True) if known)

    def accuracy(self, languages: Languages, part: Part) -> pd.DataFrame:
        """Return `interp.evals.checkpoint_tables.accuracy_of` the part."""
        return accuracy_of(self.correct(languages, part), self.base, languages)

    def histogram(self, languages: Languages, part: Part) -> pd.DataFrame:
        """Return `interp.evals.checkpoint_tables.right_in_languages` of the part."""
        return right_in_languages(self.correct(languages, part))

    def pairs(self, languages: Languages, part: Part, statistic: str) -> pd.DataFrame:
        """Return `interp.evals.checkpoint_tables.pairs_of` the part."""
        ranks = {label: self.at(sheet.ranks, languages) for label, sheet in self.sheets.items()}
        correct = self.correct(languages, part)
        return pairs_of(correct, ranks if self.aligned else None, self.base, languages, statistic)


def read_answers(view: View, analysis: str) -> Answers:
    """Read the answers of the checkpoints shown.

    Option scores are all decided by the base's normalisation. A dozen plates of a view share the answers.

    Args:
        view: the study, and what of it is shown.
        analysis: ``mcq`` or ``klar``.

    Raises:
        Lacking: no such run, or none with a fact in the languages shown.
        InterpError: scores that are no numbers, a fact answered twice, a damaged file.
    """
    return view.once(_read, analysis)


def _read(view: View, analysis: str) -> Answers:
    runs = dict(view.runs(analysis))
    ids = list(runs.values())
    facts = read_sheet(view.study, str(view.about(ids)["data_hash"].iloc[0]), ids)
    rule = own_normalisation(view.study, ids[0]) if analysis == OPTIONS else ""
    sheets = {
        label: read_answer_sheet(view.study, run_id, facts, rule or None)
        for label, run_id in runs.items()
    }
    answers = Answers(
        runs, view.base if view.base in runs else "", analysis, facts, sheets, rule
    )  # fmt: skip
    if not shown_languages(view, answers):
        raise view.lacking(analysis, f"no {analysis} answer in {', '.join(view.languages)}")
    return answers


def shown_languages(view: View, answers: Answers) -> Languages:
    """Return the languages that are shown and that some checkpoint answered in."""
    there = tuple(lang for lang in view.languages if lang in answers.facts.languages)
    cells = answers.correct(there).values()
    known = np.any([(~np.isnan(one)).any(axis=0) for one in cells], axis=0)
    return tuple(lang for lang, one in zip(there, known, strict=True) if one)


def first_of(view: View, benchmark: str | None) -> Answers:
    """Read the answers of a kind of benchmark; where none is named, the first that there is.

    Args:
        view: the study.
        benchmark: ``klar`` (generated answers) or ``mcq`` (scored options).

    Raises:
        Lacking: the study has no such answers.
    """
    wanted = (GENERATED, OPTIONS) if benchmark is None else (benchmark,)
    found = None
    for analysis in wanted:
        try:
            return read_answers(view, analysis)
        except Lacking as lacking:
            found = found or lacking
    assert found is not None
    raise found


def needs_change(view: View, answers: Answers) -> None:
    """Refuse answers of which no difference from the base can be taken.

    Raises:
        Lacking: the base has no run, or no other checkpoint has.
    """
    if not answers.base:
        raise view.lacking(
            answers.analysis,
            f"the base {view.base} has no {answers.analysis} run on these facts, so that no change "
            "is known",
        )
    if not answers.others:
        raise view.lacking(
            answers.analysis,
            f"only {answers.base} has {'an' if answers.analysis == OPTIONS else 'a'} {answers.analysis} run on these facts, so that no change is "
            f"known; analyse another checkpoint under another --label",
        )
