"""LAHIS of one checkpoint: from text to head scores in a study."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from interp.data.corpus import Corpus
from interp.data.tokens import TokenizedCorpus
from interp.lahis.gradients import check_blocks
from interp.lahis.passes import run_frozen, run_learned
from interp.lahis.prepare import prepare
from interp.lahis.summary import summarise
from interp.model import HookedModel
from interp.notices import tell
from interp.presets import note
from interp.study import RunSpec, Study

__all__ = ["run_lahis", "summarise"]


def run_lahis(
    model: HookedModel,
    corpus: Corpus,
    study: Study,
    *,
    label: str,
    stage: str,
    languages: Sequence[str] | None = None,
    preset: str = "default",
    batch_size: str | int = "auto",
    limit: int | None = None,
    seed: int = 0,
    overwrite: bool = False,
    checkpointing: bool = False,
    **options: Any,
) -> str:
    """Score every attention head for every language, and store scores and gradients.

    Writes the table ``head_scores``; with a frozen mask also the tensors ``gradients``, one
    ``[sample, layer, head]`` fp32 array per language (sample ``i`` is the same unit in every
    language), from which selection, intervals and comparisons are derived without the model.

    Args:
        model: the checkpoint.
        corpus: parallel text.
        study: where results go; an interrupted run goes on where it was.
        label: short name of the checkpoint in the study.
        stage: what was done to the checkpoint.
        languages: languages of the corpus; all by default.
        preset: ``default``, ``paper``, ``release`` or ``liu2025``.
        batch_size: samples per batch, or ``auto``; the learned mask takes one at a time.
        limit: at most this many samples per language.
        seed: of the draw and order of the samples, and of the bootstrap.
        overwrite: run again although the study holds the result.
        checkpointing: keep one block's activations in memory, not all, for a third more time; the
            results are the same, so a run may be begun without it and finished with it.
        **options: fields of ``LahisOptions`` that replace the preset's.

    Returns:
        The run's id.

    Raises:
        InterpError: for options or data that do not fit, for gradients that are not finite, and
            for checkpointing of a model that cannot be computed block by block.
    """
    prepared = prepare(
        model, corpus, languages=languages, preset=preset, batch_size=batch_size, limit=limit,
        seed=seed, **options,
    )  # fmt: skip
    chosen, samples = prepared.options, prepared.samples
    if checkpointing:
        check_blocks(model)
    arguments = {**chosen.to_dict(), "languages": list(samples.languages)}
    spec = RunSpec(
        "lahis", label, stage, preset, {**arguments, "batch_size": prepared.batch_size},
        samples.data_hash, model.provenance, seed,
    )  # fmt: skip
    with study.run(spec, overwrite=overwrite) as run:
        if run.already_finished:
            return run.run_id
        run.record("samples", _about(samples, corpus))
        if text := note("lahis", preset):
            run.record("note", text)
            tell("lahis", f"preset {preset}: {text}")
        if checkpointing:
            run.record("checkpointing", True)
        if prepared.frozen:
            run_frozen(model, samples, run, chosen, batch_size, seed, checkpointing)
        else:
            run_learned(model, samples, run, chosen, checkpointing)
    return run.run_id


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
