"""Training logs drawn: loss, reward and rollouts, languages, checks on the validation split."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import Any

import pandas as pd

from interp.figures.training import metric_curves
from interp.plates.overview.sentences import averaged, ends, spread
from interp.plates.overview.trainings import Trainings, read_trainings
from interp.plates.plate import Plate
from interp.plates.view import View
from interp.plates.words import listed
from interp.train_curves import CHECK, LEAST_TURNS, curves, gap_count, languages_logged, logged

METRICS = ("loss", "accuracy_all", "accuracy", "correct", "cross_entropy", "kl_consistency")
"""What most trainings log of how well they fit; drawn as far as a log has them."""

REINFORCED = (
    "reward", "reward_sd", "kl", "all_correct", "zero_variance", "rollout_tokens", "truncated", "entropy",
)  # fmt: skip
"""What a training by reward logs of its rollouts: reward, distance from the reference, length, variety."""

BY_LANGUAGE = ("correct", "accuracy", "accuracy_all", "check_correct")
"""Drawn language by language: that which most trainings log so, of several the first."""

WIDTH = 15
"""Logged points smoothed over."""

_STEP = "optimiser step"


def training_curves(
    view: View,
    *,
    metrics: Sequence[str] | None = None,
    smoothing: str = "exponential",
    width: int = WIDTH,
    with_base: bool = False,
) -> Plate:
    """Draw the course of a training, a panel per metric and a curve per checkpoint.

    Args:
        view: the study, and what of it is shown.
        metrics: which; of ``METRICS`` those that are logged by default.
        smoothing: one of `interp.train_curves.SMOOTHINGS`.
        width: in logged points.
        with_base: also the training that made the base.

    Raises:
        Lacking: no log, or none of these metrics.
    """
    trainings = read_trainings(view, with_base=with_base)
    names = _there(view, trainings, metrics or METRICS, "metrics of the fit")
    frame = curves(trainings.logs, names, smoothing=smoothing, width=width)
    said = ends(frame, names, width) + averaged(logged(trainings.logs), names)
    rewarded = [name for name, log in trainings.logs.items() if (log["metric"] == "reward").any()]
    if rewarded and "loss" in names:
        said += f" The loss of a training by reward ({listed(rewarded)}) is no measure of progress."
    return _plate(
        view, trainings, frame, names, name="training-curves", what=", ".join(names),
        said=said + _smoothed(frame, smoothing, width),
    )  # fmt: skip


def training_rewards(view: View, *, smoothing: str = "exponential", width: int = WIDTH) -> Plate:
    """Draw reward, KL, length and variety of the rollouts of a training by reward.

    Args:
        view: the study, and what of it is shown.
        smoothing: one of `interp.train_curves.SMOOTHINGS`.
        width: in logged points.

    Raises:
        Lacking: none of the checkpoints was trained by reward.
    """
    trainings = read_trainings(view)
    _there(view, trainings, ["reward"], "reward: none of these was trained by one")
    names = _there(view, trainings, REINFORCED, "rollouts")
    frame = curves(trainings.logs, names, smoothing=smoothing, width=width)
    labels = [label for label in trainings.runs if label in set(frame["label"])]
    said = ends(frame, names, width)
    if missing := [name for name in REINFORCED if name not in names]:
        said += f" Not logged: {listed(missing)}"
        said += " (there is a KL only where its weight is above 0)." if "kl" in missing else "."
    return _plate(
        view, trainings, frame, names, name="training-rewards", what="rollouts and their reward",
        said=said + _smoothed(frame, smoothing, width), labels=labels, columns=4,
    )  # fmt: skip


def training_languages(
    view: View, *, metric: str | None = None, smoothing: str = "exponential", width: int = WIDTH
) -> Plate:
    """Draw one metric language by language, all on one y axis.

    Args:
        view: the study, and what of it is shown.
        metric: of those logged language by language that of most trainings by default, ``BY_LANGUAGE``
            before others.
        smoothing: one of `interp.train_curves.SMOOTHINGS`.
        width: in logged points.

    Raises:
        Lacking: no metric of the chosen languages is logged apart.
    """
    trainings = read_trainings(view)
    apart = languages_logged(trainings.logs)
    having = {
        name: [code for code in view.languages if any(code in codes for codes in own.values())]
        for name, own in apart.items()
    }
    wanted = [metric] if metric else [*BY_LANGUAGE, *having]
    found = [one for one in wanted if having.get(one)]
    if not found:
        what = f"{metric} " if metric else "metric "
        raise view.lacking(
            "train", f"no {what}language by language in the logs of {_of(trainings)}"
        )
    name = max(found, key=lambda one: len(apart[one]))  # the first of the most
    codes = having[name]
    frame = curves(trainings.logs, [name], smoothing=smoothing, width=width, languages=codes)
    labels = [label for label in trainings.runs if label in set(frame["label"])]
    without = [label for label in trainings.runs if label not in labels]
    said = spread(frame, name)
    if without:
        said += f" Not logged apart by {listed(without)}."
    return _plate(
        view, trainings, frame, codes, name="training-languages", what=f"{name} by language",
        said=said + _smoothed(frame, smoothing, width), labels=labels, by="lang", columns=4,
        same_y=True,
    )  # fmt: skip


def training_checks(view: View) -> Plate:
    """Draw what generation on the validation split gave along a training.

    Args:
        view: the study, and what of it is shown.

    Raises:
        Lacking: no log holds checks.
    """
    trainings = read_trainings(view)
    names = [one for one in logged(trainings.logs)["metric"] if one.startswith(CHECK)]
    names = _there(view, trainings, names, "checks on the validation split (metrics check_…)")
    frame = curves(trainings.logs, names)
    said = f"First and last check: {ends(frame, names)}{averaged(logged(trainings.logs), names)}"
    return _plate(
        view, trainings, frame, names, name="training-checks",
        what="checks on the validation split", said=said,
        labels=[label for label in trainings.runs if label in set(frame["label"])], same_y=True,
    )  # fmt: skip


def curves_title(labels: Sequence[str], what: str) -> str:
    """Name the trainings that are drawn, and what of them, for a title."""
    return f"Training of {html.escape(', '.join(labels))}: {html.escape(what)}"


def _there(view: View, trainings: Trainings, names: Sequence[str], what: str) -> list[str]:
    known = set(logged(trainings.logs)["metric"])
    found = [name for name in names if name in known]
    if not found:
        raise view.lacking("train", f"the logs of {_of(trainings)} hold no {what}")
    return found


def _of(trainings: Trainings) -> str:
    return ", ".join(trainings.runs)


def _smoothed(frame: pd.DataFrame, smoothing: str, width: int) -> str:
    if smoothing == "none" or width <= 1 or frame["value"].equals(frame["smoothed"]):
        return ""
    said = (
        f" Lines are smoothed ({smoothing}, over {width} logged points; what has fewer than "
        f"{LEAST_TURNS * width} as logged); dots are as logged."
    )
    if gaps := gap_count(frame):
        said += f" Lines end at gaps of the log, of which there {'is 1' if gaps == 1 else f'are {gaps}'}."
    return said


def _single(labels: Sequence[str]) -> str:
    one = "This is a single training" if len(labels) == 1 else "These are single trainings"
    return f" {one}, so that values have no interval."


def _plate(
    view: View,
    trainings: Trainings,
    frame: pd.DataFrame,
    panels: Sequence[str],
    *,
    name: str,
    what: str,
    said: str,
    labels: Sequence[str] | None = None,
    **looks: Any,
) -> Plate:
    drawn = list(labels) if labels is not None else list(trainings.runs)
    title = curves_title(drawn, what)
    marks = {label: view.marks[label] for label in drawn}
    return Plate(
        name=name,
        title=title,
        figure=metric_curves(frame, drawn, panels, title=title, marks=marks, x=_STEP, **looks),
        frame=frame,
        reading=said + _single(drawn) + trainings.said(),
        runs=view.about([trainings.runs[label] for label in drawn]),
    )
