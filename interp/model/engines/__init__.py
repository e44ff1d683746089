"""The engines: one protocol, three implementations."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from interp.errors import InterpError, unknown

if TYPE_CHECKING:
    from torch import nn

    from interp.model.architectures import Architecture
    from interp.model.engines.base import Engine
    from interp.model.shape import ModelShape

ENGINES = ("native", "transformer_lens", "nnsight")
"""Names of the engines; the first is the default."""


def check_engine(
    name: str, attn_implementation: str | None = None, *, compiled: bool = False
) -> None:
    """Refuse an engine that does not exist, or that could not do what was asked.

    Args:
        name: name of the engine.
        attn_implementation: the implementation of attention that was asked for, if any.
        compiled: whether the model is to be compiled.

    Raises:
        InterpError: naming the alternatives.
    """
    if name not in ENGINES:
        raise unknown("engine", name, ENGINES)
    if compiled and name != "native":
        raise InterpError(f"engine {name!r} cannot be compiled: leave out --compile or --engine")
    if name == "transformer_lens" and attn_implementation not in (None, "eager"):
        raise InterpError(
            f"attention {attn_implementation!r} with engine {name!r}, which computes attention "
            "itself, as eager does: leave the option out or use engine native or nnsight"
        )


def make_engine(
    name: str,
    model: nn.Module,
    tokenizer: Any,
    arch: Architecture,
    shape: ModelShape,
    *,
    compiled: bool = False,
) -> Engine:
    """Build an engine by name, importing its library only now.

    Args:
        name: ``native``, ``transformer_lens`` or ``nnsight``.
        model: the Hugging Face model.
        tokenizer: its tokenizer.
        arch: its architecture, bound to it.
        shape: its sizes.
        compiled: whether passes that only look run through ``torch.compile``.

    Returns:
        The engine.

    Raises:
        InterpError: for an unknown name, or a library that is not installed.
    """
    check_engine(name, compiled=compiled)
    module = "compiled" if compiled else name
    return import_module(f"interp.model.engines.{module}").create(model, tokenizer, arch, shape)
