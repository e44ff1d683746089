"""Log-likelihoods of options, the prompt computed once for all of them.

Score(option) = sum over its tokens of log p(token | prompt, earlier tokens), see docs/methods.md. A row of
the network's input holds the prompt and behind it the options side by side
(`interp.model.branches`); a family that cannot take the mask this needs is noticed on the first
items, and its options are then rows of their own, which costs several times as much.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from interp.batches import BatchPlan, plan_batches, run_batches
from interp.evals.option_items import OptionItem
from interp.model import HookedModel
from interp.model.branches import Prompt, branch_scores, sharing_works

_CHECKED = 4
"""Items on which sharing proves itself."""


def can_share(model: HookedModel, items: Sequence[OptionItem]) -> bool:
    """Whether the model gives the same numbers when options share their prompt."""
    some = sorted(items, key=lambda item: item.width)[-_CHECKED:]  # long ones meet any window
    return sharing_works(model.model, [_prompt(item) for item in some])


def plan(model: HookedModel, items: Sequence[OptionItem], batch_size: str | int) -> BatchPlan:
    """Fix the batches; see `interp.batches.plan_batches`."""
    return plan_batches([item.width for item in items], batch_size, model.device.type)


def score_batches(
    model: HookedModel,
    items: Sequence[OptionItem],
    batches: BatchPlan,
    *,
    share: bool,
    start: int = 0,
    progress: str = "",
) -> Iterator[tuple[int, list[tuple[tuple[int, ...], NDArray[np.float64]]]]]:
    """Score the items batch by batch.

    Args:
        model: the checkpoint. Heads or neurons ablated around this call are ablated in it.
        items: the items.
        batches: from `plan`.
        share: whether options share their prompt, see `can_share`.
        start: batches that are done already.
        progress: title of the progress bar; empty for none.

    Yields:
        Batches done, and pieces of (indices of items, scores ``[item of the piece, option]``,
        natural log, summed over tokens in float64).
    """

    def work(indices: Sequence[int]) -> NDArray[np.float64]:
        prompts = [_prompt(items[index]) for index in indices]
        with torch.inference_mode():
            # One forward where prompts are shared; else rows of the same total length.
            longest = None if share else max(batches.lengths[index] for index in indices)
            scores = branch_scores(
                model.model,
                prompts,
                share=share,
                batch_tokens=None if longest is None else longest * len(indices),
            )
        sums = scores.logprobs.double().sum(-1).cpu().numpy()
        found: NDArray[np.float64] = sums.reshape(len(indices), -1)
        return found

    for done in run_batches(batches, work, start=start, progress=progress):
        yield done.step, done.pieces


def score_options(
    model: HookedModel,
    items: Sequence[OptionItem],
    *,
    batch_size: str | int = "auto",
    share: bool | None = None,
    progress: str = "",
) -> NDArray[np.float64]:
    """Score all items.

    Args:
        model: the checkpoint.
        items: the items, each with the same number of options.
        batch_size: items in a batch, or ``auto``.
        share: whether options share their prompt; checked on the model when omitted.
        progress: title of the progress bar; empty for none.

    Returns:
        Sums of log-probabilities ``[item, option]`` in nats.
    """
    share = can_share(model, items) if share is None else share
    batches = plan(model, items, batch_size)
    scores = np.full((len(items), len(items[0].options)), np.nan)
    for _, pieces in score_batches(model, items, batches, share=share, progress=progress):
        for indices, values in pieces:
            scores[list(indices)] = values
    return scores


def _prompt(item: OptionItem) -> Prompt:
    return Prompt(item.prompt, item.options)
