"""Log-probabilities of several continuations of one prompt, with the prompt computed once.

A fact is asked in L languages, and each prompt has G sampled completions (GRPO) or four options
(SFT, evaluation). A prompt is several times longer than what follows it, so a row holds the prompt
once and behind it all its continuations, side by side: each continues the prompt's positions and
its attention mask hides the others. The numbers are those of one row per continuation, up to
rounding; `sharing_works` checks that on the model at hand, since a family may ignore a mask of four
dimensions.

Departure from the release, which computes every completion as a row of its own, padding included.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch

from interp.batches import is_out_of_memory
from interp.model.wrapped import inner_model, takes_logits_to_keep

Ids = Sequence[int]


@dataclass(frozen=True)
class Prompt:
    """One prompt and what may follow it.

    Attributes:
        ids: the prompt's tokens, at least one.
        branches: token ids of each continuation, at least one each.
    """

    ids: Ids
    branches: Sequence[Ids]


@dataclass(frozen=True)
class BranchScores:
    """What the model says of each continuation, in the order of prompts and of their branches.

    Attributes:
        logprobs: natural log-probability of each token, float32 ``[branch, token]``, 0 where
            there is none; carries gradients.
        mask: whether there is a token, bool ``[branch, token]``.
        entropies: entropy in nats of the distribution each token was taken from, without
            gradient, ``[branch, token]``; None unless asked for.
    """

    logprobs: torch.Tensor
    mask: torch.Tensor
    entropies: torch.Tensor | None = None

    def mean(self) -> torch.Tensor:
        """Average each continuation over its own tokens, ``[branch]``."""
        return self.logprobs.sum(-1) / self.mask.sum(-1)


@dataclass(frozen=True)
class _Row:
    """One row of the network's input: a prompt, distinct continuations, whom they stand for."""

    prompt: Ids
    branches: tuple[tuple[int, ...], ...]
    owners: tuple[tuple[int, ...], ...]

    @property
    def width(self) -> int:
        """Tokens in the row; a continuation's last token is predicted, never read."""
        return len(self.prompt) + sum(len(branch) - 1 for branch in self.branches)


def branch_scores(
    model: Any,
    prompts: Sequence[Prompt],
    *,
    share: bool = True,
    batch_tokens: int | None = 4096,
    entropies: bool = False,
) -> BranchScores:
    """Score all continuations of all prompts.

    Args:
        model: a causal language model, plain, wrapped by peft, or by DDP (which is called as the
            wrapper, so that gradients are reduced).
        prompts: the prompts.
        share: compute a prompt once for all its continuations, and equal continuations once
            (under dropout they then share their noise); otherwise one row for each.
        batch_tokens: longest forward, padding included; rows of similar length go together.
            None computes everything in one forward.
        entropies: also return entropies.

    Returns:
        The scores; one backward through them reaches every forward.

    Raises:
        ValueError: a prompt or a continuation is empty.
    """
    rows = _rows(prompts, share)
    count = sum(len(prompt.branches) for prompt in prompts)
    longest = max(len(branch) for prompt in prompts for branch in prompt.branches)
    places: list[torch.Tensor] = []
    values: list[torch.Tensor] = []
    spread: list[torch.Tensor] = []
    for batch in _batches(rows, batch_tokens):
        place, value, entropy = _forward(model, batch, entropies)
        places.append(place)
        values.append(value)
        spread.append(entropy)
    index = torch.cat(places)
    flat = torch.cat(values)
    where = (index[:, 0], index[:, 1])
    logprobs = torch.zeros(count, longest, device=flat.device).index_put(where, flat)
    mask = torch.zeros(count, longest, dtype=torch.bool, device=flat.device)
    mask[where] = True
    entropy_table = None
    if entropies:
        entropy_table = torch.zeros(count, longest, device=flat.device)
        entropy_table[where] = torch.cat(spread)
    return BranchScores(logprobs, mask, entropy_table)


@torch.no_grad()
def sharing_works(model: Any, prompts: Sequence[Prompt], *, tolerance: float = 1e-3) -> bool:
    """Check on real prompts that sharing gives what one row per continuation gives.

    Args:
        model: the model; its training mode is left as it was.
        prompts: a few prompts with two continuations or more.
        tolerance: largest allowed difference of a log-probability in fp32; 50 times as much in
            16-bit types, whose rounding depends on the order of sums.

    Returns:
        Whether the two agree. A model that cannot take the mask at all does not agree.
    """
    training = model.training
    model.eval()
    try:
        apart = branch_scores(model, prompts, share=False)
        try:
            shared = branch_scores(model, prompts, share=True)
        except (TypeError, ValueError, RuntimeError, IndexError) as error:
            if is_out_of_memory(error):  # says nothing about the model
                raise
            return False
    finally:
        model.train(training)
    half = next(model.parameters()).dtype in (torch.bfloat16, torch.float16)
    largest = (apart.logprobs - shared.logprobs).abs().max()
    return bool(largest <= tolerance * (50 if half else 1))  # not-a-number compares false


class PlannedForward(NamedTuple):
    """One forward that `branch_scores` makes: rows, width with padding, rows of logits."""

    rows: int
    width: int
    logits: int


def planned(
    prompts: Sequence[Prompt], *, share: bool = True, batch_tokens: int | None = 4096
) -> list[PlannedForward]:
    """Say which forwards `branch_scores` would make of the same arguments."""
    found = []
    for batch in _batches(_rows(prompts, share), batch_tokens):
        width = max(row.width for row in batch)
        kept = min(len(row.prompt) for row in batch) - 1
        found.append(PlannedForward(len(batch), width, len(batch) * (width - kept)))
    return found


