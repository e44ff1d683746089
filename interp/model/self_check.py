"""What a wrapped model must prove about itself at load, on a few tokens.

A wrong row of the architecture table, a patched attention or a double norm would otherwise show
up as a strange figure, if at all: a published release lost its causal mask this way, and every
one of its head scores with it.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import torch

from interp.errors import InterpError
from interp.model.sites import FINAL, site_names, site_shape

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


@torch.no_grad()
def self_check(model: HookedModel) -> dict[str, float]:
    """Check a wrapped model on two short sequences of arbitrary tokens.

    Checks: every site exists and has its shape; a head mask of ones leaves the logits identical;
    another last token leaves the earlier logits as they were (the causal mask is in place); the
    last residual through ``unembed`` gives the logits.

    Args:
        model: the wrapped model.

    Returns:
        The measured figures, by name.

    Raises:
        InterpError: naming the check that failed and its figure.
    """
    vocab = model.shape.d_vocab
    ids = (torch.arange(2 * LENGTH) * 7 + 3).remainder(min(vocab, model.d_embedded)).view(2, LENGTH)
    plain, last = _check_shapes(model, ids)
    ones = torch.ones(model.shape.n_layers, model.shape.n_heads)
    masked = model.run(ids, edit=model.head_mask_edits(ones))
    changed = float((masked - plain).abs().max())
    if changed != 0.0:
        _fail("a head mask of ones must leave the logits bit-identical", changed, 0.0)
    other = ids.clone()
    other[:, -1] = (other[:, -1] + 1).remainder(min(vocab, model.d_embedded))
    leaked = _relative(model.run(other)[:, :-1], plain[:, :-1])
    tolerance = TOLERANCE.get(model.dtype, TOLERANCE[torch.bfloat16])
    if not leaked <= tolerance:
        _fail("another last token must leave the earlier logits as they were", leaked, tolerance)
    ours = model.unembed(last).to(plain.device)
    apart = _relative(ours, plain)
    if not apart <= tolerance:
        _fail(
            "the last residual through norm and unembedding must give the logits", apart, tolerance
        )
    return {"causal_difference": leaked, "unembed_difference": apart, "tolerance": tolerance}


def _check_shapes(model: HookedModel, ids: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Observe every site once; returns the logits and the residual entering the final norm."""
    seen: dict[str, tuple[int, ...]] = {}
    kept: list[torch.Tensor] = []

    def note(name: str, value: torch.Tensor) -> None:
        seen[name] = tuple(value.shape)
        if name == FINAL:
            kept.append(value)

    names = site_names(model.shape)
    observed = model.run(ids, observe={name: partial(note, name) for name in names})
    for name in names:
        expected = site_shape(name, model.shape, *ids.shape)
        if seen.get(name) != expected:
            raise InterpError(
                f"self-check failed: site {name!r} is {seen.get(name)}, expected {expected}; "
                f"the architecture row for {model.arch.model_type!r} does not fit this model"
            )
    return observed, kept[0]


def _relative(ours: torch.Tensor, theirs: torch.Tensor) -> float:
    """Largest absolute difference, relative to the largest value; NaN where either has one."""
    scale = max(1e-6, float(theirs.double().abs().max()))
    return float((ours.double() - theirs.double()).abs().max()) / scale


def _fail(check: str, figure: float, limit: float) -> None:
    raise InterpError(
        f"self-check failed: {check}, but it differs by {figure:.3g} (limit {limit:g}); "
        "results would be wrong, so nothing is run"
    )
