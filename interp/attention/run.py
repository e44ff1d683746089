"""Attention patterns of one checkpoint: from chosen heads and text to tensors in a study."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from interp.attention.from_lahis import read_choice
from interp.attention.heads import NAMED, HeadChoice, check_heads, head_name, which_heads
from interp.attention.measures import check_pattern
from interp.attention.patterns import EAGER, PatternReader
from interp.attention.summary import summarise
from interp.attention.tables import METADATA, TENSORS, attention_frame, places, tensor_key
from interp.batches import BatchPlan, pad, plan_batches, run_batches
from interp.data.canonical import canonical_hash
from interp.data.corpus import Corpus
from interp.data.tokens import TokenizedCorpus, tokenize_samples
from interp.errors import InterpError
from interp.lahis.select import Head
from interp.model import HookedModel
from interp.options import AttentionOptions
from interp.positions import within_positions
from interp.presets import preset
from interp.study import Run, RunSpec, Study

__all__ = ["run_attention", "summarise"]

TOKENS_PER_BATCH: Mapping[str, int] = {"cpu": 1024, "mps": 4096, "cuda": 4096}
"""Of ``batch_size="auto"``, by kind of device. Eager attention holds a layer's scores of all heads
in fp32: 4,096 tokens in sequences of 512 and 32 heads are 0.3 GB, several times over."""

MOST_BYTES = 2**31
"""More patterns than this are a mistake: a few samples are to be looked at."""


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
    chosen = _options(preset, options, model)
    choice = _choice(model, heads, heads_from, source or study, n_heads, languages)
    if limit is not None:
        corpus = corpus.sample(limit, seed)
    samples = tokenize_samples(
        corpus, model.tokenizer, languages=languages, n_samples=chosen.n_samples,
        seq_len=chosen.seq_len, bos=chosen.bos, seed=seed,
    )  # fmt: skip
    _check_size(choice.heads, samples)
    plan = plan_batches(
        [len(sequence.ids) for sequence in samples.sequences], batch_size, model.device.type,
        tokens_per_batch=TOKENS_PER_BATCH.get(model.device.type, TOKENS_PER_BATCH["cpu"]),
    )  # fmt: skip
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
        run.record("samples", _about(samples, corpus))
        run.record("heads", _why(choice))
        patterns = _compute(reader, samples, run, plan)
        run.record("batches", plan.to_dict())
        if run.writes:
            ordered = {p.key: patterns[p.key] for p in places(reader.heads, samples.sequences)}
            run.write_tensors(TENSORS, ordered, METADATA)
            run.write_table("attention", attention_frame(choice.heads, samples, model.tokenizer))
    return run.run_id


def _options(name: str, changes: dict[str, Any], model: HookedModel) -> AttentionOptions:
    # Under its own name, since run_attention calls its argument `preset`.
    chosen: AttentionOptions = preset("attention", name, **changes)
    return within_positions(chosen, model, asked="seq_len" in changes, what="samples of at most")


def _choice(
    model: HookedModel,
    heads: Sequence[Head] | None,
    heads_from: str | None,
    source: Study,
    at_most: int,
    languages: Sequence[str] | None,
) -> HeadChoice:
    which_heads(heads, heads_from)
    shape = (model.shape.n_layers, model.shape.n_heads)
    if heads_from is not None:
        return read_choice(
            source, heads_from, languages=languages, at_most=at_most, shape=shape, model=model.name
        )
    named = check_heads(heads or (), *shape, model.name)
    return HeadChoice({head: NAMED for head in named})


def _check_size(heads: Sequence[Head], samples: TokenizedCorpus) -> None:
    size = 2 * len(heads) * sum(len(sequence.ids) ** 2 for sequence in samples.sequences)
    if size > MOST_BYTES:
        raise InterpError(
            f"the patterns of {len(heads)} heads on {len(samples.sequences)} samples of up to "
            f"{samples.seq_len} tokens take {size / 1e9:.1f} GB: expected at most "
            f"{MOST_BYTES / 1e9:.1f} GB; ask for fewer heads, languages or samples, or a smaller "
            "seq_len"
        )


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
