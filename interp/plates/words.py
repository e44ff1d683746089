"""Small words of sentences: lists, counts."""

from __future__ import annotations

from collections.abc import Iterable


def listed(names: Iterable[str], word: str = "and") -> str:
    """Join names: ``a``, ``a and b``, ``a, b and c``."""
    every = list(names)
    return f" {word} ".join(filter(None, [", ".join(every[:-1]), *every[-1:]]))


def count(n: int, one: str, many: str = "") -> str:
    """Write a number with its noun: ``1 run``, ``2 runs``."""
    return f"{n:,} {one if n == 1 else many or one + 's'}"
