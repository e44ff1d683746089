"""Does ablating a language's heads or neurons hurt that language most? Pure.

*Dominance* is the mean of the diagonal minus the mean of everything else, in nats. Two questions
are asked of it. Would random sets do the same (share of control draws whose matrix is as diagonal)?
And do the sets belong to their languages, or would any assignment of the same sets do (share of
permutations of the rows' languages that are as diagonal)? Both p-values count the data itself
(add-one rule), so with n control draws the smallest possible one is 1 / (n + 1).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from interp.causal.controls import KINDS
from interp.causal.matrix import Floats, Losses
from interp.stats.bootstrap import DRAWS, percentile_interval

PERMUTATIONS = 10_000


@dataclass(frozen=True)
class Dominance:
    """How diagonal a matrix of effects is.

    Attributes:
        n_sources: languages with a set.
        rows: in how many of them the diagonal is larger than everything else in its row (ablating
            the language's set hurts no other language as much).
        columns: in how many it is larger than everything else in its column (no other language's
            set hurts the language as much).
        rows_interval: 95 % interval of ``rows`` over blocks, like the two below.
        columns_interval: of ``columns``.
        value: mean diagonal minus mean of the rest, in nats.
        value_interval: its interval.
        p_controls: kind of control to the add-one share of draws that are as diagonal.
        n_controls: kind of control to its draws.
        p_labels: add-one share of permutations of the sets' languages that are as diagonal.
    """

    n_sources: int
    rows: int
    columns: int
    rows_interval: tuple[float, float]
    columns_interval: tuple[float, float]
    value: float
    value_interval: tuple[float, float]
    p_controls: dict[str, float]
    n_controls: dict[str, int]
    p_labels: float


def largest(matrix: Floats, diagonal: list[int]) -> tuple[Floats, Floats]:
    """Say where the diagonal is strictly larger than the rest of its row, and of its column.

    Args:
        matrix: effects ``[..., source, language]``.
        diagonal: the column of each source's own language.

    Returns:
        Two arrays ``[..., source]`` of 0 and 1.
    """
    sources = np.arange(len(diagonal))
    own = matrix[..., sources, diagonal]
    rest = matrix.copy()
    rest[..., sources, diagonal] = -np.inf
    in_row = own > rest.max(-1)
    in_column = own > rest[..., diagonal].max(-2)
    return in_row.astype(float), in_column.astype(float)


def diagonal_excess(matrix: Floats, diagonal: list[int]) -> Floats:
    """Mean of the diagonal of ``[..., source, language]`` minus the mean of the rest, ``[...]``."""
    own = matrix[..., np.arange(len(diagonal)), diagonal]
    n_rest = matrix.shape[-1] * matrix.shape[-2] - len(diagonal)
    rest = (matrix.sum((-2, -1)) - own.sum(-1)) / n_rest
    return np.asarray(own.mean(-1) - rest)


def dominance(losses: Losses, *, draws: int = DRAWS, seed: int = 0) -> Dominance:
    """Measure how diagonal the languages' own sets make the matrix.

    Args:
        losses: what was measured, at least two languages.
        draws: resamples of blocks.
        seed: of the resamples and of the permutations.

    Returns:
        The counts, the difference and what chance gives.
    """
    diagonal = [losses.languages.index(lang) for lang in losses.sources]

    def statistics(matrix: Floats) -> Floats:
        in_row, in_column = largest(matrix, diagonal)
        parts = [in_row.sum(-1), in_column.sum(-1), diagonal_excess(matrix, diagonal)]
        return np.stack(parts, axis=-1)

    matrix, drawn = losses.effect_draws(losses.own(), draws=draws, seed=seed)
    found = percentile_interval(statistics(matrix), statistics(drawn), losses.n_blocks)
    ends = [(float(low), float(high)) for low, high in zip(found.low, found.high, strict=True)]
    value = float(found.estimate[2])
    by_chance = {kind: _control_values(losses, kind, diagonal) for kind in KINDS}
    by_chance = {kind: values for kind, values in by_chance.items() if values}
    return Dominance(
        n_sources=len(diagonal),
        rows=int(found.estimate[0]),
        columns=int(found.estimate[1]),
        rows_interval=ends[0],
        columns_interval=ends[1],
        value=value,
        value_interval=ends[2],
        p_controls={kind: _add_one(values, value) for kind, values in by_chance.items()},
        n_controls={kind: len(values) for kind, values in by_chance.items()},
        p_labels=_label_p(matrix, diagonal, seed),
    )


def _control_values(losses: Losses, kind: str, diagonal: list[int]) -> list[float]:
    """The dominance of each draw's matrix, its rows the controls of every language."""
    rows = [losses.controls(lang, kind) for lang in losses.sources]
    return [
        float(diagonal_excess(losses.effects(draw), diagonal)) for draw in zip(*rows, strict=True)
    ]


def _label_p(matrix: Floats, diagonal: list[int], seed: int) -> float:
    """Permute whose set is whose: the sum of the matrix stays, so the diagonal's mean decides."""
    square = matrix[:, diagonal]
    sources = np.arange(len(square))
    rng = np.random.default_rng(seed)
    orders = rng.permuted(np.tile(sources, (PERMUTATIONS, 1)), axis=1)
    # A permutation that is the original adds the same numbers in another order: rounding only.
    observed = square.trace() - 1e-12 * np.abs(square).sum()
    return _add_one(square[sources, orders].sum(1), observed)


def _add_one(chance: list[float] | Floats, observed: float) -> float:
    values = np.asarray(chance, float)
    return float((1 + (values >= observed).sum()) / (1 + len(values)))
