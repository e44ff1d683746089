"""The two ways through the samples: a frozen mask in batches, a learned one sample by sample."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor

from interp.batches import BatchPlan, pad, plan_batches, run_batches
from interp.data.tokens import TokenizedCorpus, TokenSequence
from interp.errors import InterpError
from interp.lahis.gradients import mask_gradients
from interp.lahis.scores import head_score, score_interval
from interp.lahis.sequential import DTYPES, LearnedMask
from interp.model import HookedModel
from interp.options import LahisOptions
from interp.study import Run

TOKENS_PER_BATCH: Mapping[str, int] = {"cpu": 1024, "mps": 4096, "cuda": 4096}
"""Of ``batch_size="auto"``, by kind of device. The backward pass keeps every layer's activations,
about 5 MB per token in a 7B model; a CPU gains nothing once they have left its caches."""

REPLICATES = 1000
"""Bootstrap resamples behind ``ci_low`` and ``ci_high``."""


def run_frozen(
    model: HookedModel,
    samples: TokenizedCorpus,
    run: Run,
    options: LahisOptions,
    batch_size: str | int,
    seed: int,
    checkpointing: bool = False,
) -> None:
    """Take one gradient per sample at a mask of ones, in batches of any language.

    Args:
        model: the checkpoint.
        samples: what to run.
        run: gets the table ``head_scores`` and the tensors ``gradients``.
        options: of the analysis.
        batch_size: samples per batch, or ``auto``.
        seed: of the bootstrap.
        checkpointing: whether activations of one block at a time are in memory.

    Raises:
        InterpError: for a loss or a gradient that is not finite.
    """
    sequences = samples.sequences
    shape = (model.shape.n_layers, model.shape.n_heads)
    plan = frozen_plan(model, samples, batch_size)
    mask = torch.ones(shape, dtype=DTYPES[options.mask_dtype], device=model.device)
    empty = {
        "gradients": np.zeros((len(sequences), *shape), np.float32),
        "losses": np.zeros(len(sequences), np.float32),
    }
    start, arrays = run.load_progress() or (0, empty)
    plan.halvings.extend(run.progress_state.get("halvings", []))

    def work(indices: Sequence[int]) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
        ids, attention = pad([sequences[index].ids.tolist() for index in indices])
        gradients, losses = mask_gradients(model, ids, attention, mask, checkpointing=checkpointing)
        _refuse_not_finite(gradients, losses, [sequences[index] for index in indices], "")
        return gradients.float().cpu().numpy(), losses.cpu().numpy()

    title = f"lahis {run.spec.label}"
    for done in run_batches(plan, work, start=start, progress=title):
        for indices, (gradients, losses) in done.pieces:
            arrays["gradients"][list(indices)] = gradients
            arrays["losses"][list(indices)] = losses
        run.save_progress(done.step, arrays, state={"halvings": plan.halvings})
    run.record("batches", plan.to_dict())
    if run.writes:
        _write_frozen(run, samples, arrays["gradients"], arrays["losses"], seed)


def frozen_plan(model: HookedModel, samples: TokenizedCorpus, batch_size: str | int) -> BatchPlan:
    """Fix the batches of ``run_frozen``."""
    return plan_batches(
        [len(sequence.ids) for sequence in samples.sequences], batch_size, model.device.type,
        tokens_per_batch=TOKENS_PER_BATCH.get(model.device.type, TOKENS_PER_BATCH["cpu"]),
    )  # fmt: skip


def learned_plan(samples: TokenizedCorpus) -> tuple[BatchPlan, list[TokenSequence]]:
    """Fix the order of ``run_learned``: one sample at a time, language by language."""
    order = [
        sequence
        for lang in samples.languages
        for sequence in samples.sequences
        if sequence.lang == lang
    ]
    alone = tuple((index,) for index in range(len(order)))
    return BatchPlan(alone, tuple(len(sequence.ids) for sequence in order), 1, None), order


def _write_frozen(
    run: Run,
    samples: TokenizedCorpus,
    gradients: NDArray[np.float32],
    losses: NDArray[np.float32],
    seed: int,
) -> None:
    by_language = {}
    frames = []
    mean_loss = {}
    for lang in samples.languages:
        # Sequences are ordered by sample, so each language's gradients are too.
        rows = [i for i, sequence in enumerate(samples.sequences) if sequence.lang == lang]
        own = by_language[lang] = np.ascontiguousarray(gradients[rows])
        interval = score_interval(own, replicates=REPLICATES, seed=seed)
        frames.append(head_frame(lang, head_score(own), interval, len(rows)))
        mean_loss[lang] = float(losses[rows].mean(dtype=np.float64))
    run.write_tensors(
        "gradients", by_language, {"axes": ["sample", "layer", "head"], "mask": "ones"}
    )
    run.write_table("head_scores", pd.concat(frames, ignore_index=True))
    run.record("mean_loss", mean_loss)


def _refuse_not_finite(
    gradients: Tensor, losses: Tensor, batch: Sequence[TokenSequence], remedy: str
) -> None:
    """Stop at the first broken sample rather than after hours of them."""
    finite = gradients.isfinite().flatten(1).all(1).cpu() & losses.isfinite().cpu()
    if not finite.all():
        broken = batch[int(finite.int().argmin())]
        raise InterpError(
            f"the gradient of the head mask is not finite for the {broken.lang} text of unit "
            f"{'+'.join(broken.unit_ids)}: the checkpoint may be damaged or have overflowed in "
            f"half precision; try --dtype float32 or bfloat16{remedy}"
        )


def run_learned(
    model: HookedModel,
    samples: TokenizedCorpus,
    run: Run,
    options: LahisOptions,
    checkpointing: bool = False,
) -> None:
    """Learn a fresh mask per language, one sample at a time, as the sources do.

    Args:
        model: the checkpoint.
        samples: what to run.
        run: gets the table ``head_scores``.
        options: of the analysis.
        checkpointing: whether activations of one block at a time are in memory.

    Raises:
        InterpError: for a loss or a gradient that is not finite.
    """
    plan, order = learned_plan(samples)

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
        gradient, loss = mask_gradients(
            model, ids, None, state.mask.detach(), checkpointing=checkpointing
        )
        _refuse_not_finite(gradient, loss, [sequence], ", or a smaller lr")
        state.update(gradient[0])
        if state.n_samples == samples.n_blocks:
            finished[f"score_{sequence.lang}"] = state.score()
            state = fresh()

    for done in run_batches(plan, work, start=start, progress=f"lahis {run.spec.label}"):
        run.save_progress(done.step, {**finished, **state.to_arrays()})
    frames = [
        head_frame(lang, finished[f"score_{lang}"], None, samples.n_blocks)
        for lang in samples.languages
    ]
    run.write_table("head_scores", pd.concat(frames, ignore_index=True))


def head_frame(
    lang: str,
    score: NDArray[np.float64],
    interval: tuple[NDArray[np.float64], NDArray[np.float64]] | None,
    n_samples: int,
) -> pd.DataFrame:
    """Lay one language's scores out as rows of the table ``head_scores``."""
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
