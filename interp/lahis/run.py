"""LAHIS of one checkpoint: from text to head scores in a study."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from interp.data.corpus import Corpus
from interp.data.tokens import TokenizedCorpus, tokenize_samples
from interp.errors import InterpError
from interp.lahis.passes import run_frozen, run_learned
from interp.lahis.summary import summarise
from interp.model import HookedModel
from interp.notices import tell
from interp.options import LahisOptions
from interp.parallel import n_processes
from interp.positions import within_positions
from interp.presets import note, preset
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
        **options: fields of ``LahisOptions`` that replace the preset's.

    Returns:
        The run's id.

    Raises:
        InterpError: for options or data that do not fit, and for gradients that are not finite.
    """
    chosen = _options(preset, limit, options, model)
    samples = tokenize_samples(
        corpus, model.tokenizer, languages=languages, n_samples=chosen.n_samples,
        seq_len=chosen.seq_len, bos=chosen.bos, seed=seed,
    )  # fmt: skip
    frozen = chosen.mask_update == "frozen"
    arguments = {**chosen.to_dict(), "languages": list(samples.languages)}
    spec = RunSpec(
        "lahis", label, stage, preset, {**arguments, "batch_size": batch_size if frozen else 1},
        samples.data_hash, model.provenance, seed,
    )  # fmt: skip
    with study.run(spec, overwrite=overwrite) as run:
        if run.already_finished:
            return run.run_id
        run.record("samples", _about(samples, corpus))
        if text := note("lahis", preset):
            run.record("note", text)
            tell("lahis", f"preset {preset}: {text}")
        if frozen:
            run_frozen(model, samples, run, chosen, batch_size, seed)
        else:
            run_learned(model, samples, run, chosen)
    return run.run_id


def _options(
    name: str, limit: int | None, changes: dict[str, Any], model: HookedModel
) -> LahisOptions:
    chosen: LahisOptions = preset("lahis", name, **changes)
    if limit is not None:
        if limit < 1:
            raise InterpError(f"limit {limit} samples: expected at least 1")
        chosen = replace(chosen, n_samples=min(limit, chosen.n_samples))
    if chosen.mask_update == "frozen" and chosen.accumulate_dtype != "float32":
        raise InterpError(
            "lahis option accumulate_dtype is 'bfloat16' and mask_update is 'frozen': a frozen "
            "mask stores every sample's gradient and adds up in double precision; expected adamw"
        )
    if chosen.mask_update == "adamw" and n_processes() > 1:
        raise InterpError(
            "lahis option mask_update is 'adamw' in several processes: each sample's gradient "
            "needs the mask that the one before left; start one process, or use frozen"
        )
    asked = "seq_len" in changes
    return within_positions(chosen, model, asked=asked, what="samples of at most")


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