def _rows(prompts: Sequence[Prompt], share: bool) -> list[_Row]:
    rows: list[_Row] = []
    number = 0
    for prompt in prompts:
        owners: dict[tuple[int, ...], list[int]] = {}
        for branch in prompt.branches:
            if not prompt.ids or not branch:
                raise ValueError("a prompt and each of its continuations need at least one token")
            key = tuple(branch)
            if share:
                owners.setdefault(key, []).append(number)
            else:
                rows.append(_Row(prompt.ids, (key,), ((number,),)))
            number += 1
        if share:
            branches = tuple(owners)
            rows.append(_Row(prompt.ids, branches, tuple(tuple(owners[b]) for b in branches)))
    return rows


def _batches(rows: list[_Row], batch_tokens: int | None) -> list[list[_Row]]:
    """Cut the rows, sorted by length, so that no batch exceeds its tokens (one row may)."""
    if batch_tokens is None:
        return [rows]
    batches: list[list[_Row]] = []
    for row in sorted(rows, key=lambda row: (row.width, len(row.prompt))):
        if batches and (len(batches[-1]) + 1) * row.width <= batch_tokens:
            batches[-1].append(row)
        else:
            batches.append([row])
    return batches


def _forward(
    model: Any, rows: list[_Row], entropies: bool
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Run one batch of rows.

    Returns:
        Places ``[value, (branch, token)]``, log-probabilities ``[value]``, entropies ``[value]``
        (empty unless asked for).
    """
    device = next(model.parameters()).device
    width = max(row.width for row in rows)
    ids = torch.zeros(len(rows), width, dtype=torch.long)
    segments = torch.full((len(rows), width), -1)  # 0 the prompt, 1.. a continuation, -1 padding
    positions = torch.zeros(len(rows), width, dtype=torch.long)
    picked, targets, places = [], [], []
    for at, row in enumerate(rows):
        end = len(row.prompt)
        ids[at, :end] = torch.tensor(row.prompt)
        segments[at, :end] = 0
        positions[at, :end] = torch.arange(end)
        start = end
        for number, (branch, owners) in enumerate(zip(row.branches, row.owners, strict=True), 1):
            read = len(branch) - 1
            ids[at, start : start + read] = torch.tensor(branch[:-1], dtype=torch.long)
            segments[at, start : start + read] = number
            positions[at, start : start + read] = torch.arange(end, end + read)
            reads = [end - 1, *range(start, start + read)]
            for owner in owners:
                for token, read_at in enumerate(reads):
                    picked.append((at, read_at))
                    targets.append(branch[token])
                    places.append((owner, token))
            start += read
    kept = min(read for _, read in picked)
    logits = _logits(model, ids.to(device), segments.to(device), positions.to(device), kept)
    where = torch.tensor(picked, device=device)
    target = torch.tensor(targets, device=device)
    log_all = torch.log_softmax(logits[where[:, 0], where[:, 1] - kept].float(), dim=-1)
    values = log_all.gather(1, target[:, None]).squeeze(1)
    spread = values.new_zeros(0)
    if entropies:
        with torch.no_grad():
            spread = -(log_all.exp() * log_all).sum(-1)
    return torch.tensor(places, device=device), values, spread


def _logits(
    model: Any,
    ids: torch.Tensor,
    segments: torch.Tensor,
    positions: torch.Tensor,
    kept: int,
) -> torch.Tensor:
    """Logits ``[row, position from kept on, vocabulary]``; ordinary rows take an ordinary mask."""
    arguments: dict[str, Any] = {"input_ids": ids, "use_cache": False}
    if int(segments.max()) > 1:
        arguments["attention_mask"] = _shared_mask(model, segments, positions)
        arguments["position_ids"] = positions
    else:
        arguments["attention_mask"] = (segments >= 0).long()
    if takes_logits_to_keep(model):
        arguments["logits_to_keep"] = ids.shape[1] - kept
        out: torch.Tensor = model(**arguments).logits
        return out
    out = model(**arguments).logits[:, kept:]
    return out


def _shared_mask(
    model: Any, segments: torch.Tensor, positions: torch.Tensor
) -> torch.Tensor | dict[str, torch.Tensor]:
    """The mask of rows that hold several continuations.

    Transformers applies a mask of four dimensions as it is, so a sliding window has to be in it;
    families that mix windows with full attention take one mask per type of layer.
    """
    dtype = next(model.parameters()).dtype
    config = inner_model(model).config.get_text_config()
    kinds = set(getattr(config, "layer_types", None) or ())
    window = getattr(config, "sliding_window", None)
    full = _additive_mask(segments, dtype)
    if window is None or kinds == {"full_attention"}:
        return full
    sliding = _additive_mask(segments, dtype, positions, window)
    if kinds <= {"sliding_attention"}:
        return sliding
    return {"full_attention": full, "sliding_attention": sliding}


def _additive_mask(
    segments: torch.Tensor,
    dtype: torch.dtype,
    positions: torch.Tensor | None = None,
    window: int = 0,
) -> torch.Tensor:
    """0 where a token may look, the type's lowest number elsewhere, ``[row, 1, from, to]``."""
    width = segments.shape[1]
    causal = torch.ones(width, width, dtype=torch.bool, device=segments.device).tril()
    mine, theirs = segments[:, :, None], segments[:, None, :]
    allowed = causal & ((theirs == 0) | (theirs == mine))
    if positions is not None:
        allowed &= positions[:, :, None] - positions[:, None, :] < window
    mask = torch.zeros(allowed.shape, dtype=dtype, device=segments.device)
    return mask.masked_fill_(~allowed, torch.finfo(dtype).min)[:, None]
