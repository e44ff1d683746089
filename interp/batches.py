"""Batches that are fixed before work starts, survive a lack of memory, and show how far they are.

The composition depends on the lengths, the batch size and the kind of device only, never on how
much memory is free or how many processes take part, and it is stored with the run: in bf16 even
integer counts change with the shape of a batch. Where memory runs out a batch is halved, which is
said and recorded.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

from interp.errors import InterpError
from interp.progress import progress_bar

if TYPE_CHECKING:
    import torch

Result = TypeVar("Result")

TOKENS_PER_BATCH: Mapping[str, int] = {"cpu": 4096, "mps": 8192, "cuda": 32768}
"""``auto``: padded tokens in a batch, by kind of device. A CPU gains nothing beyond a few thousand
tokens; on a GPU 32,768 keep a 7B model's largest activation (d_mlp 11,008 in bf16) at 0.7 GB."""


@dataclass
class BatchPlan:
    """Which sequences are computed together, in which order.

    Attributes:
        batches: indices into the sequences, batch by batch, longest sequences first.
        lengths: tokens of every sequence.
        batch_size: what was asked, ``auto`` or a number of sequences.
        tokens_per_batch: the budget of ``auto``; ``None`` where a number was given.
        halvings: one entry per halving for lack of memory, in order:
            ``{"batch", "sequences", "into"}``.
    """

    batches: tuple[tuple[int, ...], ...]
    lengths: tuple[int, ...]
    batch_size: str | int
    tokens_per_batch: int | None
    halvings: list[dict[str, int]] = field(default_factory=list)

    def __len__(self) -> int:
        """The number of batches."""
        return len(self.batches)

    @property
    def padded_tokens(self) -> int:
        """Tokens computed, padding included."""
        return sum(len(b) * max(self.lengths[i] for i in b) for b in self.batches)

    def to_dict(self) -> dict[str, Any]:
        """Return the composition, JSON-able, for the run's record."""
        return {
            "batch_size": self.batch_size,
            "tokens_per_batch": self.tokens_per_batch,
            "n_batches": len(self.batches),
            "n_sequences": len(self.lengths),
            "n_tokens": sum(self.lengths),
            "n_padded_tokens": self.padded_tokens,
            "batches": [list(batch) for batch in self.batches],
            "halvings": [dict(entry) for entry in self.halvings],
        }


