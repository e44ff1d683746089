"""Which runs of a study are held against each other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pandas as pd

from interp.comparison.family import RunPair
from interp.errors import InterpError, unknown
from interp.study import Study


@dataclass(frozen=True)
class Unpaired:
    """An analysis of two labels that finds no two runs to compare, and why."""

    analysis: str
    base: str
    label: str
    reason: str


def find_base(study: Study, base: str | None) -> str:
    """Name the label that everything is compared with.

    Args:
        study: the study.
        base: the label asked for; by default the only one whose stage is ``base``.

    Raises:
        InterpError: for an unknown label, and where none or several have the stage ``base``.
    """
    runs = study.runs()
    labels = sorted(runs["label"].unique())
    if base is not None:
        if base not in labels:
            raise unknown(
                "label in this study", base, labels or ["(the study has no finished run)"]
            )
        return base
    found = sorted(runs.loc[runs["stage"] == "base", "label"].unique())
    if len(found) != 1:
        which = f"{len(found)} of its labels ({', '.join(found)})" if found else "no label"
        raise InterpError(
            f"study {study.path}: {which} has the stage base; expected one, or --base with one of "
            f"{', '.join(labels) or '(the study has no finished run)'}"
        )
    return str(found[0])


def find_labels(study: Study, base: str, labels: Sequence[str] | None) -> list[str]:
    """Name the checkpoints that are compared with the base.

    Args:
        study: the study.
        base: label of the base.
        labels: those asked for; by default all others, in the order in which they were first run.

    Raises:
        InterpError: for an unknown label, the base itself, and a study of one label.
    """
    runs = study.runs().sort_values("started_at")
    others = [str(one) for one in runs["label"].unique() if one != base]
    if not others:
        raise InterpError(
            f"study {study.path} holds one checkpoint, {base}: a comparison needs a second one; run an "
            "analysis with another --model and --label"
        )
    for label in labels or ():
        if label not in others:
            raise unknown(f"label to compare with {base}", label, others)
    return list(labels) if labels else others


def run_pairs(
    study: Study, base: str, label: str, analyses: Sequence[str]
) -> Iterator[RunPair | Unpaired]:
    """Pair the current runs of two labels.

    Of each analysis and preset that both have, the newest runs on each corpus or fact set that both
    have; where they share none, the newest of each.

    Args:
        study: the study.
        base: label of the base.
        label: the other.
        analyses: which analyses.

    Yields:
        A pair for every analysis, preset and data that both have, and why an analysis or preset that
        only one of them has finds none.
    """
    runs = study.runs()
    runs = runs[runs["current"]].sort_values(["finished_at", "run_id"])
    for analysis in analyses:
        mine = runs[(runs["analysis"] == analysis) & (runs["label"] == base)]
        other = runs[(runs["analysis"] == analysis) & (runs["label"] == label)]
        if mine.empty and other.empty:
            continue
        presets = [one for one in dict.fromkeys(mine["preset"]) if one in set(other["preset"])]
        if why := _why(analysis, base, label, mine, other, presets):
            yield Unpaired(analysis, base, label, why)
        for preset in presets:
            yield from _newest(
                study, mine[mine["preset"] == preset], other[other["preset"] == preset], base, label
            )


def _why(
    analysis: str,
    base: str,
    label: str,
    mine: pd.DataFrame,
    other: pd.DataFrame,
    shared: Sequence[str],
) -> str:
    """Say which runs find no partner; empty where all do."""
    for name, frame, rival in ((base, mine, other), (label, other, mine)):
        if frame.empty:
            presets = ", ".join(dict.fromkeys(rival["preset"]))
            return f"{name} has no {analysis} run (preset {presets})"
    if not shared:
        both = [", ".join(dict.fromkeys(frame["preset"])) for frame in (mine, other)]
        return f"different presets: {base} has {both[0]}, {label} has {both[1]}"
    alone = [
        f"preset {preset}: only {name} has it"
        for name, frame in ((base, mine), (label, other))
        for preset in dict.fromkeys(frame["preset"])
        if preset not in shared
    ]
    return "; ".join(alone)


def _newest(
    study: Study, mine: pd.DataFrame, other: pd.DataFrame, base: str, label: str
) -> Iterator[RunPair]:
    shared = [one for one in dict.fromkeys(mine["data_hash"]) if one in set(other["data_hash"])]
    for data in shared or [None]:
        sides = [
            frame if data is None else frame[frame["data_hash"] == data] for frame in (mine, other)
        ]
        first, second = (str(frame["run_id"].iloc[-1]) for frame in sides)
        specs = study.spec(first), study.spec(second)
        yield RunPair(specs[0]["analysis"], specs[0]["preset"], base, label, first, second, *specs)
