"""What all stages add to transformers' Trainer: exact resumption, one log, guards, checkpoints.

Trainer's own checkpoints are pickles in several files that can be of different steps after a kill,
so nothing of them is used: `training.state` writes one file. Random numbers (dropout) follow from
seed, step and process, so they need not be stored.
"""

from __future__ import annotations

import json
import math
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.utils.data import SequentialSampler

from interp.errors import InterpError
from training.configs import StageConfig
from training.lora import save_checkpoint
from training.run_folder import STEPS_FOLDER
from training.state import load_moments, load_weights, save_state

_DROPOUT = 13


@dataclass
class Record:
    """What a run has done so far; saved with its state.

    Attributes:
        step: updates made.
        seconds: spent on them, all sessions together, checks and saving included.
        tokens: tokens of the training sequences (prompts once, continuations to their first end).
        rollout_tokens: tokens that were sampled, up to and including the first end token.
        resumed: how many times the run went on after an interruption.
        silent: updates in a row, up to now, in which no rollout differed from the others.
        log: rows of step, metric, lang, value.
        samples: rows of step, lang, fact_id, prompt, generated, kind.
        scheduler: state of the learning rate's schedule.
    """

    step: int = 0
    seconds: float = 0.0
    tokens: int = 0
    rollout_tokens: int = 0
    resumed: int = 0
    silent: int = 0
    log: list[dict[str, Any]] = field(default_factory=list)
    samples: list[dict[str, Any]] = field(default_factory=list)
    scheduler: dict[str, Any] = field(default_factory=dict)

    def add(self, step: int, metric: str, value: float, lang: str = "") -> None:
        """Log one number."""
        short = float(f"{value:.5g}")
        self.log.append({"step": step, "metric": metric, "lang": lang, "value": short})


@dataclass
class Stage:
    """What a stage's trainer needs to know about its run.

    Attributes:
        config: the settings.
        out: the run's folder.
        base: folder or hub id of the model that is trained.
        record: what has been done.
        advance: called after every update, for the progress bar.
        check: generates on the validation split and logs, given the unwrapped model and the
            step; None where nothing is checked.
    """

    config: StageConfig
    out: Path
    base: str
    record: Record
    advance: Callable[[], None] = lambda: None
    check: Callable[[Any, int], None] | None = None


