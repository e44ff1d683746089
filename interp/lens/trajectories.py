"""Ranks along the depth of the network for one batch of prompts.

Depth is a list of *points*: 0 is what enters the first block, ``l`` the residual stream after block
``l`` (1-based), optionally ``mid`` the stream between attention and MLP of block ``l``. Only the
last prompt position is kept of each point, and logits exist for a chunk of rows at a time: no
``[prompt, layer, vocab]`` cube.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from interp.errors import InterpError
from interp.lens.ranks import Readout, read_logits
from interp.model import HookedModel

CHUNK_ELEMENTS = 2**23
"""Logits held at a time (rows times vocabulary): 32 MiB in fp32, small enough for a CPU's cache
to matter little and large enough for the unembedding to be one efficient product."""

_SLACK = 16.0
"""How many units of rounding of the model's type two logits may differ and still be a tie."""


@dataclass(frozen=True)
class Point:
    """One place along the depth.

    Attributes:
        layer: 0 for the embeddings, ``l`` for block ``l`` (1-based).
        kind: ``post``, or ``mid`` between attention and MLP of block ``layer``.
        site: the name of the site.
    """

    layer: int
    kind: str
    site: str


@dataclass(frozen=True)
class BatchReadout:
    """The readout of one batch.

    Attributes:
        values: see ``Readout``; every tensor is ``[prompt, point, ...]`` on the CPU.
        near_ties: prompts at which the model's own argmax and the last point's differ by rounding
            only (0 in fp32).
    """

    values: Readout
    near_ties: int


def points_of(n_layers: int, *, mid: bool = False, has_mid: bool = True) -> tuple[Point, ...]:
    """List the points from the embeddings to the last block's output.

    Args:
        n_layers: number of blocks.
        mid: include the stream between attention and MLP of every block.
        has_mid: whether the architecture has such a stream.

    Returns:
        ``n_layers + 1`` points, or ``2 * n_layers + 1`` with ``mid``.

    Raises:
        InterpError: if ``mid`` is asked of an architecture without it.
    """
    if mid and not has_mid:
        raise InterpError(
            "lens option points is '+mid': this architecture has no stream between attention and "
            "MLP (parallel residual), expected 'resid_post'"
        )
    points = [Point(0, "post", "hook_embed")]
    for block in range(n_layers):
        if mid:
            points.append(Point(block + 1, "mid", f"blocks.{block}.hook_resid_mid"))
        points.append(Point(block + 1, "post", f"blocks.{block}.hook_resid_post"))
    return tuple(points)


def read_batch(
    model: HookedModel,
    input_ids: Tensor,
    attention_mask: Tensor | None,
    tokens: Tensor,
    points: tuple[Point, ...],
    *,
    double_norm: bool = False,
    ties: str = "best",
    top: int = 5,
    chunk_elements: int = CHUNK_ELEMENTS,
) -> BatchReadout:
    """Read every point of a batch at its prompts' last tokens.

    Args:
        model: the checkpoint.
        input_ids: ``[prompt, pos]``, padded on the right.
        attention_mask: ``[prompt, pos]`` or ``None`` when nothing is padding.
        tokens: ids ``[prompt, role, member]``, padded with ``NO_TOKEN``.
        points: from ``points_of``.
        double_norm: apply the final norm a second time at the last point, as the release does; the
            last point then need not be the model's prediction, and is not checked.
        ties: see ``read_logits``.
        top: see ``read_logits``.
        chunk_elements: logits held at a time.

    Returns:
        The readout.

    Raises:
        InterpError: if the last point's most likely token is not the model's.
    """
    states, normed = _last_states(model, input_ids, attention_mask, points)
    if double_norm:
        if normed.shape[-1] != states.shape[-1]:
            raise InterpError(
                "lens option final_norm is 'release_double': this model projects after its final "
                "norm, so the norm cannot be applied twice; expected 'once'"
            )
        states[-1] = normed
    values = _read_states(model, states, tokens, ties, top, chunk_elements)
    near_ties = 0 if double_norm else _check_argmax(model, states[-1], normed, values)
    return BatchReadout(values, near_ties)


def _last_states(
    model: HookedModel, input_ids: Tensor, attention_mask: Tensor | None, points: tuple[Point, ...]
) -> tuple[Tensor, Tensor]:
    """Keep the last real position: ``[point, prompt, d_model]``, and the final norm's output."""
    real = torch.ones_like(input_ids) if attention_mask is None else attention_mask
    last = real.sum(1) - 1
    found: dict[str, Tensor] = {}

    def take(value: Tensor) -> Tensor:
        return value[torch.arange(len(value), device=value.device), last.to(value.device)]

    def keep(site: str) -> Callable[[Tensor], None]:
        def observer(value: Tensor) -> None:
            found[site] = take(value)

        return observer

    observe = {point.site: keep(point.site) for point in points}
    body = take(model.run(input_ids, attention_mask, observe=observe, output="body"))
    return torch.stack([found[point.site].to(body.device) for point in points]), body


def _read_states(
    model: HookedModel,
    states: Tensor,
    tokens: Tensor,
    ties: str,
    top: int,
    chunk_elements: int,
) -> Readout:
    n_points, n_prompts, width = states.shape
    # Rows of all points side by side, so that small batches still fill the product.
    rows = states.reshape(n_points * n_prompts, width)
    wanted = tokens.repeat(n_points, 1, 1)
    size = max(1, chunk_elements // model.shape.d_vocab)
    parts = []
    for start in range(0, len(rows), size):
        logits = model.unembed(rows[start : start + size])
        chunk = wanted[start : start + size].to(logits.device)
        parts.append(read_logits(logits, chunk, ties=ties, top=top))

    def join(name: str) -> Tensor:
        whole = torch.cat([getattr(part, name) for part in parts]).cpu()
        return whole.view(n_points, n_prompts, -1).transpose(0, 1)

    return Readout(**{name: join(name) for name in Readout.__dataclass_fields__})


def _check_argmax(model: HookedModel, last: Tensor, normed: Tensor, values: Readout) -> int:
    """Hold the last point against the model's own unembedding of its own final norm.

    A monotone soft-cap or scale after the unembedding changes no argmax. In half precision the
    model's own logits are rounded, and a tie that rounding made is no error.
    """
    own = model.model.get_output_embeddings()(normed)
    ours = values.top_ids[:, -1, 0]
    theirs = own.argmax(-1).to(ours)
    differs = (ours != theirs).nonzero().flatten().tolist()
    slack = _SLACK * torch.finfo(own.dtype).eps * own.abs().max().item()
    for prompt in differs:
        pair = own[prompt, [ours[prompt].item(), theirs[prompt].item()]].float()
        if (pair[1] - pair[0]).item() > slack:
            raise InterpError(
                f"lens self-check failed: at the last point of prompt {prompt} of a batch the most "
                f"likely token is {ours[prompt].item()}, the model's is {theirs[prompt].item()}; "
                "the architecture's row misses a step between the last block and the logits"
            )
    return len(differs)
