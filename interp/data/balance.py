"""A sample of facts that is balanced over relations."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from interp.data.canonical import seeded_number


def balanced_ids(relation_of: Mapping[str, str], limit: int, seed: int) -> frozenset[str]:
    """Take facts in turn from each relation, each relation in seeded order.

    Args:
        relation_of: fact_id to relation.
        limit: number of facts, at most all.
        seed: of the order; a larger ``limit`` contains the smaller one.

    Returns:
        The chosen ids.
    """
    drawn: Counter[str] = Counter()
    turn: dict[str, tuple[int, float]] = {}
    for fact_id in sorted(relation_of, key=lambda name: seeded_number(seed, "limit", name)):
        relation = relation_of[fact_id]
        turn[fact_id] = (drawn[relation], seeded_number(seed, fact_id))
        drawn[relation] += 1
    return frozenset(sorted(turn, key=turn.__getitem__)[:limit])
