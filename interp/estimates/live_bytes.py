"""Counts the bytes of tensors that are alive, operation by operation.

Under PyTorch's ``FakeTensorMode`` tensors have sizes and no content, so the largest batch of a 7B
model is gone through in a second, on any machine, and what is alive at once is what a run would
hold: whatever the family's code keeps, casts or frees, and what autograd saves.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterable
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves


class LiveBytes(TorchDispatchMode):
    """Counts what is allocated while it is active.

    Args:
        known: tensors that are there already and are not counted, such as parameters.

    Attributes:
        live: bytes alive now.
        peak: the most that were.
    """

    def __init__(self, known: Iterable[torch.Tensor] = ()) -> None:
        super().__init__()
        self.live = self.peak = 0
        self._seen: dict[int, weakref.ref[Any]] = {}
        for tensor in known:
            self._see(tensor.untyped_storage(), 0)

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Run the operation and count storages that it made."""
        out = func(*args, **(kwargs or {}))
        for value in tree_leaves(out):
            if isinstance(value, torch.Tensor):
                storage = value.untyped_storage()
                self._see(storage, storage.nbytes())
        return out

    def _see(self, storage: Any, size: int) -> None:
        key = id(storage)
        if key in self._seen and self._seen[key]() is storage:
            return

        def gone(_: Any) -> None:
            self.live -= size
            self._seen.pop(key, None)

        self._seen[key] = weakref.ref(storage, gone)
        self.live += size
        self.peak = max(self.peak, self.live)
