"""Statistics page: the chosen statistic along a training, where checkpoints of its steps are compared."""

from __future__ import annotations

import streamlit as st

from dashboards.chart import show
from dashboards.faults import stored_comparisons
from dashboards.page import Chosen
from dashboards.parts.statistics.forest import ALL, Asked
from dashboards.texts import language_name
from interp.comparison.trajectory import trajectories
from interp.evidence.places import at_place, with_places
from interp.figures.evidence import over_steps
from interp.figures.marks import checkpoint_marks, series_marks
from interp.plates.choice import of_current_runs
from interp.plates.overview.steps import MOST_MARKS, step_said


def draw_steps(chosen: Chosen, asked: Asked, lang: str | None, rest: str) -> None:
    """Follow the statistic over every label like ``grpo-step-400``, whichever are in the sidebar.

    Args:
        chosen: the page's choice.
        asked: statistic.
        lang: language, None for all together.
        rest: what else tells the row apart.
    """
    st.subheader("Along training")
    rows = stored_comparisons(chosen.source)
    rows = rows[of_current_runs(rows, chosen.source.runs())]
    rows = rows[
        (rows["base"] == chosen.base)
        & (rows["analysis"] == asked.analysis)
        & (rows["statistic"] == asked.statistic)
        & rows["preset"].isin(set(asked.rows["preset"]))
        & rows["data"].isin(set(asked.rows["data"]))
    ]
    steps = at_place(with_places(trajectories(rows)), lang, rest)
    if steps.empty:
        st.info(
            "No compared checkpoint is one of a training's steps: their labels end in -step-N, e.g. "
            "grpo-step-400. Analyse such checkpoints under those labels and compare them."
        )
        return
    where = " ".join(filter(None, (language_name(lang) if lang else ALL, rest)))
    trainings = list(dict.fromkeys(steps["training"]))
    few = len(trainings) <= MOST_MARKS
    marks = checkpoint_marks({one: one for one in trainings}) if few else series_marks(trainings)
    show(
        over_steps(
            steps,
            marks,
            title=f"{asked.analysis} {asked.statistic} along training, {where}, against {chosen.base}",
            y=f"{asked.statistic} ({steps['kind'].iloc[0]})",
        ),
        steps[
            [
                "training",
                "step",
                "value",
                "ci_low",
                "ci_high",
                "noise_floor",
                "p_adjusted",
                "verdict",
            ]
        ],
        "s_steps",
        runs=chosen.about(list(dict.fromkeys([*steps["base_run"], *steps["label_run"]]))),
        takeaway="; ".join(step_said(name, steps[steps["training"] == name]) for name in trainings)
        + ".",
    )
