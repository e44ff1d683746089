"""The options of every analysis: one frozen dataclass each, refusing values it does not know."""

from interp.options.ablation import AblationOptions
from interp.options.attention import AttentionOptions
from interp.options.klar import KlarOptions
from interp.options.lahis import LahisOptions
from interp.options.lape import LapeOptions
from interp.options.lens import LensOptions
from interp.options.mcq import McqOptions
from interp.options.similarity import SimilarityOptions

__all__ = [
    "AblationOptions",
    "AttentionOptions",
    "KlarOptions",
    "LahisOptions",
    "LapeOptions",
    "LensOptions",
    "McqOptions",
    "SimilarityOptions",
]
