"""The two passes of LAPE over the text: count every neuron, then find texts for the selected ones.

Both run the transformer body only (no unembedding), in the same fixed batches, and both say how many
are done after every one, so that a killed run goes on where it was. Of several processes each counts,
and looks for texts, in batches of its own; bringing that together is the caller's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import torch

from interp.batches import BatchPlan, pad, run_rounds
from interp.data.tokens import TokenizedCorpus
from interp.errors import InterpError
from interp.lape.counts import BlockCounts, SequenceCounter, activation_site
from interp.lape.entropy import Integers
from interp.lape.examples import PeakFinder, TopExamples
from interp.model import HookedModel
from interp.model.engines.base import Observer


class Passes:
    """Both passes, and what they need to know: model, text, batches, and which sites to watch.

    Args:
        model: the checkpoint.
        text: the sequences.
        plan: batches over ``text.sequences``.
        activation: ``LapeOptions.activation``.
        label: the checkpoint's name, for the progress bar.
    """

    def __init__(
        self,
        model: HookedModel,
        text: TokenizedCorpus,
        plan: BatchPlan,
        activation: str,
        label: str,
    ) -> None:
        self._model, self._text, self._plan, self._label = model, text, plan, label
        gated = model.shape.gated
        self._sites = [
            activation_site(layer, activation, gated=gated) for layer in range(model.shape.n_layers)
        ]
        self._place = {lang: place for place, lang in enumerate(text.languages)}

    def count(self, counts: BlockCounts, start: int) -> Iterator[int]:
        """Count active tokens per block, language, layer and neuron.

        Args:
            counts: added to; may hold what batches before ``start`` gave.
            start: batches that are done already.

        Yields:
            Batches done, after every one.
        """
        layers = range(self._model.shape.n_layers)

        def work(indices: Sequence[int]) -> None:
            counter = SequenceCounter(*self._spans(indices), len(layers))
            self._forward(indices, {self._sites[i]: counter.observer(i) for i in layers})
            blocks = [self._text.sequences[i].block for i in indices]
            counts.add(counter.result(), blocks, self._languages(indices))

        title = f"lape {self._label}: counts"
        yield from run_rounds(self._plan, work, start=start, progress=title)

    def find_examples(
        self, top: TopExamples, columns: Mapping[int, Integers], start: int
    ) -> Iterator[int]:
        """Find the sequences that excite the selected neurons most.

        Args:
            top: added to.
            columns: layer to its selected neurons.
            start: batches that are done already.

        Yields:
            Batches done, after every one.
        """

        def work(indices: Sequence[int]) -> None:
            finder = PeakFinder(*self._spans(indices), dict(columns))
            self._forward(indices, {self._sites[i]: finder.observer(i) for i in columns})
            finder.offer_to(top, indices, self._languages(indices))

        title = f"lape {self._label}: examples"
        yield from run_rounds(self._plan, work, start=start, progress=title)

    def _spans(self, indices: Sequence[int]) -> tuple[list[int], list[int]]:
        chosen = [self._text.sequences[index] for index in indices]
        return [s.n_special for s in chosen], [len(s.ids) for s in chosen]

    def _languages(self, indices: Sequence[int]) -> list[int]:
        return [self._place[self._text.sequences[index].lang] for index in indices]

    def _forward(self, indices: Sequence[int], observe: Mapping[str, Observer]) -> None:
        ids, mask = pad([self._text.sequences[index].ids.tolist() for index in indices])
        full = bool(mask.all())
        with torch.inference_mode():
            body = self._model.run(ids, None if full else mask, observe=observe, output="body")
            finite = body if full else body[mask.to(body.device).bool()]
            if not bool(torch.isfinite(finite).all()):
                raise InterpError(
                    f"activations of {self._model.name!r} are not finite in {self._model.dtype}: "
                    "a half-precision checkpoint may have overflowed; try --dtype float32"
                )
