"""The engine on TransformerLens 4's ``TransformerBridge``: the same sites, another implementation.

The bridge recomputes attention its own way (eager, split heads) around the checkpoint's weights,
which makes it an independent witness for what the native engine reports.

How the traps of the library are met (each has a test):

* **Aliases are not trusted.** ``mlp.hook_pre``, ``hook_resid_mid`` and ``hook_embed`` have pointed
  at the up-projection, at the wrong norm and at the embedding without positions in one version or
  another. Every site is mapped to a physical bridge point in ``_POINTS`` below, and creation checks
  that each point fires exactly once in a forward pass (some exist and never fire; ``MLPBridge`` of an
  earlier version fired some twice).
* **The middle of the residual stream** is the input of a norm in the bridge too: an edit is written
  into the tensor itself, as in the native engine, so that it reaches the stream and not only the
  norm.
* **The bridge rewrites the module tree it is given**, so it gets a copy that shares the
  parameters (``guard.private_copy``); families with fused QKV or gate-up projections (gpt2,
  gpt_neox, bloom, phi3) are split by the bridge into parameters of its own when it is built: later
  changes to the user's weights are not seen, and those weights get no gradient.
* **Gradients**: ``run_with_hooks`` keeps the graph (``run_with_cache`` would detach).
* **Padding**: the mask is always passed explicitly; tensors get none by themselves.
* **"body"** is the value at ``unembed.hook_in``, the tensor that the unembedding reads; the pass is
  stopped there with the library's own ``StopAtLayerException``.

Source: TransformerLens 4.3.0, ``model_bridge/sources/_bridge_builder.py`` and
``model_bridge/supported_architectures``.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import Any

import torch

from interp.errors import InterpError, unknown
from interp.model.architectures import Architecture
from interp.model.engines import guard
from interp.model.engines.base import Editor, Observer, Output
from interp.model.shape import ModelShape
from interp.model.sites import EMBED, FINAL, locate, parse_site, site_names

NAME = "transformer_lens"
BODY = "unembed.hook_in"
"""The bridge point that holds what the unembedding reads."""

FAMILIES: tuple[str, ...] = (
    "bloom",
    "gemma",
    "gemma2",
    "gemma3_text",
    "gpt2",
    "gpt_neox",
    "llama",
    "mistral",
    "olmo",
    "olmo2",
    "olmo3",
    "opt",
    "phi",
    "phi3",
    "qwen2",
    "qwen3",
)
"""The values of ``config.model_type`` for which the points below were held against the model."""

_POINTS: Mapping[str, str] = {
    "hook_resid_pre": "hook_in",
    "attn.hook_z": "attn.o.hook_in",
    "hook_resid_mid": "ln2.hook_in",
    "mlp.hook_pre": "mlp.gate.hook_out",
    "mlp.hook_pre_linear": "mlp.in.hook_out",
    "mlp.hook_post": "mlp.out.hook_in",
    "hook_resid_post": "hook_out",
}
"""Our site within a block to the physical point of the bridge's block (gated MLP, norm before)."""

_UNGATED_PRE = "mlp.in.hook_out"
_MID: Mapping[str, str] = {"mlp": "mlp.hook_in", "fc1": "mlp.in.hook_in"}
"""Blocks with the norm after each branch (OLMo-2, OLMo-3, opt-350m): keyed by the module that
reads the middle of the residual stream, where that is not a norm."""


def bridge_points(arch: Architecture, shape: ModelShape, has_norm: bool) -> dict[str, str]:
    """Map every site of a model to the bridge point that carries its value.

    Args:
        arch: the architecture, bound to the model.
        shape: the model's sizes.
        has_norm: whether the bridge has the final norm as a component (opt-350m has none; for an
            OPT that has the norm and a narrower embedding the bridge leaves it out).

    Returns:
        Site name to name of a physical bridge point, in the order of computation.

    Raises:
        InterpError: for a family whose points are not known.
    """
    if arch.model_type not in FAMILIES:
        raise unknown(
            f"architecture for engine {NAME!r}",
            arch.model_type,
            FAMILIES,
            "Use engine 'native' or 'nnsight'.",
        )
    last = f"blocks.{shape.n_layers - 1}.hook_out"
    points = {}
    for site in site_names(shape):
        kind, layer = parse_site(site, shape)
        if kind == EMBED:
            # Not the bridge's embed.hook_out, which lacks positions and embedding norms.
            points[site] = "blocks.0.hook_in"
        elif kind == FINAL:
            points[site] = "ln_final.hook_in" if has_norm else last
        else:
            point = _POINTS[kind]
            if kind == "mlp.hook_pre" and not shape.gated:
                point = _UNGATED_PRE
            if kind == "hook_resid_mid":
                point = _MID.get(str(arch.resid_mid), point)
            points[site] = f"blocks.{layer}.{point}"
    return points


