"""Batches that are fixed before work starts, survive a lack of memory, and show how far they are.

The composition depends on the lengths, the batch size and the kind of device only, never on how
much memory is free or how many processes take part, and it is stored with the run: in bf16 even
integer counts change with the shape of a batch. Where memory runs out a batch is halved, which is
said and recorded.

Several processes (`interp.parallel`) take the batches of a plan in turns: in each round everyone
computes one, and the results come to the first process in the plan's order, so that what it adds up
is bit for bit what one process would have.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

from interp.errors import InterpError, first_line
from interp.parallel import SharedError, Team, n_processes, team
from interp.progress import progress_bar

if TYPE_CHECKING:
    import torch

Result = TypeVar("Result")

TOKENS_PER_BATCH: Mapping[str, int] = {"cpu": 1024, "mps": 8192, "cuda": 16384}
"""``auto``: padded tokens in a batch, by kind of device. A CPU gains nothing beyond its caches. On a
GPU 16,384 keep the three activations of an MLP that a 7B model holds at once (d_mlp 11,008 in bf16)
at 1.1 GB: with the counts of LAPE less than 15 % of its weights."""


@dataclass
class BatchPlan:
    """Which sequences are computed together, in which order.

    Attributes:
        batches: indices into the sequences, batch by batch, longest sequences first.
        lengths: tokens of every sequence.
        batch_size: what was asked, ``auto`` or a number of sequences.
        tokens_per_batch: the budget of ``auto``; ``None`` where a number was given.
        halvings: one entry per halving for lack of memory, in order:
            ``{"batch", "sequences", "into"}``. What did not fit once is not tried again.
    """

    batches: tuple[tuple[int, ...], ...]
    lengths: tuple[int, ...]
    batch_size: str | int
    tokens_per_batch: int | None
    halvings: list[dict[str, int]] = field(default_factory=list)
    _looked_at: int = field(default=0, init=False, repr=False, compare=False)
    _smallest: float = field(default=float("inf"), init=False, repr=False, compare=False)

    def __len__(self) -> int:
        """The number of batches."""
        return len(self.batches)

    @property
    def padded_tokens(self) -> int:
        """Tokens computed, padding included."""
        return sum(self.padded(batch) for batch in self.batches)

    def padded(self, indices: Sequence[int]) -> int:
        """Tokens of some sequences together, padding included."""
        return len(indices) * max(self.lengths[index] for index in indices)

    @property
    def too_large(self) -> float:
        """Padded tokens of the smallest piece that did not fit in memory; infinite so far."""
        # Asked before every piece of a run that may halve thousands: only what is new is looked at.
        for one in self.halvings[self._looked_at :]:
            failed = self.padded(self.batches[one["batch"]][: one["sequences"]])
            self._smallest = min(self._smallest, failed)
        self._looked_at = len(self.halvings)
        return self._smallest

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
        work: computes the given indices together and returns the result; it may also add it up
            itself, in one process, and must then add nothing when it raises.
        start: batches that are done already.
        progress: what the progress bar says; empty for none.

    Yields:
        Every batch once it is whole, so that progress saved between two of them never holds half
        a batch. Of several processes only the first one gets them.

    Raises:
        InterpError: if even one sequence alone does not fit, and what ``work`` raises; in several
            processes everyone raises the error of the earliest batch.
    """
    for first, rounds in _rounds(plan, work, start, progress):
        for place, pieces in enumerate(rounds):
            yield BatchDone(first + place + 1, pieces)


def run_rounds(
    plan: BatchPlan,
    work: Callable[[Sequence[int]], None],
    *,
    start: int = 0,
    progress: str = "",
) -> Iterator[int]:
    """Compute the batches of a plan where ``work`` adds results up itself, in every process.

    For sums that are too large to be sent batch by batch; they have to be exact (whole numbers, or
    the best of something), since every process adds up batches of its own.

    Args:
        plan: from :func:`plan_batches`.
        work: computes the given indices and adds the result up; adds nothing when it raises.
        start: batches that are done already.
        progress: what the progress bar says; empty for none.

    Yields:
        Batches done, whenever every process has finished one: in every process the same numbers.

    Raises:
        InterpError: as :func:`run_batches`.
    """
    processes = team().size
    for first, _ in _rounds(plan, work, start, progress):
        yield min(first + processes, len(plan))


def _rounds(
    plan: BatchPlan, work: Callable[[Sequence[int]], Result], start: int, progress: str
) -> Iterator[tuple[int, list[list[tuple[tuple[int, ...], Result]]]]]:
    """One batch per process and round: its first batch, and in the first process all results."""
    processes = team()
    with progress_bar(progress, total=len(plan), done=start) as advance:
        for first in range(start, len(plan), processes.size):
            number = first + processes.rank
            own = _attempt(plan, number, work) if number < len(plan) else _Outcome()
            outcomes = [own] if processes.size == 1 else _exchange(processes, plan, own)
            count = min(processes.size, len(plan) - first)
            advance(count)
            yield first, [outcome.pieces for outcome in outcomes[:count]]


@dataclass
class _Outcome(Generic[Result]):
    """What one process made of its batch."""

    pieces: list[tuple[tuple[int, ...], Result]] = field(default_factory=list)
    halvings: list[dict[str, int]] = field(default_factory=list)
    error: str = ""


def _attempt(
    plan: BatchPlan, number: int, work: Callable[[Sequence[int]], Result]
) -> _Outcome[Result]:
    """Compute one batch; of several processes, keep a mistake for the others to hear of."""
    known = len(plan.halvings)
    try:
        pieces = list(_with_halving(plan, number, plan.batches[number], work))
    except InterpError as error:
        if n_processes() == 1:
            raise
        return _Outcome(error=str(error))
    return _Outcome(pieces, plan.halvings[known:])


def _exchange(processes: Team, plan: BatchPlan, own: _Outcome[Result]) -> list[_Outcome[Result]]:
    """Bring a round's outcomes to the first process; the others get none."""
    outcomes = processes.gather(own)
    for other in outcomes[1:]:
        plan.halvings.extend(other.halvings)
    failed = next((outcome.error for outcome in outcomes if outcome.error), "")
    if failed := processes.share(failed):
        raise SharedError(failed)
    return outcomes


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
        if len(piece) > 1 and plan.padded(piece) >= plan.too_large:
            waiting.extend(_halves(plan, number, piece))  # as large a piece has failed before
            continue
        try:
            result = work(piece)
        except Exception as error:
            if not is_out_of_memory(error):
                raise
            failure = first_line(error)
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
        halves = _halves(plan, number, piece)
        print(
            f"interp: out of memory in batch {number + 1} of {len(plan)} "
            f"({len(piece)} sequences): going on with {len(halves[1])} at a time",
            file=sys.stderr,
            flush=True,
        )
        waiting.extend(halves)


def _halves(
    plan: BatchPlan, number: int, piece: tuple[int, ...]
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Cut a piece in two and note it; the second half comes first, to be taken last."""
    half = (len(piece) + 1) // 2
    plan.halvings.append({"batch": number, "sequences": len(piece), "into": half})
    return piece[half:], piece[:half]


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
