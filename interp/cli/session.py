"""What every analysis does before it starts: the cheap checks first, the checkpoint last."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from interp.errors import InterpError
from interp.parallel import is_first

if TYPE_CHECKING:
    from interp.cli.choices import OneDeviceChoice, RecordChoice
    from interp.estimates.sketch import Sketch
    from interp.estimates.work import Work
    from interp.model.hooked import HookedModel
    from interp.model.spec import ModelSpec
    from interp.study import Study


@dataclass(frozen=True)
class Checkpoint:
    """How ``--model`` and its companions name one checkpoint in a study."""

    spec: ModelSpec
    label: str
    stage: str
    engine: str

    def load(self) -> HookedModel:
        """Load the weights; everything cheap has been checked by now."""
        from transformers.utils import logging

        from interp.model.hooked import HookedModel

        if not sys.stderr.isatty():  # in a log file a bar is noise
            logging.disable_progress_bar()
        return HookedModel.load(self.spec, engine=self.engine)


def chosen_options(analysis: str, preset: str, choices: Mapping[str, Any]) -> dict[str, Any]:
    """Keep the options that the user gave, and refuse wrong ones before anything is loaded."""
    from interp.presets import preset as check

    given = {name: value for name, value in choices.items() if value is not None}
    check(analysis, preset, **given)
    return given


_made: list[tuple[Path, tuple[Path, ...]]] = []
"""Studies that this command made, each with the folders that were not there before."""


def open_study(path: Path) -> Study:
    """Open the study for writing, so that a bad target is refused before any work.

    One that is made here, and is still empty when the command ends, goes again: a mistake in the
    data leaves nothing behind.
    """
    from interp.study import Study

    folder = path.expanduser()
    absent = tuple(one for one in (folder, *folder.parents) if not one.exists())
    is_new = not (folder / "study.json").exists()
    study = Study.open(path, create=True)
    if is_new and is_first():
        _made.append((folder, absent))
    return study


def forget_empty_studies() -> None:
    """Take away the studies that were made by this command and hold nothing."""
    while _made:
        folder, absent = _made.pop()
        held = {one.name for one in folder.iterdir()} if folder.is_dir() else set()
        if not held <= {"study.json", ".lock"}:
            continue
        with contextlib.suppress(OSError):  # what cannot be removed may stay
            for name in held:
                (folder / name).unlink()
            for one in absent:
                one.rmdir()


def open_target(run: RecordChoice) -> Study:
    """Open the study that a run is kept in; for a dry run look at it only, and make nothing.

    Raises:
        InterpError: it is no study, or cannot be written.
    """
    if not run.dry_run:
        return open_study(run.study)
    from interp.estimates.disk import check_writable
    from interp.study import Study

    check_writable(run.study, "--study")
    if run.study.is_dir() and any(run.study.iterdir()):
        return Study.open(run.study, create=False)
    return Study(run.study, run.study.name, writable=False)


def rehearse(
    spec: Checkpoint, run: RecordChoice, analysis: str, describe: Callable[[Sketch], Work]
) -> None:
    """Print what a run would take, and write nothing.

    Args:
        spec: the checkpoint, whose weights are not read.
        run: where the run would be kept.
        analysis: its name in a study.
        describe: what would be done with the checkpoint.

    Raises:
        InterpError: what the run would refuse before it starts, and a run that cannot fit.
    """
    from interp.estimates.dry_run import say
    from interp.estimates.sketch import Sketch

    there = open_target(run).runs(unfinished=True)
    alike = (there["label"] == spec.label) & (there["analysis"] == analysis)
    held: tuple[str, ...] = ()
    if n_held := int(alike.sum()):
        held = (
            f"{run.study} holds {n_held} run{'s' if n_held > 1 else ''} of {analysis} for "
            f"{spec.label}: the same request is not computed again, and goes on where it was "
            "interrupted",
        )
    sketch = Sketch.of(spec.spec, spec.engine)
    say(sketch, describe(sketch), held)


def checkpoint(weights: OneDeviceChoice, run: RecordChoice) -> Checkpoint:
    """Check a checkpoint without reading its weights; label and stage come from it by default."""
    from interp.model.engines import check_engine
    from interp.model.spec import ModelSpec
    from interp.study.spec import check_name, check_stage

    model, label, engine = weights.model, run.label, getattr(weights, "engine", "native")
    if not model.strip():
        raise InterpError("--model is empty: expected a hub id, a folder or a LoRA adapter")
    name = label if label is not None else _label_of(model)
    check_name("label", name, "; give one with --label")
    if run.stage is not None:
        check_stage(run.stage)
    compiled = getattr(weights, "compiled", False)
    check_engine(engine, weights.attn_implementation, compiled=compiled)
    spec = ModelSpec.parse(
        model,
        base=weights.base,
        dtype=weights.dtype,
        device=weights.device,
        device_map=getattr(weights, "device_map", None),
        trust_remote_code=weights.trust_remote_code,
        attn_implementation=weights.attn_implementation,
        architectures_file=weights.architectures,
        compiled=compiled,
    )
    from interp.model.loading import check_checkpoint  # imports transformers, which takes seconds

    if not run.dry_run:  # which reads the configuration itself, also where the device is not
        check_checkpoint(spec)
    return Checkpoint(spec, name, run.stage or _stage_of(model) or name, engine)


def _label_of(model: str) -> str:
    """The last part of a folder or hub id, with the revision when one is given."""
    source, _, revision = model.rstrip("/").partition("@")
    tail = Path(source).resolve().name if Path(source).exists() else source.split("/")[-1]
    return f"{tail}-{revision}" if revision else tail


def _stage_of(model: str) -> str | None:
    """The stage that the trainer wrote beside a checkpoint, if it wrote one."""
    manifest = Path(model) / "manifest.json"
    try:
        stage = json.loads(manifest.read_text(encoding="utf-8")).get("stage")
    except (OSError, ValueError, AttributeError):
        return None
    return stage if isinstance(stage, str) else None
