"""One vector per text and point: the mean of the residual stream over the text's own tokens.

Special tokens in front (BOS) and padding are never pooled. A text's tokens are summed on their own,
so the mean does not depend on how long the batch was padded.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor


class MeanPooler:
    """Pools one batch while the model runs.

    Args:
        starts: first pooled position of each sequence (after special tokens), ``[batch]``.
        ends: its length without padding, ``[batch]``; larger than its start.
        n_points: number of points to observe.
    """

    def __init__(self, starts: Sequence[int], ends: Sequence[int], n_points: int) -> None:
        self._spans = list(zip(starts, ends, strict=True))
        self._points: list[Tensor | None] = [None] * n_points

    def observer(self, point: int) -> Callable[[Tensor], None]:
        """Return the observer of one point; it receives ``[batch, pos, d_model]``."""

        def observe(value: Tensor) -> None:
            wide = torch.promote_types(value.dtype, torch.float32)
            rows = [
                value[row, start:end].mean(0, dtype=wide)
                for row, (start, end) in enumerate(self._spans)
            ]
            self._points[point] = torch.stack(rows).float()

        return observe

    def result(self) -> Tensor:
        """Return the means, fp32 ``[point, batch, d_model]`` on the CPU."""
        found = [value.cpu() for value in self._points if value is not None]
        if len(found) < len(self._points):
            raise RuntimeError(f"{len(self._points) - len(found)} points were not observed")
        return torch.stack(found)
