"""The default engine: PyTorch hooks on the unmodified Hugging Face model.

Hooks are on the model only inside ``attached`` and are removed after an exception too. Attention
is left as it is (SDPA keeps its causal mask; re-implementing it is how a published analysis lost
that mask), gradients flow, and the key/value cache is off.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from torch import nn

from interp.errors import InterpError
from interp.model.architectures import Architecture
from interp.model.engines.base import Editor, Observer, Output
from interp.model.shape import ModelShape
from interp.model.sites import Access, cut, locate, paste

Tap = Callable[[torch.Tensor], torch.Tensor | None]
"""Receives what a module reads or returns; gives its replacement, or ``None`` to leave it."""


def create(
    hf_model: nn.Module, tokenizer: Any, arch: Architecture, shape: ModelShape
) -> NativeEngine:
    """Build the engine.

    Args:
        hf_model: the Hugging Face model, in evaluation mode.
        tokenizer: its tokenizer (not needed here; every engine has the same signature).
        arch: the architecture, bound to the model.
        shape: the model's sizes.

    Returns:
        The engine.
    """
    return NativeEngine(hf_model, arch, shape)


def first(output: Any) -> torch.Tensor:
    """The tensor in a module's output, which some families wrap in a tuple.

    Args:
        output: a tensor, or a tuple, list or ``ModelOutput`` whose first entry is one.

    Returns:
        The tensor.
    """
    return output if isinstance(output, torch.Tensor) else output[0]


class NativeEngine:
    """See the module docstring; implements ``interp.model.engines.base.Engine``."""

    name = "native"

    def __init__(self, model: nn.Module, arch: Architecture, shape: ModelShape) -> None:
        """Keep a read-only handle on the model; nothing is registered yet."""
        self._model = model
        self._arch = arch
        self._shape = shape
        self._body = model.get_submodule(arch.body)

    def run(
        self,
        input_ids: torch.Tensor,
        attention_mask: torch.Tensor | None,
        *,
        observe: Mapping[str, Observer],
        edit: Mapping[str, Editor],
        output: Output,
    ) -> torch.Tensor:
        """Run one batch; see ``Engine.run``."""
        module = self._body if output == "body" else self._model
        with self.attached(observe=observe, edit=edit) as reached:
            result = module(input_ids=input_ids, attention_mask=attention_mask, use_cache=False)
        self._check_reached({*observe, *edit}, reached)
        return result.logits if output == "logits" else first(result)

    def _check_reached(self, wanted: Iterable[str], reached: set[str]) -> None:
        """Refuse a pass that went by a site."""
        missed = sorted({*wanted} - reached)
        if missed:
            raise InterpError(
                f"site {missed[0]!r} was not reached: {self._arch.model_type} computed this batch "
                "without calling that module (a fused or sliced path in its configuration, e.g. "
                "slow_but_exact); switch that option off"
            )

    @contextmanager
    def attached(
        self, *, observe: Mapping[str, Observer], edit: Mapping[str, Editor]
    ) -> Iterator[set[str]]:
        """Hooks on the model for the length of the block.

        Args:
            observe: site name to observer.
            edit: site name to editor.

        Yields:
            The set of sites reached so far, filled as the model runs.

        Raises:
            InterpError: for an unknown site, before any hook is registered.
        """
        reached: set[str] = set()
        accesses = {n: locate(n, self._arch, self._shape) for n in (*edit, *observe)}
        with ExitStack() as stack:
            batch_pos = self._watch_shape(stack, accesses)
            # Editors go first, so that an observer of the same site sees the edited value.
            for name, editor in edit.items():
                access = accesses[name]
                tap = self._editing(name, editor, access, batch_pos, reached)
                self._register(stack, access, tap)
            for name, observer in observe.items():
                access = accesses[name]
                tap = self._observing(name, observer, access, batch_pos, reached)
                self._register(stack, access, tap)
            yield reached

    def _watch_shape(self, stack: ExitStack, accesses: Mapping[str, Access]) -> list[torch.Size]:
        """Note ``(batch, pos)`` at the first block, where a family flattens them further down."""
        noted = [torch.Size()]
        if any(access.flattened for access in accesses.values()):

            def note(value: torch.Tensor) -> None:
                noted[0] = value.shape[:2]

            self._register(stack, Access(f"{self._arch.layers}.0", "input"), note)
        return noted

    def _observing(
        self,
        name: str,
        observer: Observer,
        access: Access,
        batch_pos: list[torch.Size],
        reached: set[str],
    ) -> Tap:
        def tap(value: torch.Tensor) -> None:
            reached.add(name)
            observer(cut(value, access, self._shape.n_heads, batch_pos[0]))

        return tap

    def _editing(
        self,
        name: str,
        editor: Editor,
        access: Access,
        batch_pos: list[torch.Size],
        reached: set[str],
    ) -> Tap:
        def tap(value: torch.Tensor) -> torch.Tensor | None:
            reached.add(name)
            # A shared value is edited in place, so the editor must not hold the original for
            # its backward pass.
            source = value.clone() if access.shared else value
            before = cut(source, access, self._shape.n_heads, batch_pos[0])
            after = editor(before)
            if after.shape != before.shape or after.dtype != before.dtype:
                raise InterpError(
                    f"editor at {name!r} returned {tuple(after.shape)} {after.dtype}, expected "
                    f"{tuple(before.shape)} {before.dtype}"
                )
            new = paste(source, after, access)
            if not access.shared:
                return new
            # The block adds this very tensor to the MLP's output later: replacing only what the
            # norm reads would leave the stream itself unedited.
            value.copy_(new)
            return None

        return tap

    def _register(self, stack: ExitStack, access: Access, tap: Tap) -> None:
        module = self._model.get_submodule(access.module)
        handle = (
            module.register_forward_pre_hook(_on_input(tap), with_kwargs=True)
            if access.side == "input"
            else module.register_forward_hook(_on_output(tap))
        )
        stack.callback(handle.remove)


def _on_input(tap: Tap) -> Callable[..., Any]:
    def hook(_: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if args:
            new = tap(args[0])
            return None if new is None else ((new, *args[1:]), kwargs)
        new = tap(kwargs["hidden_states"])
        return None if new is None else (args, {**kwargs, "hidden_states": new})

    return hook


def _on_output(tap: Tap) -> Callable[..., Any]:
    def hook(_: nn.Module, __: tuple[Any, ...], output: Any) -> Any:
        new = tap(first(output))
        if new is None or isinstance(output, torch.Tensor):
            return new
        return (new, *output[1:])

    return hook
