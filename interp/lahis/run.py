"""LAHIS of one checkpoint: from text to head scores in a study."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from interp.batches import BatchPlan, pad, plan_batches, run_batches
from interp.data.corpus import Corpus
from interp.data.tokens import TokenizedCorpus, tokenize_samples
from interp.errors import InterpError
from interp.lahis.gradients import mask_gradients
from interp.lahis.scores import head_score, score_interval
from interp.lahis.sequential import DTYPES, LearnedMask
from interp.lahis.summary import summarise
from interp.model import HookedModel
from interp.options import LahisOptions
from interp.presets import note, preset
from interp.study import Run, RunSpec, Study

__all__ = ["run_lahis", "summarise"]

TOKENS_PER_BATCH = 4096
"""Of ``batch_size="auto"`` on any device: the backward pass keeps every layer's activations."""

REPLICATES = 1000
"""Bootstrap resamples behind ``ci_low`` and ``ci_high``."""


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
    chosen = _options(preset, limit, options)
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
        _say(preset)
        run.record("samples", _about(samples, corpus))
        if note("lahis", preset):
            run.record("note", note("lahis", preset))
        if frozen:
            _run_frozen(model, samples, run, chosen, batch_size, seed)
        else:
            _run_learned(model, samples, run, chosen)
    return run.run_id


def _options(name: str, limit: int | None, changes: dict[str, Any]) -> LahisOptions:
    chosen: LahisOptions = preset("lahis", name, **changes)
    if limit is not None:
        if limit < 1:
            raise InterpError(f"limit {limit} samples: expected at least 1")
        chosen = preset("lahis", name, **{**changes, "n_samples": min(limit, chosen.n_samples)})
    if chosen.mask_update == "frozen" and chosen.accumulate_dtype != "float32":
        raise InterpError(
            "lahis option accumulate_dtype is 'bfloat16' and mask_update is 'frozen': a frozen "
            "mask stores every sample's gradient and adds up in double precision; expected adamw"
        )
    if chosen.mask_update == "adamw" and int(os.environ.get("WORLD_SIZE", "1")) > 1:
        raise InterpError(
            "lahis option mask_update is 'adamw' in several processes: each sample's gradient "
            "needs the mask that the one before left; start one process, or use frozen"
        )
    return chosen


def _say(name: str) -> None:
    text = note("lahis", name)
    if text:
        print(f"interp lahis: preset {name}: {text}", file=sys.stderr, flush=True)


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


def _run_frozen(
    model: HookedModel,
    samples: TokenizedCorpus,
    run: Run,
    options: LahisOptions,
    batch_size: str | int,
    seed: int,
) -> None:
    """One gradient per sample at a mask of ones, in batches of any language."""
    sequences = samples.sequences
    shape = (model.shape.n_layers, model.shape.n_heads)
    plan = plan_batches(
        [len(sequence.ids) for sequence in sequences], batch_size, model.device.type,
        tokens_per_batch=TOKENS_PER_BATCH,
    )  # fmt: skip
    mask = torch.ones(shape, dtype=DTYPES[options.mask_dtype], device=model.device)
    empty = {
        "gradients": np.zeros((len(sequences), *shape), np.float32),
        "losses": np.zeros(len(sequences), np.float32),
    }
    start, arrays = run.load_progress() or (0, empty)
    plan.halvings.extend(run.progress_state.get("halvings", []))

    def work(indices: Sequence[int]) -> None:
        ids, attention = pad([sequences[index].ids for index in indices])
        gradients, losses = mask_gradients(model, ids, attention, mask)
        arrays["gradients"][list(indices)] = gradients.float().cpu().numpy()
        arrays["losses"][list(indices)] = losses.cpu().numpy()

    title = f"lahis {run.spec.label}"
    for done in run_batches(plan, work, start=start, progress=title):
        run.save_progress(done.step, arrays, state={"halvings": plan.halvings})
    run.record("batches", plan.to_dict())
    _write_frozen(run, samples, arrays["gradients"], arrays["losses"], seed)


