"""Says what a source dropped or changed on the way to a fact set, so that nobody finds out later."""

from __future__ import annotations

from collections.abc import Mapping

from interp.notices import tell

LOSSES = ("dropped_", "missing_", "unaligned_")
"""Counts of what is not there; others say how a set was put together."""


def say_notes(who: str, source: str, notes: Mapping[str, int]) -> None:
    """Print one line with every count that is not zero.

    Args:
        who: whose notice it is, e.g. ``eval mcq``.
        source: where the facts came from.
        notes: ``FactSet.notes``.
    """
    counts = [f"{name} {n}" for name, n in notes.items() if n and name.startswith(LOSSES)]
    if counts:
        tell(who, f"{source}: {', '.join(counts)}")
