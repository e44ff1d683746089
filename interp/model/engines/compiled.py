"""The native engine with the model compiled by ``torch.compile``, for passes that only look.

Hooks and ``torch.compile`` do not go together by themselves: Dynamo traces the hooks that are there
when it compiles, keeps no guard on them, and shares compiled code between modules of one class, so
that the next pass would feed the observers of the first one, or none. What is done about it:

* A hook calls an operator of ours, ``interp::look``, which the compiler takes as it is. Called, it
  looks up who observes now, so the compiled code holds no observer.
* Every set of sites is compiled as one graph, or not at all (``fullgraph``), from a function with a
  code object of its own, since Dynamo keeps its cache there.
* Buffers are not used twice, so that what an observer keeps stays as it was seen.
* A set is compiled on a few fixed tokens, where its values must be those of the uncompiled model;
  that way a run that was killed goes on with the same code, too. Sizes are dynamic.

The model is not touched: no ``Module.compile``, and hooks are on it only during a pass. Edits, and
passes with gradients, go the way of the native engine.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from contextvars import ContextVar
from dataclasses import dataclass
from functools import partial
from types import FunctionType
from typing import Any

import torch
from torch import nn
from torch._dynamo.exc import TorchDynamoException

from interp.errors import InterpError
from interp.model.architectures import Architecture
from interp.model.engines.base import Editor, Observer, Output
from interp.model.engines.guard import error_line, relative_difference, tolerance
from interp.model.engines.native import NativeEngine, Tap, first
from interp.model.shape import ModelShape
from interp.model.sites import locate

_PROBE = 12
"""Tokens per row on which a set of sites is compiled."""

_OPTIONS: dict[str, Any] = {"allow_buffer_reuse": False, "inplace_buffers": False}

_watching: ContextVar[Mapping[str, Tap]] = ContextVar("watching")
"""Who observes the pass that runs now, by site."""


@torch.library.custom_op("interp::look", mutates_args=("seen",))
def _look(value: torch.Tensor, seen: torch.Tensor, site: str) -> None:
    """Show a value to its observer. ``seen`` is said to change, so that no call is optimised away."""
    _watching.get()[site](value)


@_look.register_fake
def _(value: torch.Tensor, seen: torch.Tensor, site: str) -> None:
    """Nothing is seen while the compiler traces."""


@dataclass(frozen=True)
class _Kind:
    """What one compiled function is for; everything that its guards would otherwise tell apart."""

    sites: tuple[str, ...]
    output: Output
    masked: bool
    single: bool  # one row: the compiler treats a size of one as a case of its own
    inference: tuple[bool, bool]  # of the pass, and of the token ids


class CompiledEngine(NativeEngine):
    """See the module docstring; implements ``interp.model.engines.base.Engine``."""

    def __init__(self, model: nn.Module, arch: Architecture, shape: ModelShape) -> None:
        """Keep a read-only handle on the model; nothing is compiled yet."""
        super().__init__(model, arch, shape)
        self._compiled: dict[_Kind, Callable[..., torch.Tensor]] = {}
        self._seen = torch.zeros(())

    def run(
        self,
        input_ids: torch.Tensor,
        attention_mask: torch.Tensor | None,
        *,
        observe: Mapping[str, Observer],
        edit: Mapping[str, Editor],
        output: Output,
    ) -> torch.Tensor:
        """Run one batch; see ``Engine.run``.

        Raises:
            InterpError: where the model cannot be compiled, or computes something else then.
        """
        if edit or torch.is_grad_enabled() or input_ids.shape[1] == 1:
            return super().run(input_ids, attention_mask, observe=observe, edit=edit, output=output)
        for name in observe:
            locate(name, self._arch, self._shape)
        kind = _Kind(
            sites=tuple(observe),
            output=output,
            masked=attention_mask is not None,
            single=input_ids.shape[0] == 1,
            inference=(torch.is_inference_mode_enabled(), input_ids.is_inference()),
        )
        if kind not in self._compiled:
            self._compiled[kind] = self._compile(kind, input_ids, attention_mask)
        return self._call(self._compiled[kind], kind, input_ids, attention_mask, observe)

    def _call(
        self,
        compiled: Callable[..., torch.Tensor],
        kind: _Kind,
        ids: torch.Tensor,
        mask: torch.Tensor | None,
        observe: Mapping[str, Observer],
    ) -> torch.Tensor:
        """One pass through compiled code."""
        reached: set[str] = set()
        access = {name: locate(name, self._arch, self._shape) for name in kind.sites}
        taps = {
            name: self._observing(name, observe[name], access[name], [ids.shape], reached)
            for name in kind.sites
        }
        token = _watching.set(taps)
        try:
            # Compiled code has the calls in it; the hooks are for a size that is compiled anew.
            with ExitStack() as stack:
                for name in kind.sites:
                    self._register(stack, access[name], partial(_show, self._seen, name))
                result = compiled(ids, mask)
        except TorchDynamoException as error:
            raise InterpError(
                f"{self._arch.model_type} cannot be compiled here: {error_line(error)}; "
                "leave out --compile"
            ) from error
        finally:
            _watching.reset(token)
        self._check_reached(observe, reached)
        return result

    def _compile(
        self, kind: _Kind, ids: torch.Tensor, mask: torch.Tensor | None
    ) -> Callable[..., torch.Tensor]:
        """Compile for one set of sites, and hold it against the uncompiled model on a few tokens."""
        module = self._body if kind.output == "body" else self._model
        logits = kind.output == "logits"

        def call(ids: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
            result = module(input_ids=ids, attention_mask=mask, use_cache=False)
            return result.logits if logits else first(result)

        own = FunctionType(
            call.__code__.replace(), call.__globals__, "call", None, call.__closure__
        )
        compiled = torch.compile(own, fullgraph=True, dynamic=True, options=_OPTIONS)
        if self._seen.device != ids.device:
            self._seen = torch.zeros((), device=ids.device)
        few, few_mask = _probe(ids, mask)
        theirs: dict[str, torch.Tensor] = {}
        ours: dict[str, torch.Tensor] = {}
        theirs["the output"] = super().run(
            few, few_mask, observe=_keepers(theirs, kind.sites), edit={}, output=kind.output
        )
        seen = _keepers(ours, kind.sites)
        ours["the output"] = self._call(compiled, kind, few, few_mask, seen)
        real = slice(None) if few_mask is None else few_mask.bool()
        for name, value in theirs.items():
            apart = relative_difference(value[real], ours[name][real])
            if not apart <= tolerance(value.dtype):
                raise InterpError(
                    f"compiled, {self._arch.model_type} computes something else at {name} (largest "
                    f"difference {apart:.2g}, expected at most {tolerance(value.dtype):g}); leave "
                    "out --compile"
                )
        return compiled


def _show(seen: torch.Tensor, site: str, value: torch.Tensor) -> None:
    torch.ops.interp.look(value, seen, site)


def _keepers(found: dict[str, torch.Tensor], sites: tuple[str, ...]) -> dict[str, Observer]:
    return {site: partial(found.__setitem__, site) for site in sites}


def _probe(
    ids: torch.Tensor, mask: torch.Tensor | None
) -> tuple[torch.Tensor, torch.Tensor | None]:
    """A few tokens of the kind of a batch: always the same ones, so that the code is the same."""
    rows = min(2, ids.shape[0])
    with torch.inference_mode(ids.is_inference()):
        few = torch.arange(rows * _PROBE, device=ids.device, dtype=ids.dtype)
        few = few.view(rows, _PROBE)
        if mask is None:
            return few, None
        few_mask = torch.ones_like(few, dtype=mask.dtype)
        few_mask[-1, -_PROBE // 3 :] = 0
        return few, few_mask


def create(
    hf_model: nn.Module, tokenizer: Any, arch: Architecture, shape: ModelShape
) -> CompiledEngine:
    """Build the engine; arguments as in ``native.create``."""
    return CompiledEngine(hf_model, arch, shape)
