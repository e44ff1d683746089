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
* noise floor: 95th percentile of the statistic between two random halves of the base's units.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from math import comb
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from interp.stats.bootstrap import LEVEL, Interval, draw_counts, widen_constant
from interp.stats.permutation import Relabellings, exchanges, halves, holm, p_value, reaches, swaps
from interp.stats.verdict import Evidence, decide

Floats = NDArray[np.float64]

KINDS = ("difference", "distance", "likeness")

FLOOR_LEVEL = 0.95


@dataclass(frozen=True)
class Statistic:
    """What one column of values is.

    Attributes:
        name: its name in the table ``comparisons``.
        kind: ``difference`` (model minus base), ``distance`` (0 is no difference) or ``likeness``
            (1 is none).
        lang: language it is about; ``None`` for all.
        other_lang: second language of a pair.
        layer: 0-based layer, ``None`` for all.
        head: 0-based query head, ``None`` for all.
        behind_what: what must stand behind it in number, e.g. ``selected neurons``; empty: units only.
        behind_needed: the least of it.
        adjust: ``holm`` over the rows of one name (its languages, pairs or layers; the row for all
            of them together stands alone), or ``max`` over the rows of one name and language, times
            the languages.
        p_of: name of the statistic of the same language whose p it takes; empty: its own. A set that
            is cut off at its edge needs it: relabelling two different checkpoints makes two even
            mixtures, whose sets differ by chance, so that its own p cannot tell all from nothing.
        share: whether its levels are shares (0 to 1) or a difference of them: the interval of units
            that are all alike is then widened (`interp.stats.bootstrap.widen_constant`).
    """

    name: str
    kind: str
    lang: str | None = None
    other_lang: str | None = None
    layer: int | None = None
    head: int | None = None
    behind_what: str = ""
    behind_needed: int = 0
    adjust: str = "holm"
    p_of: str = ""
    share: bool = False

    def __post_init__(self) -> None:
        """Refuse a kind or adjustment that the rule does not know."""
        if self.kind not in KINDS or self.adjust not in ("holm", "max"):
            raise ValueError(f"statistic {self.name}: kind {self.kind!r}, adjust {self.adjust!r}")


@dataclass(frozen=True)
class Values:
    """Statistics of two sides, for a batch of replicates.

    Attributes:
        value: ``[replicate, statistic]``; a difference is the second side minus the first. Not a
            number where it cannot be computed.
        first: level of the first side, ``[replicate, statistic]``; not a number where a statistic has
            none of its own (a distance).
        second: level of the second side.
        signed: of a distance with a direction, its signed form; else not a number.
        behind: how much of ``Statistic.behind_what`` stands behind it, ``[replicate, statistic]``.
        layer: of a distance that is largest somewhere, where (0-based); else -1.
    """

    value: Floats
    first: Floats
    second: Floats
    signed: Floats
    behind: NDArray[np.int64]
    layer: NDArray[np.int64]

    @classmethod
    def of_levels(cls, first: Floats, second: Floats, behind: NDArray[np.int64]) -> Values:
        """Differences of levels, ``[replicate, statistic]`` each."""
        with np.errstate(invalid="ignore"):
            value = second - first
        nothing = np.full(value.shape, np.nan)
        nowhere = np.full(value.shape, -1, np.int64)
        return cls(value, first, second, nothing, np.broadcast_to(behind, value.shape), nowhere)

    @classmethod
    def join(cls, parts: Sequence[Values]) -> Values:
        """Put the columns of several behind each other."""
        names = ("value", "first", "second", "signed", "behind", "layer")
        return cls(
            *(np.concatenate([getattr(part, name) for part in parts], axis=-1) for name in names)
        )


class Pair(Protocol):
    """Two checkpoints measured on units.

    Attributes:
        statistics: what `compare` computes, column by column.
        n_base: units of the base.
        n_model: units of the model; the same units in the same order where ``paired``.
        paired: whether unit i is the same text, sample or fact in both.
        exchangeable: whether units of one can stand in for units of the other (not between
            checkpoints of different shape).
        unit: what the units are, in the plural.
        batch: replicates to pool at a time.
    """

    @property
    def statistics(self) -> tuple[Statistic, ...]: ...  # noqa: D102 - see Attributes

    @property
    def n_base(self) -> int: ...  # noqa: D102

    @property
    def n_model(self) -> int: ...  # noqa: D102

    @property
    def paired(self) -> bool: ...  # noqa: D102

    @property
    def exchangeable(self) -> bool: ...  # noqa: D102

    @property
    def unit(self) -> str: ...  # noqa: D102

    @property
    def batch(self) -> int: ...  # noqa: D102

    def pool(self, base: Floats | None, model: Floats | None) -> Any:
        """Pool weighted units of both checkpoints into one side.

        Args:
            base: weights ``[replicate, unit]`` of the base's units; ``None`` for none of them.
            model: the same of the model's.

        Returns:
            What `compare` takes; one of both is given at least.
        """

    def compare(self, first: Any, second: Any) -> Values:
        """Compute all statistics of two pooled sides, replicate by replicate."""


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


Tick = Callable[[int], None]
"""Told how many replicates were done since the last call."""


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
    far = _extremeness(observed.value[0], kinds)
    p, adjusted, least = _permute(pair, settings, far, kinds, tick)
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


