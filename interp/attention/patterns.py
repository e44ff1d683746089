"""Attention patterns of chosen heads of an unmodified model.

SDPA and its kin never form the pattern, so the pass runs with transformers' ``eager`` attention:
on the model itself where it was loaded so, else on a copy of its module tree that shares the
parameters (``interp.model.engines.guard.private_copy``) and is first held against the model.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import Any

import torch
from torch import nn

from interp.attention.heads import check_engine, layers_of
from interp.attention.measures import check_pattern
from interp.errors import InterpError
from interp.lahis.select import Head
from interp.model import HookedModel
from interp.model.engines import guard

EAGER = "eager"
"""The implementation of attention in transformers that forms the pattern."""

STORED = torch.float16
"""What patterns are kept in: all that bf16 distinguishes above 6e-5, and steps of 2^-11 of fp32."""


class PatternReader:
    """Reads the patterns of chosen heads, batch by batch.

    Attributes:
        heads: ``(layer, head)``, 0-based.
    """

    def __init__(self, model: HookedModel, heads: Sequence[Head]) -> None:
        """Prepare a model and prove on a few tokens that it gives patterns.

        Args:
            model: the checkpoint; it is not changed.
            heads: heads that it has, at least one.

        Raises:
            InterpError: an engine or model that gives no patterns.
        """
        check_engine(model.engine.name)
        self.heads = tuple(heads)
        self._by_layer = dict(layers_of(self.heads))
        self._name = model.name
        self._model = _eager(model)
        self._check(model)

    def read(
        self, input_ids: torch.Tensor, attention_mask: torch.Tensor | None
    ) -> dict[Head, torch.Tensor]:
        """Run one batch.

        Args:
            input_ids: ``[batch, pos]``, padded on the right.
            attention_mask: ``[batch, pos]``, 1 for real tokens, or None where all are.

        Returns:
            Head to ``[batch, query, key]`` in fp16, in main memory; rows of padding mean nothing.

        Raises:
            InterpError: a layer that gave no pattern.
        """
        found: dict[Head, torch.Tensor] = {}
        with ExitStack() as stack, torch.inference_mode():
            for layer, heads in self._by_layer.items():
                handle = self._attention(layer).register_forward_hook(
                    self._keep(layer, heads, tuple(input_ids.shape), found)
                )
                stack.callback(handle.remove)
            self._model.run(input_ids, attention_mask, output="body")
        for layer, head in self.heads:
            if (layer, head) not in found:
                raise self._refusal(layer, "was not reached")
        return found

    def _keep(
        self, layer: int, heads: list[int], shape: tuple[int, ...], found: dict[Head, torch.Tensor]
    ) -> Callable[..., None]:
        """A hook that keeps the chosen heads' patterns; those of the others are freed."""

        def hook(module: nn.Module, _: Any, output: Any) -> None:
            weights = self._weights(output, shape)
            if weights is None:
                raise self._refusal(layer, f"({type(module).__name__}) returns none")
            index = torch.as_tensor(heads, device=weights.device)
            kept = weights.index_select(1, index).to(STORED).cpu()
            found.update({(layer, head): kept[:, place] for place, head in enumerate(heads)})

        return hook

    def _weights(self, output: Any, shape: tuple[int, ...]) -> torch.Tensor | None:
        """The pattern ``[batch, head, query, key]`` in what an attention module returns."""
        batch, pos = shape
        wanted = (batch, self._model.shape.n_heads, pos, pos)
        parts = output[1:] if isinstance(output, tuple | list) else ()
        fitting = [p for p in parts if isinstance(p, torch.Tensor) and tuple(p.shape) == wanted]
        return fitting[0] if len(fitting) == 1 else None

    def _attention(self, layer: int) -> nn.Module:
        """The module that holds a block's output projection, which computes the attention."""
        arch = self._model.arch
        path, _, _ = arch.attn_out.rpartition(".")
        if not path:
            raise self._refusal(layer, f"has no module of its own (attn_out={arch.attn_out!r})")
        module: nn.Module = self._model.model.get_submodule(f"{arch.layers}.{layer}.{path}")
        return module

    def _refusal(self, layer: int, what: str) -> InterpError:
        return InterpError(
            f"model {self._name!r} of type {self._model.arch.model_type!r} gives no attention "
            f"patterns: the attention of layer {layer} {what}; expected an architecture with "
            "transformers' eager attention"
        )

    def _check(self, model: HookedModel) -> None:
        """Two sequences of arbitrary tokens, one of them shorter: patterns, and the same output."""
        ids = (torch.arange(16) * 7 + 3).remainder(model.d_embedded).view(2, 8)
        lengths = (8, 5)
        mask = (torch.arange(8) < torch.tensor(lengths)[:, None]).long()
        for (layer, head), pattern in self.read(ids, mask).items():
            for row, length in enumerate(lengths):
                own = pattern[row, :length, :length].numpy()
                check_pattern(own, f"head {layer}.{head} of model {self._name!r}")
        if self._model is model:
            return
        with torch.inference_mode():
            real = mask.bool()
            theirs = model.run(ids, mask, output="body").cpu()[real]
            ours = self._model.run(ids, mask, output="body").cpu()[real]
        apart, limit = guard.relative_difference(theirs, ours), guard.tolerance(model.dtype)
        if not apart <= limit:
            raise InterpError(
                f"model {self._name!r} computes something else with eager attention (largest "
                f"difference {apart:.2g}, expected at most {limit:g}): its patterns would not be "
                "those it uses"
            )


def _eager(model: HookedModel) -> HookedModel:
    """The model where its attention is eager; else one like it that shares its parameters."""
    if implementation(model) == EAGER:
        return model
    copied: Any = guard.private_copy(model.model)
    try:
        copied.set_attn_implementation(EAGER)
    except Exception as error:  # whatever the library or a checkpoint's own code trips over
        raise InterpError(
            f"model {model.name!r} cannot run eager attention, which the patterns need: "
            f"{guard.one_line(error)}"
        ) from error
    return HookedModel(
        copied,
        model.tokenizer,
        arch=model.arch,
        engine="native",
        name=model.name,
        provenance=model.provenance,
    )


def implementation(model: HookedModel) -> str | None:
    """The implementation of attention that the language model uses, e.g. ``sdpa``."""
    from interp.model.architectures import text_config

    found: str | None = getattr(text_config(model.model), "_attn_implementation", None)
    return found
