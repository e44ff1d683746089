"""Where attention goes, as a few numbers. Pure.

A query is a token that looks, a key one that is looked at. The first token, the previous one and
the query itself are the same place for the first two queries, where the shares would say nothing:
only queries from the third token on count.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from interp.errors import InterpError

START = 2
"""The first query that counts."""

SUM_TOLERANCE = 2e-2
"""How far a row's sum may be from 1: the rounding of a few hundred numbers in bf16 or fp16."""


@dataclass(frozen=True)
class Measures:
    """Means over queries from the third token on, all samples together.

    Attributes:
        first: share of attention on the first token (an attention sink has most of it).
        previous: share on the token before.
        itself: share on the query itself.
        distance: mean distance to what is looked at, in tokens (0: itself).
        entropy: of a query's attention, in nats (0: one token has it all).
        n_queries: queries counted; with none every mean is NaN.
    """

    first: float
    previous: float
    itself: float
    distance: float
    entropy: float
    n_queries: int

    def to_dict(self) -> dict[str, float]:
        """The measures by name."""
        return asdict(self)


def measure(patterns: Iterable[NDArray[np.floating]]) -> Measures:
    """Say where attention goes.

    Args:
        patterns: ``[query, key]`` each, of any lengths; rows sum to 1, nothing above the diagonal.

    Returns:
        Means over the queries of all patterns, every query counting the same.
    """
    rows = [_per_query(np.asarray(pattern, np.float64)) for pattern in patterns]
    every = np.concatenate([np.zeros((0, 5)), *rows])
    means = every.mean(0).tolist() if len(every) else [float("nan")] * 5
    first, previous, itself, distance, entropy = means
    return Measures(first, previous, itself, distance, entropy, n_queries=len(every))


def _per_query(pattern: NDArray[np.float64]) -> NDArray[np.float64]:
    """The five measures of every query that counts, ``[query, measure]``."""
    query = np.arange(START, len(pattern))
    rows = pattern[query]
    gap = query[:, None] - np.arange(len(pattern))
    logs = np.log(rows, out=np.zeros_like(rows), where=rows > 0)  # 0 ln 0 = 0
    return np.stack(
        [
            rows[:, 0],
            pattern[query, query - 1],
            pattern[query, query],
            (rows * gap).sum(1),
            -(rows * logs).sum(1),
        ],
        axis=1,
    )


def even_pattern(length: int) -> NDArray[np.float64]:
    """Attention spread evenly over what a query may look at: what the numbers are held against.

    Args:
        length: tokens.

    Returns:
        ``[query, key]``: ``1 / (query + 1)`` up to the diagonal.
    """
    reach = np.arange(1, length + 1, dtype=np.float64)
    pattern: NDArray[np.float64] = np.tril(np.ones((length, length))) / reach[:, None]
    return pattern


def check_pattern(pattern: NDArray[np.floating], where: str) -> None:
    """Refuse what is no causal attention pattern.

    Args:
        pattern: ``[query, key]``.
        where: which one, for the message.

    Raises:
        InterpError: not finite, attention to later tokens, or a row that does not sum to 1.
    """
    if not np.isfinite(pattern).all():
        raise InterpError(
            f"the attention pattern of {where} is not finite: the checkpoint may be damaged or "
            "have overflowed in half precision; try --dtype float32 or bfloat16"
        )
    if np.triu(pattern, 1).any():
        raise InterpError(
            f"the attention pattern of {where} looks at later tokens: the causal mask is lost, "
            "results would be wrong"
        )
    off = float(np.abs(pattern.sum(-1, dtype=np.float64) - 1).max(initial=0))
    if off > SUM_TOLERANCE:
        raise InterpError(
            f"the attention pattern of {where} does not sum to 1 (off by {off:.2g}): this "
            "attention, e.g. one with sink logits, has no pattern that could be stored"
        )
