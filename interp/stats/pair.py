"""What a comparison is of: two checkpoints measured on units, and the statistics of them; pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

KINDS = ("difference", "distance", "likeness")


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


Tick = Callable[[int], None]
"""Told how many replicates were done since the last call."""


def extremeness(value: Floats, kinds: NDArray[np.str_]) -> Floats:
    """Turn values ``[..., statistic]`` into how far they are from no difference.

    Args:
        value: the values.
        kinds: kind of each statistic ``[statistic]``.
    """
    return np.where(kinds == "likeness", 1 - value, np.abs(value))


def batches(n: int, size: int) -> Iterator[slice]:
    """Cut ``n`` replicates into slices of at most ``size``."""
    for start in range(0, n, size):
        yield slice(start, min(start + size, n))
