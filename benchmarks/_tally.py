"""Verdicts over many pairs without a difference, or with a planted one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from _planted import Planted
from scipy.stats import binomtest

from interp.stats.bootstrap import mean_interval
from interp.stats.contrast import Settings, contrast
from interp.stats.pair import Pair, Statistic
from interp.stats.pseudo import halves_of_base, swapped
from interp.stats.verdict import ALPHA, BEYOND, NOT_ENOUGH


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
        rates: dict[str, int] = {}
        for name in dict.fromkeys(np.array(self.families)[rows]):
            members = np.array([one == name for one in self.families])
            rates[str(name)] = int(self.called[:, members].any(1).sum())
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
            "by_statistic": {name: hits / draws for name, hits in rates.items()},
            "worst": worst,
            "worst_share": share_of(rates.get(worst, 0), draws),
        }


def share_of(hits: int, draws: int) -> list[float]:
    """Share with Clopper and Pearson's 95 % interval."""
    limits = binomtest(hits, draws).proportion_ci(0.95, "exact")
    return [hits / draws, float(limits.low), float(limits.high)]


def tally(
    make: Callable[[int], Pair], settings: Settings, draws: int, *, maps_only: bool = False
) -> Tally:
    """Send pairs through the comparison.

    Args:
        make: a pair for the number of the draw.
        settings: how much is drawn within each.
        draws: how many pairs.
        maps_only: keep the verdicts of maps only.
    """
    judged, called, small_p = [], [], []
    pair = None
    for draw in range(draws):
        pair = make(draw)
        found = contrast(pair, replace(settings, seed=7919 * draw))
        verdicts = np.array([verdict for verdict, _ in found.verdicts])
        judged.append(verdicts != NOT_ENOUGH)
        called.append(verdicts == BEYOND)
        small_p.append(found.p_adjusted < ALPHA)
    assert pair is not None
    kept = [not maps_only or one.adjust == "max" for one in pair.statistics]
    families = [_family(one) for one, keep in zip(pair.statistics, kept, strict=True) if keep]
    return Tally(families, *(np.array(part)[:, kept] for part in (judged, called, small_p)))


def _family(one: Statistic) -> str:
    """What a row is adjusted together with."""
    everything = one.adjust == "holm" and (one.lang, one.layer, one.head) == (None, None, None)
    return f"{one.name} (all languages)" if everything else one.name


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