class TransformerLensEngine:
    """Runs a checkpoint through a ``TransformerBridge``; see ``engines.base.Engine``."""

    name = NAME

    def __init__(self, bridge: Any, arch: Architecture, shape: ModelShape) -> None:
        """Keep a bridge that ``create`` has built.

        Args:
            bridge: the ``TransformerBridge``.
            arch: the architecture, bound to the model.
            shape: the model's sizes.
        """
        self.bridge = bridge
        self.points = bridge_points(arch, shape, hasattr(bridge, "ln_final"))
        self._arch = arch
        self._shape = shape

    def run(
        self,
        input_ids: torch.Tensor,
        attention_mask: torch.Tensor | None,
        *,
        observe: Mapping[str, Observer],
        edit: Mapping[str, Editor],
        output: Output,
    ) -> torch.Tensor:
        """Run one batch; arguments, result and errors as in ``base.Engine.run``."""
        for site in (*observe, *edit):
            parse_site(site, self._shape)
        hooks: list[tuple[str, Callable[..., torch.Tensor | None]]] = [
            (point, self._hook(site, edit.get(site), observe.get(site)))
            for site, point in self.points.items()
            if site in observe or site in edit
        ]
        if output == "body":
            hooks.append((BODY, _stop))
        if attention_mask is None:
            attention_mask = torch.ones_like(input_ids)
        return self.bridge.run_with_hooks(
            input_ids, fwd_hooks=hooks, attention_mask=attention_mask, use_cache=False
        )

    def _hook(
        self, site: str, editor: Editor | None, observer: Observer | None
    ) -> Callable[..., torch.Tensor | None]:
        """A hook for the bridge: edits the value, then shows it."""
        shared = locate(site, self._arch, self._shape).shared

        def visit(value: torch.Tensor, hook: Any) -> torch.Tensor | None:
            new = value if editor is None else guard.edited(site, value, editor, shared)
            if observer is not None:
                observer(new)
            return None if editor is None else new

        return visit


def _stop(value: torch.Tensor, hook: Any) -> None:
    """End the pass here; the bridge returns the value (its own mechanism for ``stop_at_layer``)."""
    from transformer_lens.model_bridge.exceptions import StopAtLayerException

    raise StopAtLayerException(value)


def create(
    hf_model: Any, tokenizer: Any, arch: Architecture, shape: ModelShape
) -> TransformerLensEngine:
    """Build the engine for a loaded model.

    Args:
        hf_model: the Hugging Face model; it is not changed.
        tokenizer: its tokenizer; unused, since the bridge gets token ids and would reconfigure it.
        arch: the architecture, bound to the model.
        shape: the model's sizes.

    Returns:
        The engine, after checking that every site's point fires exactly once in a pass and that
        its logits are those of the unmodified model.

    Raises:
        InterpError: where the library is not installed, has no bridge for the model, or its bridge
            does not reproduce the model.
    """
    try:
        from transformer_lens.model_bridge.sources._bridge_builder import build_bridge_from_module
    except ImportError as error:
        raise InterpError(
            f"engine {NAME!r} needs TransformerLens 4 ({error}): pip install transformer-lens"
        ) from error
    bridge_points(arch, shape, has_norm=True)  # refuse an unknown family before copying anything
    copied: Any = guard.private_copy(hf_model)
    try:
        copied.set_attn_implementation("eager")  # the implementation that the bridge recomputes
        bridge = build_bridge_from_module(
            copied, type(hf_model).__name__, hf_config=copy.deepcopy(hf_model.config)
        )
    except Exception as error:  # whatever a third-party adapter trips over is a refusal
        raise InterpError(
            f"engine {NAME!r} cannot wrap {type(hf_model).__name__}: {guard.one_line(error)}; "
            "use engine 'native'"
        ) from error
    guard.freeze_new_parameters(bridge.original_model, hf_model)
    engine = TransformerLensEngine(bridge, arch, shape)
    _check_points(engine)
    _keep_precision(engine, hf_model.dtype)
    guard.check(engine, hf_model, shape)
    return engine


def _check_points(engine: TransformerLensEngine) -> None:
    """Refuse a bridge that lacks a point, in the library's installed version."""
    missing = sorted({*engine.points.values(), BODY} - set(engine.bridge.hook_dict))
    if missing:
        raise InterpError(
            f"engine {NAME!r}: the installed TransformerLens has no point {missing[0]!r} for this "
            "model; use engine 'native'"
        )


def _keep_precision(engine: TransformerLensEngine, dtype: torch.dtype) -> None:
    """Round rotated queries and keys to the model's precision, as the OLMo families do.

    Their cosines stay in fp32; transformers casts after the rotation, the bridge of 4.3.0 does
    not and fails on a half-precision model.
    """
    if dtype == torch.float32:
        return
    known = engine.bridge.hook_dict
    for layer in range(len(engine.bridge.blocks)):
        for name in (f"blocks.{layer}.attn.hook_rot_q", f"blocks.{layer}.attn.hook_rot_k"):
            if name in known:
                engine.bridge.add_hook(name, lambda v, hook: v.to(dtype), is_permanent=True)
