"""What the page of facts reads: the fact set, the answers of the chosen runs, and tables of a part of them.

Sheets are read once per study state. A table of a part (relations, splits, languages) is kept, too: its key
is everything that decides it, so that choosing another fact costs nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dashboards.page import Chosen
from interp.evals.answer_sheet import AnswerSheet, only, own_normalisation, read_answer_sheet
from interp.evals.checkpoint_tables import accuracy_of, pairs_of, right_in_languages
from interp.evals.fact_sheet import FactSheet, Part, member, read_sheet
from interp.study import Study

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Answers:
    """The chosen runs.

    Attributes:
        chosen: what the sidebar says.
        runs: label to run_id.
        analysis: ``mcq`` or ``klar``.
        facts: the fact set.
        sheets: label to answers.
        rule: normalisation of option scores; empty for generated answers.
    """

    chosen: Chosen
    runs: Mapping[str, str]
    analysis: str
    facts: FactSheet
    sheets: Mapping[str, AnswerSheet]
    rule: str

    @property
    def base(self) -> str:
        """Label that differences are taken against; empty where the baseline has no run here."""
        return self.chosen.base if self.chosen.base in self.runs else ""

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

    def correct(self, languages: tuple[str, ...], part: Part | None = None) -> dict[str, Floats]:
        """Return label to 1, 0 or not a number ``[fact, language]``; empty outside the part."""
        keep = member(self.facts, part or Part(), languages)
        return {
            label: np.where(keep, only(sheet, self.facts, languages), np.nan)
            for label, sheet in self.sheets.items()
        }

    def accuracy(self, languages: tuple[str, ...], part: Part) -> pd.DataFrame:
        """Return `interp.evals.checkpoint_tables.accuracy_of` the part."""

        def compute(_study: Study, *_key: Any) -> pd.DataFrame:
            return accuracy_of(self.correct(languages, part), self.base, languages)

        return self.chosen.source.derive(compute, *self._key(languages, part))

    def histogram(self, languages: tuple[str, ...], part: Part) -> pd.DataFrame:
        """Return `interp.evals.checkpoint_tables.right_in_languages` of the part."""

        def compute(_study: Study, *_key: Any) -> pd.DataFrame:
            return right_in_languages(self.correct(languages, part))

        return self.chosen.source.derive(compute, *self._key(languages, part))

    def pairs(self, languages: tuple[str, ...], part: Part, statistic: str) -> pd.DataFrame:
        """Return `interp.evals.checkpoint_tables.pairs_of` the part."""

        def compute(_study: Study, *_key: Any) -> pd.DataFrame:
            places = [self.facts.languages.index(lang) for lang in languages]
            ranks = {label: sheet.ranks[:, places] for label, sheet in self.sheets.items()}
            correct = self.correct(languages, part)
            return pairs_of(
                correct, ranks if self.aligned else None, self.base, languages, statistic
            )

        return self.chosen.source.derive(compute, *self._key(languages, part), statistic)

    def at(self, values: NDArray[Any], languages: tuple[str, ...]) -> NDArray[Any]:
        """Take the columns of some languages."""
        return values[:, [self.facts.languages.index(lang) for lang in languages]]

    def _key(self, languages: tuple[str, ...], part: Part) -> tuple[Any, ...]:
        return (
            tuple(self.runs.items()), self.base, self.rule, languages,
            part.relations, part.splits, part.stated,
        )  # fmt: skip


def run_sheet(study: Study, data_hash: str, run_ids: tuple[str, ...]) -> FactSheet:
    """Read the fact set of some runs."""
    return read_sheet(study, data_hash, run_ids)


def own_rules(study: Study, run_ids: tuple[str, ...]) -> tuple[str, ...]:
    """Return the normalisation of each run of option scores."""
    return tuple(own_normalisation(study, run_id) for run_id in run_ids)


def read_answers(chosen: Chosen, runs: Mapping[str, str], rule: str) -> Answers:
    """Read the answers of the chosen runs.

    Args:
        chosen: what the sidebar says.
        runs: label to run_id, all of one analysis and one fact set.
        rule: normalisation of option scores; empty for generated answers.

    Raises:
        InterpError: scores that are no numbers, a fact answered twice, a damaged file.
    """
    about = chosen.about(list(runs.values()))
    analysis, data_hash = str(about["analysis"].iloc[0]), str(about["data_hash"].iloc[0])
    ids = tuple(runs.values())
    facts = chosen.source.derive(run_sheet, data_hash, ids)
    sheets = {}
    for label, run_id in runs.items():

        def compute(study: Study, run_id: str, _ids: tuple[str, ...], rule: str) -> AnswerSheet:
            return read_answer_sheet(study, run_id, facts, rule or None)

        sheets[label] = chosen.source.derive(compute, run_id, ids, rule)
    return Answers(chosen, dict(runs), analysis, facts, sheets, rule)
