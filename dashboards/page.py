"""What every page begins with: the sidebar, and the study, checkpoints and languages chosen there."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import streamlit as st

from dashboards.controls import choose, choose_some
from dashboards.data import Source, open_source
from dashboards.faults import (
    Stopped,
    explain_unopened,
    say_damaged_comparisons,
    say_damaged_runs,
    say_empty,
    say_missing,
    stored_comparisons,
)
from interp.comparison.rows import EVERYTHING
from interp.data.languages import in_table_order
from interp.errors import InterpError
from interp.figures.marks import Mark, checkpoint_marks
from interp.plates import choice as plates_choice
from interp.plates.choice import frequent_first, in_order, kinds_of, of_current_runs

SHIPPED = "artifacts/demo"
MOST_LABELS = 3
"""Checkpoints side by side: more cannot be told apart in a small panel."""


@dataclass(frozen=True)
class Chosen:
    """What the sidebar says.

    Attributes:
        source: the study.
        base: label of the checkpoint that the others are held against.
        labels: checkpoints to show, the base first where it is among them.
        languages: codes to show.
        marks: how each checkpoint of the study looks.
    """

    source: Source
    base: str
    labels: tuple[str, ...]
    languages: tuple[str, ...]
    marks: dict[str, Mark]

    @property
    def others(self) -> tuple[str, ...]:
        """The checkpoints shown beside the base."""
        return tuple(label for label in self.labels if label != self.base)

    def runs_of(self, analysis: str) -> pd.DataFrame:
        """Return the current runs of one analysis, every label of the study."""
        runs = self.source.runs()
        return runs[(runs["analysis"] == analysis) & (runs["status"] == "current")]

    def choose_runs(self, *analyses: str) -> dict[str, str]:
        """Choose one run per shown checkpoint, made alike; say which checkpoints have none.

        Where a study holds runs of several presets or data sets, a selectbox decides between them.

        Args:
            *analyses: the analysis, or several that a page treats alike (``mcq``, ``klar``).

        Returns:
            Label to run_id, in the order of ``labels``; empty where there is none at all.
        """
        runs = pd.concat([self.runs_of(analysis) for analysis in analyses])
        own = runs[runs["label"].isin(self.labels)]
        if own.empty:
            say_missing(self.source, analyses[0], self.labels)
            return {}
        own = own.sort_values("finished_at", kind="stable")  # of one kind the newest is taken
        kinds = kinds_of(own)
        order = frequent_first(own, kinds)
        kind = order[0]
        if len(order) > 1:
            kind = choose("Runs (preset, data)", order, f"{analyses[0]}_runs")
        found = dict(zip(own[kinds == kind]["label"], own[kinds == kind]["run_id"], strict=True))
        missing = [label for label in self.labels if label not in found]
        if missing:
            say_missing(self.source, kind.split(" ")[0], missing)
        return {label: found[label] for label in self.labels if label in found}

    def about(self, run_ids: Sequence[str]) -> pd.DataFrame:
        """Return the rows of ``runs`` of some runs, in their order, for a caption; gone ones are left out."""
        runs = self.source.runs().set_index("run_id", drop=False)
        return runs.loc[[run_id for run_id in run_ids if run_id in runs.index]]

    def compared(self, **where: str) -> pd.DataFrame:
        """Return the stored comparisons of the shown checkpoints with the base.

        Those of runs that newer ones have replaced are left out: they say nothing of what is shown.

        Args:
            **where: column to value, e.g. ``analysis="lape", statistic="neurons"``.
        """
        rows = stored_comparisons(self.source)
        keep = (rows["base"] == self.base) & rows["label"].isin(self.others)
        keep &= (rows["statistic"] != EVERYTHING) & of_current_runs(rows, self.source.runs())
        for column, value in where.items():
            keep &= rows[column] == value
        return rows[keep]

    def not_comparable(self, analysis: str) -> pd.DataFrame:
        """Return the rows that say why runs of an analysis cannot be compared."""
        rows = stored_comparisons(self.source)
        keep = (rows["base"] == self.base) & rows["label"].isin(self.others)
        return rows[keep & (rows["analysis"] == analysis) & (rows["statistic"] == EVERYTHING)]

    def shown(self, languages: Sequence[str]) -> list[str]:
        """Keep those of some languages that are chosen, in the table's order."""
        return [code for code in in_table_order(languages) if code in self.languages]


def begin(title: str) -> Chosen:
    """Draw the sidebar and the page's title; stop the page where there is no study to show.

    Args:
        title: of the page.

    Raises:
        Stopped: there is none; the reason has been said.
    """
    st.title(title)
    with st.sidebar:
        path = st.text_input(
            "Study",
            asked_study(),
            key="study",
            bind="query-params",
            help="Folder of artifacts, as interp writes it.",
        )
    try:
        source = open_source(path or asked_study())
        runs = source.runs()
    except InterpError as error:
        explain_unopened(path or asked_study(), error)
        raise Stopped from None
    if runs.empty:
        say_damaged_runs(source)
        say_empty(source)
        raise Stopped
    say_damaged_runs(source)
    say_damaged_comparisons(source)
    stages = dict(zip(runs["label"], runs["stage"], strict=True))
    ordered = in_order(stages)
    with st.sidebar:
        base = choose(
            "Baseline", ordered, "base", help="The checkpoint that the others are held against."
        )
        labels = choose_some(
            "Checkpoints",
            ordered,
            "labels",
            default=ordered[:MOST_LABELS],
            most=MOST_LABELS,
            help=f"At most {MOST_LABELS} side by side.",
        )
        languages = choose_some("Languages", languages_of(source), "langs")
    chosen = labels or [base]
    return Chosen(
        source,
        base,
        tuple(sorted(chosen, key=lambda label: label != base)),
        tuple(languages or languages_of(source)),
        checkpoint_marks({label: stages[label] for label in {base: 0, **dict.fromkeys(chosen)}}),
    )


def asked_study() -> str:
    """Return the study named on the command line, or the one that comes with a clone."""
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("--study")
    given = parser.parse_known_args(sys.argv[1:])[0].study
    if given:
        return str(given)
    clone = Path(__file__).resolve().parent.parent / SHIPPED
    return SHIPPED if Path(SHIPPED).exists() or not clone.exists() else str(clone)


def languages_of(source: Source) -> list[str]:
    """Return every language that some finished run has, in the table's order."""
    return list(source.derive(plates_choice.languages_of))
