"""Attention heads by LAHIS: what languages share, where top heads lie and look, what a checkpoint changes."""

from __future__ import annotations

from interp.plates.heads.ablation import ablation, ablation_normalised
from interp.plates.heads.attention import attention
from interp.plates.heads.changes import likeness, moves, stable
from interp.plates.heads.deltas import deltas, raw_deltas, scale
from interp.plates.heads.layers import layers, lines
from interp.plates.heads.overlap import overlap, overlap_change_map
from interp.plates.heads.scores import scores
from interp.plates.registry import Entry

ENTRIES: tuple[Entry, ...] = (
    Entry("head-scores", scores),
    Entry("head-overlap", overlap, "Figure 7"),
    Entry("head-overlap-change", overlap_change_map),
    Entry("head-layer-lines", lines, "Figure 8"),
    Entry("head-layers", layers),
    Entry("head-stable", stable, "Figure 12"),
    Entry("head-likeness", likeness),
    Entry("head-moves", moves),
    Entry("head-deltas-raw", raw_deltas, "Figures 16 and 17"),
    Entry("head-scale", scale),
    Entry("head-deltas", deltas),
    Entry("head-ablation", ablation),
    Entry("head-ablation-normalised", ablation_normalised),
    Entry("head-attention", attention),
)

__all__ = [
    "ENTRIES", "ablation", "ablation_normalised", "attention", "deltas", "layers", "likeness", "lines", "moves",
    "overlap", "overlap_change_map", "raw_deltas", "scale", "scores", "stable",
]  # fmt: skip
