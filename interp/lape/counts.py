"""Count, while a model runs, on how many tokens each MLP neuron is active.

Exact: a count is a sum of ones over the real tokens of one sequence, in integers, so it does not
depend on how sequences were batched (beyond what batching does to the activations themselves), and
sums over sequences, blocks and languages stay exact.

Small: what a batch adds is kept per sequence until its forward pass is over (one that runs out of memory must add
nothing), in two bytes a neuron, since no sequence has more tokens than they hold; in eight they would take gigabytes
of a 7B model where a corpus is of short texts.

Cheap: the authors' script copies every activation to float32, applies SiLU, compares, sums in
float and computes logits nobody reads, which makes the forward pass about 1.5 times as long. Here a
value is read once: SiLU and GELU have the sign of their input, so the comparison needs no
activation. On a CPU comparison results are bytes that are summed eight at a time, and half precision is
compared by its bits, without a conversion; elsewhere one comparison and one reduction per layer serve
all sequences.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from interp.lape.entropy import Integers

_BYTE_ROWS = 255
"""Zeros and ones can be summed in bytes over this many positions without overflow."""

_SHORT = 2**15 - 1
"""Tokens of a sequence up to which its counts are kept in two bytes."""

_INFINITY = {torch.bfloat16: 0x7F80, torch.float16: 0x7C00}
"""Bits of infinity: those of positive numbers are 1 up to here, zero is below, and NaN and everything
with a sign above."""

_SITES = {
    "gate": "blocks.{}.mlp.hook_pre",
    "gate_times_up": "blocks.{}.mlp.hook_post",
    "up": "blocks.{}.mlp.hook_pre_linear",
}


def activation_site(layer: int, activation: str, *, gated: bool) -> str:
    """Name the site whose sign says whether the neurons of a layer are active.

    Args:
        layer: 0-based layer.
        activation: ``LapeOptions.activation``.
        gated: whether the MLP is gated; where it is not, ``up`` is the one pre-activation.
    """
    name = _SITES["gate" if activation == "up" and not gated else activation]
    return name.format(layer)


class SequenceCounter:
    """Counts active tokens per sequence, layer and neuron for one batch.

    Args:
        starts: first counted position of each sequence (after special tokens), ``[batch]``.
        ends: its length without padding, ``[batch]``.
        n_layers: number of layers to observe.
    """

    def __init__(self, starts: Sequence[int], ends: Sequence[int], n_layers: int) -> None:
        self._starts, self._ends = list(starts), list(ends)
        self._seen = [False] * n_layers
        # [batch, layer, neuron], and what stays on another device until the end, [batch, neuron]
        self._counts: NDArray[Any] | None = None
        self._elsewhere: dict[int, torch.Tensor] = {}
        self._short = max(self._ends, default=0) <= _SHORT
        self._above: torch.Tensor | None = None
        self._bytes: NDArray[np.bool_] | None = None

    def observer(self, layer: int) -> Callable[[torch.Tensor], None]:
        """Return the observer of one layer; it receives ``[batch, pos, neuron]``."""

        def observe(value: torch.Tensor) -> None:
            value = value.detach()
            if value.device.type == "cpu":
                self._count_bytes(layer, value)
            else:
                self._elsewhere[layer] = self.count_together(value)
            self._seen[layer] = True

        return observe

    def result(self) -> Integers:
        """Return the counts of the batch, ``[batch, layer, neuron]``, in two or four bytes each.

        Raises:
            RuntimeError: when a layer was not observed.
        """
        missing = [layer for layer, seen in enumerate(self._seen) if not seen]
        if missing:
            raise RuntimeError(f"layers {missing} were never observed")
        for layer, counts in self._elsewhere.items():
            self._room(counts.shape[1])[:, layer] = counts.cpu().numpy()
        assert self._counts is not None
        return self._counts

    def _room(self, n_neurons: int) -> NDArray[Any]:
        if self._counts is None:
            kind = np.uint16 if self._short else np.uint32
            self._counts = np.zeros((len(self._starts), len(self._seen), n_neurons), dtype=kind)
        return self._counts

    def _count_bytes(self, layer: int, value: torch.Tensor) -> None:
        # numpy, not torch: its comparison to bytes is 7 times faster on one core, and it does
        # not wake the thread pool for a memory-bound pass of 0.3 ms
        infinity = _INFINITY.get(value.dtype)
        numbers = (value if infinity is None else value.view(torch.int16)).numpy()
        n_pos, n_neurons = numbers.shape[1:]
        width = -(-n_neurons // 8) * 8
        counts = self._room(n_neurons)[:, layer]
        counts[...] = 0
        if self._bytes is None or self._bytes.shape[1] != width:
            self._bytes = np.zeros((min(_BYTE_ROWS, n_pos), width), dtype=np.bool_)
        for row, (start, end) in enumerate(zip(self._starts, self._ends, strict=True)):
            for low in range(start, end, _BYTE_ROWS):
                high = min(low + _BYTE_ROWS, end)
                active = self._bytes[: high - low]
                part = numbers[row, low:high]
                if infinity is None:
                    np.greater(part, 0, out=active[:, :n_neurons])
                else:  # zero becomes the largest number, so that one comparison has both bounds
                    bits = part.view(np.uint16) - np.uint16(1)
                    np.less(bits, np.uint16(infinity), out=active[:, :n_neurons])
                packed = np.add.reduce(active.view(np.uint64), axis=0)  # 8 byte sums per word
                counts[row] += packed.view(np.uint8)[:n_neurons]

    def count_together(self, value: torch.Tensor) -> torch.Tensor:
        """Count all sequences of one layer at once, as is done on every device but the CPU.

        What is not counted is compared with infinity, which nothing exceeds: so there is one pass
        over the values and one over the bytes that it gives.

        Args:
            value: ``[batch, pos, neuron]``, of any floating type.

        Returns:
            ``[batch, neuron]`` on the same device.
        """
        above = self._above
        if above is None or above.device != value.device:
            position = torch.arange(value.shape[1])
            inside = position >= torch.tensor(self._starts)[:, None]
            inside &= position < torch.tensor(self._ends)[:, None]
            above = torch.zeros(inside.shape, dtype=value.dtype).masked_fill(~inside, torch.inf)
            above = self._above = above[:, :, None].to(value.device)
        counts = (value > above).sum(dim=1, dtype=torch.int32)
        return counts.to(torch.int16) if self._short else counts


class BlockCounts:
    """Activation counts per text block and language, kept as small as they can be.

    Args:
        tokens: tokens that will be counted, ``[block, language]``; they bound every count.
        n_layers: number of layers.
        n_neurons: neurons per layer.

    Attributes:
        counts: ``[block, language, layer, neuron]``, uint16 where the budget of a block fits
            (0.54 GB for a 7B model, 12 languages and 64 blocks), else uint32.
    """

    def __init__(self, tokens: Integers, n_layers: int, n_neurons: int) -> None:
        small = int(tokens.max(initial=0)) <= np.iinfo(np.uint16).max
        self.counts = np.zeros(
            (*tokens.shape, n_layers, n_neurons), dtype=np.uint16 if small else np.uint32
        )

    def add(self, batch: Integers, blocks: Sequence[int], languages: Sequence[int]) -> None:
        """Add the counts of one batch.

        Args:
            batch: ``[sequence, layer, neuron]``.
            blocks: block of each sequence.
            languages: language index of each sequence.
        """
        for counts, block, language in zip(batch, blocks, languages, strict=True):
            self.counts[block, language] += counts.astype(self.counts.dtype)


def narrowed(counts: Integers) -> Integers:
    """Return counts in the smallest unsigned type that holds them, as they are stored.

    Args:
        counts: whole numbers, not negative, of any shape.

    Returns:
        The same numbers; whoever adds them up has to name a wider type, and whoever subtracts them
        a signed one.
    """
    largest = int(counts.max(initial=0))
    kinds = (np.uint8, np.uint16, np.uint32, np.uint64)
    return counts.astype(next(k for k in kinds if largest <= np.iinfo(k).max), copy=False)
