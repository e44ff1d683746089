"""What tasks of lm-evaluation-harness would do and leave, for ``--dry-run``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch

from interp.estimates.disk import record_bytes
from interp.estimates.sketch import Sketch
from interp.estimates.work import Logits, Pass, Shape, Work
from interp.evals.lm_eval_model import CPU_ROWS
from interp.evals.lm_eval_tasks import HarnessTasks, quiet
from interp.positions import n_positions

_GPU_ROWS = 64
"""Rows of a batch under ``auto`` on a GPU, where the harness measures what fits."""

_DOCUMENT = 450
"""Bytes of a document's row in the table of predictions."""


def lm_eval_work(
    model: Sketch,
    tasks: HarnessTasks,
    *,
    where: str,
    batch_size: str | int = "auto",
    seed: int | None = None,
) -> Work:
    """Describe a run: the harness's own requests, sorted and batched as it does.

    Args:
        model: the checkpoint without its weights.
        tasks: loaded, with their data.
        where: the study's folder.
        batch_size: rows of a batch, or ``auto``.
        seed: of the examples before a question.
    """
    rows = batch_size if isinstance(batch_size, int) else _rows(model)
    longest = n_positions(model) or 2048
    passes: list[Pass] = []
    tokens: dict[str, int] = {}
    logits: list[Logits] = []
    documents = 0
    with quiet():
        for name, task in tasks.tasks.items():
            task.set_fewshot_seed(seed=1234 if seed is None else seed)
            task.build_all_requests(limit=tasks.limit)
            documents += len({one.doc_id for one in task.instances})
            found = list(_passes(model, name, task.instances, rows, longest))
            passes += found
            tokens[name] = sum(one.tokens for one in found)
            for one in found:
                size = one.steps * sum(n for n, _ in one.shapes) or one.padded_tokens
                most = max((n * (1 if one.steps else width) for n, width in one.shapes), default=1)
                logits.append(Logits(size, most, _log_softmax, copies=2))
    return Work(
        command="interp eval lm-eval",
        passes=tuple(passes),
        tokens=tokens,
        logits=tuple(one for one in logits if one.rows),
        files={"predictions": _DOCUMENT * documents, "record": record_bytes(0) + 6_000},
        meanwhile={"progress": _DOCUMENT * documents},
        counted=(f"{len(tasks.tasks)} tasks, {documents:,} documents",),
        where=where,
    )


def _rows(model: Sketch) -> int:
    return CPU_ROWS if model.device.type == "cpu" else _GPU_ROWS


def _passes(model: Sketch, name: str, instances: Any, rows: int, longest: int) -> Iterator[Pass]:
    """Scored requests (each without its last token; those that differ in it only, once), others."""
    encode = model.tokenizer.encode
    scored: set[tuple[int, ...]] = set()
    written: list[int] = []
    steps = 0
    for one in instances:
        if one.request_type == "generate_until":
            written.append(min(longest, len(encode(one.args[0]))))
            steps = max(steps, int(one.args[1].get("max_gen_toks", 256)))
        else:
            text = "".join(part for part in one.args[:2] if isinstance(part, str))
            ids = encode(text)[-(longest + 1) :]
            scored.add(tuple(ids[:-1] or ids))
    if scored:
        lengths = [len(ids) for ids in scored]
        yield Pass(f"{name}: scored", _batched(lengths, rows), sum(lengths))
    if written:
        yield Pass(f"{name}: written", _batched(written, rows), sum(written), steps=steps)


def _batched(lengths: list[int], rows: int) -> tuple[Shape, ...]:
    ordered = sorted(lengths, reverse=True)
    starts = range(0, len(ordered), rows)
    return tuple((len(ordered[at : at + rows]), ordered[at]) for at in starts)


def _log_softmax(logits: torch.Tensor) -> torch.Tensor:
    return torch.log_softmax(logits.float(), -1)