class StageTrainer:
    """Mix-in to stand before Trainer or GRPOTrainer.

    Raises:
        InterpError: from a step whose loss is not finite, or after which the learning rate is at
            its end although steps are left.
    """

    stage: Stage
    # Of Trainer, which a subclass names behind this one.
    accelerator: Any
    args: Any
    is_world_process_zero: Callable[[], bool]
    lr_scheduler: Any
    model: Any
    optimizer: Any
    processing_class: Any
    remove_callback: Callable[..., Any]
    state: Any
    train: Callable[..., Any]
    train_dataset: Any
    _began: float = 0.0
    _seeded: int = -1
    _after: int = 0

    def start(self) -> None:
        """Train, going on with the saved state if there is one."""
        record = self.stage.record
        self._after, self._began = record.step, time.monotonic()
        if not record.step:
            self.train()
            return
        record.resumed += 1
        with tempfile.TemporaryDirectory() as folder:
            # All that Trainer needs to know; the rest comes through the overrides below.
            args = self.args
            state = {
                "global_step": record.step,
                "max_steps": args.max_steps,
                "train_batch_size": args.per_device_train_batch_size,
                "logging_steps": args.logging_steps,
            }
            (Path(folder) / "trainer_state.json").write_text(json.dumps(state), encoding="utf-8")
            self.train(resume_from_checkpoint=folder)

    def training_step(self, *args: Any, **kwargs: Any) -> torch.Tensor:
        """Draw dropout from a seed of this step and process, then train as usual."""
        step = self.state.global_step
        if self._seeded != step:
            self._seeded = step
            rank = self.args.process_index
            sequence = np.random.SeedSequence([self.stage.config.seed, _DROPOUT, step, rank])
            torch.manual_seed(int(sequence.generate_state(1, np.uint64)[0] >> np.uint64(1)))
        loss: torch.Tensor = super().training_step(*args, **kwargs)  # type: ignore[misc]
        if not bool(torch.isfinite(loss)):
            raise InterpError(
                f"the loss of update {step + 1} is {float(loss)}: expected a finite number; lower "
                "learning_rate or max_grad_norm (the last saved state is untouched)"
            )
        return loss

    def log(self, logs: dict[str, float], *args: Any, **kwargs: Any) -> None:
        """Keep the numbers of a step in the record instead of printing them."""
        super().log(logs, *args, **kwargs)  # type: ignore[misc]
        self.state.log_history.clear()
        if "grad_norm" in logs or "learning_rate" in logs:
            for metric, lang, value in self.readings(logs):
                if value is not None and math.isfinite(value):
                    self.stage.record.add(self.state.global_step, metric, value, lang)

    def readings(self, logs: dict[str, float]) -> list[tuple[str, str, float]]:
        """Choose metric, language and value from what Trainer logs after an update."""
        return [
            (name, "", logs[name])
            for name in ("loss", "grad_norm", "learning_rate")
            if name in logs
        ]

    def _maybe_log_save_evaluate(self, *args: Any, **kwargs: Any) -> None:
        super()._maybe_log_save_evaluate(*args, **kwargs)  # type: ignore[misc]
        if self.state.global_step > self._after:
            self._after = self.state.global_step
            self._after_update(self._after)

    def _after_update(self, step: int) -> None:
        """Guard, check, save: everything between two updates."""
        config, record, out = self.stage.config, self.stage.record, self.stage.out
        last = self.args.max_steps
        record.step = step
        rate = self.lr_scheduler.get_last_lr()[0]
        if config.schedule != "constant" and rate <= 0 and step < last:
            raise InterpError(
                f"the learning rate reached its end after update {step} of {last}: the schedule "
                "was stepped more often than the weights"
            )
        now = time.monotonic()
        record.add(step, "seconds", now - self._began)
        record.seconds += now - self._began
        self._began = now
        self.guard(step)
        self.stage.advance()
        if self.stage.check and config.check_every and step % config.check_every == 0:
            if self.is_world_process_zero():
                self.stage.check(self.model, step)
            self.accelerator.wait_for_everyone()
        if not self.is_world_process_zero():
            return
        if config.checkpoint_every and step % config.checkpoint_every == 0 and step < last:
            self._save_labelled(step)
        if step % config.save_every == 0 and step < last:
            record.seconds += time.monotonic() - self._began
            self._began = time.monotonic()
            # LambdaLR keeps functions in its state as None; everything else is plain numbers.
            record.scheduler = self.lr_scheduler.state_dict()
            save_state(out, self.model, self.optimizer, vars(record))

    def _save_labelled(self, step: int) -> None:
        name = f"{self.stage.out.name}-step-{step}"
        folder = self.stage.out / STEPS_FOLDER / name
        save_checkpoint(
            self.model,
            self.processing_class,
            folder,
            base=self.stage.base,
            out=self.stage.out,
            manifest={"stage": self.stage.config.stage, "step": step},
        )

    def guard(self, step: int) -> None:
        """Stop a run that learns nothing; the stages say what that is."""

    def floating_point_ops(self, inputs: Any) -> int:
        """Count none: the batches here are numbers of visits, not tensors."""
        return 0

    def _get_train_sampler(self, *args: Any, **kwargs: Any) -> Any:
        """Keep the planned order: what is trained on when follows from the seed alone."""
        return SequentialSampler(self.train_dataset)

    def _load_from_checkpoint(self, *args: Any, **kwargs: Any) -> None:
        load_weights(self.stage.out, self.model)

    def _load_optimizer_and_scheduler(self, checkpoint: str | None) -> None:
        if checkpoint is not None:
            load_moments(self.stage.out, self.optimizer)
            self.lr_scheduler.load_state_dict(self.stage.record.scheduler)
            # The schedule hands its rate to the optimizer when it steps, not when it is loaded.
            rates = self.stage.record.scheduler["_last_lr"]
            for group, rate in zip(self.optimizer.param_groups, rates, strict=True):
                group["lr"] = rate

    def _load_rng_state(self, *args: Any, **kwargs: Any) -> None:
        """Nothing to restore: see `training_step`."""

    def _load_scaler(self, *args: Any, **kwargs: Any) -> None:
        """Nothing to restore: bf16 needs no scaling."""
