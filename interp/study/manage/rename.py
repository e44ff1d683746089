"""Give a checkpoint another label, or a study another name.

All runs of the label change at one moment: the new folders are prepared in ``.staging``, and
``pending.json`` makes readers pass from the old ones to the new ones in one atomic write.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from interp.errors import InterpError, unknown
from interp.study.atomic import write_json
from interp.study.door import MANIFEST, read_manifest
from interp.study.manage.comparisons import read_comparisons, renamed, write_comparisons
from interp.study.manage.identity import Identity, identify, in_order, respelled
from interp.study.manage.rewrite import build_run, delete, move
from interp.study.manage.session import STAGING, changing
from interp.study.pending import PENDING, Pending, write_pending
from interp.study.provenance import now
from interp.study.records import RUNS, RunRecord, read_records
from interp.study.spec import RunSpec, check_name


@dataclass(frozen=True)
class Renamed:
    """What a change of label did.

    Attributes:
        runs: old run_id to new, of the label's runs and of those that refer to them.
        stages: stages of the label's runs; they are kept.
        resumed: whether an interrupted call was completed.
    """

    runs: Mapping[str, str]
    stages: tuple[str, ...]
    resumed: bool


def rename_label(study: Path, old: str, new: str) -> Renamed:
    """Give every run of a label another label: folder, run_id, digest, tables, comparisons.

    Runs of other labels that name one of these runs in their arguments (ablations) follow, with a
    new digest and run_id. ``run.json`` keeps every earlier name in ``renamed_from``.

    Args:
        study: the study's folder.
        old: the label.
        new: the label from now on; no run may have it.

    Returns:
        What was renamed.

    Raises:
        InterpError: an unknown label, one that is taken, an unfinished run among those that
            change (its progress belongs to its old name), a damaged file, or what
            :func:`~interp.study.manage.session.changing` refuses.
    """
    check_name("label", new)
    with changing(study, ["rename", old, new]) as pending:
        if pending is not None:
            _finish(study, pending)
            done = pending.state
            return Renamed(done["runs"], tuple(done["stages"]), resumed=True)
        records = read_records(study, strict=True)
        if done_before := _renamed_before(records, old, new):
            return done_before
        _check(study, records, old, new)
        changes = plan(records, {old: new}, [path.name for path in (study / RUNS).iterdir()])
        _refuse_unfinished([record for record, _ in changes])
        _prepare(study, changes)
        stages = sorted({r.spec["stage"] for r, _ in changes if r.spec["label"] == old})
        state: Mapping[str, Any] = {
            "labels": {old: new},
            "runs": {record.run_id: identity.run_id for record, identity in changes},
            "stages": stages,
            "shown": "old",
        }
        pending = Pending(("rename", old, new), frozenset(state["runs"].values()), state)
        write_pending(study, pending)
        _finish(study, pending)
        return Renamed(state["runs"], tuple(stages), resumed=False)


def plan(
    records: Sequence[RunRecord], labels: Mapping[str, str], taken: Sequence[str]
) -> list[tuple[RunRecord, Identity]]:
    """Work out which runs change and what they are called then.

    Args:
        records: all runs of the study.
        labels: old label to new.
        taken: names of the run folders.

    Returns:
        The runs that change, each after the runs it refers to, with their new identity.
    """
    ids: dict[str, str] = {record.run_id: record.run_id for record in records}
    names = set(taken)
    changes = []
    for record in in_order(records):
        spec, notes = respelled(record, labels, ids)
        if spec == RunSpec(**record.spec):
            continue
        identity = identify(record, spec, notes, names)
        names.add(identity.run_id)
        ids[record.run_id] = identity.run_id
        changes.append((record, identity))
    return changes


def rename_study(study: Path, name: str) -> str:
    """Give a study another name: in ``study.json`` and in its comparisons.

    Args:
        study: the study's folder, which stays where it is.
        name: the name from now on.

    Returns:
        The name it had.

    Raises:
        InterpError: a name that cannot name a folder, or what
            :func:`~interp.study.manage.session.changing` refuses.
    """
    check_name("study name", name)
    arguments = ("rename", "--study-name", name)
    with changing(study, arguments) as pending:
        manifest = read_manifest(study)
        if pending is None:
            pending = Pending(arguments, frozenset(), {"name": manifest["name"]})
            write_pending(study, pending)
        old = str(pending.state["name"])
        rows = read_comparisons(study)
        if rows is not None:
            write_comparisons(study, renamed(rows, {"study": {old: name}}))
        write_json(study / MANIFEST, {**manifest, "name": name})
        (study / PENDING).unlink()
        return old


def _renamed_before(records: Sequence[RunRecord], old: str, new: str) -> Renamed | None:
    """Recognise what this command has done, where it was killed after its last step."""
    if any(record.spec["label"] == old for record in records):
        return None
    trails = {r.run_id: r.data["renamed_from"][-1] for r in records if r.data.get("renamed_from")}
    runs = {
        str(trail["run_id"]): record.run_id
        for record in records
        if record.spec["label"] == new
        and (trail := trails.get(record.run_id)) is not None
        and trail.get("label") == old
    }
    stages = sorted({r.spec["stage"] for r in records if r.run_id in runs.values()})
    return Renamed(runs, tuple(stages), resumed=True) if runs else None


def _check(study: Path, records: Sequence[RunRecord], old: str, new: str) -> None:
    labels: dict[str, int] = {}
    for record in records:
        labels[record.spec["label"]] = labels.get(record.spec["label"], 0) + 1
    if old not in labels:
        raise unknown(f"label in study {study}", old, sorted(labels) or ["(it has no run)"])
    if new == old:
        raise InterpError(f"label {old!r} is to be renamed to itself: expected another name")
    if new in labels:
        raise InterpError(
            f"label {new!r} is taken by {labels[new]} run(s) of study {study}: two checkpoints "
            "under one label would supersede each other; expected a name other than "
            f"{', '.join(sorted(labels))}, or rename or remove {new!r} first"
        )


def _refuse_unfinished(records: Sequence[RunRecord]) -> None:
    unfinished = [record.run_id for record in records if not record.finished]
    if unfinished:
        raise InterpError(
            f"run(s) {', '.join(unfinished)} are unfinished, and their progress belongs to the "
            "name they have: run their commands again to finish them, or drop them with interp "
            "study remove --unfinished, and rename then"
        )


def _prepare(study: Path, changes: Sequence[tuple[RunRecord, Identity]]) -> None:
    """Write the renamed runs where no reader looks; leave nothing where that fails."""
    at = now()
    try:
        for record, identity in changes:
            trail = {
                "run_id": record.run_id,
                "label": record.spec["label"],
                "digest": record.data["digest"],
                "at": at,
            }
            earlier = record.data.get("renamed_from", [])
            place = study / STAGING / identity.run_id
            build_run(record, identity, place, {"renamed_from": [*earlier, trail]}, link=True)
    except BaseException:
        delete(study / STAGING)
        raise


def _finish(study: Path, pending: Pending) -> None:
    """Go from prepared folders to renamed runs; may be called again after a kill at any point."""
    runs: Mapping[str, str] = pending.state["runs"]
    if pending.state["shown"] == "old":
        for name in runs.values():
            if (study / STAGING / name).exists():
                move(study / STAGING / name, study / RUNS / name)
        # From this write on readers see the new names and pass over the old ones.
        pending = Pending(pending.arguments, frozenset(runs), {**pending.state, "shown": "new"})
        write_pending(study, pending)
    if lost := [name for name in runs.values() if not (study / RUNS / name).is_dir()]:
        # The old folders are all that is left of these runs: never delete them then.
        raise InterpError(
            f"{study / PENDING} is damaged: it says that {lost[0]} takes the place of a run, and "
            "there is no such run; restore the study's files"
        )
    rows = read_comparisons(study)
    if rows is not None:
        labels = pending.state["labels"]
        names = {"base": labels, "label": labels, "base_run": runs, "label_run": runs}
        write_comparisons(study, renamed(rows, names))
    for name in runs:
        delete(study / RUNS / name)
    delete(study / STAGING)
    (study / PENDING).unlink()
