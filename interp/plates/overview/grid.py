"""What a study holds: analyses, checkpoints, languages."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from interp.figures.overview import completeness
from interp.plates.choice import in_order, languages_of
from interp.plates.commands import COMMANDS
from interp.plates.plate import Plate
from interp.plates.view import View
from interp.plates.words import count, listed
from interp.study import Study


def languages_per_run(study: Study) -> dict[str, int]:
    """Return run_id to the number of languages of its tables and tensors; 0 where it knows none."""
    return {
        record.run_id: len(
            {code for about in record.data["files"].values() for code in about.get("languages", [])}
        )
        for record in study.records()
        if record.finished
    }


def holdings(current: pd.DataFrame, languages: Mapping[str, int]) -> pd.DataFrame:
    """Lay out which analysis is there of which checkpoint.

    Args:
        current: rows of the table ``runs``.
        languages: `languages_per_run`.

    Returns:
        One row per analysis and label: ``languages``, the most that one of its runs has.
    """
    frame = current[["analysis", "label", "run_id"]].assign(
        languages=current["run_id"].map(languages).astype(float)
    )
    return (
        frame.drop(columns="run_id").groupby(["analysis", "label"], as_index=False, sort=False)
    ).max()


def analyses_of(frame: pd.DataFrame) -> list[str]:
    """Name the rows of the grid: every analysis there is, held or not."""
    return list(dict.fromkeys([*COMMANDS, "train", *frame["analysis"]]))


def grid(view: View) -> Plate:
    """Draw which analysis the study holds of which checkpoint, in how many languages.

    All checkpoints of the study, not only those shown: what is missing is the point.

    Args:
        view: the study.
    """
    runs = view.every_run
    current = runs[runs["status"] == "current"]
    frame = holdings(current, languages_per_run(view.study))
    stages = dict(zip(current["label"], current["stage"], strict=True))
    labels = list(dict.fromkeys([*view.labels, *in_order(stages)]))
    analyses = analyses_of(frame)
    title = f"Study {view.study.name}: analyses and languages"
    return Plate(
        name="study-grid",
        title=title,
        figure=completeness(frame, labels, analyses, title=title),
        frame=frame,
        reading=_reading(view, frame, labels, analyses),
        runs=current,
    )


def _reading(view: View, frame: pd.DataFrame, labels: list[str], analyses: list[str]) -> str:
    held = frame.groupby("analysis")["label"].agg(set)
    everywhere = [name for name in analyses if name in held and len(held[name]) == len(labels)]
    partly = [
        f"{name} of {listed([label for label in labels if label in held[name]])}"
        for name in analyses
        if name in held and name not in everywhere
    ]
    none = [name for name in analyses if name not in held]
    said = [
        f"The study holds {count(frame['analysis'].nunique(), 'analysis', 'analyses')} of "
        f"{count(len(labels), 'checkpoint')} in {count(len(languages_of(view.study)), 'language')}."
    ]
    if everywhere and len(labels) > 1:
        said.append(f"Of every checkpoint there is {listed(everywhere)}.")
    if partly and len(labels) > 1:
        said.append(f"Of some only: {'; '.join(partly)}.")
    if none:
        said.append(f"Of none there is {listed(none, 'or')}.")
    return " ".join(said)
