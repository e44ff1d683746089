"""Finds the run that a new one is compared with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from interp.errors import InterpError, unknown

if TYPE_CHECKING:
    from interp.study import Study


def check_label(study: Study, label: str | None, own: str) -> None:
    """Refuse a label to compare with before any work is done for the comparison.

    Args:
        study: the study.
        label: the other checkpoint, or None.
        own: label of the new run.

    Raises:
        InterpError: the label is not in the study, or is the run's own.
    """
    if label is None:
        return
    if label == own:
        raise InterpError(f"--against {label!r} is this run's own label: expected another one")
    known = sorted({record.spec["label"] for record in study.records() if record.finished} - {own})
    if label not in known:
        raise unknown("label in this study", label, known or ["(no other label)"])


def other_run(study: Study, run_id: str, label: str | None) -> str | None:
    """Find the current run of another checkpoint with the same analysis, options and data.

    Args:
        study: the study.
        run_id: the new run.
        label: the other checkpoint; when omitted the one whose stage is ``base``, if there is one.

    Returns:
        Its run_id; None where no label was given and there is no base to compare with.

    Raises:
        InterpError: the label is not in the study, is the run's own, or has no such run.
    """
    from interp.study.records import current_ids

    records = [record for record in study.records() if record.finished]
    current = current_ids(records)
    own = next(record.spec for record in records if record.run_id == run_id)
    same = ("analysis", "preset", "data_hash")
    alike = {
        record.spec["label"]: record
        for record in records
        if record.run_id in current
        and record.spec["label"] != own["label"]
        and all(record.spec[key] == own[key] for key in same)
        and _options(record.spec) == _options(own)
    }
    if label is None:
        bases = [one.run_id for one in alike.values() if one.spec["stage"] == "base"]
        return bases[0] if bases else None
    check_label(study, label, own["label"])
    if label not in alike:
        raise InterpError(
            f"{label!r} has no {own['analysis']} run with these options on the same facts "
            f"in this study: run `interp eval {own['analysis']}` for it with the same options"
        )
    return alike[label].run_id


def _options(spec: Mapping[str, Any]) -> dict[str, Any]:
    """What was asked, without what changes no number that is compared."""
    return {key: value for key, value in spec["arguments"].items() if key != "batch_size"}
