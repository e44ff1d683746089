"""Analysis to the builder of its statistics; the one place that knows them all."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from interp.comparison import klar, lahis, lape, lens, mcq, similarity
from interp.comparison.family import Builder

FAMILIES: Mapping[str, Builder] = MappingProxyType(
    {
        "lape": lape.build,
        "lahis": lahis.build,
        "lens": lens.build,
        "mcq": mcq.build,
        "klar": klar.build,
        "similarity": similarity.build,
    }
)
