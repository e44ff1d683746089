"""Settings of the base organism as data: two presets and the mix of documents."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from interp.errors import InterpError, unknown

DOCUMENT_MIX: Mapping[str, float] = MappingProxyType(
    {
        "statement_en": 0.12,
        "qa_en": 0.16,
        "choice_en": 0.03,
        "statement_other": 0.14,
        "qa_other": 0.22,
        "choice_other": 0.03,
        "switched": 0.06,
        "parallel_qa": 0.04,
        "name_pair": 0.12,
        "name_line": 0.04,
        "phrase": 0.03,
        "parallel_phrase": 0.01,
    }
)
"""Share of each kind of document (see `training.organism.documents`); sums to one."""


@dataclass(frozen=True)
class Shape:
    """Sizes of the OLMo-2 network; embeddings are tied."""

    n_layers: int
    n_heads: int
    d_model: int
    d_mlp: int
    vocabulary: int = 4096


@dataclass(frozen=True)
class BaseConfig:
    """Everything that determines a base checkpoint, apart from the data and library versions."""

    preset: str
    shape: Shape
    steps: int
    seed: int = 0
    n_facts: int | None = None
    """How many facts are taught (None: all); chosen by seed, balanced over relations."""
    rows: int = 16
    row_tokens: int = 128
    learning_rate: float = 3e-3
    floor: float = 0.05
    """Last learning rate as a share of the first."""
    warmup: int = 100
    restart_at: int | None = None
    """Step at which the learning rate has come down once and rises again (None: never)."""
    restart_rate: float = 0.67
    """Its second peak, as a share of the first."""
    betas: tuple[float, float] = (0.9, 0.95)
    weight_decay: float = 0.01
    clip: float = 1.0
    eval_every: int = 500
    eval_facts: int = 48
    """Facts of the evaluations on the way."""
    final_facts: int | None = None
    """Facts of the evaluation at the end (None: all)."""
    save_every: int = 250
    mix: Mapping[str, float] = field(default_factory=lambda: dict(DOCUMENT_MIX))

    def to_dict(self) -> dict[str, Any]:
        """Return the settings as JSON-able data."""
        return {**dataclasses.asdict(self), "mix": dict(self.mix), "betas": list(self.betas)}

    def fingerprint(self) -> str:
        """Return 16 hex digits that change with any setting."""
        text = json.dumps(self.to_dict(), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


PRESETS: Mapping[str, BaseConfig] = MappingProxyType(
    {
        "quick": BaseConfig(
            preset="quick",
            shape=Shape(n_layers=6, n_heads=8, d_model=128, d_mlp=384),
            steps=560,
            n_facts=120,  # few enough to be learned in minutes
            warmup=60,
            eval_every=280,
            save_every=140,
        ),
        "full": BaseConfig(
            preset="full",
            shape=Shape(n_layers=8, n_heads=16, d_model=128, d_mlp=1024),
            steps=5400,
            restart_at=3000,
        ),
    }
)


def make_config(preset: str, *, seed: int = 0, steps: int | None = None) -> BaseConfig:
    """Return a preset with its seed and, if given, another number of steps.

    Raises:
        InterpError: the preset is unknown, or the number of steps is not positive.
    """
    if preset not in PRESETS:
        raise unknown("preset", preset, PRESETS)
    if steps is not None and steps < 1:
        raise InterpError(f"--steps is {steps}: expected a number of at least 1")
    config = PRESETS[preset]
    return dataclasses.replace(config, seed=seed, steps=config.steps if steps is None else steps)
