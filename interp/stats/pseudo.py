"""Pairs of checkpoints whose true difference is known, made from a real pair; pure.

The verdict's rule is calibrated on pairs without a difference and its power on pairs with a planted one
(docs/comparison.md, Calibration). All of them are a real pair with other weights: which of its units
stand on which side.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from interp.stats.pair import Floats, Pair, Statistic, Values

Places = NDArray[np.int64]
"""Where each new unit comes from: place of a real unit, -1 for none of them."""


@dataclass(frozen=True)
class Rearranged:
    """A pair made of another pair's units.

    Attributes:
        pair: the real pair.
        base_from_base: the real base's unit that each unit of the new base is, ``[new unit]``.
        base_from_model: the same in the real model; exactly one of the two is not -1.
        model_from_base: the real base's unit that each unit of the new model is.
        model_from_model: the same in the real model.
        paired: whether unit i is the same in both.
        exchangeable: whether units of one can stand in for units of the other.
    """

    pair: Pair
    base_from_base: Places
    base_from_model: Places
    model_from_base: Places
    model_from_model: Places
    paired: bool
    exchangeable: bool

    @property
    def n_base(self) -> int:
        """Units of the new base."""
        return len(self.base_from_base)

    @property
    def n_model(self) -> int:
        """Units of the new model."""
        return len(self.model_from_model)

    @property
    def statistics(self) -> tuple[Statistic, ...]:
        """Those of the real pair."""
        return self.pair.statistics

    @property
    def unit(self) -> str:
        """What the units are, in the plural."""
        return self.pair.unit

    @property
    def batch(self) -> int:
        """Replicates at a time."""
        return self.pair.batch

    def pool(self, base: Floats | None, model: Floats | None) -> Any:
        """Pool the real pair's units under the weights of the new ones."""
        n_base, n_model = self.pair.n_base, self.pair.n_model
        return self.pair.pool(
            _sum(
                _onto(base, self.base_from_base, n_base), _onto(model, self.model_from_base, n_base)
            ),
            _sum(
                _onto(base, self.base_from_model, n_model),
                _onto(model, self.model_from_model, n_model),
            ),
        )

    def compare(self, first: Any, second: Any) -> Values:
        """Compute the real pair's statistics."""
        return self.pair.compare(first, second)


def halves_of_base(pair: Pair, chosen: ArrayLike) -> Rearranged:
    """Hold the base on some of its units against the base on its other units.

    Nothing differs but the units: calibration (i), unpaired.

    Args:
        pair: the real pair; its model plays no part.
        chosen: true for the units that the new base keeps, ``[unit]``; the new model gets the others.

    Returns:
        An unpaired pair, its units in the order of the real base's.
    """
    mine = _places(chosen, pair.n_base)
    if not 0 < mine.sum() < pair.n_base:
        raise ValueError(
            f"{mine.sum()} of {pair.n_base} units chosen: both sides need one at least"
        )
    first, second = np.flatnonzero(mine), np.flatnonzero(~mine)
    return Rearranged(
        pair, first, _none(first), second, _none(second), paired=False, exchangeable=True
    )


def swapped(pair: Pair, moved: ArrayLike) -> Rearranged:
    """Make two pseudo-checkpoints by exchanging base and model in some units.

    With units chosen by coin, no label differs from the other: calibration (ii), paired.

    Args:
        pair: the real pair; paired, and each side's units able to stand in for the other's.
        moved: true for the units that change sides, ``[unit]``.

    Returns:
        A paired pair of the same units.
    """
    if not (pair.paired and pair.exchangeable):
        raise ValueError("labels can be exchanged only in a paired, exchangeable pair")
    away, every = _places(moved, pair.n_base), np.arange(pair.n_base)
    stay, go = np.where(away, -1, every), np.where(away, every, -1)
    return Rearranged(pair, stay, go, go, stay, paired=True, exchangeable=True)


def subset(pair: Pair, base: ArrayLike, model: ArrayLike | None = None) -> Rearranged:
    """Keep some units, for power at a stated number of them.

    Args:
        pair: the real pair.
        base: places of the base's units in the order wanted, ``[new unit]``; a place given twice
            makes two units, so places drawn with replacement are a sample from these units.
        model: the same of the model's; those of the base in a paired pair.

    Returns:
        The pair on these units.
    """
    mine = np.asarray(base, np.int64)
    other = mine if model is None else np.asarray(model, np.int64)
    if pair.paired and not np.array_equal(mine, other):
        raise ValueError("a paired pair keeps the same units of both sides")
    return Rearranged(
        pair, mine, _none(mine), _none(other), other,
        paired=pair.paired, exchangeable=pair.exchangeable,
    )  # fmt: skip


def _places(chosen: ArrayLike, n_units: int) -> NDArray[np.bool_]:
    mask = np.asarray(chosen)
    if mask.dtype != np.bool_ or mask.shape != (n_units,):
        raise ValueError(f"units {mask.dtype} {mask.shape}: expected bool ({n_units},)")
    return mask


def _none(units: Places) -> Places:
    return np.full(len(units), -1, np.int64)


def _onto(weights: Floats | None, places: Places, n_units: int) -> Floats | None:
    """Give the real units, ``[replicate, real unit]``, the weights of the new ones that they are."""
    here = places >= 0
    if weights is None or not here.any():
        return None
    found = np.zeros((len(weights), n_units))
    at = places[here]
    if len(np.unique(at)) == len(at):
        found[:, at] = weights[:, here]
    else:
        np.add.at(found.T, at, weights[:, here].T)
    return found


def _sum(one: Floats | None, other: Floats | None) -> Floats | None:
    if one is None or other is None:
        return other if one is None else one
    return one + other