def _extremeness(value: Floats, kinds: NDArray[np.str_]) -> Floats:
    """Turn values ``[..., statistic]`` into how far they are from no difference."""
    return np.where(kinds == "likeness", 1 - value, np.abs(value))


def _bootstrap(pair: Pair, settings: Settings, tick: Tick) -> tuple[Floats, Floats, Floats]:
    base = draw_counts(pair.n_base, settings.draws, settings.seed).astype(np.float64)
    model = base
    if not pair.paired:
        model = draw_counts(pair.n_model, settings.draws, settings.seed + 1).astype(np.float64)
    # for maps with thousands of entries, whatever else `compare` gives would be most of the memory
    drawn = np.empty((3, settings.draws, len(pair.statistics)))
    for rows in _batches(settings.draws, pair.batch):
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


def _permute(
    pair: Pair, settings: Settings, far: Floats, kinds: NDArray[np.str_], tick: Tick
) -> tuple[Floats, Floats, Floats]:
    """Return p, adjusted p and the least that the latter can be.

    Hits are counted batch by batch, so nothing large is kept.
    """
    if not pair.exchangeable:
        nothing = np.full(len(far), np.nan)
        return nothing, nothing, nothing
    seed = settings.seed + 2
    if pair.paired:
        labels = swaps(pair.n_base, settings.permutations, seed)
    else:
        labels = exchanges(pair.n_base, pair.n_model, settings.permutations, seed)
    maps = _families(pair.statistics, far, "max")
    hits, map_hits = np.zeros((2, len(far)), np.int64)
    for rows in _batches(len(labels), pair.batch):
        first, second = _sides(pair, labels, rows)
        relabelled = _extremeness(pair.compare(first, second).value, kinds)
        hits += reaches(relabelled, far).sum(0)
        for members in maps.values():
            # what relabelling cannot compute counts as the farthest, as in `reaches`
            largest = np.nan_to_num(relabelled[:, members], nan=np.inf).max(axis=1)
            map_hits[members] += reaches(largest[:, None], far[members]).sum(0)
        tick(rows.stop - rows.start)
    unknown = np.isnan(far)
    p = np.where(unknown, np.nan, _borrowed(pair.statistics, p_value(hits, labels)))
    adjusted, least = np.full((2, len(far)), np.nan)
    smallest = float(p_value(np.zeros(1, np.int64), labels)[0]) or 1 / len(labels)
    for (name, _), members in maps.items():
        languages = sum(other == name for other, _ in maps)
        adjusted[members] = np.minimum(languages * p_value(map_hits[members], labels), 1)
        least[members] = languages * smallest
    for members in _families(pair.statistics, far, "holm").values():
        adjusted[members] = holm(p[members])
        least[members] = len(members) * smallest
    return p, adjusted, least


def _borrowed(statistics: Sequence[Statistic], p: Floats) -> Floats:
    """Give the statistics with a ``p_of`` the p of the statistic that they name."""
    places = {(one.name, one.lang): at for at, one in enumerate(statistics)}
    return p[[places.get((one.p_of, one.lang), at) for at, one in enumerate(statistics)]]


def _families(
    statistics: Sequence[Statistic], far: Floats, adjust: str
) -> dict[tuple[str, object], NDArray[np.intp]]:
    """Places of the rows that are adjusted together, without those that have no value."""
    families: dict[tuple[str, object], list[int]] = {}
    for place, one in enumerate(statistics):
        if one.adjust == adjust and not np.isnan(far[place]):
            single = (one.lang, one.layer, one.head) != (None, None, None)
            key: object = one.lang if adjust == "max" else single
            families.setdefault((one.name, key), []).append(place)
    return {key: np.array(places) for key, places in families.items()}


def _sides(pair: Pair, labels: Relabellings, rows: slice) -> tuple[Any, Any]:
    moved = labels.moved[rows]
    if pair.paired:
        return pair.pool(1 - moved, moved), pair.pool(moved, 1 - moved)
    base, model = moved[:, : pair.n_base], moved[:, pair.n_base :]
    return pair.pool(1 - base, 1 - model), pair.pool(base, model)


def _noise_floor(pair: Pair, settings: Settings, kinds: NDArray[np.str_], tick: Tick) -> Floats:
    if pair.n_base < 2:
        return np.full(len(kinds), np.nan)
    first = halves(pair.n_base, settings.splits, settings.seed + 3)
    parts = []
    for rows in _batches(settings.splits, pair.batch):
        half = first[rows]
        parts.append(pair.compare(pair.pool(half, None), pair.pool(1 - half, None)).value)
        tick(rows.stop - rows.start)
    far = _extremeness(np.concatenate(parts), kinds)
    # a split in which nothing could be computed says nothing, and half of them say too little
    known = ~np.isnan(far)
    floor = np.full(len(kinds), np.nan)
    for column in np.flatnonzero(2 * known.sum(0) >= len(far)):
        floor[column] = np.quantile(far[known[:, column], column], FLOOR_LEVEL)
    return np.where(kinds == "likeness", 1 - floor, floor)


def _batches(n: int, size: int) -> Iterator[slice]:
    for start in range(0, n, size):
        yield slice(start, min(start + size, n))


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
