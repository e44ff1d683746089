"""A study as it is looked at: which checkpoints and languages, held against which base."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar, cast

import pandas as pd

from interp.comparison.rows import EVERYTHING
from interp.data.languages import check, in_table_order
from interp.errors import InterpError, unknown
from interp.figures.marks import Mark, checkpoint_marks
from interp.plates.choice import (
    frequent_first,
    in_order,
    is_step,
    kinds_of,
    languages_of,
    of_current_runs,
)
from interp.plates.commands import analysis_command, compare_command
from interp.plates.plate import Lacking
from interp.plates.snapshot import Snapshot
from interp.study import Study, load_study

Given = ParamSpec("Given")
Made = TypeVar("Made")


@dataclass(frozen=True)
class View:
    """A study, and what of it is shown.

    Attributes:
        study: open for reading.
        base: label of the checkpoint that the others are held against.
        labels: checkpoints to show, the base first.
        languages: codes to show, in the table's order.
        marks: how each checkpoint looks, in every figure.
    """

    study: Study
    base: str
    labels: tuple[str, ...]
    languages: tuple[str, ...]
    marks: Mapping[str, Mark]

    @classmethod
    def of(
        cls,
        study: Study | str | Path,
        *,
        base: str | None = None,
        labels: Sequence[str] | None = None,
        languages: Sequence[str] | None = None,
    ) -> View:
        """Choose what to show.

        Args:
            study: the study or its folder.
            base: label of the base; the first in the order base, SFT, GRPO, CPT, others by default.
            labels: checkpoints beside it; all but the steps of a training by default.
            languages: codes; all that some run has by default.

        Raises:
            InterpError: no study, a study without finished runs, an unknown label or language, more
                checkpoints than can be told apart.
        """
        opened = Snapshot.of(study if isinstance(study, Study) else load_study(study))
        runs = opened.runs()
        if runs.empty:
            raise InterpError(
                f"study {opened.path} has no finished run yet: analyse a checkpoint, e.g. "
                f"interp lape --model CHECKPOINT --label base --study {opened.path}"
            )
        stages = dict(zip(runs["label"], runs["stage"], strict=True))
        ordered = in_order(stages)
        for label in [*([] if base is None else [base]), *(labels or ())]:
            if label not in stages:
                raise unknown("label", label, ordered)
        first = ordered[0] if base is None else base
        wanted = labels or [one for one in ordered if not is_step(one)] or ordered
        shown = tuple(dict.fromkeys([first, *wanted]))
        spoken = languages_of(opened)
        return cls(
            study=opened,
            base=first,
            labels=shown,
            languages=in_table_order(
                check(languages, spoken, "the study") if languages else spoken
            ),
            marks=checkpoint_marks({label: stages[label] for label in shown}),
        )

    @property
    def others(self) -> tuple[str, ...]:
        """The checkpoints shown beside the base."""
        return tuple(label for label in self.labels if label != self.base)

    def once(
        self,
        make: Callable[Concatenate[View, Given], Made],
        *given: Given.args,
        **named: Given.kwargs,
    ) -> Made:
        """Return what a function reads of this view; plates after the first share it.

        Args:
            make: reads; what it returns is never changed in place.
            *given: its arguments after the view.
            **named: those that it takes by name.
        """
        key = (make, given, tuple(sorted(named.items())))
        if key not in self._made:
            self._made[key] = make(self, *given, **named)
        return cast(Made, self._made[key])

    @cached_property
    def _made(self) -> dict[Hashable, Any]:
        return {}

    def runs(self, analysis: str) -> tuple[tuple[str, str], ...]:
        """Choose one run per checkpoint shown, made alike (preset and data), the newest.

        Args:
            analysis: e.g. ``lahis``.

        Returns:
            ``(label, run_id)``, in the order of ``labels``; checkpoints without such a run are left out.

        Raises:
            Lacking: none of the checkpoints has one.
        """
        return self.once(_chosen, analysis)

    @cached_property
    def every_run(self) -> pd.DataFrame:
        """The table ``runs``, of all checkpoints and steps; shared, so not to be changed."""
        return self.study.runs()

    def lacking(self, analysis: str, why: str = "") -> Lacking:
        """Make the line that says what the study lacks, with the command that adds it.

        Args:
            analysis: the analysis that is not there.
            why: more than that there is no run of it.
        """
        said = why or f"no {analysis} run of {', '.join(self.labels)}"
        command = analysis_command(str(self.study.path), self.every_run, analysis, self.labels[0])
        return Lacking(f"{said} in study {self.study.path}; to add it: {command}")

    def about(self, run_ids: Sequence[str]) -> pd.DataFrame:
        """Return the rows of ``runs`` of some runs, in their order, for a caption."""
        return self.every_run.set_index("run_id", drop=False).loc[list(dict.fromkeys(run_ids))]

    def compared(self, **where: str) -> pd.DataFrame:
        """Return the stored comparisons of the checkpoints shown with the base.

        Those of runs that newer ones have replaced are left out.

        Args:
            **where: column to value, e.g. ``analysis="lape", statistic="neurons"``.
        """
        rows = self._comparisons
        keep = rows["statistic"] != EVERYTHING
        for column, value in where.items():
            keep &= rows[column] == value
        return rows[keep]

    def not_comparable(self, analysis: str) -> pd.DataFrame:
        """Return the rows that say why runs of an analysis cannot be compared."""
        rows = self._comparisons
        return rows[(rows["analysis"] == analysis) & (rows["statistic"] == EVERYTHING)]

    @property
    def compare_command(self) -> str:
        """The command that compares the study's checkpoints with the base."""
        return compare_command(str(self.study.path), self.every_run, self.base)

    @cached_property
    def _comparisons(self) -> pd.DataFrame:
        rows = self.study.table("comparisons")
        keep = (rows["base"] == self.base) & rows["label"].isin(self.others)
        everything = rows["statistic"] == EVERYTHING
        return rows[keep & (everything | of_current_runs(rows, self.every_run))]


def _chosen(view: View, analysis: str) -> tuple[tuple[str, str], ...]:
    """Choose the runs of an analysis; see `View.runs`."""
    runs = view.every_run
    own = runs[(runs["analysis"] == analysis) & (runs["status"] == "current")]
    own = own[own["label"].isin(view.labels)].sort_values("finished_at", kind="stable")
    if own.empty:
        raise view.lacking(analysis)
    kinds = kinds_of(own)
    own = own[kinds == frequent_first(own, kinds)[0]]
    found = dict(zip(own["label"], own["run_id"], strict=True))
    return tuple((label, found[label]) for label in view.labels if label in found)
