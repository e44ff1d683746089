"""Attention patterns of one checkpoint: from chosen heads and text to tensors in a study."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from interp.attention.heads import HeadChoice, head_name
from interp.attention.measures import check_pattern
from interp.attention.patterns import EAGER, PatternReader
from interp.attention.prepare import prepare
from interp.attention.summary import summarise
from interp.attention.tables import METADATA, TENSORS, attention_frame, places, tensor_key
from interp.batches import BatchPlan, pad, run_batches
from interp.data.canonical import canonical_hash
from interp.data.corpus import Corpus
from interp.data.tokens import TokenizedCorpus
from interp.lahis.select import Head
from interp.model import HookedModel
from interp.study import Run, RunSpec, Study

__all__ = ["run_attention", "summarise"]


def run_attention(
    model: HookedModel,
    corpus: Corpus,
    study: Study,
    *,
    label: str,
    stage: str,
    heads: Sequence[Head] | None = None,
    heads_from: str | None = None,
    source: Study | None = None,
    n_heads: int = 8,
    languages: Sequence[str] | None = None,
    preset: str = "default",
    batch_size: str | int = "auto",
    limit: int | None = None,
    seed: int = 0,
    overwrite: bool = False,
    **options: Any,
) -> str:
    """Store the attention patterns of a few heads on a few samples in every language.

    Writes the table ``attention`` and the tensors ``attention``: per head, language and sample one
    fp16 array ``[query, key]``, without padding. Samples are the same units in every language and,
    for the same corpus and seed, in every checkpoint. Runs of other heads stand beside each other.

    Memory: one batch through eager attention, and every pattern (2 bytes per pair of tokens).

    Args:
        model: the checkpoint; it is not changed, and shares its parameters with the eager copy.
        corpus: parallel text.
        study: where results go; an interrupted run goes on where it was.
        label: short name of the checkpoint in the study.
        stage: what was done to the checkpoint.
        heads: ``(layer, head)`` pairs, 0-based; either these or ``heads_from``.
        heads_from: a LAHIS run, by run_id or label: its general heads and each language's own.
        source: the study that holds that run; ``study`` by default.
        n_heads: most heads taken from it.
        languages: languages of the corpus; all by default.
        preset: ``default``.
        batch_size: samples per batch, or ``auto``.
        limit: at most this many units of the corpus, drawn by ``seed``.
        seed: of the draw of units and samples.
        overwrite: run again although the study holds the result.
        **options: fields of ``AttentionOptions`` that replace the preset's.

    Returns:
        The run's id.

    Raises:
        InterpError: for heads, options or data that do not fit, and a model without patterns.
    """
    prepared = prepare(
        model, corpus, heads=heads, heads_from=heads_from, source=source or study, n_heads=n_heads,
        languages=languages, preset=preset, batch_size=batch_size, limit=limit, seed=seed, **options,
    )  # fmt: skip
    chosen, choice, samples = prepared.options, prepared.choice, prepared.samples
    plan = prepared.plan
    names = [head_name(head) for head in choice.heads]
    arguments = {
        **chosen.to_dict(), "heads": names, "languages": list(samples.languages),
        "batch_size": batch_size,
    }  # fmt: skip
    # Eager whatever the model was loaded with. Runs of other heads do not supersede each other.
    provenance = {**model.provenance, "attn_implementation": EAGER}
    data_hash = canonical_hash([samples.data_hash, names])
    spec = RunSpec("attention", label, stage, preset, arguments, data_hash, provenance, seed)
    reader = PatternReader(model, choice.heads)
    with study.run(spec, overwrite=overwrite) as run:
        if run.already_finished:
            return run.run_id
        run.record("samples", _about(samples, prepared.corpus))
        run.record("heads", _why(choice))
        patterns = _compute(reader, samples, run, plan)
        run.record("batches", plan.to_dict())
        if run.writes:
            ordered = {p.key: patterns[p.key] for p in places(reader.heads, samples.sequences)}
            run.write_tensors(TENSORS, ordered, METADATA)
            run.write_table("attention", attention_frame(choice.heads, samples, model.tokenizer))
    return run.run_id


def _compute(
    reader: PatternReader, samples: TokenizedCorpus, run: Run, plan: BatchPlan
) -> dict[str, NDArray[np.float16]]:
    """Every pattern by its key."""
    sequences = samples.sequences
    start, patterns = run.load_progress() or (0, {})
    plan.halvings.extend(run.progress_state.get("halvings", []))

    def work(indices: Sequence[int]) -> dict[str, NDArray[np.float16]]:
        kept = {}
        ids, mask = pad([sequences[index].ids.tolist() for index in indices])
        found = reader.read(ids, None if bool(mask.all()) else mask)
        for row, index in enumerate(indices):
            sequence = sequences[index]
            length = len(sequence.ids)
            for head in reader.heads:
                own = found[head][row, :length, :length].numpy().copy()
                check_pattern(
                    own, f"head {head_name(head)} on the {sequence.lang} text of unit "
                    f"{'+'.join(sequence.unit_ids)}",
                )  # fmt: skip
                kept[tensor_key(head, sequence.lang, sequence.block)] = own
        return kept

    for done in run_batches(plan, work, start=start, progress=f"attention {run.spec.label}"):
        for _, kept in done.pieces:
            patterns |= kept
        run.save_progress(done.step, patterns, state={"halvings": plan.halvings})
    return patterns


def _why(choice: HeadChoice) -> dict[str, Any]:
    return {
        "from": choice.run_id,
        "label": choice.label,
        "why": {head_name(head): reason for head, reason in choice.reasons.items()},
    }


def _about(samples: TokenizedCorpus, corpus: Corpus) -> dict[str, Any]:
    return {
        "n_samples": samples.n_blocks,
        "tokens": {lang: int(n) for lang, n in
                   zip(samples.languages, samples.tokens.sum(0), strict=True)},
        "units": ["+".join(units) for units in samples.block_units],
        "corpus": corpus.source,
        "corpus_hash": samples.corpus_hash,
        "bos_ids": list(samples.bos_ids),
        **samples.notes,
    }  # fmt: skip
