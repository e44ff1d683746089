"""Which lens runs of a study are compared: one per checkpoint, on one fact set, the base first."""

from __future__ import annotations

from collections.abc import Sequence

from interp.errors import InterpError, unknown
from interp.study import Study

_SHOWN = 12
"""Characters of a fact set's hash that are shown."""


def lens_runs(
    study: Study,
    labels: Sequence[str] | None = None,
    *,
    preset: str = "default",
    data: str | None = None,
) -> dict[str, str]:
    """Choose the current lens run of each checkpoint.

    Args:
        study: the study.
        labels: the checkpoints, in the order wanted; by default all, those of stage ``base`` first
            and then in the order in which they were run.
        preset: of the runs.
        data: first characters of the fact set's hash; needed where the runs are on several.

    Returns:
        Label to run_id.

    Raises:
        InterpError: for a study without lens runs, a label, preset or fact set that none has, and
            runs on several fact sets.
    """
    runs = study.runs()
    runs = runs[(runs["analysis"] == "lens") & runs["current"]]
    if runs.empty:
        raise InterpError(
            f"study {study.path} holds no finished lens run: run interp lens --study {study.path}"
        )
    known = sorted(runs["label"].unique())
    for label in labels or ():
        if label not in known:
            raise unknown("label with a lens run", label, known)
    if labels:
        runs = runs[runs["label"].isin(labels)]
    if preset not in set(runs["preset"]):
        raise unknown("preset of these lens runs", preset, sorted(runs["preset"].unique()))
    runs = runs[runs["preset"] == preset]
    hashes = [str(one) for one in dict.fromkeys(runs["data_hash"])]
    wanted = [one for one in hashes if data is None or one.startswith(data)]
    shown = ", ".join(one[:_SHOWN] for one in hashes)
    if len(wanted) != 1:
        raise InterpError(
            f"{'no' if not wanted else len(wanted)} fact sets of these lens runs begin with "
            f"{data or ''!r}: expected one; choose with --data one of {shown}"
        )
    runs = runs[runs["data_hash"] == wanted[0]]
    runs = runs.assign(later=runs["stage"] != "base").sort_values(["later", "started_at", "run_id"])
    found = {str(row.label): str(row.run_id) for row in runs.itertuples()}
    for label in labels or ():
        if label not in found:
            raise InterpError(
                f"{label} has no lens run with preset {preset} on fact set {wanted[0][:_SHOWN]}: "
                f"expected one of {', '.join(found)}"
            )
    return {label: found[label] for label in labels} if labels else found
