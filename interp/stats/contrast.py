"""A pair of checkpoints through every resampling: interval, noise floor and permutation p; pure.

What two checkpoints are compared by is a `Pair`: units (blocks of text, samples, facts), each measured on
the base and on the model. All resamplings weight units, so they need one operation of a pair only: pool
the units of either checkpoint under given weights, and everything downstream (selection, top heads,
distances) is computed anew from what was pooled.

* interval: units drawn with replacement, the same draw for both checkpoints and all languages where the
  measurements are paired, two draws where they are not;
* p: base and model exchanged within each unit with probability 1/2 (paired), or whole units dealt out
  again (unpaired), add-one rule, then Holm over the languages of one statistic, or, for maps with
  thousands of entries, the largest entry of every relabelling (Westfall and Young);
* noise floor: 95th percentile (of a likeness the 5th) of the statistic between two random halves of the
  base's units.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import comb

import numpy as np
from numpy.typing import NDArray

from interp.stats.bootstrap import LEVEL, Interval, draw_counts, widen_constant
from interp.stats.pair import Floats, Pair, Statistic, Tick, Values, batches, extremeness
from interp.stats.permutation import halves
from interp.stats.relabel import relabel
from interp.stats.verdict import Evidence, decide

FLOOR_LEVEL = 0.95


@dataclass(frozen=True)
class Settings:
    """How much is drawn.

    Attributes:
        draws: bootstrap replicates.
        permutations: relabellings.
        splits: halvings for the noise floor.
        seed: of all draws.
    """

    draws: int = 1000
    permutations: int = 1999
    splits: int = 200
    seed: int = 0

    def __str__(self) -> str:
        """Say it in a few words, for the column ``method``."""
        return (
            f"{self.draws} bootstrap draws, {self.permutations} relabellings, "
            f"{self.splits} half splits"
        )


@dataclass(frozen=True)
class Result:
    """Everything known of a pair's statistics, each array ``[statistic]``.

    Attributes:
        statistics: what the entries are.
        value: the statistic; ``signed``, ``first`` (base), ``second`` (model), ``behind`` and
            ``layer`` as in `Values`.
        ci: 95 % percentile interval of value, ``[2, statistic]``; ``first_ci`` and ``second_ci`` of the
            levels. Not a number where fewer than two units, or too few draws, carry it.
        noise_floor: 95th percentile (of a likeness the 5th) between halves of the base.
        p: permutation p-value; not a number where labels cannot be exchanged.
        p_adjusted: after adjustment over the family.
        p_least: the least that it could have been with so many relabellings.
        verdicts: verdict and reason.
    """

    statistics: tuple[Statistic, ...]
    value: Floats
    signed: Floats
    first: Floats
    second: Floats
    behind: NDArray[np.int64]
    layer: NDArray[np.int64]
    ci: Floats
    first_ci: Floats
    second_ci: Floats
    noise_floor: Floats
    p: Floats
    p_adjusted: Floats
    p_least: Floats
    verdicts: tuple[tuple[str, str], ...] = field(default=())

    @classmethod
    def without_units(
        cls,
        statistics: tuple[Statistic, ...],
        values: Values,
        verdicts: tuple[tuple[str, str], ...],
        *,
        p: Floats | None = None,
        p_adjusted: Floats | None = None,
    ) -> Result:
        """Lay out one replicate's values of which no units are known: no interval, no noise floor."""
        ends, one = np.full((2, len(statistics)), np.nan), np.full(len(statistics), np.nan)
        names = ("value", "signed", "first", "second", "behind", "layer")
        return cls(
            statistics,
            **{name: getattr(values, name)[0] for name in names},
            ci=ends,
            first_ci=ends,
            second_ci=ends,
            noise_floor=one,
            p=one if p is None else p,
            p_adjusted=one if p_adjusted is None else p_adjusted,
            p_least=one,
            verdicts=verdicts,
        )


def contrast(pair: Pair, settings: Settings, tick: Tick = lambda done: None) -> Result:
    """Send a pair through every resampling.

    Args:
        pair: the two checkpoints.
        settings: how much is drawn.
        tick: called after every batch of replicates; `n_replicates` is the sum it is told.

    Returns:
        The statistics with everything that the verdict needs, and the verdict.
    """
    observed = pair.compare(
        pair.pool(np.ones((1, pair.n_base)), None), pair.pool(None, np.ones((1, pair.n_model)))
    )
    kinds = np.array([statistic.kind for statistic in pair.statistics])
    drawn = _bootstrap(pair, settings, tick)
    value_ci, first_ci, second_ci = _intervals(pair, observed, drawn)
    far = extremeness(observed.value[0], kinds)
    p, adjusted, least = relabel(pair, settings.permutations, settings.seed + 2, far, tick)
    floor = _noise_floor(pair, settings, kinds, tick)
    result = Result(
        statistics=pair.statistics,
        value=observed.value[0],
        signed=observed.signed[0],
        first=observed.first[0],
        second=observed.second[0],
        behind=observed.behind[0],
        layer=observed.layer[0],
        ci=value_ci,
        first_ci=first_ci,
        second_ci=second_ci,
        noise_floor=floor,
        p=p,
        p_adjusted=adjusted,
        p_least=least,
    )
    return _judged(result, pair)


