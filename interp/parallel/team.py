"""The processes of one run, talking through ``torch.distributed`` (gloo, on the CPU).

Results are arrays in main memory by the time they are gathered, so nothing here needs a GPU's
collectives, and the same code serves a laptop. Messages are Python objects that
``torch.distributed`` pickles between the processes of one launch; none is written to a file or read
from anyone else.
"""

from __future__ import annotations

import atexit
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

from interp.errors import InterpError, first_line
from interp.parallel.launched import n_processes, rank

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Value = TypeVar("Value")

PATIENCE = timedelta(hours=12)
"""How long a process waits for the others: the first one selects and writes meanwhile."""

_CHUNK = 2**24
"""Numbers added up at a time: 64 MiB in int32."""


class SharedError(InterpError):
    """A mistake that every process has been told of; each raises it, and the first one says it."""


class ProcessGone(InterpError):
    """Another process has stopped; it has said why."""


@dataclass(frozen=True)
class Team:
    """The processes that were started together.

    Attributes:
        rank: this one's number.
        size: how many there are.
    """

    rank: int = 0
    size: int = 1

    @property
    def is_first(self) -> bool:
        """Whether this process writes the study."""
        return self.rank == 0

    def share(self, value: Value) -> Value:
        """Give everyone the first process's value.

        Args:
            value: of the first process; what the others pass is ignored.
        """
        if self.size == 1:
            return value
        box = [value if self.is_first else None]
        _together("broadcast_object_list", box, src=0)
        found: Any = box[0]
        return found  # type: ignore[no-any-return]

    def gather(self, value: Value) -> list[Value]:
        """Bring everyone's value to the first process, in the order of their ranks.

        Returns:
            The values in the first process; an empty list in the others.
        """
        if self.size == 1:
            return [value]
        found: list[Any] | None = [None] * self.size if self.is_first else None
        _together("gather_object", value, found, dst=0)
        return found or []

    def from_first(self, work: Callable[[], Value]) -> Value:
        """Do something in the first process only, and give everyone the result.

        Args:
            work: what to do.

        Raises:
            SharedError: in every process, where ``work`` raised ``InterpError`` in the first.
        """
        if self.size == 1:
            return work()
        answer: tuple[Any, str] = (None, "")
        if self.is_first:
            try:
                answer = (work(), "")
            except InterpError as error:
                answer = (None, str(error) or type(error).__name__)
        value, message = self.share(answer)
        if message:
            raise SharedError(message)
        found: Value = value
        return found

    def add_up(self, counts: NDArray[np.integer[Any]]) -> None:
        """Add everyone's whole numbers up in the first process, exactly, and start anew elsewhere.

        Args:
            counts: whole numbers, of any shape, changed in place: in the first process to the sum
                over all, in the others to zero. Every sum has to fit the array's type and int64.
        """
        if self.size == 1:
            return
        import torch

        # No collective adds unsigned 16-bit numbers, and a wider copy of all would take too much.
        wide = torch.int32 if counts.dtype.itemsize <= 2 else torch.int64
        flat = counts.reshape(-1)
        for start in range(0, flat.size, _CHUNK):
            part = flat[start : start + _CHUNK]
            sums = torch.from_numpy(part.astype("int64")).to(wide)
            _together("reduce", sums, dst=0)
            part[...] = sums.numpy().astype(part.dtype) if self.is_first else 0


def team() -> Team:
    """Return the processes of this launch; several are connected on the first call.

    Raises:
        InterpError: if they cannot be connected.
    """
    # Asked anew each time: tests and notebooks may come after a launcher's variables were set.
    size = n_processes()
    return _connected(rank(), size) if size > 1 else Team()


@cache
def _connected(own: int, size: int) -> Team:
    import torch.distributed as dist

    if not dist.is_available():
        raise InterpError(f"{size} processes: this build of torch has no torch.distributed")
    if not dist.is_initialized():
        try:
            dist.init_process_group("gloo", timeout=PATIENCE)
        except (ValueError, RuntimeError) as error:
            raise InterpError(
                f"the {size} processes cannot be connected ({first_line(error)}): start them with "
                "torchrun or accelerate launch"
            ) from error
        atexit.register(_leave)
    return Team(own, size)


def _leave() -> None:
    import torch.distributed as dist

    if dist.is_initialized():
        dist.destroy_process_group()


def _together(name: str, *arguments: Any, **named: Any) -> None:
    """Call a collective; if another process is gone, say so in a line."""
    import torch.distributed as dist

    group = _group()
    try:
        getattr(dist, name)(*arguments, **named, group=group)
    except RuntimeError as error:
        raise ProcessGone(
            f"another process of this run has stopped ({first_line(error)}): what it said stands above; "
            "the same command goes on from the last progress"
        ) from error


@cache
def _group() -> Any:
    """The group of all: the default one, or a gloo one beside a default of another kind."""
    import torch.distributed as dist

    return (
        None if dist.get_backend() == "gloo" else dist.new_group(backend="gloo", timeout=PATIENCE)
    )
