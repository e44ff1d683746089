"""Take runs out of a study, into its trash or for good, and bring them back from the trash.

``trash/<time>/<run_id>/`` holds a removed run as it was; readers do not look there. A run goes in
one atomic step. Comparisons that rest on removed runs are removed after them; killed in between,
the same command does what is left.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd

from interp.errors import InterpError, unknown
from interp.study.manage.candidates import Selection, candidates
from interp.study.manage.comparisons import read_comparisons, resting_on, write_comparisons
from interp.study.manage.insert import insert_run
from interp.study.manage.rewrite import delete, move
from interp.study.manage.session import PURGED, changing, discard
from interp.study.pending import command_line
from interp.study.records import RUNS, RunRecord, damaged_records, read_record, read_records
from interp.study.schema import SCHEMA_VERSION
from interp.study.store import FACTS, facts_stem

TRASH = "trash"


@dataclass(frozen=True)
class Removed:
    """What was taken out of a study.

    Attributes:
        runs: run_ids, in order.
        comparisons: rows of ``comparisons`` that went with them.
        facts: stems of the fact sets that went, because no run uses them any more.
        place: the folder in the trash, or ``None`` after a purge or where nothing was left to do.
        from_trash: run_ids of what a purge deleted from the trash, the last removed first.
    """

    runs: tuple[str, ...]
    comparisons: int
    facts: tuple[str, ...]
    place: Path | None
    from_trash: tuple[str, ...] = ()


def remove_runs(
    study: Path, selection: Selection, *, purge: bool = False, facts: bool = False
) -> Removed:
    """Take runs out of a study, and what rests on them.

    Works on a full disk: nothing is written before the runs are moved.

    Args:
        study: the study's folder.
        selection: which runs. One that is only in the trash is passed over, or purged.
        purge: delete them for good; of a run that is in the study, what was removed earlier under
            its name stays in the trash.
        facts: also take the fact sets that no run of the study uses any more.

    Returns:
        What went.

    Raises:
        InterpError: for an unknown run or label, or what
            :func:`~interp.study.manage.session.changing` refuses.
    """
    # What an interrupted purge had already taken is deleted at the door, and counts as gone.
    purged = {path.name for path in (study / PURGED).glob("*")}
    purged_trash = {path.name for path in (study / PURGED).glob("*/*")}
    with changing(study, ["remove"], probe=False):
        trash = in_trash(study)
        gone = dict.fromkeys([*purged, *purged_trash]) | dict(
            zip(trash["run_id"], trash["label"], strict=True)
        )
        chosen = candidates(study, selection, gone)
        names = tuple(chosen["run_id"])
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
        place = study / PURGED if purge else study / TRASH / stamp
        for name in names:
            move(study / RUNS / name, place / name)
        # A run that an interrupted purge took from the study is no reason to empty the trash.
        copies = only_in_trash(study, selection, [*names, *purged]) if purge else trash[:0]
        for name, stamped in zip(copies["run_id"], copies["removed"], strict=True):
            move(study / TRASH / stamped / name, place / stamped / name)
        unused = _unused_facts(study) if facts else ()
        for stem in unused:
            move(study / FACTS / f"{stem}.parquet", place / FACTS / f"{stem}.parquet")
        if purge:
            delete(place)
        _drop_empty(study / TRASH)
        comparisons = _sweep(study)
    kept = None if purge or not (names or unused) else place
    return Removed(names, comparisons, unused, kept, tuple(copies["run_id"]))


def only_in_trash(study: Path, selection: Selection, there: Collection[str]) -> pd.DataFrame:
    """List what a purge of these runs deletes from the trash.

    Args:
        study: the study's folder.
        selection: which runs; only those that are named one by one are looked for.
        there: run_ids that are meant in the study itself.

    Returns:
        Rows of :func:`in_trash`.
    """
    trash = in_trash(study)
    return trash[trash["run_id"].isin([run for run in selection.runs if run not in there])]


def in_trash(study: Path) -> pd.DataFrame:
    """List what a study's trash holds.

    Args:
        study: the study's folder.

    Returns:
        One row per run, the last removed first: ``run_id``, ``label`` (empty where it has no
        record that can be read), ``removed`` (UTC; the folder in the trash), ``finished`` (whether the
        run was).
    """
    rows = []
    for folder in sorted((study / TRASH).glob("*/*"), reverse=True):
        if folder.is_dir() and folder.name != FACTS:
            label, finished = None, False
            with contextlib.suppress(InterpError):  # damaged: its folder's name is all there is
                record = read_record(folder)
                label = None if record is None else record.spec["label"]
                finished = record is not None and record.finished
            rows.append((folder.name, label, folder.parent.name, finished))
    return pd.DataFrame(rows, columns=["run_id", "label", "removed", "finished"])


def restore_run(study: Path, run_id: str) -> str:
    """Bring a run back from the trash, and its facts where they went with it.

    Of several of one run_id the last removed comes back. Where its name is taken by another
    result of the same request, it comes back as the next one (``-2``, ``-3`` ...).

    Args:
        study: the study's folder.
        run_id: the run.

    Returns:
        The run_id it has now; its own, unless that was taken.

    Raises:
        InterpError: nothing of that name in the trash, a run of an older schema, or what
            :func:`~interp.study.manage.session.changing` refuses.
    """
    with changing(study, ["restore", run_id]):
        trash = in_trash(study)
        found = trash[trash["run_id"] == run_id]
        if found.empty and (back := _restored_before(study, run_id)):
            return back
        if found.empty:
            raise unknown(f"run in the trash of {study}", run_id, trash["run_id"] if len(trash)
                          else ["(it is empty)"])  # fmt: skip
        folder = study / TRASH / found["removed"].iloc[0] / run_id
        record = read_record(folder)
        if record is not None and record.data.get("schema_version", 1) < SCHEMA_VERSION:
            raise InterpError(
                f"run {run_id} in the trash is of an older schema: run "
                f"`{command_line(study, 'migrate')}` first, it goes over the trash, too"
            )
        _restore_facts(study, record)
        if not (study / RUNS / run_id).exists():
            move(folder, study / RUNS / run_id)
            name = run_id
        elif record is None or not record.finished:
            raise InterpError(
                f"run {run_id} in the trash is unfinished, and the study has a run of that name: "
                f"expected a free name; remove that one first with "
                f"`{command_line(study, 'remove', '--run', run_id)}`"
            )
        else:
            name, _ = insert_run(study, record, {}, {}, {"renamed_from": _trail(record.data)})
            discard(study, folder)
        _drop_empty(study / TRASH)
        return name


def _restored_before(study: Path, run_id: str) -> str | None:
    """Recognise what this command has done, where it was killed after its last step."""
    records = {record.run_id: record for record in read_records(study)}
    for record in records.values():
        trail = record.data.get("renamed_from") or [{}]
        if trail[-1].get("restored") and trail[-1]["run_id"] == run_id:
            return record.run_id
    return run_id if run_id in records else None


def _trail(data: dict[str, object]) -> list[object]:
    earlier = data.get("renamed_from", [])
    assert isinstance(earlier, list)
    return [*earlier, {"run_id": data["run_id"], "restored": True}]


def _restore_facts(study: Path, record: RunRecord | None) -> None:
    for stem in _facts_of(record.spec) if record is not None else ():
        # They may have gone later than the run, with the last one that used them.
        kept = sorted((study / TRASH).glob(f"*/{FACTS}/{stem}.parquet"), reverse=True)
        place = study / FACTS / f"{stem}.parquet"
        if kept and not place.exists():
            move(kept[0], place)


def _facts_of(spec: dict[str, object]) -> list[str]:
    """Stems of the fact sets that a run may have been made with."""
    arguments = spec["arguments"]
    assert isinstance(arguments, dict)
    hashes = (spec["data_hash"], arguments.get("facts"))
    return [facts_stem(text) for text in hashes if isinstance(text, str)]


def _unused_facts(study: Path) -> tuple[str, ...]:
    if damaged_records(study):
        return ()  # nobody knows what facts they use
    used = {stem for record in read_records(study) for stem in _facts_of(record.spec)}
    stems: Sequence[str] = sorted(path.stem for path in (study / FACTS).glob("*.parquet"))
    return tuple(stem for stem in stems if stem not in used and not stem.startswith("."))


def _sweep(study: Path) -> int:
    """Drop comparisons whose runs or labels the study no longer has; return how many."""
    rows = read_comparisons(study)
    if rows is None:
        return 0
    finished = [record for record in read_records(study) if record.finished]
    damaged = set(damaged_records(study))  # they are there, under a label that nobody can read
    labels = {record.spec["label"] for record in finished}
    for run, label in (("base_run", "base"), ("label_run", "label")):
        pairs = zip(rows.column(run).to_pylist(), rows.column(label).to_pylist(), strict=True)
        labels |= {name for one, name in pairs if one in damaged}
    kept = resting_on(rows, damaged | {record.run_id for record in finished}, labels)
    if kept.num_rows < rows.num_rows:
        write_comparisons(study, kept)
    return int(rows.num_rows - kept.num_rows)


def _drop_empty(trash: Path) -> None:
    """Remove folders of the trash that nothing is left in."""
    for folder in sorted(trash.glob("**/"), reverse=True):
        if folder.exists() and not any(folder.iterdir()):
            folder.rmdir()
