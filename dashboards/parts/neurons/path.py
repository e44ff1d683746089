"""The chosen neuron along the steps of a training."""

from __future__ import annotations

import math
import re
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

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
from interp.study import Study

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
    log = _log_of(chosen, training)
    start = chosen.base
    if log is not None and _knows_start(chosen.source.study(), log):
        found = chosen.source.derive(start_of, log, tuple(runs.items()))
        if found is None:
            st.info(f"Where {training} began has no LAPE run here: its path begins on the way.")
        start = found or ""
    elif start in runs and start != training:
        st.caption(
            f"Not recorded is where {training} began; {start}, the baseline, is taken for it."
        )
    last = _last_step(chosen, log)
    points = path_points(runs, training, start, last)
    open_end = points[-1][1] == training and points[-1][0] != last
    with told():
        frame = chosen.source.derive(read_path, points, *place)
        frame = frame[frame["lang"].isin(languages)]
        show(
            neuron_path(
                frame,
                [code for code in languages if code in set(frame["lang"])],
                lang,
                title=f"Layer {place[0]}, neuron {place[1]} along {training}",
                unplaced=(training,) if open_end else (),
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
            + (
                f" At which step {training} ended is not known: its place on the axis only follows the "
                "others."
                if open_end
                else ""
            )
        )


def _alike(chosen: Chosen, shown: Sequence[Shown]) -> dict[str, str]:
    """Return label to run of the study's LAPE runs that were made like those shown."""
    runs = chosen.runs_of("lape")
    own = runs[runs["run_id"].isin([one.run_id for one in shown])].iloc[0]
    same = runs[(runs["preset"] == own["preset"]) & (runs["data_hash"] == own["data_hash"])]
    return dict(zip(same["label"], same["run_id"], strict=True))


def path_points(
    runs: Mapping[str, str], training: str, start: str, last_step: int | None
) -> tuple[Point, ...]:
    """Put the checkpoints of a training in order.

    Args:
        runs: label to run.
        training: what stands before ``-step-``; also the label of where it ended, if that has a run.
        start: label of where it began, step 0.
        last_step: of the training's log; where it is not known (or not after the last checkpoint), the
            end is drawn as far behind the last checkpoint as that is behind the one before.

    Returns:
        The start (if it has a run), the checkpoints along the way, the end (if it has a run).
    """
    points: list[Point] = []
    if start in runs and start != training:
        points.append((0, start, runs[start]))
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


def _log_of(chosen: Chosen, training: str) -> str | None:
    """Return the run that holds a training's log and manifest."""
    runs = chosen.runs_of("train")
    own = runs[runs["label"] == training]
    return None if own.empty else str(own["run_id"].iloc[-1])


def _last_step(chosen: Chosen, log: str | None) -> int | None:
    if log is None:
        return None
    steps = chosen.source.table("train_log", log, columns=["step"])["step"]
    return None if steps.empty else int(steps.max())


def _knows_start(study: Study, log: str) -> bool:
    return bool(_model(study, log).get("base"))


def start_of(study: Study, log: str, runs: tuple[tuple[str, str], ...]) -> str | None:
    """Find the checkpoint that a training began with.

    Args:
        study: the study.
        log: the training's run, which records what it began with.
        runs: label and run of the checkpoints there are.

    Returns:
        The label whose weights those are, by their hash, or by name where none is known; None if there
        is none.
    """
    began = _model(study, log).get("base") or {}
    for name in ("weights_hash", "model"):
        if not began.get(name):
            continue
        for label, run_id in runs:
            if _model(study, run_id).get(name) == began[name]:
                return label
        if name == "weights_hash" and any(_model(study, run).get(name) for _, run in runs):
            return None  # a folder's name says nothing where weights are known and are others
    return None


def _model(study: Study, run_id: str) -> Mapping[str, Any]:
    model = study.spec(run_id).get("model")
    return model if isinstance(model, Mapping) else {}


def _from_to(frame: pd.DataFrame, lang: str) -> str:
    own = frame[frame["lang"] == lang]
    if own.empty:
        return f"No checkpoint along the way measured {lang} for this neuron."
    first, last = _point(own.iloc[0]), _point(own.iloc[-1])
    if len(own) == 1:
        return f"Only one checkpoint measured {lang}: {first}."
    return f"Firing in {lang} goes from {first} to {last}."


def _point(row: pd.Series[Any]) -> str:
    h = f"entropy {row['entropy']:.3g} nats" if math.isfinite(row["entropy"]) else "no entropy"
    return f"{row['p']:.3g} [{row['low']:.3g}, {row['high']:.3g}] ({row['label']}, {h})"


def _say_none(chosen: Chosen) -> None:
    label = next(iter(chosen.others), "grpo")
    runs = chosen.source.runs()
    stages = runs.loc[runs["label"] == label, "stage"]
    stage = next((one for one in stages if one in ("sft", "grpo", "cpt")), "grpo")
    place = shlex.quote(chosen.source.path)
    out = f"{label}-steps"  # beside the finished training, which other settings must not overwrite
    st.info(
        f"No LAPE run of checkpoints along a training (labels like {label}-step-100) was made like "
        "those shown. Train with checkpoints along the way, and analyse them:"
    )
    command(
        f"interp train {stage} --model BASE --out {shlex.quote(f'ckpt/{out}')} "
        "--set checkpoint_every=100\n"
        f"interp lape --model {shlex.quote(f'ckpt/{out}/steps/{out}-step-100')} "
        f"--label {shlex.quote(f'{label}-step-100')} --stage {stage} --study {place}"
    )
