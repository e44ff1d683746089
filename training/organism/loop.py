"""The training loop: every step's documents follow from the seed and the step alone.

So a run that was killed and goes on is bit for bit the run that was not (same machine, same
number of threads), and nothing about the data has to be stored.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from training.organism.config import BaseConfig
from training.organism.documents import draw
from training.organism.material import Material
from training.organism.packing import Batch, encode_documents, pack


@dataclass(frozen=True)
class StepReport:
    """What one step tells: its number (from 1), weighted loss in nats, tokens read, rate."""

    step: int
    loss: float
    n_tokens: int
    learning_rate: float


def batch_of_step(
    step: int, config: BaseConfig, material: Material, tokenizer: PreTrainedTokenizerBase
) -> Batch:
    """Return the batch of one step (from 0); a pure function of its arguments."""
    rng = np.random.default_rng([config.seed, step])
    # Documents have 15 tokens or more; the rows overflow, and what does not fit is left out.
    number = config.rows * max(4, config.row_tokens // 12)
    documents = draw(material, config.mix, rng, number)

    def encode(texts: Sequence[str]) -> list[list[int]]:
        ids: list[list[int]] = tokenizer(list(texts), add_special_tokens=False)["input_ids"]
        return ids

    start, pad = int(tokenizer.bos_token_id), int(tokenizer.pad_token_id)
    encoded = encode_documents(documents, encode, start, config.row_tokens)
    return pack(encoded, config.rows, config.row_tokens, start, pad)


def rate_at(step: int, config: BaseConfig) -> float:
    """Learning rate of a step (from 0): linear warm-up, then half a cosine to the floor.

    Twice, with a lower second peak, where the settings name a restart.
    """
    first, last, peak = 0, config.steps, config.learning_rate
    if config.restart_at is not None and config.restart_at < config.steps:
        if step < config.restart_at:
            last = config.restart_at
        else:
            first, peak = config.restart_at, peak * config.restart_rate
    if step - first < config.warmup:
        return peak * (step - first + 1) / config.warmup
    done = (step - first - config.warmup) / max(1, last - first - config.warmup)
    height = 0.5 * (1 + math.cos(math.pi * min(1.0, done)))
    return peak * (config.floor + (1 - config.floor) * height)


def make_optimizer(model: PreTrainedModel, config: BaseConfig) -> torch.optim.AdamW:
    """AdamW with weight decay on matrices only."""
    matrices = [p for p in model.parameters() if p.dim() > 1]
    vectors = [p for p in model.parameters() if p.dim() <= 1]
    groups = [
        {"params": matrices, "weight_decay": config.weight_decay},
        {"params": vectors, "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=config.learning_rate, betas=config.betas)


def loss_of(model: PreTrainedModel, batch: Batch) -> torch.Tensor:
    """Weighted mean cross-entropy in nats; logits are computed only where the weight is not 0."""
    weights = torch.from_numpy(batch.weights)
    picked = weights > 0
    hidden = model.base_model(
        input_ids=torch.from_numpy(batch.ids), use_cache=False
    ).last_hidden_state
    logits = model.get_output_embeddings()(hidden[picked]).float()
    targets = torch.from_numpy(batch.targets)[picked]
    losses = torch.nn.functional.cross_entropy(logits, targets, reduction="none")
    return (losses * weights[picked]).sum() / weights.sum()


def train(
    model: PreTrainedModel,
    optimizer: torch.optim.Optimizer,
    config: BaseConfig,
    batch_of: Callable[[int], Batch],
    first_step: int = 0,
) -> Iterator[StepReport]:
    """Train from ``first_step`` to the end, yielding after every step.

    Args:
        model: trained in place, in fp32.
        optimizer: from `make_optimizer`, its state restored when ``first_step`` is not 0.
        config: schedule and clipping.
        batch_of: step (from 0) to batch.
        first_step: number of steps already done.

    Yields:
        What each step tells.

    Raises:
        FloatingPointError: the loss is not finite.
    """
    model.train()
    for step in range(first_step, config.steps):
        rate = rate_at(step, config)
        for group in optimizer.param_groups:
            group["lr"] = rate
        batch = batch_of(step)
        loss = loss_of(model, batch)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), config.clip)
        optimizer.step()
        value = float(loss.detach())
        if not math.isfinite(value):
            raise FloatingPointError(f"loss is {value} at step {step + 1}")
        yield StepReport(step + 1, value, batch.n_tokens, rate)
