"""What is asked of a run, and the name that follows from it.

The same request always gets the same ``run_id``: a rerun finds what it has already done. The
digest covers everything that changes the numbers: analysis, label, stage, preset, arguments, data,
seed and the model's identity (hash of the weights, tokenizer, dtype, engine, kind of device, ...;
not the path it was loaded from, once there is a hash of the weights). The version of the code is
*not* part of it, so that a study stays readable as one set of runs across versions; it is recorded
with every run, and progress made by other code is never continued (see ``runs.py``).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from interp.errors import InterpError
from interp.study.atomic import to_json

# Where the weights came from does not matter once their hash is known.
_LOCATION = frozenset({"model", "name", "revision", "adapter", "base", "self_check", "device_map"})

_LONGEST_STAGE = 80
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,79}")


@dataclass(frozen=True)
class RunSpec:
    """One analysis of one checkpoint on one set of data.

    Attributes:
        analysis: ``lape``, ``lahis``, ``lens``, ``mcq``, ``klar``, ...
        label: the checkpoint's short name in the study, e.g. ``grpo-step-400``.
        stage: what was done to the checkpoint: ``base``, ``cpt``, ``sft``, ``grpo``, free text.
        preset: the preset's name.
        arguments: every option that can change a number; JSON-able.
        data_hash: of the corpus or fact set.
        model: ``HookedModel.provenance``; JSON-able.
        seed: of all randomness.
    """

    analysis: str
    label: str
    stage: str
    preset: str
    arguments: Mapping[str, Any]
    data_hash: str
    model: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse names that cannot be part of a file name."""
        for what in ("label", "analysis", "preset"):
            check_name(what, getattr(self, what))

    @property
    def digest(self) -> str:
        """SHA-256 (hex) over everything that changes the numbers."""
        return hashlib.sha256(to_json(self.identity()).encode()).hexdigest()

    @property
    def run_id(self) -> str:
        """The run's name before any ``-2``: ``<label>-<analysis>-<preset>-<8 hex>``."""
        return f"{self.label}-{self.analysis}-{self.preset}-{self.digest[:8]}"

    def identity(self) -> dict[str, Any]:
        """Return what the digest covers, JSON-able."""
        model = dict(self.model)
        if model.get("weights_hash"):
            model = {key: value for key, value in model.items() if key not in _LOCATION}
        if "device" in model:
            model["device"] = str(model["device"]).split(":")[0]  # cuda:1 computes as cuda:0 does
        return {
            "analysis": self.analysis,
            "label": self.label,
            "stage": self.stage,
            "preset": self.preset,
            "arguments": dict(self.arguments),
            "data_hash": self.data_hash,
            "model": model,
            "seed": self.seed,
        }

    def to_dict(self) -> dict[str, Any]:
        """Return every field, JSON-able, for ``run.json``."""
        return {
            "analysis": self.analysis,
            "label": self.label,
            "stage": self.stage,
            "preset": self.preset,
            "arguments": dict(self.arguments),
            "data_hash": self.data_hash,
            "model": dict(self.model),
            "seed": self.seed,
        }


def check_name(what: str, value: str, hint: str = "") -> None:
    """Refuse a name that cannot be part of a folder's name.

    Args:
        what: what it names, e.g. ``"label"``.
        value: the name.
        hint: what else to do, appended to the message.

    Raises:
        InterpError: unless it is 1-80 letters, digits, ``. _ + -``, the first a letter or digit.
    """
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        raise InterpError(
            f"{what} {_shortened(value)} cannot name a folder: expected 1-80 letters, digits or "
            f". _ + -, the first a letter or digit, e.g. grpo-step-400{hint}"
        )


def check_stage(value: str) -> None:
    """Refuse a stage that no table and no figure could show.

    Args:
        value: free text.

    Raises:
        InterpError: unless it is 1-80 printable characters.
    """
    if not (1 <= len(value) <= _LONGEST_STAGE and value.isprintable() and value.strip() == value):
        raise InterpError(
            f"stage {_shortened(value)}: expected 1-{_LONGEST_STAGE} printable characters, e.g. base, "
            "sft or grpo"
        )


def _shortened(value: object) -> str:
    """A name as it was given, its beginning where it is long."""
    if isinstance(value, str) and len(value) > 90:
        return f"{value[:80]!r}… ({len(value)} characters)"
    return repr(value)
