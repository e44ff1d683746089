"""The passes over text and facts: means, then every set on the text, then every set on the facts.

Each pass takes the same fixed batches for every set and hands its state to ``save`` after every
batch, so that a killed run goes on with the set and the batch where it was.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from interp.batches import BatchPlan, run_batches
from interp.causal.losses import MeanOutputs, n_predicted, sequence_losses
from interp.causal.sets import AblationSet
from interp.data.tokens import TokenizedCorpus
from interp.evals.option_items import OptionItem
from interp.evals.option_scores import score_batches
from interp.model import HookedModel
from interp.model.engines.base import Editor
from interp.model.interventions import ablation_edits
from interp.progress import progress_bar

Advance = Callable[[int], object]
"""Takes the number of batches of this pass that are done."""


class Ablation:
    """What stands in for the ablated heads or neurons of a set.

    Args:
        model: the checkpoint.
        part: ``heads`` or ``neurons``.
        values: their mean outputs by name, or None for zero.
    """

    def __init__(
        self, model: HookedModel, part: str, values: Mapping[str, NDArray[np.float32]] | None
    ) -> None:
        self._model, self._part = model, part
        given = values or {}
        self._values = {name: torch.from_numpy(array) for name, array in given.items()} or None

    def edits(self, one: AblationSet) -> dict[str, Editor]:
        """Editors for ``HookedModel.run``."""
        chosen: dict[str, Any] = {self._part: one.places}
        return ablation_edits(self._model.shape, **chosen, values=self._values)

    @contextmanager
    def around(self, one: AblationSet) -> Iterator[None]:
        """Ablate in whatever runs the Hugging Face model inside the block."""
        chosen: dict[str, Any] = {self._part: one.places}
        with self._model.ablate(**chosen, values=self._values):
            yield


def mean_pass(
    model: HookedModel,
    text: TokenizedCorpus,
    plan: BatchPlan,
    means: MeanOutputs,
    *,
    start: int,
    title: str,
    save: Advance,
) -> None:
    """Add up the outputs of all heads or neurons over the text."""

    def work(indices: Sequence[int]) -> NDArray[np.float64]:
        return means.of(model, [text.sequences[index] for index in indices])

    for done in run_batches(plan, work, start=start, progress=title):
        for _, sums in done.pieces:
            means.sums += sums
        save(done.step)


def text_pass(
    model: HookedModel,
    text: TokenizedCorpus,
    plan: BatchPlan,
    sets: Sequence[AblationSet],
    ablation: Ablation,
    arrays: Mapping[str, NDArray[np.float64]],
    *,
    start: int,
    title: str,
    save: Advance,
) -> None:
    """Add every set's losses to ``nats`` and ``perplexity``, each ``[set, language, block]``.

    Args:
        model: the checkpoint.
        text: the sequences.
        plan: batches over them, the same for every set.
        sets: what is ablated, one after the other.
        ablation: how.
        arrays: added to; may hold what batches before ``start`` gave. ``perplexity`` is the sum
            of exp(mean loss) over sequences.
        start: batches that are done already, over all sets.
        title: of the progress bar.
        save: called after every batch.
    """
    place = {lang: at for at, lang in enumerate(text.languages)}
    edits: dict[str, Editor] = {}

    def work(indices: Sequence[int]) -> NDArray[np.float64]:
        return sequence_losses(model, [text.sequences[index] for index in indices], edits)

    for row, first, count in _sets(len(sets), len(plan), start, title):
        edits = ablation.edits(sets[row])
        for done in run_batches(plan, work, start=first):
            for indices, losses in done.pieces:
                for index, nats in zip(indices, losses.tolist(), strict=True):
                    one = text.sequences[index]
                    if tokens := n_predicted(one):
                        cell = (row, place[one.lang], one.block)
                        arrays["nats"][cell] += nats
                        arrays["perplexity"][cell] += np.exp(nats / tokens)
            count()
            save(row * len(plan) + done.step)


def fact_pass(
    model: HookedModel,
    items: Sequence[OptionItem],
    plan: BatchPlan,
    sets: Sequence[AblationSet],
    ablation: Ablation,
    scores: NDArray[np.float64],
    *,
    share: bool,
    start: int,
    title: str,
    save: Advance,
) -> None:
    """Fill in every set's option scores, ``[set, item, option]``.

    Args:
        model: the checkpoint, with the native engine.
        items: the facts, asked in each language.
        plan: batches over them, the same for every set.
        sets: what is ablated, one after the other.
        ablation: how.
        scores: filled in; may hold what batches before ``start`` gave.
        share: whether options share their prompt.
        start: batches that are done already, over all sets.
        title: of the progress bar.
        save: called after every batch.
    """
    for row, first, count in _sets(len(sets), len(plan), start, title):
        with ablation.around(sets[row]):
            for step, pieces in score_batches(model, items, plan, share=share, start=first):
                for indices, values in pieces:
                    scores[row, list(indices)] = values
                count()
                save(row * len(plan) + step)


def _sets(
    n_sets: int, n_batches: int, start: int, title: str
) -> Iterator[tuple[int, int, Callable[[], None]]]:
    """Go through the sets that are not done: row, batches of it done, and the bar's ``count``."""
    with progress_bar(title, total=n_sets * n_batches, done=start) as count:
        for row in range(start // n_batches, n_sets):
            yield row, max(0, start - row * n_batches), count
