"""How much two sets share, and what chance would give; pure."""

from __future__ import annotations

from collections.abc import Set


def jaccard(a: Set[object], b: Set[object]) -> float:
    """Shared members over all members; not a number where both sets are empty."""
    union = len(a | b)
    return len(a & b) / union if union else float("nan")


def overlap(a: Set[object], b: Set[object]) -> float:
    """Shared members over the smaller set, ``|A and B| / k``; not a number where one is empty."""
    smaller = min(len(a), len(b))
    return len(a & b) / smaller if smaller else float("nan")


def chance_overlap(k: int, total: int) -> float:
    """Expected overlap of two independent random sets of ``k`` among ``total``: ``k / total``."""
    if not 0 < k <= total:
        raise ValueError(f"a set of {k} among {total}: expected 0 < k <= total")
    return k / total
