"""Plates of this chapter."""

from __future__ import annotations

from interp.plates.registry import Entry

ENTRIES: tuple[Entry, ...] = ()

__all__ = ["ENTRIES"]