def _write_frozen(
    run: Run,
    samples: TokenizedCorpus,
    gradients: NDArray[np.float32],
    losses: NDArray[np.float32],
    seed: int,
) -> None:
    if not np.isfinite(gradients).all():
        raise InterpError(
            "gradients of the head mask are not finite: a half-precision checkpoint may have "
            "overflowed; try --dtype float32 or bfloat16"
        )
    by_language = {}
    frames = []
    for lang in samples.languages:
        # Sequences are ordered by sample, so each language's gradients are too.
        rows = [i for i, sequence in enumerate(samples.sequences) if sequence.lang == lang]
        own = by_language[lang] = np.ascontiguousarray(gradients[rows])
        interval = score_interval(own, replicates=REPLICATES, seed=seed)
        frames.append(_frame(lang, head_score(own), interval, len(rows)))
    run.write_tensors(
        "gradients", by_language, {"axes": ["sample", "layer", "head"], "mask": "ones"}
    )
    run.write_table("head_scores", pd.concat(frames, ignore_index=True))
    run.record("mean_loss", {
        lang: float(np.mean([loss for loss, s in zip(losses, samples.sequences, strict=True)
                             if s.lang == lang], dtype=np.float64))
        for lang in samples.languages
    })  # fmt: skip


def _run_learned(
    model: HookedModel, samples: TokenizedCorpus, run: Run, options: LahisOptions
) -> None:
    """The sources' sequential form: per language a fresh mask, one sample at a time."""
    order = [
        sequence
        for lang in samples.languages
        for sequence in samples.sequences
        if sequence.lang == lang
    ]

    def fresh() -> LearnedMask:
        return LearnedMask.start(
            model.shape.n_layers, model.shape.n_heads, lr=options.lr,
            mask_dtype=options.mask_dtype, accumulate_dtype=options.accumulate_dtype,
            device=model.device,
        )  # fmt: skip

    start, saved = run.load_progress() or (0, {})
    finished = {name: array for name, array in saved.items() if name.startswith("score_")}
    state = fresh()
    if start % samples.n_blocks:
        state.restore(saved)

    def work(indices: Sequence[int]) -> None:
        nonlocal state
        sequence = order[indices[0]]
        ids = torch.as_tensor(sequence.ids, dtype=torch.int64)[None]
        gradient, _ = mask_gradients(model, ids, None, state.mask.detach())
        state.update(gradient[0])
        if state.n_samples == samples.n_blocks:
            finished[f"score_{sequence.lang}"] = state.score()
            state = fresh()

    alone = tuple((index,) for index in range(len(order)))
    plan = BatchPlan(alone, tuple(len(sequence.ids) for sequence in order), 1, None)
    for done in run_batches(plan, work, start=start, progress=f"lahis {run.spec.label}"):
        run.save_progress(done.step, {**finished, **state.to_arrays()})
    frames = [
        _frame(lang, finished[f"score_{lang}"], None, samples.n_blocks)
        for lang in samples.languages
    ]
    run.write_table("head_scores", pd.concat(frames, ignore_index=True))


def _frame(
    lang: str,
    score: NDArray[np.float64],
    interval: tuple[NDArray[np.float64], NDArray[np.float64]] | None,
    n_samples: int,
) -> pd.DataFrame:
    if not np.isfinite(score).all():
        raise InterpError(f"the head scores of {lang} are not finite: try --dtype float32")
    layer, head = np.divmod(np.arange(score.size), score.shape[1])
    low, high = (np.full(score.shape, np.nan),) * 2 if interval is None else interval
    return pd.DataFrame(
        {
            "lang": lang,
            "layer": layer,
            "head": head,
            "score": score.ravel(),
            "ci_low": low.ravel(),
            "ci_high": high.ravel(),
            "n_samples": n_samples,
        }
    )
