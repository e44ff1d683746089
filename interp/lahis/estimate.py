"""What a LAHIS run would do and leave, for ``--dry-run``."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import torch
import torch.nn.functional as F

from interp.batches import BatchPlan
from interp.data.corpus import Corpus
from interp.estimates.disk import array_bytes, record_bytes, table_bytes
from interp.estimates.sketch import Sketch
from interp.estimates.work import Logits, Pass, Work, counted_by
from interp.lahis.gradients import CHUNK_ELEMENTS
from interp.lahis.passes import REPLICATES, frozen_plan, head_frame, learned_plan
from interp.lahis.prepare import prepare


def lahis_work(
    model: Sketch, corpus: Corpus, *, where: str, checkpointing: bool = False, **asked: Any
) -> Work:
    """Describe a run.

    Args:
        model: the checkpoint without its weights.
        corpus: parallel text.
        where: the study's folder.
        checkpointing: whether every block is computed twice, and its graph held alone.
        **asked: as for ``run_lahis``.
    """
    prepared = prepare(model, corpus, **asked)
    samples = prepared.samples
    if prepared.frozen:
        plan = frozen_plan(model, samples, prepared.batch_size)
    else:
        plan, _ = learned_plan(samples)
    heads = (model.shape.n_layers, model.shape.n_heads)
    gradients = array_bytes((len(samples.sequences), *heads), np.float32)
    predicted = sum(length - 1 for length in plan.lengths)
    at_once = max(1, CHUNK_ELEMENTS // model.shape.d_vocab)
    largest = max(rows * width for rows, width in Pass.over("", plan).shapes)
    entering = model.shape.n_layers * largest * model.shape.d_model * model.dtype.itemsize
    files = {
        "head_scores": _scores(heads, samples.languages, samples.n_blocks),
        "record": record_bytes(len(samples.sequences)),
    }
    held = {}
    if prepared.frozen:
        files["gradients"] = gradients
        held = {"gradients": 2 * gradients, "intervals": 3 * 8 * REPLICATES * heads[0] * heads[1]}
    return Work(
        command="interp lahis",
        passes=_passes(plan, checkpointing),
        tokens=counted_by([s.lang for s in samples.sequences], _lengths(samples.sequences)),
        logits=(Logits(predicted, min(at_once, largest), nll, backward=True),),
        held=held,
        on_device={"what enters each block": entering} if checkpointing else {},
        files=files,
        meanwhile={"progress": gradients if prepared.frozen else 0},
        counted=(
            f"{corpus.source}: {samples.n_blocks:,} samples in each of {len(samples.languages)} "
            "languages",
        ),
        where=where,
    )


def _passes(plan: BatchPlan, checkpointing: bool) -> tuple[Pass, ...]:
    """One pass there and back; with checkpointing one ahead of it, and activations of one block."""
    if not checkpointing:
        return (Pass.over("gradients", plan, kind="inputs"),)
    return (
        Pass.over("what enters each block", plan),
        Pass.over("gradients", plan, kind="inputs", blocks=1),
    )


def _lengths(sequences: Any) -> list[int]:
    return [len(sequence.ids) for sequence in sequences]


def _scores(heads: tuple[int, int], languages: tuple[str, ...], n_samples: int) -> int:
    """Write the table with made-up scores."""
    random = np.random.default_rng(0)
    frames = [
        head_frame(
            lang, random.random(heads), (random.random(heads), random.random(heads)), n_samples
        )
        for lang in languages
    ]
    return table_bytes("head_scores", pd.concat(frames, ignore_index=True))


def nll(logits: torch.Tensor) -> torch.Tensor:
    """What the loss does with logits."""
    labels = torch.zeros(len(logits), dtype=torch.int64, device=logits.device)
    return F.cross_entropy(logits, labels, reduction="none").sum()
