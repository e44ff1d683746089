"""Which share of a checkpoint's heads is called top, why that share, and how coarse such sets are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from interp.importers.imported import PRESET
from interp.lahis.maps import HeadMaps
from interp.lahis.select import n_top
from interp.lahis.top_frames import RULE, chance_overlap
from interp.plates.heads.words import spread

PAPER_FRACTION = 0.02
"""Of all heads, called top: the paper's (20 of 1024 in OLMo-2-7B)."""

FEW = 10
"""Heads of a set below which a share of it is said to be coarse: a step is above ten points."""


@dataclass(frozen=True)
class Cut:
    """How many heads of each checkpoint are top.

    Attributes:
        fraction: the share of all heads.
        why: where the share comes from, in words.
        sizes: label to the number of top heads per language.
        totals: label to the number of all heads.
        as_compared: whether the runs, and so the stored comparisons, took the same sets.
    """

    fraction: float
    why: str
    sizes: Mapping[str, int]
    totals: Mapping[str, int]
    as_compared: bool

    @property
    def percent(self) -> str:
        """The share, e.g. ``5 %``."""
        return f"{100 * self.fraction:g} %"

    @property
    def named(self) -> str:
        """What the sets are, for titles: e.g. ``top 5 % of heads (the runs' own cut)``."""
        return f"top {self.percent} of heads ({self.why})"

    def chance(self, label: str) -> float:
        """Percent of its heads that a random set shares with another of its size."""
        return chance_overlap(self.sizes[label], self.totals[label])

    def coarse(self, labels: Iterable[str]) -> str:
        """Say how much one head moves a share of such sets, in some checkpoints."""
        sizes = sorted({self.sizes[label] for label in labels})
        steps = spread([100 / size for size in sizes], ".0f" if sizes[-1] < 40 else ".1f")
        heads = "1 head" if sizes == [1] else f"{spread(sizes, 'd')} heads"
        if sizes[0] >= FEW:
            return f"A set has {heads}, so one head is {steps} points of it."
        return (
            f"A set has only {heads}, so one head is {steps} points of it: small sets are coarse."
        )


def cut_of(maps: Mapping[str, HeadMaps], presets: Mapping[str, str], fraction: float | None) -> Cut:
    """Choose the share of heads called top.

    Args:
        maps: label to its scores; the first is asked for the share.
        presets: label to the preset of its run.
        fraction: the share asked for; None for the one that the runs were made with, of imported
            matrices the paper's.
    """
    label, first = next(iter(maps.items()))
    imported = presets[label] == PRESET
    if fraction is not None:
        chosen, why = fraction, "as asked for"
    elif imported:
        chosen, why = PAPER_FRACTION, "the paper's cut"
    else:
        chosen, why = first.options.top_fraction, "the runs' own cut"
    return Cut(
        chosen,
        why,
        {one: n_top(own.n_heads_total, chosen, RULE) for one, own in maps.items()},
        {one: own.n_heads_total for one, own in maps.items()},
        all(_alike(own, chosen) for own in maps.values()),
    )


def _alike(maps: HeadMaps, fraction: float) -> bool:
    """Whether a run's own rule picks as many heads, and so the same ones."""
    rule = maps.options.top_rule
    if rule == "quantile":
        return False
    own = n_top(maps.n_heads_total, maps.options.top_fraction, rule)
    return own == n_top(maps.n_heads_total, fraction, RULE)
