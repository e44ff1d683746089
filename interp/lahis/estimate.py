"""What a LAHIS run would do and leave, for ``--dry-run``."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
import torch.nn.functional as F

from interp.data.corpus import Corpus
from interp.estimates.disk import array_bytes, record_bytes, table_bytes
from interp.estimates.sketch import Sketch
from interp.estimates.work import Logits, Pass, Work, counted_by
from interp.lahis.gradients import CHUNK_ELEMENTS
from interp.lahis.passes import REPLICATES, frozen_plan, head_frame, learned_plan
from interp.lahis.prepare import prepare


def lahis_work(model: Sketch, corpus: Corpus, *, where: str, **asked: Any) -> Work:
    """Describe a run.

    Args:
        model: the checkpoint without its weights.
        corpus: parallel text.
        where: the study's folder.
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
    files = {
        "head_scores": _scores(heads, samples.languages, len(samples.block_units)),
        "record": record_bytes(len(samples.sequences)),
    }
    held = {}
    if prepared.frozen:
        files["gradients"] = gradients
        held = {"gradients": 2 * gradients, "intervals": 3 * 8 * REPLICATES * heads[0] * heads[1]}
    return Work(
        command="interp lahis",
        passes=(Pass.over("gradients", plan, kind="inputs"),),
        tokens=counted_by([s.lang for s in samples.sequences], _lengths(samples.sequences)),
        logits=(Logits(predicted, min(at_once, largest), nll, backward=True),),
        held=held,
        files=files,
        meanwhile={"progress": gradients if prepared.frozen else 0},
        counted=(
            f"{corpus.source}: {samples.n_blocks:,} samples in each of {len(samples.languages)} "
            "languages",
        ),
        where=where,
    )


def _lengths(sequences: Any) -> list[int]:
    return [len(sequence.ids) for sequence in sequences]


def _scores(heads: tuple[int, int], languages: tuple[str, ...], n_samples: int) -> int:
    random = np.random.default_rng(0)
    scores = [random.random(heads) for _ in range(3)]
    frame = head_frame(languages[0], scores[0], (scores[1], scores[2]), n_samples)
    return table_bytes("head_scores", frame, share=1 / len(languages))


def nll(logits: torch.Tensor) -> torch.Tensor:
    """What the loss does with logits."""
    labels = torch.zeros(len(logits), dtype=torch.int64, device=logits.device)
    return F.cross_entropy(logits, labels, reduction="none").sum()
