"""A statistic along a training: the compared checkpoints of its steps."""

from __future__ import annotations

import pandas as pd

from interp.comparison.rows import EVERYTHING
from interp.comparison.trajectory import trajectories
from interp.evidence.meanings import meaning
from interp.evidence.places import at_place, with_places
from interp.figures.captions import short_hash
from interp.figures.evidence import over_steps
from interp.figures.marks import Mark, checkpoint_marks, series_marks
from interp.plates.choice import of_current_runs
from interp.plates.plate import Lacking, Plate
from interp.plates.view import View
from interp.plates.words import count
from interp.stats.verdict import BEYOND

FIRST = (
    ("klar", "accuracy"), ("mcq", "accuracy"), ("lens", "mean_log_rank"), ("lape", "layer_distance"),
    ("lahis", "mean_overlap"),
)  # fmt: skip
"""What is followed unasked: the first that the steps were compared in."""

MOST_MARKS = 7
"""Trainings that can look as their stages do."""


def along_training(
    view: View,
    *,
    analysis: str | None = None,
    statistic: str | None = None,
    lang: str | None = None,
) -> Plate:
    """Follow a statistic over every label like ``grpo-step-400``, which no other plate shows unasked.

    Args:
        view: the study; its base is what the steps are held against.
        analysis: e.g. ``lape``.
        statistic: e.g. ``neurons``.
        lang: code; all languages together by default, or the first there is where there is no such row.

    Raises:
        Lacking: no step has been compared, or not in this.
    """
    steps = step_rows(view)
    there = list(dict.fromkeys(zip(steps["analysis"], steps["statistic"], strict=True)))
    asked = [
        pair
        for pair in [*(one for one in FIRST if one in there), *there]
        if analysis in (None, pair[0]) and statistic in (None, pair[1])
    ]
    if not asked:
        raise Lacking(_none(view, " ".join(filter(None, (analysis, statistic)))))
    analysis, statistic = asked[0]
    rows = steps[(steps["analysis"] == analysis) & (steps["statistic"] == statistic)]
    kinds = rows["preset"] + " " + rows["data"].map(short_hash)
    rows = with_places(rows[kinds == kinds.value_counts(sort=True).index[0]])
    own = at_place(rows, lang)
    if own.empty and lang is None:
        first = next((one for one in view.languages if one in set(rows["lang"])), None)
        lang = first
        own = (
            rows[rows["place"] == rows["place"].iloc[0]] if first is None else at_place(rows, lang)
        )
    if own.empty:
        raise Lacking(_none(view, f"{analysis} {statistic} in {lang}"))
    where = "all languages" if lang is None else lang
    title = f"{analysis} {statistic} along training, {where}, against {view.base}"
    kind = str(own["kind"].iloc[0])
    trainings = list(dict.fromkeys(own["training"]))
    return Plate(
        name="along-training",
        title=title,
        figure=over_steps(own, _marks(view, trainings), title=title, y=f"{statistic} ({kind})"),
        frame=own[
            [
                "training", "step", "place", "value", "ci_low", "ci_high", "noise_floor", "p_adjusted",
                "verdict",
            ]
        ].reset_index(drop=True),
        reading=_reading(own, trainings, meaning(analysis, statistic, kind), where),
        runs=view.about([*own["base_run"], *own["label_run"]]),
    )  # fmt: skip


def step_rows(view: View) -> pd.DataFrame:
    """Return the comparisons of the checkpoints along a training with the view's base.

    Raises:
        Lacking: there are none.
    """
    rows = view.study.table("comparisons")
    rows = rows[(rows["base"] == view.base) & (rows["statistic"] != EVERYTHING)]
    rows = rows[rows["head"].isna() & of_current_runs(rows, view.every_run)]
    found = trajectories(rows)
    if found.empty:
        raise Lacking(_none(view, ""))
    return found


def step_said(training: str, own: pd.DataFrame) -> str:
    """Say how many steps of a training were compared and when it is first beyond noise.

    Args:
        training: its name.
        own: its rows at one place, in order of steps.
    """
    beyond = own.loc[own["verdict"] == BEYOND, "step"]
    found = f"first beyond noise at step {beyond.iloc[0]}" if len(beyond) else "never beyond noise"
    span = f"{own['step'].iloc[0]} to {own['step'].iloc[-1]}"
    if len(own) == 1:
        span = str(own["step"].iloc[0])
    return f"{training}: {count(len(own), 'step')} ({span}), {found}"


def _none(view: View, what: str) -> str:
    return (
        f"no checkpoint along a training is compared {'in ' + what + ' ' if what else ''}with {view.base} in "
        f"study {view.study.path}: analyse checkpoints under labels that end in -step-N, e.g. "
        f"grpo-step-400; to compare: {view.compare_command}"
    )


def _marks(view: View, trainings: list[str]) -> dict[str, Mark]:
    """Give a training the look of the checkpoint that it made, where that is shown."""
    if all(one in view.marks for one in trainings):
        return {one: view.marks[one] for one in trainings}
    if len(trainings) <= MOST_MARKS:
        return checkpoint_marks({one: one for one in trainings})
    return series_marks(trainings)


def _reading(own: pd.DataFrame, trainings: list[str], what: str, where: str) -> str:
    parts = []
    for name in trainings:
        mine = own[own["training"] == name]
        said = step_said(name, mine)
        ends = mine["value"].dropna()
        if len(ends) > 1:
            said += f", from {ends.iloc[0]:.3g} to {ends.iloc[-1]:.3g}"
        elif len(ends):
            said += f", {ends.iloc[0]:.3g}"
        parts.append(said)
    return (
        f"{what[:1].upper()}{what[1:]}; {where}. {'; '.join(parts)}. Grey is the noise floor, the coloured "
        "ribbon a pointwise 95 % interval; whether one step differs from the next was not tested."
    )
