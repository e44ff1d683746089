"""What the page of facts reads: the fact set, the answers of the chosen runs, and tables of a part of them.

Sheets are read once per study state. A table of a part (relations, splits, languages) is kept, too: its key
is everything that decides it, so that choosing another fact costs nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from dashboards.page import Chosen
from interp.evals.answer_sheet import AnswerSheet, own_normalisation, read_answer_sheet
from interp.evals.fact_sheet import FactSheet, Part, read_sheet
from interp.plates.evaluation import answers as evaluation
from interp.plates.evaluation.answers import Languages
from interp.study import Study


@dataclass(frozen=True)
class Answers(evaluation.Answers):
    """The chosen runs; what is drawn of them is kept.

    Attributes:
        chosen: what the sidebar says.
    """

    chosen: Chosen

    def accuracy(self, languages: Languages, part: Part) -> pd.DataFrame:
        """Return `interp.evals.checkpoint_tables.accuracy_of` the part."""

        def compute(_study: Study, *_key: Any) -> pd.DataFrame:
            return evaluation.Answers.accuracy(self, languages, part)

        return self.chosen.source.derive(compute, *self._key(languages, part))

    def histogram(self, languages: Languages, part: Part) -> pd.DataFrame:
        """Return `interp.evals.checkpoint_tables.right_in_languages` of the part."""

        def compute(_study: Study, *_key: Any) -> pd.DataFrame:
            return evaluation.Answers.histogram(self, languages, part)

        return self.chosen.source.derive(compute, *self._key(languages, part))

    def pairs(self, languages: Languages, part: Part, statistic: str) -> pd.DataFrame:
        """Return `interp.evals.checkpoint_tables.pairs_of` the part."""

        def compute(_study: Study, *_key: Any) -> pd.DataFrame:
            return evaluation.Answers.pairs(self, languages, part, statistic)

        return self.chosen.source.derive(compute, *self._key(languages, part), statistic)

    def _key(self, languages: Languages, part: Part) -> tuple[Any, ...]:
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
    base = chosen.base if chosen.base in runs else ""
    return Answers(dict(runs), base, analysis, facts, sheets, rule, chosen)
