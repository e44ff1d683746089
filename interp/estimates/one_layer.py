"""The checkpoint's own network with one or two blocks: cheap to build, true to the family's code."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import torch
from transformers import AutoModelForCausalLM

from interp.estimates.sketch import Sketch
from interp.estimates.work import Kind, Shape
from interp.model.architectures import find_module
from interp.model.wrapped import inner_model

VOCABULARY = 64
"""Rows of the embedding: looking tokens up costs the same whatever their number."""

Prepare = Callable[[Any], Any]
"""Makes a network trainable, e.g. by an adapter."""


def shortened(sketch: Sketch, n_layers: int) -> Any:
    """The configuration with fewer blocks and a small vocabulary."""
    config = copy.deepcopy(sketch.config)
    text = config.get_text_config()
    if kinds := getattr(text, "layer_types", None):
        text.layer_types = list(kinds)[:n_layers]
    text.num_hidden_layers = n_layers
    text.vocab_size = VOCABULARY
    for name in ("pad_token_id", "bos_token_id", "eos_token_id"):
        if getattr(text, name, None) is not None:
            setattr(text, name, 0)
    return config


def build(
    sketch: Sketch, n_layers: int, device: torch.device, prepare: Prepare | None = None
) -> Any:
    """Build it, with random weights where the device holds any.

    Args:
        sketch: of the checkpoint.
        n_layers: blocks.
        device: where; ``meta`` for sizes alone.
        prepare: makes it trainable; without it nothing is.

    Returns:
        The network, in evaluation mode without ``prepare``.
    """
    options: dict[str, Any] = {"trust_remote_code": sketch.spec.trust_remote_code}
    found = getattr(sketch.config.get_text_config(), "_attn_implementation", None)
    if found is not None:
        options["attn_implementation"] = found
    with torch.random.fork_rng(devices=[]), device:
        network = AutoModelForCausalLM.from_config(
            shortened(sketch, n_layers), dtype=sketch.dtype, **options
        )
    if prepare is not None:
        return prepare(network)
    return network.eval().requires_grad_(False)


def without_content(network: Any) -> list[torch.Tensor]:
    """Put tensors without content in place of a network's on ``meta``; in ``FakeTensorMode`` only.

    Returns:
        The new parameters and buffers.
    """
    made = []
    for module in network.modules():
        for held in (module._parameters, module._buffers):
            for name, old in held.items():
                if old is not None:
                    new = torch.empty(old.shape, dtype=old.dtype, device="cpu")
                    trained = held is module._parameters
                    held[name] = (
                        torch.nn.Parameter(new, requires_grad=old.requires_grad) if trained else new
                    )
                    made.append(held[name])
    return made


def block_of(sketch: Sketch, network: Any) -> Any:
    """The first block."""
    path = f"{sketch.arch.layers}.0"
    return find_module(inner_model(network), path, sketch.arch, "layers")


def go_through(
    sketch: Sketch, network: Any, shape: Shape, kind: Kind, *, masked: bool = False
) -> None:
    """Run one batch through the body, and back where gradients are taken.

    Args:
        sketch: of the checkpoint.
        network: from ``build``.
        shape: of the batch.
        kind: what is differentiated.
        masked: whether every row brings a mask of its own.
    """
    inner = inner_model(network)
    body: Any = find_module(inner, sketch.arch.body, sketch.arch, "body")
    embedding = inner.get_input_embeddings()
    device = embedding.weight.device
    ids = torch.zeros(shape, dtype=torch.long, device=device)
    arguments: dict[str, Any] = {"use_cache": False}
    if masked:
        size = (shape[0], 1, shape[1], shape[1])
        arguments["attention_mask"] = torch.zeros(size, dtype=sketch.dtype, device=device)
    if kind == "forward":
        with torch.no_grad():
            _output(body(input_ids=ids, **arguments))
        return
    with torch.enable_grad():
        if kind == "inputs":
            start = embedding(ids).detach().requires_grad_(True)
            out = _output(body(inputs_embeds=start, **arguments))
            torch.autograd.grad(out, start, torch.ones_like(out))
        else:
            out = _output(body(input_ids=ids, **arguments))
            out.backward(torch.ones_like(out))
            for parameter in network.parameters():
                parameter.grad = None


def _output(found: Any) -> torch.Tensor:
    value: torch.Tensor = found[0] if isinstance(found, tuple) else found.last_hidden_state
    return value
