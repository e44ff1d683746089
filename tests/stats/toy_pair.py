"""A small pair with every kind of statistic, and the same statistics for plain lists of units."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from interp.stats.contrast import Settings
from interp.stats.ks import layer_distance
from interp.stats.pair import Statistic, Values
from tests.reference import contrast as oracle

LAYERS = 4

FEW = Settings(draws=40, permutations=60, splits=30, seed=5)
"""Few draws, quick to repeat by loops."""

STATISTICS = (
    Statistic("mean", "difference", lang="en"),
    Statistic("mean", "difference", lang="de"),
    Statistic("rare", "difference", lang="en"),
    Statistic("depth", "distance", behind_what="counted things", behind_needed=20),
    Statistic("top", "likeness"),
)
KINDS = [one.kind for one in STATISTICS]


@dataclass(frozen=True)
class ToyPair:
    """Units of counts ``[unit, 2 + 2 + LAYERS]``: two sums, a numerator and a size, counts by layer."""

    base: np.ndarray
    model: np.ndarray
    paired: bool
    exchangeable: bool = True
    batch: int = 7
    unit: str = "blocks"
    statistics: tuple[Statistic, ...] = STATISTICS

    @property
    def n_base(self) -> int:
        return len(self.base)

    @property
    def n_model(self) -> int:
        return len(self.model)

    def pool(self, base, model):
        parts = [
            np.concatenate([w @ units, w.sum(1, keepdims=True)], axis=1)
            for w, units in ((base, self.base), (model, self.model))
            if w is not None
        ]
        return sum(parts)

    def compare(self, first, second) -> Values:
        levels = [self._levels(side) for side in (first, second)]
        behind = np.zeros(levels[0].shape, np.int64)
        means = Values.of_levels(*levels, behind)
        counts = [side[:, 4 : 4 + LAYERS] for side in (first, second)]
        found = layer_distance(*counts)
        tops = [np.argsort(-side, axis=1, kind="stable")[:, :2] for side in counts]
        shared = (tops[0][:, :, None] == tops[1][:, None, :]).sum((1, 2)) / 2
        nothing = np.full((len(shared), 2), np.nan)
        rest = Values(
            value=np.stack([found.value, shared], 1),
            first=nothing,
            second=nothing,
            signed=np.stack([found.signed, nothing[:, 0]], 1),
            behind=np.stack([counts[0].sum(1), 0 * shared], 1).astype(np.int64),
            layer=np.stack([found.layer, np.full(len(shared), -1)], 1),
        )
        return Values.join([means, rest])

    @staticmethod
    def _levels(side):
        n, size = side[:, -1:], side[:, 3:4]
        rare = np.divide(side[:, 2:3], size, out=np.full(size.shape, np.nan), where=size > 0)
        return np.concatenate([side[:, :2] / n, rare], axis=1)


def by_loops(first: list, second: list) -> list[float]:
    """The five statistics of two lists of units."""
    sides = []
    for units in (first, second):
        sums = [sum(unit[at] for unit in units) for at in range(4 + LAYERS)]
        rare = sums[2] / sums[3] if sums[3] else math.nan
        counts = sums[4:]
        top = sorted(range(LAYERS), key=lambda layer: (-counts[layer], layer))[:2]
        sides.append((sums[0] / len(units), sums[1] / len(units), rare, counts, set(top)))
    (a, b, c, d, e), (f, g, h, i, j) = sides
    return [f - a, g - b, h - c, oracle.layer_distance(d, i)[0], len(e & j) / 2]


def random_units(n: int, seed: int, shift: float = 0.0) -> np.ndarray:
    """Units of small whole numbers; half of them carry nothing of the rare column."""
    rng = np.random.default_rng(seed)
    size = rng.integers(0, 2, (n, 1)) * 3
    numbers = rng.integers(0, 9, (n, 2)) + shift
    return np.concatenate(
        [
            numbers,
            rng.binomial(size, 0.5),
            size,
            rng.poisson([6, 4, 3, 3 + 2 * shift], (n, LAYERS)),
        ],
        axis=1,
    ).astype(float)


def paired(n: int, seed: int = 0, shift: float = 0.0) -> ToyPair:
    return ToyPair(random_units(n, seed), random_units(n, seed + 100, shift), paired=True)


def unpaired(n: int, m: int, seed: int = 0, shift: float = 0.0) -> ToyPair:
    return ToyPair(random_units(n, seed), random_units(m, seed + 100, shift), paired=False)


def lists(pair: ToyPair) -> tuple[list, list]:
    return pair.base.tolist(), pair.model.tolist()


def rare(carriers: int, n: int = 30, both: bool = True) -> ToyPair:
    """A pair whose third statistic rests on a few units."""
    pair = paired(n, 7)
    for side in (pair.base, pair.model):
        side[:, 2:4] = 0
        side[:carriers, 2:4] = [1, 2]
        if carriers:
            side[0, 2] = 2
    if not both:
        pair.model[:, 2:4] = 0
    return pair
