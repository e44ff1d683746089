"""The chosen neuron along the steps of a training."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence

import pandas as pd
import streamlit as st

from dashboards.chart import show
from dashboards.controls import choose
from dashboards.faults import command, told
from dashboards.page import Chosen
from dashboards.parts.neurons.shown import Place, Shown
from interp.comparison.trajectory import steps_of
from interp.figures.one_neuron import neuron_path
from interp.lape.neuron_view import read_path

_STEP = re.compile(r"(?P<training>.+)-step-(?P<step>\d+)")

Point = tuple[int, str, str]
"""``(step, label, run_id)``."""


def draw_path(
    chosen: Chosen, shown: Sequence[Shown], languages: Sequence[str], lang: str, place: Place
) -> None:
    """Draw firing probability and entropy along a training, or say how to get its checkpoints."""
    st.markdown("#### Along the training")
    runs = _alike(chosen, shown)
    trainings = list(
        dict.fromkeys(found["training"] for found in map(_STEP.fullmatch, runs) if found)
    )
    if not trainings:
        _say_none(chosen)
        return
    first = next((one for one in chosen.others if one in trainings), trainings[0])
    training = choose("Training", trainings, "n_path", default=first)
    points = path_points(runs, training, chosen.base, _last_step(chosen, training))
    with told():
        frame = chosen.source.derive(read_path, points, *place)
        frame = frame[frame["lang"].isin(languages)]
        show(
            neuron_path(
                frame,
                [code for code in languages if code in set(frame["lang"])],
                lang,
                title=f"Layer {place[0]}, neuron {place[1]} along {training}",
            ),
            frame,
            "n_path_of",
            runs=chosen.about([run_id for _, _, run_id in points]),
            takeaway=_from_to(frame, lang),
        )
        st.caption(
            "Intervals as above (Wilson, tokens as if independent), drawn for the chosen language. A "
            "filled diamond: selected under the run's own thresholds. No verdict is stored for a "
            "single neuron."
        )


def _alike(chosen: Chosen, shown: Sequence[Shown]) -> dict[str, str]:
    """Return label to run of the study's LAPE runs that were made like those shown."""
    runs = chosen.runs_of("lape")
    own = runs[runs["run_id"].isin([one.run_id for one in shown])].iloc[0]
    same = runs[(runs["preset"] == own["preset"]) & (runs["data_hash"] == own["data_hash"])]
    return dict(zip(same["label"], same["run_id"], strict=True))


def path_points(
    runs: dict[str, str], training: str, base: str, last_step: int | None
) -> tuple[Point, ...]:
    """Put the checkpoints of a training in order.

    Args:
        runs: label to run.
        training: what stands before ``-step-``; also the label of where it ended, if that has a run.
        base: label of where it began, step 0.
        last_step: of the training's log; where it is not known (or not after the last checkpoint), the
            end is drawn as far behind the last checkpoint as that is behind the one before.

    Returns:
        The base (if it has a run), the checkpoints along the way, the end (if it has a run).
    """
    points: list[Point] = []
    if base in runs and base != training:
        points.append((0, base, runs[base]))
    for label in steps_of(runs, training):
        found = _STEP.fullmatch(label)
        assert found is not None
        points.append((int(found["step"]), label, runs[label]))
    if training in runs:
        steps = [step for step, _, _ in points]
        behind = steps[-1] - steps[-2] if len(steps) > 1 else max(1, steps[-1])
        known = last_step is not None and last_step > steps[-1]
        points.append(
            (last_step if known and last_step else steps[-1] + behind, training, runs[training])
        )
    return tuple(points)


def _last_step(chosen: Chosen, training: str) -> int | None:
    runs = chosen.runs_of("train")
    own = runs[runs["label"] == training]
    if own.empty:
        return None
    steps = chosen.source.table("train_log", own["run_id"].iloc[-1], columns=["step"])["step"]
    return None if steps.empty else int(steps.max())


def _from_to(frame: pd.DataFrame, lang: str) -> str:
    own = frame[frame["lang"] == lang]
    if own.empty:
        return f"No checkpoint along the way measured {lang} for this neuron."
    first, last = own.iloc[0], own.iloc[-1]
    return (
        f"Firing in {lang} goes from {first['p']:.3g} ({first['label']}) to {last['p']:.3g} "
        f"({last['label']}), entropy from {first['entropy']:.3g} to {last['entropy']:.3g} nats."
    )


def _say_none(chosen: Chosen) -> None:
    label = next(iter(chosen.others), "grpo")
    runs = chosen.source.runs()
    stages = runs.loc[runs["label"] == label, "stage"]
    stage = next((one for one in stages if one in ("sft", "grpo", "cpt")), "grpo")
    place = shlex.quote(chosen.source.path)
    st.info(
        f"No LAPE run of checkpoints along a training (labels like {label}-step-100) was made like "
        "those shown. Train with checkpoints along the way, and analyse them:"
    )
    command(
        f"interp train {stage} --model BASE --out ckpt/{shlex.quote(label)} --set checkpoint_every=100\n"
        f"interp lape --model ckpt/{shlex.quote(label)}/steps/{shlex.quote(label)}-step-100 "
        f"--label {shlex.quote(label)}-step-100 --study {place}"
    )
