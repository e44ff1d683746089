"""Language-specific neurons by LAPE: how many, in which layers, which ones, and what a checkpoint changes."""

from __future__ import annotations

from interp.plates.neurons.by_layer import layer_shares, layers
from interp.plates.neurons.curves import cumulative, ecdf, ecdf_without_english
from interp.plates.neurons.distances import distances
from interp.plates.neurons.final import final_share, final_share_with_intervals
from interp.plates.neurons.kept import sets
from interp.plates.neurons.null import null
from interp.plates.neurons.per_language import change, counts, counts_with_intervals
from interp.plates.neurons.scatter import entropy_map
from interp.plates.neurons.windows import windows
from interp.plates.registry import Entry

ENTRIES: tuple[Entry, ...] = (
    Entry("neuron-counts", counts, "Figure 5"),
    Entry("neuron-counts-intervals", counts_with_intervals),
    Entry("neuron-change", change),
    Entry("neuron-sets", sets),
    Entry("neuron-final", final_share, "Figure 6"),
    Entry("neuron-final-intervals", final_share_with_intervals),
    Entry("neuron-windows", windows),
    Entry("neuron-layers", layers, "Figure 14"),
    Entry("neuron-layer-shares", layer_shares),
    Entry("neuron-cumulative", cumulative, "Figure 15"),
    Entry("neuron-ecdf", ecdf),
    Entry("neuron-ecdf-without-english", ecdf_without_english),
    Entry("neuron-distances", distances),
    Entry("neuron-null", null),
    Entry("neuron-map", entropy_map),
)

__all__ = [
    "ENTRIES", "change", "counts", "counts_with_intervals", "cumulative", "distances", "ecdf",
    "ecdf_without_english", "entropy_map", "final_share", "final_share_with_intervals",
    "layer_shares", "layers", "null", "sets", "windows",
]  # fmt: skip
