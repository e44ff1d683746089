"""What scoring options and generating answers would do and leave, for ``--dry-run``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from interp.batches import BatchPlan
from interp.data.facts import FactSet
from interp.estimates.disk import record_bytes, table_bytes
from interp.estimates.sketch import Sketch
from interp.estimates.work import Logits, Pass, Work, counted_by
from interp.evals import prepare_klar, prepare_mcq, run_klar, run_mcq
from interp.evals.option_items import OptionItem
from interp.model.branches import Prompt, planned


def mcq_work(model: Sketch, facts: FactSet, *, where: str, **asked: Any) -> Work:
    """Describe a run of ``interp eval mcq``.

    Args:
        model: the checkpoint without its weights.
        facts: the facts.
        where: the study's folder.
        **asked: as for ``run_mcq``.
    """
    prepared = prepare_mcq.prepare(model, facts, **asked)
    items, plan = prepared.items, prepared.plan
    one, logits = option_work(items, plan, "options", 1)
    scores = np.random.default_rng(0).normal(-9, 3, (len(items), len(items[0].options)))
    frame = run_mcq.predictions_frame(prepared.facts, items, scores, prepared.options.normalisation)
    return Work(
        command="interp eval mcq",
        passes=(one,),
        tokens=counted_by([item.lang for item in items], plan.lengths),
        logits=(logits,),
        held={"answers and their table": _frame_bytes(len(frame))},
        files={
            "predictions": table_bytes("predictions", frame),
            "record": record_bytes(len(items)),
            **_facts(prepared.facts),
        },
        meanwhile={"progress": scores.nbytes},
        counted=(
            f"{facts.source}: {len(prepared.facts):,} facts, {len(items):,} questions in "
            f"{len(prepared.counts)} languages",
        ),
        where=where,
    )


def option_work(
    items: Sequence[OptionItem], plan: BatchPlan, name: str, repeats: int
) -> tuple[Pass, Logits]:
    """Describe scoring options once: the pass, and the logits of all repeats."""
    rows = at_once = 0
    for batch in plan.batches:
        prompts = [Prompt(items[i].prompt, items[i].options) for i in batch]
        [one] = planned(prompts, batch_tokens=None)
        rows, at_once = rows + one.logits, max(at_once, one.logits)
    return (
        Pass.over(name, plan, repeats=repeats, masked=True),
        Logits(rows * repeats, at_once, _log_softmax, copies=2),
    )


def klar_work(model: Sketch, facts: FactSet | str, *, where: str, **asked: Any) -> Work:
    """Describe a run of ``interp eval klar``.

    Args:
        model: the checkpoint without its weights.
        facts: the facts, or ``klar:FOLDER``.
        where: the study's folder.
        **asked: as for ``run_klar``.
    """
    prepared = prepare_klar.prepare(model, facts, **asked)
    items, plan, questions = prepared.items, prepared.plan, prepared.questions
    longest = prepared.options.max_new_tokens
    lengths = [len(item) for item in items]
    shapes = tuple((len(batch), max(lengths[i] for i in batch)) for batch in plan.batches)
    texts = [one.target + "\n" for one in questions.questions]
    frame = run_klar.predictions_frame(questions, texts, prepared.options)
    most = max(rows for rows, _ in shapes)
    return Work(
        command="interp eval klar",
        passes=(Pass("prompts and answers", shapes, sum(lengths), steps=longest),),
        tokens=counted_by([one.lang for one in questions.questions], lengths),
        logits=(Logits(len(items) * longest, most, _argmax, copies=2),),
        held={"answers and their table": _frame_bytes(len(frame))},
        files={
            "predictions": table_bytes("predictions", frame),
            "record": record_bytes(len(items)),
            **_facts(prepared.facts),
        },
        meanwhile={"progress": 4 * len(items) * longest},
        counted=(
            f"{len(items):,} questions in {len(questions.languages)} languages, answers of up to "
            f"{longest} tokens (how long they are only the run can tell)",
        ),
        where=where,
    )


def _facts(facts: FactSet | None) -> dict[str, int]:
    """Bytes of the table of facts, which a study holds once."""
    if facts is None:
        return {}
    frame = facts.to_frame().assign(data_hash=facts.data_hash)
    return {"facts": table_bytes("facts", frame)}


def _frame_bytes(n_rows: int) -> int:
    return 2500 * n_rows


def _log_softmax(logits: torch.Tensor) -> torch.Tensor:
    return torch.log_softmax(logits.float(), -1)


def _argmax(logits: torch.Tensor) -> torch.Tensor:
    return torch.isnan(logits).any() + logits.argmax(-1)
