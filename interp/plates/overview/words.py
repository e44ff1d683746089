"""Small words of sentences: lists, counts."""

from __future__ import annotations

from collections.abc import Sequence


def listed(names: Sequence[str], word: str = "and") -> str:
    """Join names: ``a``, ``a and b``, ``a, b and c``."""
    return f" {word} ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))


def count(n: int, one: str, many: str = "") -> str:
    """Write a number with its noun: ``1 run``, ``2 runs``."""
    return f"{n:,} {one if n == 1 else many or one + 's'}"
