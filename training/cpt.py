"""Continued pretraining on parallel text: every language of a unit in one block (methods 4.3)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import Trainer, TrainingArguments

from interp.data.corpus import Corpus
from interp.data.facts import FactSet
from interp.errors import InterpError
from training.checks import validation_check
from training.configs import CptConfig, FactConfig
from training.cpt_rows import RowReport, cpt_rows
from training.encoding import Encoder
from training.stage import (
    Outcome,
    Policy,
    common_arguments,
    load_policy,
    quiet_libraries,
    run_stage,
    split_update,
)
from training.trainer_parts import Stage, StageTrainer
from training.visits import training_facts, updates

_ORDER = 31
CHECK_TOKENS = 24
ASKED = FactConfig(task_format="freeform", option_order="fixed")
"""How the facts of a check are asked."""
_IGNORED = -100


class CptTrainer(StageTrainer, Trainer):
    """Next-token loss, a mean over all tokens of an update, however it is cut.

    Trainer does the scaling: it counts the labels of all micro-batches and processes first.
    """

    def readings(self, logs: dict[str, float]) -> list[tuple[str, str, float]]:
        """Add the tokens of the update to what Trainer logs."""
        tokens = self.accelerator.reduce(torch.tensor(float(self._tokens)), "sum")
        self._tokens = 0
        self.stage.record.tokens += int(tokens)
        return [*super().readings(logs), ("tokens", "", float(tokens))]

    _tokens = 0

    def compute_loss(self, model: Any, inputs: dict[str, torch.Tensor], *args: Any,
                     **kwargs: Any) -> Any:  # fmt: skip
        """Count tokens, then the model's own loss."""
        self._tokens += int(inputs["attention_mask"].sum())
        return super().compute_loss(model, inputs, *args, **kwargs)


def train_on_text(
    config: CptConfig,
    model: str,
    corpus: str,
    out: Path,
    *,
    languages: Sequence[str] | None = None,
    check_facts: str | None = None,
    overwrite: bool = False,
    **spec_options: Any,
) -> Outcome:
    """Train a checkpoint on a parallel corpus.

    Args:
        config: the settings.
        model: checkpoint spec.
        corpus: source of text, see `Corpus.load`.
        out: checkpoint folder.
        languages: train on these; None takes all of the source.
        check_facts: facts whose validation split is asked during training; None asks nothing.
        overwrite: replace another run in ``out``.
        spec_options: as for `ModelSpec.parse`.

    Returns:
        The manifest, and whether anything was done.

    Raises:
        InterpError: for anything wrong with settings, text, checkpoint or folder.
    """
    quiet_libraries()
    refuse_no_facts(config, check_facts)
    text = Corpus.load(corpus, languages=languages)
    if config.check_every and check_facts is not None:
        facts_to_ask(config, check_facts, text.languages)  # refused before the weights are read
    policy = load_policy(model, config, **spec_options)
    rows, steps, report = rows_of_run(text, policy.tokenizer, config)
    micro, accumulation = split_update(config.rows_per_update, config.micro_rows, "rows_per_update")
    common = common_arguments(config, policy, out, steps, accumulation)

    def make_trainer(stage: Stage) -> StageTrainer:
        stage.check = _check(config, check_facts, text.languages, policy, stage)
        trainer = CptTrainer(
            model=policy.model,
            args=TrainingArguments(**common, per_device_train_batch_size=micro),
            train_dataset=rows,
            data_collator=lambda some: padded(some, int(policy.tokenizer.pad_token_id)),
            processing_class=policy.tokenizer,
        )
        trainer.stage = stage
        return trainer

    return run_stage(
        config,
        policy,
        out,
        steps=steps,
        data={
            "data_hash": text.data_hash,
            "corpus": text.source,
            "languages": list(text.languages),
            "units": len(text.units),
            "rows": vars(report),
        },
        make_trainer=make_trainer,
        notes={},
        overwrite=overwrite,
    )


def refuse_no_facts(config: CptConfig, check_facts: str | None) -> None:
    """Refuse checks without facts to ask, and facts that no check would ask."""
    if check_facts is not None and not config.check_every:
        raise InterpError(
            f"--check-facts {check_facts} with check_every 0: they would never be asked; expected "
            "e.g. --set check_every=100, or no --check-facts"
        )
    if config.check_every and check_facts is None:
        raise InterpError(
            f"cpt setting check_every is {config.check_every} without facts to ask: expected "
            "--check-facts SOURCE, or check_every 0"
        )


def rows_of_run(
    text: Corpus, tokenizer: Any, config: CptConfig
) -> tuple[list[list[int]], int, RowReport]:
    """Plan a run: the rows of all its updates in order, the updates, and what packing made."""
    rows, report = planned_rows(text, tokenizer, config)
    steps = updates(len(rows), config.rows_per_update, 1, config.steps)
    return [rows[at % len(rows)] for at in range(steps * config.rows_per_update)], steps, report


def planned_rows(
    text: Corpus, tokenizer: Any, config: CptConfig
) -> tuple[list[list[int]], RowReport]:
    """Pack every pass over the text and shuffle its rows; all of it follows from the seed.

    Returns:
        The rows of all passes in order, and what packing made of the first.
    """
    planned: list[list[int]] = []
    first: RowReport | None = None
    for epoch in range(config.epochs):
        rows, report = cpt_rows(
            text,
            tokenizer,
            languages=text.languages,
            row_tokens=config.row_tokens,
            max_tokens=config.max_tokens,
            seed=config.seed,
            epoch=epoch,
        )
        first = first or report
        order = np.random.default_rng([config.seed, _ORDER, epoch]).permutation(len(rows))
        planned += [rows[int(at)] for at in order]
    assert first is not None
    return planned, first


def padded(rows: Sequence[Sequence[int]], pad: int) -> dict[str, torch.Tensor]:
    """Put rows into one batch, padded on the right; padding is neither seen nor learned.

    A pad token that is also the end token is learned where it ends a block.
    """
    width = max(map(len, rows))
    ids = torch.full((len(rows), width), pad)
    mask = torch.zeros(len(rows), width, dtype=torch.long)
    for at, row in enumerate(rows):
        ids[at, : len(row)] = torch.tensor(row)
        mask[at, : len(row)] = 1
    labels = ids.masked_fill(mask == 0, _IGNORED)
    return {"input_ids": ids, "attention_mask": mask, "labels": labels}


def _check(
    config: CptConfig, facts: str | None, languages: Sequence[str], policy: Policy, stage: Stage
) -> Any:
    if facts is None or not config.check_every:
        return None
    return validation_check(
        facts_to_ask(config, facts, languages),
        Encoder(policy.tokenizer, ASKED),
        stage.record,
        seed=config.seed,
        max_new_tokens=CHECK_TOKENS,
        eos_ids=policy.eos_ids,
    )


def facts_to_ask(config: CptConfig, facts: str, languages: Sequence[str]) -> FactSet:
    """Read the validation facts that are asked during training.

    Raises:
        InterpError: there are none.
    """
    chosen = training_facts(
        FactSet.load(facts, languages=languages), max_facts=None, seed=config.seed
    )
    if chosen.validation is None:
        raise InterpError(f"--check-facts {facts}: expected facts of split validation")
    return chosen.validation.select(limit=config.check_facts, seed=config.seed)
