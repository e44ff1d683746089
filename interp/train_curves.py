"""Training logs as curves: smoothed, broken at gaps, over steps, tokens or time; reads tables only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from interp.data.languages import in_table_order
from interp.errors import unknown
from interp.study import Study

Floats = NDArray[np.float64]

SMOOTHINGS = ("exponential", "running mean", "none")

GAP = 3.0
"""A distance between logged steps above this many times the median one is a gap."""

X_AXES: Mapping[str, tuple[tuple[str, bool], ...]] = {
    "step": (),
    "tokens": (("tokens", True), ("rollout_tokens", False)),
    "seconds": (("seconds", False),),
}
"""Axis to the metrics that it can be made of, and whether each counts from the start already."""

CHECK = "check_"
"""What metrics of the checks on the validation split begin with."""

_KEYS = ["metric", "lang", "step"]


def read_log(study: Study, run_id: str) -> pd.DataFrame:
    """Read a run's log.

    Args:
        study: the study.
        run_id: a finished run of ``train``.

    Returns:
        Columns step, metric, lang (empty text for all languages) and value, sorted; where a step was
        logged twice, as it is when a run went on after an interruption, the later row counts.
    """
    columns = ["step", "metric", "lang", "value"]
    log = study.table("train_log", run_id=run_id, columns=columns)
    log = log.assign(lang=log["lang"].astype(object).where(log["lang"].notna(), ""))
    return log.drop_duplicates(_KEYS, keep="last").sort_values(_KEYS, ignore_index=True)


def logged(logs: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Say which metrics are in which log.

    Args:
        logs: label to log.

    Returns:
        One row per metric, in order of appearance: metric, ``languages`` (in how many it is logged
        apart, the most of any log), ``overall`` (whether some log has it for all languages together),
        and per label the number of rows.
    """
    rows: dict[str, dict[str, Any]] = {}
    for label, log in logs.items():
        for metric, own in log.groupby("metric", sort=True):
            row = rows.setdefault(str(metric), {"languages": 0, "overall": False})
            row["languages"] = max(row["languages"], own.loc[own["lang"] != "", "lang"].nunique())
            row["overall"] = row["overall"] or bool((own["lang"] == "").any())
            row[label] = len(own)
    table = pd.DataFrame.from_dict(rows, orient="index").reindex(
        columns=["languages", "overall", *logs]
    )
    table[list(logs)] = table[list(logs)].fillna(0).astype(int)
    return table.rename_axis("metric").reset_index()


def languages_logged(logs: Mapping[str, pd.DataFrame]) -> dict[str, dict[str, tuple[str, ...]]]:
    """Say in which languages each metric is logged apart.

    Args:
        logs: label to log.

    Returns:
        Metric to label to codes in table order; without metrics and labels that have none.
    """
    found: dict[str, dict[str, tuple[str, ...]]] = {}
    for label, log in logs.items():
        apart = log.loc[log["lang"] != "", ["metric", "lang"]].drop_duplicates()
        for metric, own in apart.groupby("metric")["lang"]:
            found.setdefault(str(metric), {})[label] = tuple(in_table_order(own))
    return found


def axes_of(log: pd.DataFrame) -> tuple[str, ...]:
    """Name the axes that a log has the numbers for; ``step`` always."""
    there = set(log.loc[log["lang"] == "", "metric"].unique())
    return tuple(
        axis
        for axis, sources in X_AXES.items()
        if not sources or any(name in there for name, _ in sources)
    )


def positions(log: pd.DataFrame, axis: str) -> pd.Series[Any]:
    """Place every step on an axis.

    Args:
        log: from `read_log`.
        axis: a key of ``X_AXES`` that the log has.

    Returns:
        Step to position. What is logged per update is added up over the steps that are in the log, so
        that what happened within a gap is missing; a step between two of them has the earlier's place.

    Raises:
        InterpError: an axis that the log has no numbers for.
    """
    steps = pd.Index(np.unique(log["step"]), name="step")
    if axis == "step":
        return pd.Series(steps.to_numpy(float), steps)
    overall = log[log["lang"] == ""]
    for name, cumulative in X_AXES.get(axis, ()):
        own = overall[overall["metric"] == name].set_index("step")["value"]
        if len(own):
            total = own if cumulative else own.cumsum()
            return total.reindex(steps).ffill().fillna(0.0).astype(float)
    raise unknown("axis of the log", axis, axes_of(log))


def pieces(steps: Sequence[int] | NDArray[np.int64]) -> NDArray[np.int64]:
    """Number the unbroken pieces of a series.

    Args:
        steps: ascending.

    Returns:
        Piece of each step; a new one begins after a distance above ``GAP`` times the median.
    """
    distance = np.diff(np.asarray(steps, np.int64))
    if not len(distance):
        return np.zeros(len(steps), np.int64)
    return np.concatenate([[0], np.cumsum(distance > GAP * np.median(distance))])


