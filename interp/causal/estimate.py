"""What a run of the causal check would do and leave, for ``--dry-run``."""

from __future__ import annotations

from typing import Any

from interp.causal.job import plans
from interp.causal.losses import CHUNK_ELEMENTS, n_predicted
from interp.causal.prepare import asked_facts
from interp.causal.ready import prepare
from interp.data.corpus import Corpus
from interp.estimates.disk import record_bytes
from interp.estimates.sketch import Sketch
from interp.estimates.work import Logits, Pass, Work, counted_by
from interp.evals.estimate import option_work
from interp.lahis.estimate import nll

_ROW = 40
"""Bytes of a row of the table ``ablations``, which has one per set, language and kind."""


def ablation_work(
    model: Sketch, corpus: Corpus, *, where: str, batch_size: str | int = "auto", **asked: Any
) -> Work:
    """Describe a run.

    Args:
        model: the checkpoint without its weights.
        corpus: parallel text.
        where: the study's folder.
        batch_size: sequences (and facts) per batch, or ``auto``.
        **asked: as for ``run_ablation``, with ``source``.
    """
    prepared = prepare(model, corpus, **asked)
    text, sets = prepared.text, prepared.sets
    found = plans(model, text, prepared.items, batch_size)
    passes = [Pass.over("text", found["text"], repeats=len(sets))]
    if prepared.options.replacement == "mean":
        passes.insert(0, Pass.over("means", found["text"]))
    rows = sum(n_predicted(sequence) for sequence in text.sequences)
    at_once = max(1, CHUNK_ELEMENTS // model.shape.d_vocab)
    logits = [Logits(rows * len(sets), min(at_once, passes[-1].padded_tokens), nll)]
    cells = len(sets) * len(text.languages) * text.n_blocks
    files = {
        "losses": 2 * 8 * cells + 2 * 8 * cells // len(sets) + _place_bytes(sets),
        "ablations": 7_000 + _ROW * len(sets),
        "record": record_bytes(len(text.sequences) + len(prepared.items)),
    }
    counted = [
        f"{corpus.source}: {len(text.sequences):,} sequences in {len(text.languages)} languages; "
        f"{len(sets)} sets of {prepared.part} (intact, own and controls)"
    ]
    if prepared.items:
        asked_sets = asked_facts(sets, prepared.options.n_fact_controls)
        one, read = option_work(prepared.items, found["facts"], "facts", len(asked_sets))
        passes.append(one)
        logits.append(read)
        scores = len(asked_sets) * len(prepared.items) * (8 * len(prepared.items[0].options) + 1)
        files["answers"] = scores
        counted.append(f"{len(prepared.items):,} questions under {len(asked_sets)} sets")
    return Work(
        command="interp ablate",
        passes=tuple(passes),
        tokens=counted_by([s.lang for s in text.sequences], found["text"].lengths),
        logits=tuple(logits),
        held={"losses": 2 * 8 * cells},
        files=files,
        meanwhile={"progress": 2 * 8 * cells + files.get("answers", 0)},
        counted=tuple(counted),
        where=where,
    )


def _place_bytes(sets: Any) -> int:
    return sum(24 * len(one.places) for one in sets)