def plan_batches(
    lengths: Sequence[int],
    batch_size: str | int = "auto",
    device_type: str = "cpu",
    tokens_per_batch: int | None = None,
) -> BatchPlan:
    """Group sequences of similar length.

    Sequences are sorted by length, longest first (so that a lack of memory shows at once), ties by
    index, and cut into batches of ``batch_size`` sequences, or, under ``auto``, of as many as fit
    the token budget when padded to the longest.

    Args:
        lengths: tokens of every sequence, each at least 1.
        batch_size: ``auto`` or a number of sequences.
        device_type: ``cpu``, ``cuda`` or ``mps`` (an index such as ``cuda:1`` is ignored).
        tokens_per_batch: budget of ``auto``, instead of ``TOKENS_PER_BATCH[device_type]``.

    Returns:
        The plan; the same arguments always give the same plan.

    Raises:
        InterpError: for a batch size that is neither, a budget below 1, no sequences, or an empty
            one.
    """
    if not len(lengths):
        raise InterpError("there are no sequences to compute: expected at least one")
    if min(lengths) < 1:
        raise InterpError(f"sequence {list(lengths).index(min(lengths))} is empty: expected tokens")
    budget = None
    if batch_size == "auto":
        kind = str(device_type).split(":")[0]
        budget = TOKENS_PER_BATCH.get(kind, TOKENS_PER_BATCH["cpu"])
        budget = budget if tokens_per_batch is None else tokens_per_batch
        if budget < 1:
            raise InterpError(f"tokens_per_batch is {budget}: expected at least 1")
    elif isinstance(batch_size, bool) or not isinstance(batch_size, int) or batch_size < 1:
        raise InterpError(f"batch size {batch_size!r}: expected auto or a whole number >= 1")
    order = sorted(range(len(lengths)), key=lambda index: (-lengths[index], index))
    batches: list[tuple[int, ...]] = []
    start = 0
    while start < len(order):
        longest = int(lengths[order[start]])
        size = max(1, budget // longest) if budget is not None else int(batch_size)
        batches.append(tuple(order[start : start + size]))
        start += size
    return BatchPlan(tuple(batches), tuple(int(n) for n in lengths), batch_size, budget)


class BatchDone(NamedTuple, Generic[Result]):
    """One batch, computed.

    Attributes:
        step: batches done, this one included: what ``save_progress`` takes and ``start`` expects.
        pieces: ``(indices, result)`` in order; one, unless the batch had to be halved.
    """

    step: int
    pieces: list[tuple[tuple[int, ...], Result]]


def run_batches(
    plan: BatchPlan,
    work: Callable[[Sequence[int]], Result],
    *,
    start: int = 0,
    progress: str = "",
) -> Iterator[BatchDone[Result]]:
    """Compute the batches of a plan in order.

    A batch for which memory does not suffice is halved, recursively; this is said on standard
    error and recorded in ``plan.halvings``.

    Args:
        plan: from :func:`plan_batches`.
        work: computes the given indices together. It may return the result or add it up itself;
            then it must add nothing when it raises.
        start: batches that are done already.
        progress: what the progress bar says; empty for none.

    Yields:
        Every batch once it is whole, so that progress saved between two of them never holds half
        a batch.

    Raises:
        InterpError: if even one sequence alone does not fit.
    """
    with progress_bar(progress, total=len(plan.batches), done=start) as advance:
        for number in range(start, len(plan.batches)):
            pieces = list(_with_halving(plan, number, plan.batches[number], work))
            advance()
            yield BatchDone(number + 1, pieces)


def _with_halving(
    plan: BatchPlan,
    number: int,
    indices: tuple[int, ...],
    work: Callable[[Sequence[int]], Result],
) -> Iterator[tuple[tuple[int, ...], Result]]:
    waiting = [indices]
    while waiting:
        piece = waiting.pop()
        failure = ""
        result: Any = None
        try:
            result = work(piece)
        except Exception as error:
            if not is_out_of_memory(error):
                raise
            failure = str(error).splitlines()[0] if str(error) else type(error).__name__
        # Outside the handler, whose traceback would keep the failed batch's tensors alive.
        if not failure:
            yield piece, result
            continue
        _free_memory()
        if len(piece) == 1:
            raise InterpError(
                f"a single sequence of {plan.lengths[piece[0]]} tokens does not fit in memory "
                f"({failure}): use a smaller --dtype, another --device, or shorter sequences"
            )
        half = (len(piece) + 1) // 2
        plan.halvings.append({"batch": number, "sequences": len(piece), "into": half})
        print(
            f"interp: out of memory in batch {number + 1} of {len(plan)} "
            f"({len(piece)} sequences): going on with {half} at a time",
            file=sys.stderr,
            flush=True,
        )
        waiting.extend((piece[half:], piece[:half]))


def is_out_of_memory(error: BaseException) -> bool:
    """Tell a lack of memory, on any device, from every other error.

    Args:
        error: what was raised. PyTorch raises ``OutOfMemoryError`` on accelerators and a plain
            ``RuntimeError`` on CPU and in some libraries.
    """
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return True
    text = str(error).lower()
    return isinstance(error, RuntimeError) and any(
        phrase in text
        for phrase in (
            "out of memory",
            "can't allocate memory",
            "not enough memory",
            "alloc_failed",
        )
    )


def _free_memory() -> None:
    """Give cached device memory back, where torch is in use."""
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available():
        torch.cuda.empty_cache()


def pad(sequences: Sequence[Sequence[int]], pad_id: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    """Pad sequences on the right.

    Args:
        sequences: token ids, each at least one.
        pad_id: what to pad with; any valid id, since the mask hides it.

    Returns:
        ``input_ids`` int64 ``[batch, pos]`` and ``attention_mask`` int64 ``[batch, pos]``, 1 for
        real tokens.
    """
    import torch

    longest = max(len(sequence) for sequence in sequences)
    input_ids = torch.full((len(sequences), longest), pad_id, dtype=torch.int64)
    mask = torch.zeros((len(sequences), longest), dtype=torch.int64)
    for row, sequence in enumerate(sequences):
        input_ids[row, : len(sequence)] = torch.as_tensor(sequence, dtype=torch.int64)
        mask[row, : len(sequence)] = 1
    return input_ids, mask