def n_replicates(pair: Pair, settings: Settings) -> int:
    """Count the replicates that `contrast` pools, for a progress bar."""
    every = 2**pair.n_base if pair.paired else comb(pair.n_base + pair.n_model, pair.n_model)
    relabellings = min(settings.permutations, every) if pair.exchangeable else 0
    return settings.draws + relabellings + (settings.splits if pair.n_base >= 2 else 0)


def _bootstrap(pair: Pair, settings: Settings, tick: Tick) -> tuple[Floats, Floats, Floats]:
    base = draw_counts(pair.n_base, settings.draws, settings.seed).astype(np.float64)
    model = base
    if not pair.paired:
        model = draw_counts(pair.n_model, settings.draws, settings.seed + 1).astype(np.float64)
    # for maps with thousands of entries, whatever else `compare` gives would be most of the memory
    drawn = np.empty((3, settings.draws, len(pair.statistics)))
    for rows in batches(settings.draws, pair.batch):
        found = pair.compare(pair.pool(base[rows], None), pair.pool(None, model[rows]))
        drawn[:, rows] = found.value, found.first, found.second
        tick(rows.stop - rows.start)
    value, first, second = drawn
    return value, first, second


def _intervals(
    pair: Pair, observed: Values, drawn: tuple[Floats, Floats, Floats]
) -> tuple[Floats, ...]:
    """Intervals ``[2, statistic]`` of the value and of both levels.

    Where what stands behind a statistic is counted in the pair's own units (facts of a language), it
    is these that have to be two at least. A level needs the units of its own side only.
    """
    own = np.array([one.behind_what == pair.unit for one in pair.statistics])
    share = np.array([one.share for one in pair.statistics])
    sides = {"value": min(pair.n_base, pair.n_model), "first": pair.n_base, "second": pair.n_model}
    ends = []
    for part, (name, units) in zip(drawn, sides.items(), strict=True):
        n = np.where(own, observed.behind[0], units)
        low, high = _percentiles(part)
        found = Interval(getattr(observed, name)[0], low, high, n)
        wide = widen_constant(found, -1.0 if name == "value" else 0.0, 1.0)
        both = np.where(share, [wide.low, wide.high], [low, high])
        ends.append(np.where(n < 2, np.nan, both))
    return tuple(ends)


def _percentiles(drawn: Floats) -> Floats:
    """Interval ``[2, statistic]``; none where fewer than half of the draws have a value."""
    tails = [(1 - LEVEL) / 2, (1 + LEVEL) / 2]
    found = np.full((2, drawn.shape[1]), np.nan)
    known = ~np.isnan(drawn)
    enough = 2 * known.sum(0) >= len(drawn)
    whole = known.all(0)
    if whole.any():
        found[:, whole] = np.quantile(drawn[:, whole], tails, axis=0)
    for column in np.flatnonzero(enough & ~whole):
        found[:, column] = np.quantile(drawn[known[:, column], column], tails)
    return found


def _noise_floor(pair: Pair, settings: Settings, kinds: NDArray[np.str_], tick: Tick) -> Floats:
    if pair.n_base < 2:
        return np.full(len(kinds), np.nan)
    first = halves(pair.n_base, settings.splits, settings.seed + 3)
    parts = []
    for rows in batches(settings.splits, pair.batch):
        half = first[rows]
        parts.append(pair.compare(pair.pool(half, None), pair.pool(1 - half, None)).value)
        tick(rows.stop - rows.start)
    far = extremeness(np.concatenate(parts), kinds)
    # a split in which nothing could be computed says nothing, and half of them say too little
    known = ~np.isnan(far)
    floor = np.full(len(kinds), np.nan)
    for column in np.flatnonzero(2 * known.sum(0) >= len(far)):
        floor[column] = np.quantile(far[known[:, column], column], FLOOR_LEVEL)
    return np.where(kinds == "likeness", 1 - floor, floor)


def _judged(result: Result, pair: Pair) -> Result:
    n = min(pair.n_base, pair.n_model)
    verdicts = tuple(
        decide(
            Evidence(
                kind=one.kind,
                value=float(result.value[at]),
                ci_low=float(result.ci[0, at]),
                ci_high=float(result.ci[1, at]),
                noise_floor=float(result.noise_floor[at]),
                p_adjusted=float(result.p_adjusted[at]),
                p_least=float(result.p_least[at]),
                n=n,
                unit=pair.unit,
                behind=int(result.behind[at]),
                behind_what=one.behind_what,
                behind_needed=one.behind_needed,
            )
        )
        for at, one in enumerate(result.statistics)
    )
    return Result(**{**vars(result), "verdicts": verdicts})
