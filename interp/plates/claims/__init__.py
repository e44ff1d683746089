"""The claims of arXiv 2606.06586, held against a study."""

from __future__ import annotations

from interp.plates.claims.beside import claims_beside
from interp.plates.claims.table import claims_table
from interp.plates.registry import Entry

ENTRIES: tuple[Entry, ...] = (
    Entry("claims", claims_table),
    Entry("claims-beside", claims_beside),
)

__all__ = ["ENTRIES", "claims_beside", "claims_table"]
