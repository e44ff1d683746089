"""Verdicts over many pairs without a difference, or with a planted one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from _planted import Planted
from scipy.stats import binomtest

from interp.stats.bootstrap import mean_interval
from interp.stats.contrast import Pair, Settings, contrast
from interp.stats.permutation import exchanges, holm, p_value, reaches, swaps
from interp.stats.pseudo import halves_of_base, swapped
from interp.stats.verdict import ALPHA, BEYOND, MIN_UNITS, NOT_ENOUGH

STEP = 50
"""Relabellings after which it is asked whether any row can still be called."""


@dataclass(frozen=True)
class Tally:
    """Verdicts of all draws, each array ``[draw, statistic]``.

    Attributes:
        families: what every column is adjusted together with.
        judged: whether there was enough data.
        called: whether it was called beyond noise.
        small_p: whether its adjusted p was below the limit.
    """

    families: list[str]
    judged: np.ndarray
    called: np.ndarray
    small_p: np.ndarray

    def report(self) -> dict[str, object]:
        """Shares and intervals."""
        rows = self.judged.any(0)
        shares = [
            part[:, rows].sum(1) / np.maximum(self.judged[:, rows].sum(1), 1)
            for part in (self.called, self.small_p & self.judged)
        ]
        beyond = mean_interval(shares[0])
        draws = len(self.called)
        rates = self._draws_with_a_call(self.families, rows)
        names = self._draws_with_a_call([one.split(" [")[0] for one in self.families], rows)
        worst = max(rates, key=lambda name: rates[name], default="")
        return {
            "draws": draws,
            "statistics": int(rows.sum()),
            "without_verdict": int((~rows).sum()),
            "beyond_noise": float(beyond.estimate),
            "interval": [float(beyond.low), float(beyond.high)],
            "adjusted_p": float(np.mean(shares[1])),
            "any_call": share_of(int(self.called.any(1).sum()), draws),
            "families": len(rates),
            "families_mean": float(np.mean(list(rates.values())) / draws) if rates else None,
            "by_name": {name: hits / draws for name, hits in names.items()},
            "worst": worst,
            "worst_share": share_of(rates.get(worst, 0), draws),
        }

    def _draws_with_a_call(self, groups: list[str], rows: np.ndarray) -> dict[str, int]:
        """Draws in which any row of a group is called, group by group."""
        found = {}
        for name in dict.fromkeys(np.array(groups)[rows]):
            members = np.array([one == name for one in groups])
            found[str(name)] = int(self.called[:, members].any(1).sum())
        return found


def share_of(hits: int, draws: int) -> list[float]:
    """Share with Clopper and Pearson's 95 % interval."""
    limits = binomtest(hits, draws).proportion_ci(0.95, "exact")
    return [hits / draws, float(limits.low), float(limits.high)]


def tally(
    make: Callable[[int], Pair],
    settings: Settings,
    draws: int,
    *,
    maps_only: bool = False,
    shortcut: bool = True,
) -> Tally:
    """Send pairs through the comparison.

    Args:
        make: a pair for the number of the draw.
        settings: how much is drawn within each.
        draws: how many pairs.
        maps_only: keep the verdicts of maps only.
        shortcut: leave a pair when no row can get an adjusted p below the limit any more, and so
            none can be called. Changes no verdict, but for rows that have no noise floor or interval:
            they then count as judged.
    """
    judged, called, small_p = [], [], []
    pair = None
    for draw in range(draws):
        pair = make(draw)
        seeded = replace(settings, seed=7919 * draw)
        if shortcut and (enough := _enough_of_hopeless(pair, seeded)) is not None:
            judged.append(enough)
            called.append(np.zeros_like(enough))
            small_p.append(np.zeros_like(enough))
            continue
        found = contrast(pair, seeded)
        verdicts = np.array([verdict for verdict, _ in found.verdicts])
        judged.append(verdicts != NOT_ENOUGH)
        called.append(verdicts == BEYOND)
        small_p.append(found.p_adjusted < ALPHA)
    assert pair is not None
    kept = [not maps_only or one.adjust == "max" for one in pair.statistics]
    families = [name for name, keep in zip(_families(pair), kept, strict=True) if keep]
    return Tally(families, *(np.array(part)[:, kept] for part in (judged, called, small_p)))


