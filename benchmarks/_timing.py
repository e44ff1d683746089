"""Paired timings: what a claim of the form "A costs r times B" rests on.

Machines are shared and clocks drift, so A and B are timed in turns, each pair gives one ratio, and
the median over pairs is reported together with its spread.
"""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Timing:
    """One contender's timings.

    Attributes:
        name: what was timed.
        seconds: median of its runs.
        ratio: median over rounds of its time divided by the baseline's in the same round.
        low: first quartile of those ratios.
        high: third quartile of those ratios.
        rounds: number of rounds.
    """

    name: str
    seconds: float
    ratio: float
    low: float
    high: float
    rounds: int

    def __str__(self) -> str:
        """Return one readable line."""
        return (
            f"{self.name:<44} {self.seconds * 1e3:10.2f} ms   x {self.ratio:7.3f}"
            f"   [{self.low:.3f}, {self.high:.3f}] over {self.rounds} rounds"
        )


def seconds(work: Callable[[], object]) -> float:
    """Time one call."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def compare(
    contenders: Mapping[str, Callable[[], object]],
    *,
    baseline: str,
    rounds: int = 11,
    warmup: int = 2,
) -> dict[str, Timing]:
    """Time several pieces of work in turns.

    Args:
        contenders: name to work; all run once per round. The order turns round from one round to
            the next, so that none always profits from running after another.
        baseline: name of the contender that the ratios divide by.
        rounds: number of rounds.
        warmup: untimed rounds before.

    Returns:
        Name to timing, in the order given.
    """
    names = list(contenders)
    for _ in range(warmup):
        for name in names:
            contenders[name]()
    taken: dict[str, list[float]] = {name: [] for name in names}
    gc_was_on = gc.isenabled()
    gc.disable()  # a collection in one contender's turn would be charged to it
    try:
        for round_ in range(rounds):
            for name in names if round_ % 2 == 0 else reversed(names):
                taken[name].append(seconds(contenders[name]))
            gc.collect()
    finally:
        if gc_was_on:
            gc.enable()
    return {name: _timing(name, taken[name], taken[baseline]) for name in names}


def _timing(name: str, own: list[float], base: list[float]) -> Timing:
    ratios = [a / b for a, b in zip(own, base, strict=True)]
    quartiles = statistics.quantiles(ratios, n=4) if len(ratios) > 1 else [ratios[0]] * 3
    return Timing(
        name=name,
        seconds=statistics.median(own),
        ratio=statistics.median(ratios),
        low=quartiles[0],
        high=quartiles[2],
        rounds=len(ratios),
    )
