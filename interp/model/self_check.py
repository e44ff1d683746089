"""What a wrapped model must prove about itself at load, on a few tokens.

A wrong row of the architecture table, a patched attention or a double norm would otherwise show
up as a strange figure, if at all: a published release lost its causal mask this way, and every
one of its head scores with it.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import torch
from transformers.activations import ACT2FN

from interp.errors import InterpError
from interp.model.architectures import text_config
from interp.model.sites import FINAL, mlp_post, mlp_pre, mlp_up, site_names, site_shape

if TYPE_CHECKING:
    from interp.model.hooked import HookedModel

TOLERANCE: dict[torch.dtype, float] = {
    torch.float64: 1e-9,
    torch.float32: 1e-4,
    torch.float16: 1e-2,
    torch.bfloat16: 6e-2,
}
"""Largest difference that rounding explains, relative to the largest value compared. Below fp32
the model rounds its logits and we do not, so the half precisions allow a few units of spacing."""

LENGTH = 6
_ACTIVATION_ATTRIBUTES = ("hidden_act", "hidden_activation", "activation_function")


@torch.no_grad()
def self_check(model: HookedModel) -> dict[str, float]:
    """Check a wrapped model on two short sequences of arbitrary tokens.

    Checks: every site exists and has its shape; the MLP's sites are related by its activation; a
    head mask of ones leaves the logits identical; another last token leaves the earlier logits as
    they were (the causal mask is in place); the last residual through ``unembed`` gives the logits.

    Args:
        model: the wrapped model.

    Returns:
        The measured figures, by name.

    Raises:
        InterpError: naming the check that failed and its figure.
    """
    vocab = model.shape.d_vocab
    ids = (torch.arange(2 * LENGTH) * 7 + 3).remainder(min(vocab, model.d_embedded)).view(2, LENGTH)
    tolerance = TOLERANCE.get(model.dtype, TOLERANCE[torch.bfloat16])
    plain, seen = _check_shapes(model, ids)
    if not bool(plain.isfinite().all()):
        raise InterpError(
            f"the logits of {model.name!r} are not finite (NaN or infinite) on arbitrary tokens: its "
            f"weights hold NaN, or {str(model.dtype).removeprefix('torch.')} is too narrow for it "
            "(--dtype float32)"
        )
    figures = {"tolerance": tolerance, **_check_neurons(model, seen, tolerance)}
    ones = torch.ones(model.shape.n_layers, model.shape.n_heads)
    masked = model.run(ids, edit=model.head_mask_edits(ones))
    changed = float((masked - plain).abs().max())
    if changed != 0.0:
        _fail("a head mask of ones must leave the logits bit-identical", changed, 0.0)
    other = ids.clone()
    other[:, -1] = (other[:, -1] + 1).remainder(min(vocab, model.d_embedded))
    leaked = _relative(model.run(other)[:, :-1], plain[:, :-1])
    if not leaked <= tolerance:
        _fail("another last token must leave the earlier logits as they were", leaked, tolerance)
    try:
        apart = _relative(model.unembed(seen[FINAL]), plain)
    except RuntimeError as error:
        raise InterpError(
            f"self-check failed: the last residual does not go through norm and unembedding "
            f"({str(error).splitlines()[0]}); the architecture row for {model.arch.model_type!r} "
            "does not fit this model"
        ) from error
    if not apart <= tolerance:
        _fail(
            "the last residual through norm and unembedding must give the logits", apart, tolerance
        )
    return {"causal_difference": leaked, "unembed_difference": apart, **figures}


def _check_shapes(
    model: HookedModel, ids: torch.Tensor
) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
    """Observe every site once; returns the logits and the values by site name."""
    seen: dict[str, torch.Tensor] = {}

    def note(name: str, value: torch.Tensor) -> None:
        seen[name] = value

    names = site_names(model.shape)
    observed = model.run(ids, observe={name: partial(note, name) for name in names})
    for name in names:
        expected = site_shape(name, model.shape, *ids.shape)
        if tuple(seen[name].shape) != expected:
            raise InterpError(
                f"self-check failed: site {name!r} is {tuple(seen[name].shape)}, expected "
                f"{expected}; the architecture row for {model.arch.model_type!r} does not fit"
            )
    return observed, seen


def _check_neurons(
    model: HookedModel, seen: dict[str, torch.Tensor], tolerance: float
) -> dict[str, float]:
    """Recompute ``hook_post`` from ``hook_pre``: tells the gate from the up-projection.

    Skipped where the configuration names no activation that transformers knows (Bloom).
    """
    config = text_config(model.model)
    names = {getattr(config, name, None) for name in _ACTIVATION_ATTRIBUTES}
    known = [ACT2FN[name] for name in names if isinstance(name, str) and name in ACT2FN]
    # A learned activation cannot be rebuilt from its name.
    known = [activation for activation in known if not list(activation.parameters())]
    if not known:
        return {}
    pre, post = seen[mlp_pre(0)], seen[mlp_post(0)]
    up = seen[mlp_up(0)] if model.shape.gated else torch.ones_like(pre)
    apart = min(_relative(activation(pre) * up, post) for activation in known)
    if not apart <= tolerance:
        what = "the activation of mlp.hook_pre" + (" times hook_pre_linear" * model.shape.gated)
        _fail(f"{what} must give mlp.hook_post", apart, tolerance)
    return {"neuron_difference": apart}


def _relative(ours: torch.Tensor, theirs: torch.Tensor) -> float:
    """Largest absolute difference, relative to the largest value; NaN where either has one."""
    ours, theirs = ours.cpu().double(), theirs.cpu().double()
    return float((ours - theirs).abs().max()) / max(1e-6, float(theirs.abs().max()))


def _fail(check: str, figure: float, limit: float) -> None:
    raise InterpError(
        f"self-check failed: {check}, but it differs by {figure:.3g} (limit {limit:g}); "
        "results would be wrong, so nothing is run"
    )
