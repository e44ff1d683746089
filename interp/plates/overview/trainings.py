"""The trainings behind the checkpoints shown: their logs and what they wrote about themselves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from interp.plates.view import View
from interp.plates.words import listed
from interp.study import Study
from interp.train_curves import read_log


@dataclass(frozen=True)
class Trainings:
    """Logs of trainings.

    Attributes:
        runs: label to run_id, one per label.
        logs: label to log (`interp.train_curves.read_log`).
        without: labels shown that have none.
    """

    runs: Mapping[str, str]
    logs: Mapping[str, pd.DataFrame]
    without: tuple[str, ...]

    def said(self) -> str:
        """Say which checkpoints have no log; nothing where all have one."""
        return f" No log of {listed(self.without)}." if self.without else ""


def newest_trainings(runs: pd.DataFrame, labels: Sequence[str]) -> dict[str, str]:
    """Take one training per checkpoint, the newest: each is of other data, unlike runs of an analysis.

    Args:
        runs: rows of the table ``runs``.
        labels: checkpoints, in order.

    Returns:
        Label to run_id, of those that have one.
    """
    own = runs[(runs["analysis"] == "train") & (runs["status"] == "current")]
    own = own.sort_values("finished_at", kind="stable")
    newest = dict(zip(own["label"], own["run_id"], strict=True))
    return {label: newest[label] for label in labels if label in newest}


def post_trainings(view: View, *, with_base: bool = False) -> dict[str, str]:
    """Take the trainings that are shown: those of the checkpoints beside the base.

    The base's own training is another task of another length; its curves would squeeze the others.

    Args:
        view: the study, and what of it is shown.
        with_base: also the base's; it is shown in any case where there is no other.

    Raises:
        Lacking: none of them has a log.
    """
    runs = newest_trainings(view.every_run, view.labels)
    if not runs:
        raise view.lacking("train", f"no training log of {', '.join(view.labels)}")
    others = {label: run for label, run in runs.items() if label != view.base}
    return runs if with_base or not others else others


def read_trainings(view: View, *, with_base: bool = False) -> Trainings:
    """Read the logs of `post_trainings`.

    Raises:
        Lacking: none of the checkpoints shown has a log.
    """
    runs = post_trainings(view, with_base=with_base)
    return Trainings(
        runs=runs,
        logs={label: read_log(view.study, run) for label, run in runs.items()},
        without=tuple(label for label in view.others if label not in runs),
    )


def manifest_of(study: Study, run_id: str) -> dict[str, Any]:
    """Return what a training wrote about itself; nothing where the run recorded none."""
    found = study.notes(run_id).get("manifest")
    return dict(found) if isinstance(found, dict) else {}
