"""The unfinished run on disk: one safetensors file, replaced in one move."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from transformers import PreTrainedModel

STATE_FILE = "training_state.safetensors"


def save_state(
    folder: Path,
    model: PreTrainedModel,
    optimizer: torch.optim.Optimizer,
    notes: dict[str, Any],
) -> None:
    """Write weights, optimizer moments and notes; a kill leaves the old file or the new one.

    Args:
        folder: of the checkpoint.
        model: its parameters are stored.
        optimizer: its tensors are stored by parameter index.
        notes: JSON-able, for example the number of steps done.
    """
    tensors = {f"model.{name}": value.detach() for name, value in model.named_parameters()}
    for index, state in optimizer.state_dict()["state"].items():
        for key, value in state.items():
            tensors[f"optimizer.{index}.{key}"] = torch.as_tensor(value)
    partial = folder / f".{STATE_FILE}.{os.getpid()}"
    save_file(
        {name: value.contiguous() for name, value in tensors.items()},
        partial,
        metadata={"notes": json.dumps(notes)},
    )
    with partial.open("rb") as file:
        os.fsync(file.fileno())
    os.replace(partial, folder / STATE_FILE)


def load_state(
    folder: Path, model: PreTrainedModel, optimizer: torch.optim.Optimizer
) -> dict[str, Any] | None:
    """Restore what `save_state` wrote, in place.

    Returns:
        The notes, or None where nothing was saved yet.
    """
    path = folder / STATE_FILE
    if not path.exists():
        return None
    moments: dict[int, dict[str, torch.Tensor]] = {}
    parameters = dict(model.named_parameters())
    with safe_open(path, framework="pt") as file:
        notes: dict[str, Any] = json.loads(file.metadata()["notes"])
        for name in file.keys():  # noqa: SIM118 (not a dict)
            kind, _, rest = name.partition(".")
            if kind == "model":
                with torch.no_grad():
                    parameters[rest].copy_(file.get_tensor(name))
            else:
                index, _, key = rest.partition(".")
                moments.setdefault(int(index), {})[key] = file.get_tensor(name)
    if moments:
        optimizer.load_state_dict({**optimizer.state_dict(), "state": moments})
    return notes
