"""``HookedModel``: one checkpoint whose sites can be observed and edited, never changed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Self, cast

import torch
from torch import nn

from interp.errors import InterpError, unknown
from interp.model import interventions
from interp.model.architectures import ARCHITECTURES, Architecture, bind, find_architecture
from interp.model.door import check_batch, check_tokenizer
from interp.model.engines import check_engine, make_engine
from interp.model.engines.base import Editor, Observer, Output
from interp.model.engines.native import NativeEngine
from interp.model.provenance import describe_in_memory
from interp.model.self_check import self_check as run_self_check
from interp.model.shape import ModelShape, read_shape
from interp.model.spec import ModelSpec
from interp.model.transfer import to_device
from interp.model.unembed import Unembedding


class HookedModel:
    """A causal language model, its tokenizer and its sites.

    Attributes:
        name: what the user called it.
        model: the Hugging Face model, exactly as transformers built it.
        tokenizer: its tokenizer.
        arch: where its sites are.
        shape: its sizes.
        engine: what runs it.
        provenance: JSON-able record of what it is and where it came from.
        d_embedded: rows of the input embedding; token ids are below it.
        self_check_figures: what the self-check measured, or ``None`` where it was skipped.
    """

    def __init__(
        self,
        model: nn.Module,
        tokenizer: Any,
        *,
        arch: Architecture,
        engine: str,
        name: str,
        provenance: Mapping[str, Any],
    ) -> None:
        """Wrap a model; use ``load`` or ``from_model``, which also check it."""
        self.model: Any = cast(Any, model)  # modules are reached by name throughout
        if self.model.training:
            raise InterpError(
                f"model {name!r} is in training mode, where dropout makes results random: "
                "call model.eval() first"
            )
        self.name = name
        self.tokenizer = tokenizer
        self.arch = arch
        self.shape: ModelShape = read_shape(model, arch)
        self.d_embedded = int(self.model.get_input_embeddings().weight.shape[0])
        self.engine = make_engine(engine, model, tokenizer, arch, self.shape)
        self._unembedding = Unembedding(model, arch)
        self.self_check_figures: dict[str, float] | None = None
        self.provenance: dict[str, Any] = {
            **provenance,
            "engine": self.engine.name,
            "shape": self.shape.to_dict(),
        }
        check_tokenizer(tokenizer, self.d_embedded, name)

    @classmethod
    def load(
        cls,
        spec: ModelSpec | str,
        *,
        engine: str = "native",
        self_check: bool = True,
        **spec_options: Any,
    ) -> Self:
        """Load a checkpoint.

        Args:
            spec: a ``ModelSpec``, or the text that ``ModelSpec.parse`` takes.
            engine: ``native``, ``transformer_lens`` or ``nnsight``.
            self_check: whether the model proves itself on a few tokens.
            spec_options: options of ``ModelSpec.parse``, where ``spec`` is text.

        Returns:
            The wrapped model, its parameters frozen.

        Raises:
            InterpError: for anything wrong with the checkpoint, naming it.
        """
        from interp.model.loading import load_checkpoint

        spec = spec if isinstance(spec, ModelSpec) else ModelSpec.parse(spec, **spec_options)
        check_engine(engine, spec.attn_implementation, compiled=spec.compiled)
        loaded = load_checkpoint(spec)
        model = cls(
            loaded.model,
            loaded.tokenizer,
            arch=loaded.arch,
            engine=engine,
            name=spec.text,
            provenance=loaded.provenance,
        )
        return model._checked(self_check, spec.compiled)

    @classmethod
    def from_model(
        cls,
        model: nn.Module,
        tokenizer: Any,
        *,
        engine: str = "native",
        self_check: bool = True,
        name: str = "in-memory",
        architectures: Mapping[str, Architecture] = ARCHITECTURES,
        compiled: bool = False,
    ) -> Self:
        """Wrap a model that is already in memory; it is not changed, nor are its gradient flags.

        Args:
            model: a Hugging Face causal language model in evaluation mode.
            tokenizer: its tokenizer.
            engine: ``native``, ``transformer_lens`` or ``nnsight``.
            self_check: whether the model proves itself on a few tokens.
            name: what to call it.
            architectures: the table of architectures.
            compiled: whether passes that only look run through ``torch.compile``.

        Returns:
            The wrapped model.

        Raises:
            InterpError: for an unknown architecture or engine, or a failed self-check.
        """
        config: Any = model.config
        arch = bind(find_architecture(config.model_type, architectures), model)
        made = cls(
            model,
            tokenizer,
            arch=arch,
            engine=engine,
            name=name,
            provenance=describe_in_memory(model, tokenizer, name),
        )
        return made._checked(self_check, compiled)

    def _checked(self, wanted: bool, compiled: bool) -> Self:
        # The figures stay out of the provenance: they vary in the last digit between machines,
        # and a run is recognised by its provenance.
        self.self_check_figures = run_self_check(self) if wanted else None
        self.provenance["self_check"] = "passed" if wanted else "skipped"
        if compiled:  # after the check, whose passes would be compiled for nothing else
            self.engine = make_engine(
                self.engine.name, self.model, self.tokenizer, self.arch, self.shape, compiled=True
            )
            # Never as False: a run is recognised by its provenance, and older ones say nothing.
            self.provenance["compiled"] = True
        return self

    @property
    def device(self) -> torch.device:
        """Where token ids enter the model."""
        embedding = self.model.get_input_embeddings()
        if embedding.weight.is_meta:  # offloaded by device_map: accelerate knows where it runs
            return torch.device(embedding._hf_hook.execution_device)
        return embedding.weight.device

    @property
    def dtype(self) -> torch.dtype:
        """The type of the residual stream."""
        return self.model.dtype

    def run(
        self,
        input_ids: torch.Tensor,
        attention_mask: torch.Tensor | None = None,
        *,
        observe: Mapping[str, Observer] | None = None,
        edit: Mapping[str, Editor] | None = None,
        output: Output = "logits",
    ) -> torch.Tensor:
        """Run one batch.

        Gradients follow the caller's mode: wrap in ``torch.inference_mode()`` where none is needed.

        Args:
            input_ids: token ids ``[batch, pos]``, padded on the right.
            attention_mask: ``[batch, pos]``, 1 for real tokens, or ``None`` when none is padding.
            observe: site name to a function that receives the value there.
            edit: site name to a function that receives the value and returns its replacement.
            output: ``"logits"``, or ``"body"`` to stop before the unembedding.

        Returns:
            Logits ``[batch, pos, d_vocab]``, or what the unembedding would read.

        Raises:
            InterpError: for an unknown site, token ids outside the vocabulary, left padding.
        """
        if output not in ("logits", "body"):
            raise unknown("output", output, ("logits", "body"))
        check_batch(input_ids, attention_mask, self.d_embedded)
        return self.engine.run(
            to_device(input_ids, self.device),
            None if attention_mask is None else to_device(attention_mask, self.device),
            observe=observe or {},
            edit=edit or {},
            output=output,
        )

    def capture(
        self,
        input_ids: torch.Tensor,
        attention_mask: torch.Tensor | None = None,
        *,
        sites: Iterable[str],
        output: Output = "body",
    ) -> dict[str, torch.Tensor]:
        """Run one batch and keep the values of some sites.

        Args:
            input_ids: token ids ``[batch, pos]``, padded on the right.
            attention_mask: ``[batch, pos]`` or ``None``.
            sites: site names.
            output: how far to run.

        Returns:
            Site name to value ``[batch, pos, ...]``, in the order asked for; part of the graph
            where gradients are on.
        """
        found: dict[str, torch.Tensor] = {}
        wanted = list(dict.fromkeys(sites))
        observe = {name: _keep(found, name) for name in wanted}
        self.run(input_ids, attention_mask, observe=observe, output=output)
        return {name: found[name] for name in wanted}

    def unembed(self, resid: torch.Tensor) -> torch.Tensor:
        """Logits of residual states: final norm once, projection, unembedding, soft-cap, in fp32.

        Args:
            resid: states as they enter the final norm, ``[..., d_model]``.

        Returns:
            Logits ``[..., d_vocab]``, fp32 or wider.
        """
        if resid.shape[-1] != self.shape.d_model:
            raise InterpError(
                f"residual of shape {tuple(resid.shape)}: expected [..., {self.shape.d_model}]"
            )
        return self._unembedding(resid)

    def head_mask_edits(self, mask: torch.Tensor) -> dict[str, Editor]:
        """Editors for ``run`` that apply a head mask; see ``interventions.head_mask_edits``."""
        return interventions.head_mask_edits(mask, self.shape)

    @contextmanager
    def observing(self, observe: Mapping[str, Observer]) -> Iterator[None]:
        """Observe sites of whatever runs the Hugging Face model inside the block.

        Args:
            observe: site name to observer.

        Yields:
            Nothing.
        """
        with self._native("observing").attached(observe=observe, edit={}):
            yield

    @contextmanager
    def head_mask(self, mask: torch.Tensor) -> Iterator[None]:
        """Multiply head outputs by a mask inside the block.

        Args:
            mask: ``[layer, head]`` or ``[batch, layer, head]``; may require gradients.

        Yields:
            Nothing.
        """
        edits = self.head_mask_edits(mask)
        with self._native("head_mask").attached(observe={}, edit=edits):
            yield

    @contextmanager
    def ablate(
        self,
        heads: Iterable[tuple[int, int]] = (),
        neurons: Iterable[tuple[int, int]] = (),
        values: Mapping[str, torch.Tensor] | None = None,
    ) -> Iterator[None]:
        """Replace the output of heads and neurons inside the block.

        Args:
            heads: (layer, head) pairs.
            neurons: (layer, neuron) pairs.
            values: what to put there instead of zero; see ``interventions.ablation_edits``.

        Yields:
            Nothing.
        """
        edits = interventions.ablation_edits(
            self.shape, heads=heads, neurons=neurons, values=values
        )
        with self._native("ablate").attached(observe={}, edit=edits):
            yield

    def _native(self, what: str) -> NativeEngine:
        if not isinstance(self.engine, NativeEngine):
            raise InterpError(
                f"{what}() needs engine 'native', this model has {self.engine.name!r}: "
                "use run(..., observe=, edit=) instead"
            )
        return self.engine


def _keep(found: dict[str, torch.Tensor], name: str) -> Observer:
    def observer(value: torch.Tensor) -> None:
        found[name] = value

    return observer
