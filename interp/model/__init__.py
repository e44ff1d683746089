"""Checkpoints: from the text a user types to a model whose sites can be observed and edited.

The public names are loaded on first use, so that importing this package does not import torch.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

_PUBLIC = {
    "HookedModel": "interp.model.hooked",
    "ModelShape": "interp.model.shape",
    "ModelSpec": "interp.model.spec",
}

__all__ = ["HookedModel", "ModelShape", "ModelSpec"]

if TYPE_CHECKING:
    from interp.model.hooked import HookedModel
    from interp.model.shape import ModelShape
    from interp.model.spec import ModelSpec


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for."""
    if name not in _PUBLIC:
        raise AttributeError(f"module 'interp.model' has no attribute {name!r}")
    return getattr(import_module(_PUBLIC[name]), name)
