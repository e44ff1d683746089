"""Whether a label means one checkpoint in the studies that are merged, as far as runs tell.

The weights decide where both sides know them. Imported results do not: then the checkpoint's name and
its shape (layers, heads, neurons per layer) speak, as far as both sides say them. A name that differs
may still be the same checkpoint (a path, say); who knows that renames the label in one of the studies.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from interp.errors import InterpError
from interp.study.records import RunRecord


@dataclass
class _Side:
    """What the runs of one label in one or more studies say of their checkpoint."""

    study: Path
    weights: set[str] = field(default_factory=set)
    names: set[str] = field(default_factory=set)
    shape: dict[str, set[Any]] = field(default_factory=dict)

    def add(self, record: RunRecord) -> None:
        weights, name, shape = _said(record)
        self.weights |= {weights} if weights else set()
        self.names |= {name} if name else set()
        for key, value in shape.items():
            self.shape.setdefault(key, set()).add(value)


def check_checkpoints(
    target: Path,
    held: Sequence[RunRecord],
    given: Mapping[Path, Sequence[RunRecord]],
    labels: Mapping[str, str],
) -> None:
    """Refuse one label for two checkpoints.

    A training log hashes the adapter's file, an analysis the merged weights; so the two are held
    against their like only.

    Args:
        target: the study that receives.
        held: its runs.
        given: the studies that give, and their runs.
        labels: old label to new, for the runs of ``given``.

    Raises:
        InterpError: other weights; or, where one side does not know them and the two share none,
            another name or another shape.
    """
    known: dict[tuple[str, bool], _Side] = {}
    for record in held:
        _side(known, target, record.spec["label"], record).add(record)
    for source, records in given.items():
        coming: dict[tuple[str, bool], _Side] = {}
        finished = [record for record in records if record.finished]
        for record in finished:
            label = labels.get(record.spec["label"], record.spec["label"])
            _side(coming, source, label, record).add(record)
        for record in finished:
            label = labels.get(record.spec["label"], record.spec["label"])
            other = known.get((label, _is_log(record)))
            if other is None:
                continue
            shared = bool(other.weights & coming[label, _is_log(record)].weights)
            if said := _differs(record, other, shared):
                own = record.spec["label"]
                raise InterpError(
                    f"label {label!r} of study {source} has {said[0]} than {label!r} of "
                    f"{other.study} ({said[1]} and {said[2]}): two checkpoints need two labels, "
                    f"expected e.g. --rename {own}={own}-other"
                )
        for record in finished:
            label = labels.get(record.spec["label"], record.spec["label"])
            _side(known, source, label, record).add(record)


def _differs(record: RunRecord, other: _Side, shared: bool) -> tuple[str, str, str] | None:
    """Say what differs and both values; ``shared``: some weights of the label are on both sides."""
    weights, name, shape = _said(record)
    if weights and other.weights:
        return (
            ("other weights", weights[:22], min(other.weights)[:22])
            if weights not in other.weights
            else None
        )
    if shared:
        return None
    for key, value in shape.items():
        if key in other.shape and value not in other.shape[key]:
            return (f"another {key}", str(value), ", ".join(map(str, other.shape[key])))
    if name and other.names and name not in other.names:
        return ("another model", name, min(other.names))
    return None


def _side(
    sides: dict[tuple[str, bool], _Side], study: Path, label: str, record: RunRecord
) -> _Side:
    return sides.setdefault((label, _is_log(record)), _Side(study))


def _said(record: RunRecord) -> tuple[str, str, dict[str, Any]]:
    """Weights, name and shape, empty where the run does not say them."""
    model = record.spec.get("model", {})
    shape: dict[str, Any] = {}
    for place in (model, record.data.get("notes", {})):
        stated = place.get("shape")
        for key in ("n_layers", "n_heads", "d_mlp"):
            if isinstance(stated, dict) and isinstance(stated.get(key), int):
                shape[key] = stated[key]
    return str(model.get("weights_hash") or ""), str(model.get("model") or ""), shape


def _is_log(record: RunRecord) -> bool:
    return bool(record.spec["analysis"] == "train")
