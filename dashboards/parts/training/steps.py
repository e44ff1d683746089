"""A step of a training: what was logged there, and the checkpoint of that step and its analyses."""

from __future__ import annotations

import re
import shlex
from pathlib import PurePosixPath

import pandas as pd
import streamlit as st

from dashboards.controls import choose
from dashboards.faults import command
from dashboards.parts.training.logs import Logs
from interp.train_curves import at_step

_STEP = re.compile(r"(?P<run>.+)-step-(?P<step>\d+)")

PAGES = {"Overview": "views/overview.py", "Neurons": "views/neurons.py"}

EVERY = 100
"""Updates between labelled checkpoints that the shown command asks for."""


def show_step(logs: Logs) -> None:
    """Choose a run and a step, show what was logged, and lead on to that checkpoint.

    Args:
        logs: the chosen runs.
    """
    left, right = st.columns(2)
    with left:
        label = choose("Run", list(logs.runs), "t_run", default=list(logs.runs)[-1])
    log = logs.logs[label]
    steps = [int(step) for step in log["step"].unique()]
    steps.sort()
    if not steps:
        st.info(f"The log of {label} is empty.")
        return
    with right:
        step = choose(
            "Step", steps, "t_step", default=steps[-1], help="A click on a point chooses it, too."
        )
    st.dataframe(at_step(log, step), hide_index=True, key="t_at_step")
    _checkpoints(logs, label, step)


def labelled_steps(runs: pd.DataFrame, label: str) -> dict[int, str]:
    """Find the checkpoints of a training that have been analysed.

    Args:
        runs: the table ``runs``.
        label: of the training.

    Returns:
        Step to label, ascending; of ``<label>-step-<n>`` with a run other than its training.
    """
    found = {}
    for name in runs.loc[runs["analysis"] != "train", "label"].unique():
        match = _STEP.fullmatch(str(name))
        if match and match["run"] == label:
            found[int(match["step"])] = str(name)
    return dict(sorted(found.items()))


def _checkpoints(logs: Logs, label: str, step: int) -> None:
    """Lead on to the checkpoint of a step, to the nearest one there is, or to the command for one."""
    there = labelled_steps(logs.chosen.source.runs(), label)
    if step in there:
        st.write(f"The checkpoint of this step, **{there[step]}**, has been analysed:")
        _links(logs, there[step])
    elif there:
        nearest = min(there, key=lambda one: (abs(one - step), one))
        st.info(
            f"No checkpoint of step {step} has been analysed. Of {label} there are those of steps "
            f"{', '.join(map(str, there))}; the nearest is {there[nearest]}."
        )
        _links(logs, there[nearest])
    elif text := _command(logs, label):
        st.info(f"No checkpoint from within the training {label} has been analysed. To make one:")
        command(text)
    else:
        st.info(f"No checkpoint from within {label}: such a training keeps none.")


def _links(logs: Logs, name: str) -> None:
    """Link to the pages that show a checkpoint, beside the baseline."""
    base = logs.chosen.base
    for title, page in PAGES.items():
        st.page_link(
            page,
            label=f"{title} of {name} beside {base}",
            icon=":material/arrow_forward:",
            query_params=[
                ("study", logs.chosen.source.path), ("base", base), ("labels", base), ("labels", name),
            ],
        )  # fmt: skip


def _command(logs: Logs, label: str) -> str:
    """Write how to train again with labelled checkpoints and analyse one; empty where that cannot be."""
    manifest = logs.manifests[label]
    made_by = str(manifest.get("made_by", "interp train grpo"))
    if made_by == "interp train base":
        return ""
    base = manifest.get("base")
    model = str(base["model"]) if isinstance(base, dict) and base.get("model") else "BASE"
    run = logs.chosen.about([logs.runs[label]]).iloc[0]
    # beside the finished run, which other settings must not overwrite
    out = f"{run['model']}-steps"
    last = int(logs.logs[label]["step"].max())
    step = EVERY if last > EVERY else last // 2  # the last step's checkpoint is the training's own
    if step < 1:
        return ""
    made = f"{out}/steps/{PurePosixPath(out).name}-step-{step}"
    place = shlex.quote(logs.chosen.source.path)
    config = manifest.get("config", {})
    preset = config.get("preset") if isinstance(config, dict) else None
    given = f" --preset {shlex.quote(str(preset))}" if preset not in (None, "default") else ""
    return (
        f"{made_by} --model {shlex.quote(model)} --out {shlex.quote(out)}{given} "
        f"--set checkpoint_every={step}\n"
        f"interp lape --model {shlex.quote(made)} --label {shlex.quote(f'{label}-step-{step}')} "
        f"--stage {shlex.quote(str(run['stage']))} --study {place}"
    )