def smooth(values: Floats, how: str, width: int) -> Floats:
    """Smooth one unbroken piece.

    Args:
        values: equally weighted, in order.
        how: one of ``SMOOTHINGS``. ``exponential``: weights fall by 1 - 2 / (width + 1) from point to
            point into the past and are normalised, so that the first points are not drawn towards 0.
            ``running mean``: of the ``width`` points around each, fewer at the ends.
        width: in points; 1 smooths nothing.

    Returns:
        As many values.

    Raises:
        InterpError: another way of smoothing.
    """
    if how not in SMOOTHINGS:
        raise unknown("smoothing", how, SMOOTHINGS)
    series = pd.Series(values, dtype=float)
    if how == "none" or width <= 1:
        return np.asarray(series, float)
    if how == "exponential":
        return np.asarray(series.ewm(span=width).mean(), float)
    return np.asarray(series.rolling(width, center=True, min_periods=1).mean(), float)


LEAST_TURNS = 3
"""How many times the width of the smoothing a piece has to have."""


def curves(
    logs: Mapping[str, pd.DataFrame],
    metrics: Sequence[str],
    *,
    axis: str = "step",
    smoothing: str = "none",
    width: int = 1,
    languages: Sequence[str] = ("",),
) -> pd.DataFrame:
    """Lay series out for drawing.

    Args:
        logs: label to log, from `read_log`.
        metrics: which.
        axis: a key of ``X_AXES``; a log without it is left out.
        smoothing: one of ``SMOOTHINGS``, within unbroken pieces only.
        width: of the smoothing, in logged points; a piece of fewer than ``LEAST_TURNS`` times as
            many is left as it is, since it would be flattened, not smoothed.
        languages: codes; the empty one is all languages together. Where a metric is logged in
            languages only, the empty one is their mean at each step.

    Returns:
        Columns label, metric, lang, step, x, value, smoothed, piece.
    """
    frames = []
    for label, log in logs.items():
        if axis not in axes_of(log):
            continue
        place = positions(log, axis)
        chosen = log[log["metric"].isin(list(metrics))]
        by_metric = dict(list(chosen.groupby("metric")))
        for metric in metrics:
            own = by_metric.get(metric, log.iloc[:0])
            by_lang = dict(list(own.groupby("lang")))
            for lang in languages:
                series = by_lang.get(lang, own.iloc[:0])
                if lang == "" and series.empty and len(own):
                    series = own.groupby("step")[["value"]].mean().reset_index()
                if series.empty:
                    continue
                steps = series["step"].to_numpy()
                values = series["value"].to_numpy(float)
                piece = pieces(steps)
                parts = np.split(values, np.flatnonzero(np.diff(piece)) + 1)
                frames.append(
                    pd.DataFrame(
                        {
                            "label": label,
                            "metric": metric,
                            "lang": lang,
                            "step": steps,
                            "x": place.loc[steps].to_numpy(),
                            "value": values,
                            "smoothed": np.concatenate(
                                [
                                    smooth(
                                        part,
                                        smoothing if len(part) >= LEAST_TURNS * width else "none",
                                        width,
                                    )
                                    for part in parts
                                ]
                            ),
                            "piece": piece,
                        }
                    )
                )
    columns = ["label", "metric", "lang", "step", "x", "value", "smoothed", "piece"]
    return (
        pd.concat(frames, ignore_index=True)[columns] if frames else pd.DataFrame(columns=columns)
    )


def gap_count(frame: pd.DataFrame) -> int:
    """Count the gaps in `curves`: pieces beyond the first of every series."""
    if frame.empty:
        return 0
    return int(frame.groupby(["label", "metric", "lang"])["piece"].max().sum())


def at_step(log: pd.DataFrame, step: int) -> pd.DataFrame:
    """Lay out everything that was logged at a step.

    Returns:
        One row per metric: metric, ``all`` (over all languages) and a column per language; empty where
        not logged.
    """
    own = log[log["step"] == step]
    table = own.pivot(index="metric", columns="lang", values="value")
    order = [code for code in ("", *in_table_order(set(table.columns) - {""})) if code in table]
    return table[order].rename(columns={"": "all"}).rename_axis(columns=None).reset_index()


def settings(manifests: Mapping[str, Mapping[str, Any]]) -> pd.DataFrame:
    """Lay the settings of runs side by side.

    Args:
        manifests: label to the manifest that the training wrote.

    Returns:
        One row per setting (nested ones by their path, e.g. ``config.learning_rate``), one column per
        label, as text, empty where a run has none, and ``differs``: whether those that have it differ.
        What the manifest says of results (``evaluation``) is left out.
    """
    flat = {label: dict(_flat(manifest)) for label, manifest in manifests.items()}
    names = list(dict.fromkeys(name for found in flat.values() for name in found))
    table = pd.DataFrame(
        {
            "setting": names,
            **{label: [found.get(name, "") for name in names] for label, found in flat.items()},
        }
    )
    different = [
        len({found[name] for found in flat.values() if name in found}) > 1 for name in names
    ]
    table.insert(1, "differs", different)
    return table


def _flat(value: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    rows: list[tuple[str, str]] = []
    for name, one in value.items():
        if name == "evaluation":
            continue
        if isinstance(one, Mapping):
            rows += _flat(one, f"{prefix}{name}.")
        elif isinstance(one, list | tuple):
            rows.append((f"{prefix}{name}", ", ".join(map(str, one))))
        else:
            rows.append((f"{prefix}{name}", "" if one is None else str(one)))
    return rows
