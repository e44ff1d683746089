"""Finds the run that a new one is compared with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from interp.cli.tables import console
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
    """Find the newest run of another checkpoint with the same analysis, options and data.

    Args:
        study: the study.
        run_id: the new run.
        label: the other checkpoint; when omitted the one whose stage is ``base``.

    Returns:
        Its run_id; None where no label was given and the study has no base, several, or none that
        was asked the same (which is said).

    Raises:
        InterpError: the label is not in the study, is the run's own, or has no such run.
    """
    own = study.spec(run_id)
    check_label(study, label, own["label"])
    records = [one for one in study.records() if one.finished and one.spec["label"] != own["label"]]
    same = ("analysis", "preset", "data_hash")
    alike = {
        record.spec["label"]: record
        for record in sorted(records, key=lambda record: record.data["finished_at"])
        if all(record.spec[key] == own[key] for key in same)
        and _options(record.spec) == _options(own)
    }
    if label is not None and label not in alike:
        raise InterpError(
            f"{label!r} has no {own['analysis']} run with these options on the same facts or "
            "texts in this study: run the same command for it"
        )
    if label is not None:
        return alike[label].run_id
    bases = {one.spec["label"] for one in records if one.spec["stage"] == "base"}
    if own["stage"] == "base" or not bases:
        return None
    found = sorted(bases & set(alike))
    if len(found) != 1:
        which = f"several bases, {', '.join(found)}" if found else "no base asked the same"
        console().print(
            f"not compared with the base: the study has {which}; --against LABEL compares"
        )
        return None
    return alike[found[0]].run_id


def _options(spec: Mapping[str, Any]) -> dict[str, Any]:
    """What was asked, without what changes no number that is compared."""
    return {key: value for key, value in spec["arguments"].items() if key != "batch_size"}
