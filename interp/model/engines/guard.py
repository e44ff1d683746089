"""What the engines built on other libraries share: a private copy and a check before first use.

Both TransformerLens and nnsight work by writing into the module tree of the model they wrap
(bridge components in place of the modules, a ``forward`` on every module). The user's model must
stay as it was, so these engines wrap a copy of the *tree* that shares the parameters: no memory is
spent on a second set of weights, and the original object is left bit for bit alone.
"""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Mapping
from functools import cache, partial
from typing import Any

import torch
from torch import nn

from interp.errors import InterpError
from interp.model.engines.base import Editor, Engine
from interp.model.shape import ModelShape
from interp.model.sites import site_names, site_shape

TOLERANCE: Mapping[torch.dtype, float] = {
    torch.float64: 1e-4,
    torch.float32: 1e-4,
    torch.float16: 5e-2,
    torch.bfloat16: 1e-1,
}
"""Largest difference between two engines that is called agreement, relative to the largest value
at the site where that exceeds 1. The promise is the fp32 row. In half precision two correct
implementations differ by the spacing of the numbers (2^-11 and 2^-8) times the depth: over the tiny
models of all families up to 2.8e-2 (fp16, a gradient) and 6.1e-2 (bf16); decide in fp32."""


def tolerance(dtype: torch.dtype) -> float:
    """The difference between engines that counts as agreement for a model of this precision."""
    return TOLERANCE.get(dtype, TOLERANCE[torch.bfloat16])


def private_copy(model: nn.Module) -> nn.Module:
    """Copy a model's module tree, sharing its parameters.

    Args:
        model: the user's model; it is only read.

    Returns:
        A model with its own modules, configuration and buffers and the same ``Parameter`` objects
        (gradients, where asked for, still arrive at the user's parameters).
    """
    shared = {id(parameter): parameter for parameter in model.parameters()}
    return copy.deepcopy(model, shared)


def freeze_new_parameters(wrapped: nn.Module, original: nn.Module) -> None:
    """Turn gradients off for parameters that a library made itself.

    Bridges split fused projections into new parameters, which would ask for gradients even when
    the user's model is frozen.

    Args:
        wrapped: the library's model.
        original: the user's model, whose own parameters are left as they are.
    """
    known = {id(parameter) for parameter in original.parameters()}
    for parameter in wrapped.parameters():
        if id(parameter) not in known:
            parameter.requires_grad_(False)


def edited(site: str, value: torch.Tensor, editor: Editor, shared: bool) -> torch.Tensor:
    """Apply an editor.

    Args:
        site: name of the site, for the message.
        value: the value at the site, ``[batch, pos, ...]``.
        editor: the caller's editor.
        shared: whether the model adds this very tensor back later (``sites.Access.shared``); the
            new value is then written into it, since replacing what one module reads would leave
            the residual stream unedited.

    Returns:
        The new value (for a shared one: the same tensor, changed).

    Raises:
        InterpError: where the editor changed shape or dtype.
    """
    new = editor(value.clone() if shared else value)
    if new.shape != value.shape or new.dtype != value.dtype:
        raise InterpError(
            f"editor at {site!r} returned {tuple(new.shape)} {new.dtype}, expected "
            f"{tuple(value.shape)} {value.dtype}"
        )
    return value.copy_(new) if shared else new


@torch.no_grad()
def check(engine: Engine, hf_model: Any, shape: ModelShape) -> None:
    """Refuse an engine that misses a site, serves one twice, or computes other logits.

    Args:
        engine: the engine, just built.
        hf_model: the unmodified model.
        shape: the model's sizes.

    Raises:
        InterpError: naming the engine and what is wrong.
    """
    counts: Counter[str] = Counter()
    wrong: dict[str, tuple[int, ...]] = {}
    # Ten tokens, two of them padding: cheap for 7B parameters, and the mask must be honoured.
    rows = hf_model.get_input_embeddings().weight.shape[0]
    ids = (torch.arange(10, device=hf_model.device) * 7 + 3).remainder(rows).view(2, 5)
    mask = torch.ones_like(ids)
    mask[1, 3:] = 0

    def note(value: torch.Tensor, site: str) -> None:
        counts[site] += 1
        if tuple(value.shape) != site_shape(site, shape, 2, 5):
            wrong[site] = tuple(value.shape)

    sites = site_names(shape)
    observers = {site: partial(note, site=site) for site in sites}
    try:
        theirs = engine.run(ids, mask, observe=observers, edit={}, output="logits")
    except InterpError:
        raise
    except Exception as error:  # whatever a library trips over is a refusal
        raise InterpError(
            f"engine {engine.name!r} fails on {type(hf_model).__name__} in {hf_model.dtype}: "
            f"{one_line(error)}; use engine 'native'"
        ) from error
    for site in sites:
        if counts[site] != 1:
            raise InterpError(
                f"engine {engine.name!r} reached site {site!r} {counts[site]} times in one pass, "
                "expected once: the installed version of the library does not support this model; "
                "use engine 'native'"
            )
    for site, found in wrong.items():
        raise InterpError(
            f"engine {engine.name!r} gives {found} at site {site!r}, expected "
            f"{site_shape(site, shape, 2, 5)}; use engine 'native'"
        )
    ours = hf_model(input_ids=ids, attention_mask=mask, use_cache=False).logits
    real = mask.bool()
    difference = relative_difference(ours[real], theirs[real])
    if not difference <= tolerance(ours.dtype):
        raise InterpError(
            f"engine {engine.name!r} computes other logits than the model itself (largest "
            f"difference {difference:.2g}, expected at most {tolerance(ours.dtype):g}): the "
            "installed version of the library does not support this model; use engine 'native'"
        )


def relative_difference(a: torch.Tensor, b: torch.Tensor) -> float:
    """Largest absolute difference, divided by the largest value of ``a`` where that exceeds 1.

    Args:
        a: the reference, any shape.
        b: what is held against it, the same shape.

    Returns:
        The difference; NaN where either holds one, so that ``difference <= limit`` is false.
    """
    if a.numel() == 0:
        return 0.0
    a, b = a.detach().double(), b.detach().double()
    return float((a - b).abs().max() / a.abs().max().clamp(min=1.0))


@cache
def check_compiler(device: str) -> None:
    """Refuse to compile where a function of one addition cannot be.

    Args:
        device: where the model goes.

    Raises:
        InterpError: saying what is missing.
    """

    def add(value: torch.Tensor) -> torch.Tensor:
        return value + 1

    try:
        torch.compile(add, fullgraph=True)(torch.zeros(2, device=device))
    except Exception as error:  # each platform has its own ways to lack a compiler
        raise InterpError(
            f"torch.compile does not work here on {device!r}: {error_line(error)}; install what it "
            "names (a C++ compiler for a CPU, triton for a GPU) or leave out --compile"
        ) from error


def error_line(error: Exception) -> str:
    """The first line of a compiler's message, which goes on for a page."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0].rstrip(":.")[:300] if lines else type(error).__name__


def one_line(error: Exception) -> str:
    """A library's message on one line, its final full stop dropped."""
    return " ".join(str(error).split()).rstrip(".") or type(error).__name__
