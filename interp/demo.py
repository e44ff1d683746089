"""The main job on the shipped model organism: place its checkpoints, run every analysis on each."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from interp.errors import InterpError

if TYPE_CHECKING:
    from interp.study import Study

SHIPPED = Path("artifacts")
STAGES = ("base", "sft", "grpo")
"""The checkpoints that the demo compares; SFT and GRPO are adapters on the base beside them."""
UNITS = 128
"""Of the 480 embedded texts: enough for 64 blocks of two, and the demo ends in minutes."""

CAUSAL_LANGUAGES = ("en", "es", "ru", "ar", "zh", "bn")
"""Six scripts' worth of languages for the causal check, which costs a pass per set and control."""
CAUSAL_UNITS = 20
CAUSAL_CONTROLS = 1

TOP = 0.05
"""Share of neurons and of heads called top. The defaults (1 % and 2 %) would be 82 neurons of five
languages and 3 heads here: fewer than a verdict needs."""

EXAMPLES = 2
"""Top texts per neuron and language: the study of the demo comes with the clone and should stay small."""

ATTENTION_LANGUAGES = ("en", "ar", "bn")
ATTENTION_HEADS = 6
ATTENTION_SAMPLES = 2
"""Patterns to look at, of the same heads in every checkpoint; they are for the eye, not for statistics."""

RETRAIN: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "base": ("base", "--preset", "full"),
        "cpt": ("cpt", "--model", "{base}", "--preset", "organism", "--seed", "0"),
        "sft": ("sft", "--model", "{base}", "--preset", "organism", "--seed", "0"),
        "grpo": ("grpo", "--model", "{base}", "--preset", "organism", "--seed", "0"),
    }
)
"""Stage to the arguments of ``interp train`` that made its shipped checkpoint."""


def find_shipped(start: Path | None = None) -> Path:
    """Find the checkpoints that come with a clone.

    Args:
        start: folder to look in first; the working directory when omitted.

    Returns:
        The folder ``artifacts`` of the clone, which holds one folder for each of ``STAGES``.

    Raises:
        InterpError: where there is none, e.g. in an installed package without a clone.
    """
    clone = Path(__file__).resolve().parent.parent
    for root in (start or Path.cwd(), clone):
        if all(_is_checkpoint(root / SHIPPED / stage) for stage in STAGES):
            return root / SHIPPED
    raise InterpError(
        f"the demo checkpoints are not here: expected {', '.join(STAGES)} in {SHIPPED} of a clone "
        "of the repository. Clone it, or train them with: interp demo --retrain"
    )


def _is_checkpoint(folder: Path) -> bool:
    return any((folder / name).is_file() for name in ("config.json", "adapter_config.json"))


def place_checkpoint(shipped: Path, target: Path) -> str:
    """Copy a shipped checkpoint to where a user's own would be.

    Args:
        shipped: the folder that comes with the clone.
        target: e.g. ``ckpt/base``; a checkpoint that is already there is never replaced.

    Returns:
        One sentence on what was done.

    Raises:
        InterpError: where ``target`` exists and holds no checkpoint.
    """
    if target.exists():
        if not _is_checkpoint(target):
            raise InterpError(
                f"{target} exists and holds no checkpoint: move it, or use --checkpoints"
            )
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


def retrain(folder: Path, *, quick: bool = False) -> None:
    """Train the demo's checkpoints again, by the same commands that made the shipped ones.

    Each command goes on where an earlier call was stopped.

    Args:
        folder: where they go, one folder per stage.
        quick: the small base of a few minutes, and few updates: to see that it works.

    Raises:
        InterpError: a command failed; what it said stands on standard error.
    """
    for stage, arguments in RETRAIN.items():
        command = [one.format(base=folder / "base") for one in arguments]
        if quick:
            command = ["quick" if one == "full" else one for one in command]
            command += [] if stage == "base" else ["--steps", "20"]
        done = subprocess.run(
            [sys.executable, "-m", "interp", "train", *command, "--out", str(folder / stage)]
        )
        if done.returncode:
            raise InterpError(f"interp train {stage} failed (see above); the same command goes on")


def run_demo(
    checkpoint: Path, study: Study, *, limit: int | None = None, heads_from: str | None = None
) -> dict[str, str]:
    """Analyse one checkpoint on the embedded facts and text.

    Args:
        checkpoint: folder of the checkpoint.
        study: where the results go; runs that are finished there are not repeated.
        limit: use only this many facts, and at most this many units.
        heads_from: the LAHIS run whose top heads' attention is stored; the checkpoint's own by
            default.

    Returns:
        Analysis name to run_id; ``train`` is the checkpoint's training log.
    """
    from interp.attention.run import run_attention
    from interp.data.corpus import Corpus
    from interp.data.facts import FactSet
    from interp.evals.run_mcq import run_mcq
    from interp.lahis.run import run_lahis
    from interp.lape.run import run_lape
    from interp.lens.run import run_lens
    from interp.model.hooked import HookedModel
    from interp.train_log import log_to_study

    model = HookedModel.load(str(checkpoint))
    facts = FactSet.load("cldr", limit=limit)
    units = UNITS if limit is None else min(limit, UNITS)
    corpus = Corpus.load("cldr", languages=facts.languages, limit=units)
    label = checkpoint.name
    runs = {
        "train": log_to_study(checkpoint, study),
        "lape": run_lape(
            model, corpus, study, label=label, stage=label, top_fraction=TOP, examples=EXAMPLES
        ),
        "lahis": run_lahis(model, corpus, study, label=label, stage=label, top_fraction=TOP),
        "lens": run_lens(model, facts, study, label=label, stage=label),
        "mcq": run_mcq(model, facts, study, label=label, stage=label),
    }
    runs["attention"] = run_attention(
        model,
        corpus,
        study,
        label=label,
        stage=label,
        heads_from=heads_from or runs["lahis"],
        n_heads=ATTENTION_HEADS,
        languages=ATTENTION_LANGUAGES,
        n_samples=ATTENTION_SAMPLES,
    )
    return runs


def check_causes(
    checkpoint: Path, study: Study, runs: Mapping[str, str], *, limit: int | None = None
) -> dict[str, str]:
    """Ablate the heads and neurons that one checkpoint's runs have found.

    Args:
        checkpoint: folder of the checkpoint.
        study: the study that holds the runs.
        runs: what `run_demo` returned for it.
        limit: measure on at most this many units.

    Returns:
        ``heads`` and ``neurons`` to the run_id of their causal check, on texts that they were not
        found on.
    """
    from interp.causal.run import run_ablation
    from interp.data.corpus import Corpus
    from interp.model.hooked import HookedModel

    model = HookedModel.load(str(checkpoint))
    corpus = Corpus.load("cldr", languages=CAUSAL_LANGUAGES)
    label = checkpoint.name

    def ablate(heads: str | None, neurons: str | None) -> str:
        return run_ablation(
            model,
            corpus,
            study,
            label=label,
            stage=label,
            heads_from=heads,
            neurons_from=neurons,
            languages=CAUSAL_LANGUAGES,
            limit=CAUSAL_UNITS if limit is None else min(limit, CAUSAL_UNITS),
            n_controls=CAUSAL_CONTROLS,
        )

    return {"heads": ablate(runs["lahis"], None), "neurons": ablate(None, runs["lape"])}
