"""Cross-lingual similarity of one checkpoint: from parallel text to scores by layer in a study."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from interp.batches import BatchPlan, pad, run_batches
from interp.data.corpus import Corpus
from interp.data.tokens import TokenizedCorpus, TokenSequence
from interp.errors import InterpError
from interp.lens.trajectories import points_of
from interp.model import HookedModel
from interp.notices import tell
from interp.options import SimilarityOptions
from interp.parallel import team
from interp.progress import progress_bar
from interp.similarity.pooled import MeanPooler
from interp.similarity.prepare import prepare
from interp.similarity.scores import METRICS, block_means, unit_scores
from interp.similarity.scratch import PooledFile, discard
from interp.similarity.summary import summarise
from interp.similarity.tables import similarity_frame
from interp.similarity.texts import Layout, about
from interp.study import Run, RunSpec, Study

__all__ = ["run_similarity", "summarise"]


def run_similarity(
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
    """Compare how every two languages are represented, from the embeddings to the last block.

    Writes the table ``similarity``: a row per layer, ordered pair of languages and block of asking
    units. The blocks are those of ``interp lape`` for the same corpus and ``n_blocks``.

    The model sees the text once. Memory: one batch's means, then one layer of all units and
    languages in fp32 and double (0.3 GB for 500 units, 12 languages and 4096 dimensions) and a few
    ``[unit, unit]`` matrices; all layers together are on disk only (see ``scratch``).

    Args:
        model: the checkpoint.
        corpus: parallel text; at least two units and two languages.
        study: where results go; an interrupted run goes on where it was.
        label: short name of the checkpoint in the study.
        stage: what was done to the checkpoint.
        languages: languages of the corpus; all by default.
        preset: ``default``.
        batch_size: texts per batch, or ``auto``.
        limit: at most this many units of the corpus, drawn by ``seed``.
        seed: of that draw.
        overwrite: run again although the study holds the result.
        **options: fields of ``SimilarityOptions`` that replace the preset's.

    Returns:
        The run's id.

    Raises:
        InterpError: for options or data that do not fit, and activations that are not finite.
    """
    prepared = prepare(
        model, corpus, languages=languages, preset=preset, batch_size=batch_size, limit=limit,
        seed=seed, **options,
    )  # fmt: skip
    chosen, text, layout = prepared.options, prepared.text, prepared.layout
    arguments = {
        **chosen.to_dict(), "languages": list(text.languages), "batch_size": batch_size,
    }  # fmt: skip
    spec = RunSpec(
        "similarity", label, stage, preset, arguments, text.data_hash, model.provenance, seed
    )
    with study.run(spec, overwrite=overwrite) as run:
        if run.already_finished:
            return run.run_id
        run.record("text", about(text, prepared.corpus, layout))
        if dropped := text.notes.get("dropped_short"):
            tell("similarity", f"{dropped} units are left out: a token or none in some language")
        scores = _compute(_Job(model, text, layout, run, chosen, prepared.plan))
        run.record("batches", prepared.plan.to_dict())
        if run.writes:
            run.write_table("similarity", similarity_frame(scores, layout.n_units, text.languages))
    return run.run_id


@dataclass(frozen=True)
class _Job:
    """One run's parts: progress is one step per batch, then one per layer."""

    model: HookedModel
    text: TokenizedCorpus
    layout: Layout
    run: Run
    options: SimilarityOptions
    plan: BatchPlan


def _compute(job: _Job) -> NDArray[np.float64]:
    """Pool, then score layer by layer: ``[point, metric, block, language, other language]``."""
    n_points, n_languages = job.model.shape.n_layers + 1, len(job.text.languages)
    start, saved = job.run.load_progress() or (0, {})
    empty = np.zeros((n_points, len(METRICS), len(job.layout.n_units), n_languages, n_languages))
    scores = saved.get("scores", empty)
    job.plan.halvings.extend(job.run.progress_state.get("halvings", []))
    shape = (n_points, len(job.layout.blocks), n_languages, job.model.shape.d_model)
    with contextlib.ExitStack() as stack:
        pooled = None  # other processes send their vectors to the one that writes
        if job.run.writes and start < len(job.plan) + n_points:
            pooled = stack.enter_context(PooledFile(job.run.folder, shape, keep=start > 0))
            if start and not pooled.kept:
                tell("similarity", f"{pooled.path} is gone: starting over")
                start = 0
                job.plan.halvings.clear()
        start = team().share(start)
        _pool(job, pooled, min(start, len(job.plan)))
        if pooled is not None:
            _score(job, pooled, scores, max(start - len(job.plan), 0))
    if job.run.writes:
        discard(job.run.folder)
    return scores


def _pool(job: _Job, pooled: PooledFile | None, start: int) -> None:
    sites = [point.site for point in points_of(job.model.shape.n_layers)]

    def work(indices: Sequence[int]) -> NDArray[np.float32]:
        return _means(job.model, [job.text.sequences[i] for i in indices], sites)

    units, languages = job.layout.units, job.layout.languages
    title = f"similarity {job.run.spec.label}: text"
    for done in run_batches(job.plan, work, start=start, progress=title):
        for indices, vectors in done.pieces:
            assert pooled is not None
            pooled.put([units[i] for i in indices], [languages[i] for i in indices], vectors)
        job.run.save_progress(done.step, {}, state={"halvings": job.plan.halvings})


def _means(
    model: HookedModel, sequences: Sequence[TokenSequence], sites: list[str]
) -> NDArray[np.float32]:
    """Run one batch: pooled vectors ``[point, sequence, d_model]``."""
    ids, mask = pad([s.ids.tolist() for s in sequences])
    pooler = MeanPooler(
        [s.n_special for s in sequences], [len(s.ids) for s in sequences], len(sites)
    )
    observe = {site: pooler.observer(point) for point, site in enumerate(sites)}
    with torch.inference_mode():
        model.run(ids, None if bool(mask.all()) else mask, observe=observe, output="body")
        found = pooler.result()
    finite = found.isfinite().all(-1).all(0)
    if not bool(finite.all()):
        broken = sequences[int(finite.int().argmin())]
        raise InterpError(
            f"the residual stream of {model.name!r} is not finite in {model.dtype} for the "
            f"{broken.lang} text of unit {broken.unit_ids[0]}: a half-precision checkpoint may "
            "have overflowed; try --dtype float32"
        )
    array: NDArray[np.float32] = found.numpy()
    return array


def _score(job: _Job, pooled: PooledFile, scores: NDArray[np.float64], start: int) -> None:
    n_points, state = len(scores), {"halvings": job.plan.halvings}
    title = f"similarity {job.run.spec.label}: layers"
    with progress_bar(title, total=n_points, done=start) as advance:
        for point in range(start, n_points):
            found = unit_scores(pooled.layer(point), centre=job.options.centre)
            means = block_means(found, job.layout.blocks, len(job.layout.n_units))
            scores[point] = np.stack([getattr(means, name) for name in METRICS])
            advance()
            # the last one is forced: after it the vectors are deleted
            job.run.save_progress(
                len(job.plan) + point + 1, {"scores": scores}, state=state,
                force=point == n_points - 1,
            )  # fmt: skip
