"""Pairs whose statistics derive from means over units: accuracies, lens curves, cosines; pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from interp.stats.pair import Floats, Statistic, Values

_AT_ONCE = 1 << 24
"""Numbers of one batch of means, so that memory stays bounded."""


@dataclass(frozen=True)
class LinearPair:
    """Two checkpoints whose units carry numbers that are averaged.

    Attributes:
        base: sums of each unit, ``[unit, column]``, finite; 0 where the unit carries nothing.
        base_size: what they are divided by, ``[unit, column]``, 0 where it carries nothing.
        model: the same of the model. Where paired, unit i is the same in both.
        model_size: the same of the model.
        derive: means ``[replicate, column]`` to levels ``[replicate, statistic]``; not a number where
            its means are not.
        statistics: what the levels are; all of kind ``difference``.
        behind: how much of ``Statistic.behind_what`` stands behind each, ``[statistic]``.
        paired: whether unit i is the same in both.
        unit: what the units are, in the plural.
        exchangeable: whether units of one can stand in for units of the other.
    """

    base: Floats
    base_size: Floats
    model: Floats
    model_size: Floats
    derive: Callable[[Floats], Floats]
    statistics: tuple[Statistic, ...]
    behind: NDArray[np.int64]
    paired: bool
    unit: str
    exchangeable: bool = True

    @property
    def n_base(self) -> int:
        """Units of the base."""
        return len(self.base)

    @property
    def n_model(self) -> int:
        """Units of the model."""
        return len(self.model)

    @property
    def batch(self) -> int:
        """Replicates at a time."""
        return int(max(1, min(500, _AT_ONCE // max(self.base.shape[1], 1))))

    def pool(self, base: Floats | None, model: Floats | None) -> Floats:
        """Average weighted units, ``[replicate, column]``."""
        given = [
            (weights @ sums, weights @ sizes)
            for weights, sums, sizes in (
                (base, self.base, self.base_size),
                (model, self.model, self.model_size),
            )
            if weights is not None
        ]
        top, size = (np.sum(part, axis=0) for part in zip(*given, strict=True))
        return np.divide(top, size, out=np.full(top.shape, np.nan), where=size > 0)

    def compare(self, first: Floats, second: Floats) -> Values:
        """Levels of both sides and their differences."""
        return Values.of_levels(self.derive(first), self.derive(second), self.behind)
