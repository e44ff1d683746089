"""``interp train … --dry-run``: what a training run would take, without its weights."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import torch

from interp.data.corpus import Corpus
from interp.errors import InterpError
from interp.estimates.disk import check_writable
from interp.estimates.dry_run import say
from interp.estimates.one_layer import build
from interp.estimates.sketch import Sketch
from interp.estimates.work import Work
from training.configs import CptConfig, FactConfig, StageConfig
from training.cpt import refuse_no_facts
from training.fact_stages import plan_facts
from training.lora import trainable
from training.planned_work import StageWork, facts_work, text_work
from training.run_folder import MANIFEST_FILE, RUN_FILE
from training.stage import policy_spec, quiet_libraries

_LOG_ROW = 72
"""Bytes of a row of the log."""

_TOKENIZER = 400_000
"""Bytes of a tokenizer's files, roughly; saved with whole models only."""


def dry_run(
    config: StageConfig,
    model: str,
    data: str,
    out: Path,
    *,
    languages: Sequence[str] | None,
    skip_incomplete: bool = False,
    check_facts: str | None = None,
    **spec_options: Any,
) -> None:
    """Print what a stage would take, and write nothing.

    Raises:
        InterpError: what the run would refuse before it starts, and a run that cannot fit.
    """
    sketch, work = stage_work(
        config, model, data, out, languages=languages, skip_incomplete=skip_incomplete,
        check_facts=check_facts, **spec_options,
    )  # fmt: skip
    say(sketch, work, prepare=partial(trainable, config=config))


def stage_work(
    config: StageConfig,
    model: str,
    data: str,
    out: Path,
    *,
    languages: Sequence[str] | None,
    skip_incomplete: bool = False,
    check_facts: str | None = None,
    **spec_options: Any,
) -> tuple[Sketch, Work]:
    """Plan a run as it would plan itself.

    Args:
        config: the settings.
        model: checkpoint spec.
        data: source of facts or of text.
        out: the checkpoint folder; looked at only.
        languages: train in these; None takes all of the source.
        skip_incomplete: leave facts out that lack a language.
        check_facts: facts that are asked while training on text.
        spec_options: as for `ModelSpec.parse`.

    Returns:
        The checkpoint without weights, and the work.

    Raises:
        InterpError: what the run would refuse before it starts.
    """
    quiet_libraries()
    check_writable(out, "--out")
    if isinstance(config, CptConfig):
        refuse_no_facts(config, check_facts)
        text = Corpus.load(data, languages=languages)
        sketch = Sketch.of(policy_spec(model, config, **spec_options))
        found, data_hash = text_work(config, text, check_facts, sketch), text.data_hash
    else:
        assert isinstance(config, FactConfig)
        plan = plan_facts(config, data, languages, skip_incomplete=skip_incomplete)
        sketch = Sketch.of(policy_spec(model, config, **spec_options))
        found, data_hash = facts_work(config, plan, sketch), plan.chosen.train.data_hash
    held = _held_already(out, config, data_hash)
    return sketch, _work(config, sketch, found, out, held)


def _work(
    config: StageConfig, sketch: Sketch, found: StageWork, out: Path, held: tuple[str, ...]
) -> Work:
    trained = trained_parameters(sketch, config)
    width = 4 * trained
    beside = {"adapter": width} if config.lora_rank else {}
    return Work(
        command=f"interp train {config.stage}",
        passes=found.passes,
        tokens=found.tokens,
        logits=found.logits,
        on_device={"gradients and moments of AdamW": 3 * width, **beside},
        files=_files(config, found.steps, width, len(found.tokens)),
        meanwhile={"the state to go on with, old and new": 6 * width},
        counted=(
            *found.counted,
            f"{found.steps:,} updates; {trained:,} parameters are trained",
            *held,
        ),
        where=str(out),
        sampled=found.sampled,
    )


def trained_parameters(sketch: Sketch, config: StageConfig) -> int:
    """Count what is trained: all of it, or the adapter, read off one block and two."""
    if not config.lora_rank:
        return sketch.n_parameters
    counts = []
    for layers in (1, 2):
        network = build(sketch, layers, torch.device("meta"), partial(trainable, config=config))
        counts.append(sum(p.numel() for p in network.parameters() if p.requires_grad))
    return counts[0] + (sketch.shape.n_layers - 1) * (counts[1] - counts[0])


def _files(config: StageConfig, steps: int, width: int, n_languages: int) -> dict[str, int]:
    """Bytes of the checkpoint, of labelled ones on the way, and of the log."""
    one = width + (0 if config.lora_rank else _TOKENIZER) + 3_000
    per_update = {"cpt": 5, "sft": 6 + n_languages, "grpo": 18 + n_languages}[config.stage]
    checks = steps // config.check_every if config.check_every else 0
    files = {
        "checkpoint": one,
        "log": _LOG_ROW * (steps * per_update + checks * 6 * (n_languages + 1)),
    }
    if config.checkpoint_every:
        files["checkpoints on the way"] = one * ((steps - 1) // config.checkpoint_every)
    return files


def _held_already(out: Path, config: StageConfig, data_hash: str) -> tuple[str, ...]:
    """Say what the folder holds already, for as much as can be told without the weights.

    Raises:
        InterpError: it holds something that is no training run.
    """
    if not out.is_dir() or not any(out.iterdir()):
        return ()
    try:
        run = json.loads((out / RUN_FILE).read_text(encoding="utf-8"))
        same = (run["settings"], run["data"]) == (config.fingerprint(), data_hash)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InterpError(
            f"--out {out} holds something that is no training run: expected a new or empty "
            "folder, or one written by this command"
        ) from error
    if not same:
        return (f"{out} holds another run: it is refused without --overwrite",)
    if (out / MANIFEST_FILE).exists():
        return (f"{out} holds this run, finished: with the same weights nothing is done again",)
    return (f"{out} holds this run, begun: with the same weights it goes on where it was",)
