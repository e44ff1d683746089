"""What a run is called once a label, or a run that it refers to, has another name.

A run's name follows from its request (``RunSpec``): label, data, arguments. So a new label gives
a new digest and a new run_id, and a later identical request under the new label finds the run.
A run may name another one in its arguments (an ablation names the run whose heads or neurons it
ablates); then it follows, whatever its own label is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from interp.data.canonical import canonical_hash
from interp.errors import InterpError
from interp.study.records import RunRecord
from interp.study.runs import numbered, ordinals
from interp.study.spec import RunSpec


@dataclass(frozen=True)
class Identity:
    """A run's name and everything in ``run.json`` that follows it.

    Attributes:
        run_id: the name, also the folder's.
        digest: of ``spec``.
        spec: what was asked, the fields of ``RunSpec``.
        notes: what the run recorded, with the run_ids that occur in it replaced.
    """

    run_id: str
    digest: str
    spec: Mapping[str, Any]
    notes: Mapping[str, Any]


def references(record: RunRecord, known: Iterable[str]) -> list[str]:
    """List the runs that a run names in its arguments.

    Args:
        record: the run.
        known: run_ids of the study. A run of another study that has the same run_id is the
            result of the same request, and counts as the one here.

    Returns:
        Their run_ids, in order of appearance.
    """
    names = set(known)
    return [text for text in _texts(record.spec["arguments"]) if text in names]


def in_order(records: Sequence[RunRecord]) -> list[RunRecord]:
    """Sort runs so that each comes after the runs it refers to, else as given."""
    by_id = {record.run_id: record for record in records}
    done: dict[str, RunRecord] = {}

    def add(record: RunRecord, below: tuple[str, ...]) -> None:
        for name in references(record, by_id):
            if name not in done and name not in below:
                add(by_id[name], (*below, record.run_id))
        done.setdefault(record.run_id, record)

    for record in records:
        add(record, (record.run_id,))
    return list(done.values())


def respelled(
    record: RunRecord, labels: Mapping[str, str], ids: Mapping[str, str]
) -> tuple[RunSpec, dict[str, Any]]:
    """Write a run's request and notes with other labels and run_ids.

    Args:
        record: the run.
        labels: old label to new.
        ids: old run_id to new, of the runs it may refer to.

    Returns:
        The request, and the notes. The stage is kept: it says what was done to the checkpoint.

    Raises:
        InterpError: an ablation whose data hash covers a label and cannot be derived again.
    """
    spec = dict(record.spec)
    arguments = dict(spec["arguments"])
    old, new = spec["label"], labels.get(spec["label"], spec["label"])
    renamed = {before: after for before, after in ids.items() if before != after}
    source_label: str | None = arguments.get("source_label")
    if source_label is not None and arguments.get("source") in ids:
        arguments["source_label"] = labels.get(source_label, source_label)
    spec.update(label=new, arguments=_replace(arguments, renamed))
    if source_label is not None:
        whose = _whose(old, source_label), _whose(new, arguments["source_label"])
        if whose[0] != whose[1]:
            spec["data_hash"] = _ablation_data(record, *whose)
    return RunSpec(**spec), _replace(dict(record.data.get("notes", {})), renamed)


def identify(
    record: RunRecord, spec: RunSpec, notes: Mapping[str, Any], taken: Iterable[str]
) -> Identity:
    """Name a run after its request, with its own ordinal (``-2``, ``-3``) where that is free.

    Args:
        record: the run as it is.
        spec: its request from now on.
        notes: its notes from now on.
        taken: names of run folders that are there already.

    Returns:
        The identity; where the ordinal is taken, the next one behind all that are.
    """
    names = set(taken)
    before = RunSpec(**record.spec).run_id
    own = next(iter(ordinals([record.run_id], before)), 1)
    name = numbered(spec.run_id, own)
    if name in names:
        name = numbered(spec.run_id, max(ordinals(names, spec.run_id)) + 1)
    return Identity(name, spec.digest, spec.to_dict(), dict(notes))


def _whose(label: str, source_label: str) -> str:
    """As ``interp.causal.run`` says it: one's own set, or another checkpoint's by its label."""
    return "own" if source_label == label else source_label


def _ablation_data(record: RunRecord, old: str, new: str) -> str:
    """Derive an ablation's data hash again; ``interp.causal.run`` hashes text, part and whose."""
    text = record.data.get("notes", {}).get("text", {}).get("text_hash")
    part = record.spec["arguments"].get("part")
    if canonical_hash([text, part, old]) != record.spec["data_hash"]:
        raise InterpError(
            f"run {record.run_id} cannot follow a renamed label: its data_hash is not that of the "
            "text, part and label it records; expected a run of interp ablate (remove it first "
            "with interp study remove, and run interp ablate again)"
        )
    return canonical_hash([text, part, new])


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _texts(inner)


def _replace(value: Any, ids: Mapping[str, str]) -> Any:
    """Replace whole run_ids inside texts; ``x-2`` is another run than ``x``."""
    if not ids:
        return value
    longest_first = sorted(ids, key=len, reverse=True)
    pattern = re.compile(
        rf"(?<![A-Za-z0-9._+-])({'|'.join(map(re.escape, longest_first))})(?![A-Za-z0-9_+-])"
    )

    def inside(part: Any) -> Any:
        if isinstance(part, str):
            return pattern.sub(lambda match: ids[match[1]], part)
        if isinstance(part, Mapping):
            return {key: inside(inner) for key, inner in part.items()}
        if isinstance(part, list | tuple):
            return [inside(inner) for inner in part]
        return part

    return inside(value)
