"""The unfinished run on disk: one safetensors file, replaced in one move.

One file, so that weights, optimizer, log and position can never be of different steps. Random
numbers need no place in it: every step draws from a seed that follows from the run's seed and the
step's number.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from interp.errors import InterpError
from interp.study.atomic import whole_file

STATE_FILE = "training_state.safetensors"


def save_state(
    folder: Path,
    model: torch.nn.Module,
    optimizer: torch.optim.Optimizer,
    notes: dict[str, Any],
) -> None:
    """Write trained weights, optimizer moments and notes; a kill leaves the old file or the new.

    Args:
        folder: of the checkpoint.
        model: its trainable parameters are stored.
        optimizer: its tensors are stored by parameter index.
        notes: JSON-able, for example the number of steps done.

    Raises:
        InterpError: the file cannot be written; the earlier one is untouched.
    """
    tensors = {
        f"model.{name}": value.detach()
        for name, value in model.named_parameters()
        if value.requires_grad
    }
    for index, state in optimizer.state_dict()["state"].items():
        for key, value in state.items():
            tensors[f"optimizer.{index}.{key}"] = torch.as_tensor(value)
    try:
        with whole_file(folder / STATE_FILE) as partial:
            save_file(
                {name: value.contiguous() for name, value in tensors.items()},
                partial,
                metadata={"notes": json.dumps(notes)},
            )
    except (InterpError, SafetensorError) as error:
        raise InterpError(
            f"the state of the run cannot be written to {folder} ({error}): the earlier state is "
            "untouched; mend it (free some space) and run the same command again"
        ) from error


def load_notes(folder: Path) -> dict[str, Any] | None:
    """Read what was noted at the newest saved step, or None where nothing was saved yet."""
    path = folder / STATE_FILE
    if not path.exists():
        return None
    with safe_open(path, framework="pt") as file:
        notes: dict[str, Any] = json.loads(file.metadata()["notes"])
    return notes


def load_weights(folder: Path, model: torch.nn.Module) -> None:
    """Restore the trained weights that `save_state` wrote, in place."""
    parameters = dict(model.named_parameters())
    with safe_open(folder / STATE_FILE, framework="pt") as file, torch.no_grad():
        for name in file.keys():  # noqa: SIM118 (not a dict)
            kind, _, rest = name.partition(".")
            if kind == "model":
                parameters[rest].copy_(file.get_tensor(name))


def load_moments(folder: Path, optimizer: torch.optim.Optimizer) -> None:
    """Restore the optimizer's tensors that `save_state` wrote."""
    moments: dict[int, dict[str, torch.Tensor]] = {}
    with safe_open(folder / STATE_FILE, framework="pt") as file:
        for name in file.keys():  # noqa: SIM118 (not a dict)
            kind, _, rest = name.partition(".")
            if kind == "optimizer":
                index, _, key = rest.partition(".")
                moments.setdefault(int(index), {})[key] = file.get_tensor(name)
    if moments:
        optimizer.load_state_dict({**optimizer.state_dict(), "state": moments})


def load_state(
    folder: Path, model: torch.nn.Module, optimizer: torch.optim.Optimizer
) -> dict[str, Any] | None:
    """Restore what `save_state` wrote, in place.

    Returns:
        The notes, or None where nothing was saved yet.
    """
    notes = load_notes(folder)
    if notes is not None:
        load_weights(folder, model)
        load_moments(folder, optimizer)
    return notes
