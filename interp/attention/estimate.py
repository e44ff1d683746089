"""What an attention run would do and leave, for ``--dry-run``."""

from __future__ import annotations

from typing import Any

from interp.attention.prepare import pattern_bytes, prepare
from interp.attention.tables import attention_frame
from interp.data.corpus import Corpus
from interp.estimates.disk import record_bytes, table_bytes
from interp.estimates.sketch import Sketch
from interp.estimates.work import Pass, Work, counted_by


def attention_work(model: Sketch, corpus: Corpus, *, where: str, **asked: Any) -> Work:
    """Describe a run.

    Args:
        model: the checkpoint without its weights, with eager attention.
        corpus: parallel text.
        where: the study's folder.
        **asked: as for ``run_attention``.
    """
    prepared = prepare(model, corpus, **asked)
    samples, heads, plan = prepared.samples, prepared.choice.heads, prepared.plan
    patterns = pattern_bytes(heads, samples)
    frame = attention_frame(heads[:1], samples, model.tokenizer)
    return Work(
        command="interp attention",
        passes=(Pass.over("patterns", plan),),
        tokens=counted_by([s.lang for s in samples.sequences], plan.lengths),
        held={"patterns": 2 * patterns},
        files={
            "patterns": patterns + 110 * len(heads) * len(samples.sequences),
            "attention": table_bytes("attention", frame),
            "record": record_bytes(len(samples.sequences)),
        },
        meanwhile={"progress": patterns},
        counted=(
            f"{corpus.source}: {samples.n_blocks} samples in each of {len(samples.languages)} "
            f"languages, {len(heads)} heads",
        ),
        where=where,
    )
