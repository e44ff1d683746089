"""Attention heads by LAHIS: what languages share, where top heads lie, what a checkpoint changes."""

from __future__ import annotations

from interp.plates.heads.overlap import overlap
from interp.plates.registry import Entry

ENTRIES: tuple[Entry, ...] = (Entry("head-overlap", overlap, "Figure 7"),)

__all__ = ["ENTRIES", "overlap"]
