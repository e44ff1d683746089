"""The texts that excite each selected neuron most, found in one pass with bounded memory.

For every selected neuron and language the ``k`` sequences with the highest peak are kept, each with
a window of activations around its peak. State is ``[neuron, language, k]`` however long the corpus
is. Equal peaks go to the earlier sequence, so the result does not depend on the order of batches.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from interp.data.token_text import token_pieces
from interp.data.tokens import TokenSequence
from interp.lape.entropy import Integers
from interp.parallel import Team

BEFORE, AFTER = 20, 11
"""Tokens shown before and after the peak: mostly what the neuron had read when it fired."""

_NOTHING = -1


class TopExamples:
    """The ``k`` strongest sequences of each neuron and language so far.

    Args:
        n_neurons: number of selected neurons.
        n_languages: number of languages.
        k: examples per neuron and language.
    """

    def __init__(self, n_neurons: int, n_languages: int, k: int) -> None:
        shape = (n_neurons, n_languages, k)
        self._peak = np.full(shape, -np.inf, dtype=np.float32)
        self._sequence = np.full(shape, _NOTHING, dtype=np.int32)
        self._position = np.full(shape, _NOTHING, dtype=np.int32)
        self._window = np.full((*shape, BEFORE + 1 + AFTER), np.nan, dtype=np.float32)

    def state(self) -> dict[str, NDArray[Any]]:
        """Return everything, as named arrays, for ``save_progress``."""
        return {
            "example_peak": self._peak,
            "example_sequence": self._sequence,
            "example_position": self._position,
            "example_window": self._window,
        }

    def restore(self, state: dict[str, NDArray[Any]]) -> None:
        """Continue from what ``state`` returned."""
        self._peak = state["example_peak"].copy()
        self._sequence = state["example_sequence"].copy()
        self._position = state["example_position"].copy()
        self._window = state["example_window"].copy()

    def gather(self, processes: Team) -> None:
        """Bring what every process has found to the first one; the others start anew.

        The ``k`` strongest of all are the same, whoever has seen which sequence.

        Args:
            processes: of this run.
        """
        if processes.size == 1:
            return
        states = processes.gather(self.state())
        if not states:
            self._peak[...], self._sequence[...] = -np.inf, _NOTHING
            return
        merged = {name: np.concatenate([one[name] for one in states], axis=2) for name in states[0]}
        # strongest first, of equal peaks the earlier sequence
        order = np.lexsort((merged["example_sequence"], -merged["example_peak"]), axis=2)
        order = order[:, :, : self._peak.shape[2]]
        windows = np.take_along_axis(merged.pop("example_window"), order[..., None], axis=2)
        chosen = {name: np.take_along_axis(array, order, 2) for name, array in merged.items()}
        self.restore({**chosen, "example_window": windows})

    def offer(
        self,
        sequence: int,
        language: int,
        peak: NDArray[np.float32],
        position: Integers,
        window: NDArray[np.float32],
    ) -> None:
        """Offer one sequence to all neurons.

        Args:
            sequence: its index in the corpus.
            language: index of its language.
            peak: highest activation, ``[neuron]``; sequences without a positive one are ignored.
            position: where it is, ``[neuron]``.
            window: activations around it, ``[neuron, BEFORE + 1 + AFTER]``.
        """
        kept, places = self._peak[:, language], self._sequence[:, language]
        # the slot to give up: the lowest peak; among equal ones, the latest sequence
        lowest = kept == kept.min(axis=1, keepdims=True)
        slot = np.where(lowest, places, np.iinfo(np.int32).min).argmax(axis=1)
        rows = np.arange(len(peak))
        worst, latest = kept[rows, slot], places[rows, slot]
        better = (peak > worst) | ((peak == worst) & (sequence < latest))
        rows = np.flatnonzero(better & (peak > 0))
        slot = slot[rows]
        self._peak[rows, language, slot] = peak[rows]
        self._sequence[rows, language, slot] = sequence
        self._position[rows, language, slot] = position[rows]
        self._window[rows, language, slot] = window[rows]

    def ranked(self, neuron: int, language: int) -> list[tuple[int, int, NDArray[np.float32]]]:
        """Return (sequence, position, window) of one neuron and language, strongest first."""
        peak, places = self._peak[neuron, language], self._sequence[neuron, language]
        return [
            (int(places[i]), int(self._position[neuron, language, i]),
             self._window[neuron, language, i])
            for i in np.lexsort((places, -peak))
            if places[i] != _NOTHING
        ]  # fmt: skip


@dataclass
class PeakFinder:
    """Finds, for one batch, every selected neuron's peak in every sequence.

    Attributes:
        starts: first position of each sequence after special tokens, ``[batch]``.
        ends: its length without padding, ``[batch]``.
        columns: layer to the selected neurons of that layer.
    """

    starts: Sequence[int]
    ends: Sequence[int]
    columns: dict[int, Integers]

    def __post_init__(self) -> None:
        """Start with nothing observed."""
        self._found: dict[int, tuple[torch.Tensor, ...]] = {}

    def observer(self, layer: int) -> Callable[[torch.Tensor], None]:
        """Return the observer of one layer; it receives ``[batch, pos, neuron]``."""

        def observe(value: torch.Tensor) -> None:
            columns = torch.as_tensor(self.columns[layer], device=value.device)
            value = value.detach().index_select(2, columns).float()
            starts = torch.as_tensor(self.starts, device=value.device)[:, None]
            ends = torch.as_tensor(self.ends, device=value.device)[:, None]
            place = torch.arange(value.shape[1], device=value.device)
            counted = (place >= starts) & (place < ends)
            peak, at = value.masked_fill(~counted[:, :, None], -torch.inf).max(dim=1)
            around = at[:, None] + torch.arange(-BEFORE, AFTER + 1, device=value.device)[:, None]
            inside = (around >= starts[:, :, None]) & (around < ends[:, :, None])
            window = value.gather(1, around.clamp(0, value.shape[1] - 1))
            window = window.masked_fill(~inside, torch.nan)
            # Fetched at the end: to wait for a GPU at every layer would leave it idle.
            self._found[layer] = (peak, at, window)

        return observe

    def offer_to(
        self, top: TopExamples, sequences: Sequence[int], languages: Sequence[int]
    ) -> None:
        """Hand the peaks over, neurons in the order of ``columns``.

        Args:
            top: where to.
            sequences: index in the corpus of each sequence of the batch.
            languages: language index of each.
        """
        found = [tuple(part.cpu().numpy() for part in self._found[layer]) for layer in self.columns]
        peak, at, window = (np.concatenate(parts, axis=-1) for parts in zip(*found, strict=True))
        for row, (sequence, language) in enumerate(zip(sequences, languages, strict=True)):
            top.offer(sequence, language, peak[row], at[row], window[row].T)


def examples_frame(
    top: TopExamples,
    columns: dict[int, Integers],
    sequences: Sequence[TokenSequence],
    languages: Sequence[str],
    tokenizer: Any,
) -> pd.DataFrame:
    """Lay the examples out as the table ``neuron_examples`` (without ``run_id``).

    Args:
        top: the examples, neurons in the order of ``columns``.
        columns: layer to the selected neurons of that layer.
        sequences: the corpus' sequences.
        languages: names of the language axis.
        tokenizer: decodes the window.

    Returns:
        Columns ``layer, neuron, lang, rank, text, tokens, activations``: one row per selected
        neuron, language and rank (0-based). ``tokens`` are pieces of ``text``, which they join to
        (`interp.data.token_text.token_pieces`); ``activations`` are values at the observed site,
        one per token of the window.
    """
    rows = []
    neurons = [(layer, int(neuron)) for layer, chosen in columns.items() for neuron in chosen]
    for index, (layer, neuron) in enumerate(neurons):
        for language, lang in enumerate(languages):
            for rank, (place, at, window) in enumerate(top.ranked(index, language)):
                sequence = sequences[place]
                low = max(sequence.n_special, at - BEFORE)
                ids = sequence.ids[low : at + AFTER + 1].tolist()
                offset = low - (at - BEFORE)
                pieces = token_pieces(tokenizer, ids)
                rows.append(
                    {
                        "layer": layer,
                        "neuron": neuron,
                        "lang": lang,
                        "rank": rank,
                        "text": "".join(pieces),
                        "tokens": pieces,
                        "activations": window[offset : offset + len(ids)].tolist(),
                    }
                )
    names = ["layer", "neuron", "lang", "rank", "text", "tokens", "activations"]
    return pd.DataFrame(rows, columns=names)
