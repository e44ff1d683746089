"""One run of a stage, from a checkpoint spec to a checkpoint folder; the same for all stages."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from accelerate import PartialState
from transformers import PrinterCallback

from interp.errors import InterpError
from interp.model.loading import load_checkpoint
from interp.model.spec import ModelSpec
from interp.progress import progress_bar
from interp.study.provenance import library_versions
from training.configs import StageConfig
from training.lora import save_checkpoint, trainable
from training.run_folder import (
    LOG_FILE,
    MANIFEST_FILE,
    SAMPLES_FILE,
    claim_folder,
    write_json,
    write_lines,
)
from training.state import STATE_FILE, load_notes
from training.trainer_parts import Record, Stage, StageTrainer


@dataclass(frozen=True)
class Policy:
    """A model that is about to be trained.

    Attributes:
        model: with its adapter, if it gets one.
        tokenizer: its tokenizer.
        base: folder or hub id that an adapter's configuration is to name.
        provenance: where it came from, JSON-able.
        device: type of device it will run on.
        eos_ids: tokens that end a text.
    """

    model: Any
    tokenizer: Any
    base: str
    provenance: dict[str, Any]
    device: str
    eos_ids: tuple[int, ...]


def load_policy(model: str, config: StageConfig, **spec_options: Any) -> Policy:
    """Load the checkpoint to train and put the adapter on.

    Args:
        model: checkpoint spec: hub id, folder or adapter, with optional ``@revision``.
        config: precision and adapter.
        spec_options: as for `ModelSpec.parse`.

    Returns:
        The model, ready.

    Raises:
        InterpError: what loading raises, or adapter targets that match nothing.
    """
    loaded = load_checkpoint(policy_spec(model, config, **spec_options))
    device = next(loaded.model.parameters()).device.type
    PartialState(cpu=device == "cpu")  # without the flag, CPU processes do not find each other
    tokenizer = loaded.tokenizer
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    return Policy(
        trainable(loaded.model, config),
        tokenizer,
        model,
        loaded.provenance,
        device,
        _ends(loaded.model, tokenizer),
    )


def policy_spec(model: str, config: StageConfig, **spec_options: Any) -> ModelSpec:
    """Say how the checkpoint to train is held.

    Trained weights are fp32: an update of 1e-5 vanishes in a bf16 weight. A frozen base under an
    adapter may be bf16.
    """
    on_gpu = torch.cuda.is_available() and spec_options.get("device") != "cpu"
    half = config.precision == "bf16" or (config.precision == "auto" and on_gpu)
    dtype = "bfloat16" if half and config.lora_rank else "float32"
    return ModelSpec.parse(model, dtype=dtype, **spec_options)


def _ends(model: Any, tokenizer: Any) -> tuple[int, ...]:
    named = model.generation_config.eos_token_id
    ids = [] if named is None else [named] if isinstance(named, int) else list(named)
    if tokenizer.eos_token_id is not None and tokenizer.eos_token_id not in ids:
        ids.append(tokenizer.eos_token_id)
    if not ids:
        raise InterpError("this tokenizer and model name no end token: nothing would ever end")
    return tuple(ids)


def split_update(items: int, micro: int, what: str) -> tuple[int, int]:
    """Share an update among processes and micro-batches, so that it is the same for any number.

    Args:
        items: facts or rows of an update, all processes together.
        micro: of a micro-batch on one process, at most.
        what: named in the error.

    Returns:
        Items of a micro-batch, micro-batches of an update on each process.

    Raises:
        InterpError: the update cannot be shared equally.
    """
    processes = PartialState().num_processes
    if items % processes:
        raise InterpError(
            f"{what} is {items} on {processes} processes: expected a multiple of {processes}, so "
            "that every process trains on as much"
        )
    each = items // processes
    size = max(size for size in range(1, min(micro, each) + 1) if each % size == 0)
    return size, each // size


def common_arguments(
    config: StageConfig, policy: Policy, out: Path, steps: int, accumulation: int
) -> dict[str, Any]:
    """What every stage's Trainer is told."""
    bf16 = config.precision == "bf16" or (policy.device == "cuda" and config.precision == "auto")
    return {
        "output_dir": str(out),
        "max_steps": steps,
        "gradient_accumulation_steps": accumulation,
        "learning_rate": config.learning_rate,
        "lr_scheduler_type": config.schedule
        if config.schedule != "constant"
        else "constant_with_warmup",
        "warmup_steps": config.warmup_updates(steps),
        "weight_decay": config.weight_decay,
        "max_grad_norm": config.max_grad_norm,
        "optim": "adamw_torch",
        "bf16": bf16,
        "use_cpu": policy.device == "cpu",
        "gradient_checkpointing": config.gradient_checkpointing,
        "gradient_checkpointing_kwargs": {"use_reentrant": False},
        "seed": config.seed,
        "save_strategy": "no",  # `training.state` writes one file instead
        "logging_steps": 1,
        "logging_nan_inf_filter": False,
        "disable_tqdm": True,
        "report_to": "none",
        "remove_unused_columns": False,
        "dataloader_pin_memory": policy.device == "cuda",
        "ddp_find_unused_parameters": False,
    }


