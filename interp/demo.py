"""The main job on the shipped model organism: place its checkpoint, then run every analysis."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from interp.errors import InterpError

if TYPE_CHECKING:
    from interp.study import Study

SHIPPED = Path("artifacts") / "base"
UNITS = 240
"""Of the 480 embedded texts: enough for 64 blocks of nearly four, and the demo ends in minutes."""


def find_shipped(start: Path | None = None) -> Path:
    """Find the checkpoint that comes with a clone.

    Args:
        start: folder to look in first; the working directory when omitted.

    Returns:
        The folder ``artifacts/base`` of the clone.

    Raises:
        InterpError: where there is none, e.g. in an installed package without a clone.
    """
    clone = Path(__file__).resolve().parent.parent
    for root in (start or Path.cwd(), clone):
        if (root / SHIPPED / "config.json").is_file():
            return root / SHIPPED
    raise InterpError(
        f"the demo checkpoint is not here: expected {SHIPPED} in a clone of the repository. "
        "Clone it, or train one with: interp train base --out ckpt/base --preset quick"
    )


def place_checkpoint(shipped: Path, target: Path) -> str:
    """Copy the shipped checkpoint to where a user's own would be.

    Args:
        shipped: the folder that comes with the clone.
        target: e.g. ``ckpt/base``; a checkpoint that is already there is never replaced.

    Returns:
        One sentence on what was done.

    Raises:
        InterpError: where ``target`` exists and holds no checkpoint.
    """
    if target.exists():
        if not (target / "config.json").is_file():
            raise InterpError(f"{target} exists and holds no checkpoint: move it, or use --out")
        same = _digest(target) == _digest(shipped)
        note = "the shipped checkpoint" if same else "another checkpoint, which is used as it is"
        return f"{target} is there already: {note}"
    target.parent.mkdir(parents=True, exist_ok=True)
    staging = target.parent / f".{target.name}.{os.getpid()}"
    try:
        shutil.copytree(shipped, staging)
        staging.replace(target)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return f"{target} is a copy of {shipped}"


def _digest(folder: Path) -> str:
    """One hash over the weights of a checkpoint folder."""
    digest = hashlib.sha256()
    for file in sorted(folder.glob("*.safetensors")):
        digest.update(file.name.encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()


def run_demo(checkpoint: Path, study: Study, *, limit: int | None = None) -> dict[str, str]:
    """Run the three analyses of one checkpoint on the embedded facts and text.

    Args:
        checkpoint: folder of the checkpoint.
        study: where the results go; runs that are finished there are not repeated.
        limit: use only this many facts, and at most this many units.

    Returns:
        Analysis name to run_id.
    """
    from interp.data.corpus import Corpus
    from interp.data.facts import FactSet
    from interp.lahis.run import run_lahis
    from interp.lape.run import run_lape
    from interp.lens.run import run_lens
    from interp.model.hooked import HookedModel

    model = HookedModel.load(str(checkpoint))
    facts = FactSet.load("cldr", limit=limit)
    units = UNITS if limit is None else min(limit, UNITS)
    corpus = Corpus.load("cldr", languages=facts.languages, limit=units)
    label = checkpoint.name
    return {
        "lape": run_lape(model, corpus, study, label=label, stage=label),
        "lahis": run_lahis(model, corpus, study, label=label, stage=label),
        "lens": run_lens(model, facts, study, label=label, stage=label),
    }
