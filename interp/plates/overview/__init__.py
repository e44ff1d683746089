"""What a study holds, how much of it differs beyond noise, and how its checkpoints were trained."""

from __future__ import annotations

from interp.plates.overview.beyond import beyond
from interp.plates.overview.curves import (
    training_checks,
    training_curves,
    training_languages,
    training_rewards,
)
from interp.plates.overview.forest import forest
from interp.plates.overview.grid import grid
from interp.plates.overview.settings import training_settings
from interp.plates.overview.steps import along_training
from interp.plates.overview.verdicts import verdicts
from interp.plates.registry import Entry

ENTRIES: tuple[Entry, ...] = (
    Entry("study-grid", grid),
    Entry("verdicts", verdicts),
    Entry("beyond-noise", beyond),
    Entry("forest", forest),
    Entry("training-settings", training_settings, "Table 4"),
    Entry("training-curves", training_curves),
    Entry("training-rewards", training_rewards),
    Entry("training-languages", training_languages),
    Entry("training-checks", training_checks),
    Entry("along-training", along_training),
)

__all__ = [
    "ENTRIES", "along_training", "beyond", "forest", "grid", "training_checks", "training_curves",
    "training_languages", "training_rewards", "training_settings", "verdicts",
]  # fmt: skip