def _families(pair: Pair) -> list[str]:
    """What every row is adjusted together with."""
    return [
        f"{one.name} [{one.lang}]" if one.adjust == "max" else one.name for one in pair.statistics
    ]


def _enough_of_hopeless(pair: Pair, settings: Settings) -> np.ndarray | None:
    """Say which rows have enough data, if no adjusted p of the pair can be below the limit.

    Relabels as `contrast` does with the same seed, until too many values are as far out as observed.
    """
    ones = [np.ones((1, n)) for n in (pair.n_base, pair.n_model)]
    observed = pair.compare(pair.pool(ones[0], None), pair.pool(None, ones[1]))
    likeness = np.array([one.kind == "likeness" for one in pair.statistics])
    far = np.where(likeness, 1 - observed.value[0], np.abs(observed.value[0]))
    draw = (
        swaps(pair.n_base, settings.permutations, settings.seed + 2)
        if pair.paired
        else exchanges(pair.n_base, pair.n_model, settings.permutations, settings.seed + 2)
    )
    names, mapped = np.array(_families(pair)), [one.adjust == "max" for one in pair.statistics]
    groups = [names == name for name in dict.fromkeys(names)]
    hits = np.zeros(len(far), np.int64)
    for start in range(0, len(draw), STEP):
        moved = draw.moved[start : start + STEP]
        if pair.paired:
            sides = pair.pool(1 - moved, moved), pair.pool(moved, 1 - moved)
        else:
            base, model = np.split(moved, [pair.n_base], axis=1)
            sides = pair.pool(1 - base, 1 - model), pair.pool(base, model)
        value = pair.compare(*sides).value
        relabelled = np.where(likeness, 1 - value, np.abs(value))
        hopeful = False
        for members in groups:
            rows = relabelled[:, members]
            if mapped[int(members.argmax())]:
                rows = np.nan_to_num(rows[:, ~np.isnan(far[members])], nan=np.inf)
                rows = rows.max(axis=1, keepdims=True, initial=0.0)
            hits[members] += reaches(rows, far[members]).sum(0)
            least = np.where(np.isnan(far[members]), np.nan, p_value(hits[members], len(draw)))
            best = least if mapped[int(members.argmax())] else holm(least)
            hopeful |= bool((best < ALPHA).any())
        if not hopeful:
            needed = np.array(
                [one.behind_needed if one.behind_what else 0 for one in pair.statistics]
            )
            enough = (observed.behind[0] >= needed) & ~np.isnan(far)
            return np.asarray(enough & (min(pair.n_base, pair.n_model) >= MIN_UNITS))
    return None


def designs(pairs: list[Pair]) -> Mapping[str, Callable[[int], Pair]]:
    """The two designs without a difference; a draw is known by its number."""

    def halves(draw: int) -> Pair:
        n = pairs[0].n_base
        order = np.random.default_rng([1, draw]).permutation(n)
        return halves_of_base(pairs[0], order < n // 2)

    def coins(draw: int) -> Pair:
        pair = pairs[draw % len(pairs)]
        return swapped(pair, np.random.default_rng([2, draw]).random(pair.n_base) < 0.5)

    return {"halves": halves, "swapped": coins}


def power(planted: Planted, settings: Settings, draws: int) -> dict[str, object]:
    """Share of draws in which a planted shift is found, and its size as measured."""
    found, sizes = 0, []
    for draw in range(draws):
        pair = planted.make(np.random.default_rng([3, draw]))
        result = contrast(pair, replace(settings, seed=7919 * draw))
        at = next(
            place for place, one in enumerate(result.statistics)
            if (one.name, one.lang) == (planted.statistic, planted.lang)
        )  # fmt: skip
        found += result.verdicts[at][0] == BEYOND
        sizes.append(result.value[at])
    return {
        "shift": planted.what, "n": planted.n, "statistic": planted.statistic,
        "lang": planted.lang, "measured": float(np.mean(sizes)), "found": share_of(found, draws),
    }  # fmt: skip