@dataclass(frozen=True)
class Outcome:
    """What a run leaves.

    Attributes:
        manifest: how the checkpoint was made.
        fresh: whether anything was done; False where the run was finished before.
    """

    manifest: dict[str, Any]
    fresh: bool


def run_stage(
    config: StageConfig,
    policy: Policy,
    out: Path,
    *,
    steps: int,
    data: dict[str, Any],
    make_trainer: Callable[[Stage], StageTrainer],
    notes: dict[str, Any],
    overwrite: bool = False,
) -> Outcome:
    """Train into a folder, or go on with the same run after a kill.

    Args:
        config: the settings.
        policy: the model.
        out: the checkpoint folder.
        steps: updates of the run.
        data: JSON-able description of the data with its ``data_hash``.
        make_trainer: makes the stage's trainer for a run.
        notes: further JSON-able facts for the manifest.
        overwrite: see `claim_folder`.

    Returns:
        The manifest.

    Raises:
        InterpError: see `claim_folder`, and what a step raises; the last saved state stays.
    """
    state = PartialState()
    claim = {
        "settings": config.fingerprint(),
        "data": str(data["data_hash"]),
        "model": str(policy.provenance["weights_hash"]),
    }
    finished = False
    if state.is_main_process:
        finished = claim_folder(out, claim, {"stage": config.stage, **config.to_dict()}, overwrite)
    state.wait_for_everyone()
    if finished or (not state.is_main_process and (out / MANIFEST_FILE).exists()):
        return Outcome(json.loads((out / MANIFEST_FILE).read_text(encoding="utf-8")), False)
    saved = load_notes(out)
    stage = Stage(config, out, policy.base, Record(**saved) if saved else Record())
    state.wait_for_everyone()  # nobody may write before everybody has read
    trainer = make_trainer(stage)
    trainer.remove_callback(PrinterCallback)
    title = f"train {config.stage}" if state.is_main_process else ""
    try:
        with progress_bar(title, total=steps, done=stage.record.step) as advance:
            stage.advance = advance
            trainer.start()
    finally:
        if state.is_main_process:
            write_lines(out / LOG_FILE, stage.record.log)
            write_lines(out / SAMPLES_FILE, stage.record.samples)
    manifest = _manifest(config, policy, stage.record, steps, data, notes)
    if state.is_main_process:
        save_checkpoint(policy.model, policy.tokenizer, out, base=policy.base, out=out)
        write_json(out / MANIFEST_FILE, manifest)
        (out / STATE_FILE).unlink(missing_ok=True)
    state.wait_for_everyone()
    return Outcome(manifest, True)


def _manifest(
    config: StageConfig,
    policy: Policy,
    record: Record,
    steps: int,
    data: dict[str, Any],
    notes: dict[str, Any],
) -> dict[str, Any]:
    processes = PartialState().num_processes
    parameters = [p for p in policy.model.parameters() if p.requires_grad]
    return {
        "made_by": f"interp train {config.stage}",
        "stage": config.stage,
        "config": config.to_dict(),
        "base": {key: policy.provenance.get(key) for key in ("model", "revision", "weights_hash")},
        **data,
        **notes,
        "updates": steps,
        "trained_parameters": sum(p.numel() for p in parameters),
        "tokens": record.tokens,
        "rollout_tokens": record.rollout_tokens,
        "training_seconds": round(record.seconds, 1),
        "device_hours": round(record.seconds * processes / 3600, 4),
        "resumed": record.resumed,
        "machine": {
            "processor": platform.machine(),
            "device": policy.device,
            "processes": processes,
            "threads": torch.get_num_threads(),
        },
        "versions": library_versions(),
    }


def quiet_libraries() -> None:
    """Keep the libraries' own notices off a user's screen; errors still raise."""
    import warnings

    from transformers.utils import logging

    os.environ.setdefault("TRL_EXPERIMENTAL_SILENCE", "1")
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    warnings.filterwarnings("ignore", category=UserWarning, module="trl")
    warnings.filterwarnings("ignore", category=FutureWarning, module="transformers")
