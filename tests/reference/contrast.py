"""The comparison of two checkpoints as plain loops over lists of units.

Nothing here knows weights, batches or arrays of replicates: a side is a list of units, and
``statistics(first, second)`` goes from two such lists to a list of numbers. Shares no code with
``interp/stats``.
"""

from __future__ import annotations

import math
from itertools import combinations, product

ROUNDING = 1e-9


def layer_distance(base, model):
    """(D, signed D, 0-based layer of the base) of two lists of counts per layer, at relative depth."""
    if not sum(base) or not sum(model):
        return math.nan, math.nan, -1
    n, m = len(base), len(model)
    best, place = 0.0, None
    for depth in range(1, n * m + 1):  # in units of 1 / (n * m)
        below = [
            sum(count for layer, count in enumerate(side) if (layer + 1) * step <= depth)
            / sum(side)
            for side, step in ((base, m), (model, n))
        ]
        gap = below[1] - below[0]
        if place is None or abs(gap) > abs(best) + 1e-12:
            best = gap
            place = next(layer for layer in range(n) if depth <= (layer + 1) * m)
    return abs(best), best, place


def quantile(values, level):
    """Of a list, between neighbours on a straight line."""
    ordered = sorted(values)
    at = level * (len(ordered) - 1)
    low = math.floor(at)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (at - low)


def known_quantile(values, level):
    """The same of what is a number, where that is half of the values at least; else not a number."""
    known = [value for value in values if not math.isnan(value)]
    return quantile(known, level) if known and 2 * len(known) >= len(values) else math.nan


def far(value, kind):
    """How far from no difference."""
    return 1 - value if kind == "likeness" else abs(value)


def all_swaps(base, model):
    """Every way to exchange the two within units."""
    for choice in product((False, True), repeat=len(base)):
        yield swap(base, model, choice)


def swap(base, model, choice):
    """Exchange the two in the chosen units."""
    first = [m if c else b for b, m, c in zip(base, model, choice, strict=True)]
    second = [b if c else m for b, m, c in zip(base, model, choice, strict=True)]
    return first, second


def all_exchanges(base, model):
    """Every way to deal the units out again to sides of the same sizes."""
    units = [*base, *model]
    for chosen in combinations(range(len(units)), len(model)):
        yield deal(base, model, [place in chosen for place in range(len(units))])


def deal(base, model, choice):
    """Give the chosen units to the second side."""
    units = [*base, *model]
    first = [unit for unit, c in zip(units, choice, strict=True) if not c]
    second = [unit for unit, c in zip(units, choice, strict=True) if c]
    return first, second


def p_values(statistics, kinds, base, model, relabelled, *, exact):
    """Share of relabellings that are as far out; of drawn ones, the observed one is counted too."""
    observed = statistics(base, model)
    hits, total = [0] * len(kinds), 0
    for first, second in relabelled:
        total += 1
        for place, value in enumerate(statistics(first, second)):
            bar = far(observed[place], kinds[place])
            if math.isnan(value) or far(value, kinds[place]) >= bar - ROUNDING * abs(bar):
                hits[place] += 1
    return [
        math.nan if math.isnan(value) else (hit / total if exact else (hit + 1) / (total + 1))
        for value, hit in zip(observed, hits, strict=True)
    ]


def max_p_values(statistics, kinds, families, base, model, relabelled, *, exact):
    """Share of relabellings in which the farthest of a family's statistics is as far out."""
    observed = statistics(base, model)
    relabelled = [statistics(first, second) for first, second in relabelled]
    adjusted = []
    for place, value in enumerate(observed):
        if math.isnan(value):
            adjusted.append(math.nan)
            continue
        bar, hits = far(value, kinds[place]), 0
        for values in relabelled:
            distances = [
                math.inf if math.isnan(values[other]) else far(values[other], kinds[other])
                for other in range(len(kinds))
                if families[other] == families[place] and not math.isnan(observed[other])
            ]
            hits += max(distances) >= bar - ROUNDING * bar
        total = len(relabelled)
        adjusted.append(hits / total if exact else (hits + 1) / (total + 1))
    return adjusted


def holm(p):
    """Holm's rule, smallest first: each p times the tests not yet passed, never falling."""
    adjusted = [math.nan] * len(p)
    waiting = {place for place, value in enumerate(p) if not math.isnan(value)}
    so_far = 0.0
    while waiting:
        smallest = min(waiting, key=lambda place: (p[place], place))
        so_far = max(so_far, min(1.0, p[smallest] * len(waiting)))
        adjusted[smallest] = so_far
        waiting.remove(smallest)
    return adjusted


def resample(units, counts):
    """Every unit as often as its count says."""
    return [unit for unit, count in zip(units, counts, strict=True) for _ in range(int(count))]


def intervals(statistics, base, model, base_counts, model_counts):
    """95 % percentile interval of each statistic over given resamples: [(low, high), ...]."""
    drawn = [
        statistics(resample(base, mine), resample(model, other))
        for mine, other in zip(base_counts, model_counts, strict=True)
    ]
    columns = list(zip(*drawn, strict=True))
    return [(known_quantile(one, 0.025), known_quantile(one, 0.975)) for one in columns]


def noise_floors(statistics, kinds, base, first_halves):
    """95th percentile (of a likeness the 5th) between given halves of the base."""
    values = [statistics(*swap_halves(base, choice)) for choice in first_halves]
    floors = []
    for kind, column in zip(kinds, zip(*values, strict=True), strict=True):
        distances = [far(value, kind) for value in column]
        floor = known_quantile(distances, 0.95)
        floors.append(1 - floor if kind == "likeness" else floor)
    return floors


def swap_halves(units, choice):
    """The chosen units, and the others."""
    first = [unit for unit, c in zip(units, choice, strict=True) if c]
    return first, [unit for unit, c in zip(units, choice, strict=True) if not c]
