"""Mechanistic interpretability of multilingual factual recall across checkpoints.

The public names are loaded on first use, so that ``import interp`` stays instant and the readers
of a study never import torch.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_PUBLIC = {
    "Corpus": "interp.data.corpus",
    "FactSet": "interp.data.facts",
    "HookedModel": "interp.model.hooked",
    "InterpError": "interp.errors",
    "Study": "interp.study",
    "compare": "interp.comparison",
    "load_study": "interp.study",
}
_MODULES = ("figures", "plates")

__all__ = [
    "Corpus",
    "FactSet",
    "HookedModel",
    "InterpError",
    "Study",
    "__version__",
    "compare",
    "figures",
    "load_study",
    "plates",
]

if TYPE_CHECKING:
    from interp import figures, plates
    from interp.comparison import compare
    from interp.data.corpus import Corpus
    from interp.data.facts import FactSet
    from interp.errors import InterpError
    from interp.model.hooked import HookedModel
    from interp.study import Study, load_study


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for."""
    if name in _MODULES:
        return import_module(f"interp.{name}")
    if name not in _PUBLIC:
        raise AttributeError(f"module 'interp' has no attribute {name!r}")
    return getattr(import_module(_PUBLIC[name]), name)
