"""What an imported file gives to a study, and how it becomes a run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from interp.study import RunSpec, Study

PRESET = "imported"
NOTE = "imported"
"""Key of the run's note; a run that has it was imported."""


@dataclass(frozen=True)
class Imported:
    """One checkpoint's results, checked, not yet written.

    Attributes:
        analysis: ``lahis``, ``lape`` or ``klar``.
        format: what the file is, in words.
        source: name of the file or folder. It is recorded, but not part of what is asked of the
            run: the same content under another name is the same run.
        sha256: file name to the hash (hex) of its bytes.
        arguments: the options that are known; one that is not known is absent. ``languages`` and
            ``format`` are always there.
        data_hash: of the content (lists, matrices), or of the facts (generations), so that two
            checkpoints' answers to the same facts are paired.
        model: what is known of the checkpoint; ``model`` is its name, or None.
        missing: what cannot be derived from the file, in words.
        caveat: what a reader has to know of the numbers; may be empty.
        notes: further notes of the run, e.g. ``shape``.
        tables: the run's tables by name.
        facts: the table ``facts`` (without ``data_hash``), or None.
    """

    analysis: str
    format: str
    source: str
    sha256: Mapping[str, str]
    arguments: Mapping[str, Any]
    data_hash: str
    model: Mapping[str, Any]
    missing: tuple[str, ...]
    caveat: str
    notes: Mapping[str, Any] = field(default_factory=dict)
    tables: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    facts: pd.DataFrame | None = None


def save_import(
    study: Study, found: Imported, *, label: str, stage: str | None = None, overwrite: bool = False
) -> str:
    """Write what was read as one finished run of preset ``imported``.

    Args:
        study: the study, open for writing.
        found: from one of the readers.
        label: short name of the checkpoint in the study.
        stage: what was done to the checkpoint; the label by default.
        overwrite: write it again although the study holds it; the earlier run stays.

    Returns:
        The run's id; that of the earlier run where the same content was imported before.

    Raises:
        InterpError: a label that cannot name a folder, or a study that cannot be written.
    """
    arguments = {**found.arguments, "format": found.format}
    spec = RunSpec(
        found.analysis, label, stage or label, PRESET, arguments, found.data_hash, found.model
    )
    with study.run(spec, overwrite=overwrite) as run:
        if found.facts is not None:  # also of an earlier import, whose facts may have been removed
            study.add_facts(found.facts, found.data_hash)
        if run.already_finished:
            return run.run_id
        run.record(
            NOTE,
            {
                "format": found.format,
                "source": found.source,
                "sha256": dict(found.sha256),
                "missing": list(found.missing),
                "caveat": found.caveat,
            },
        )
        for key, value in found.notes.items():
            run.record(key, value)
        for name, frame in found.tables.items():
            run.write_table(name, frame)
    return run.run_id


def checkpoint(model: str | None, meta: Mapping[str, Any], missing: list[str]) -> dict[str, Any]:
    """Name the checkpoint: what the user says, else ``meta.json``, else unknown.

    Args:
        model: the name given.
        meta: content of ``meta.json``; may be empty.
        missing: gets a sentence where no name is known.
    """
    name = model or meta.get("model")
    if name is None:
        missing.append("which checkpoint it was (--model names it)")
    return {"model": name}
