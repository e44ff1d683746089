"""Rank and log-probability of a few tokens among all logits, without sorting the vocabulary.

The rank of a token is the number of tokens with a strictly larger logit (0-based; tied tokens share
the best rank). The published notebook and KLAR's code sort the vocabulary for it and let the sort
decide ties; counting needs one pass per token and no memory of the vocabulary's order.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from interp.errors import InterpError, unknown

TIES = ("best", "mean")
NO_TOKEN = -1
"""Pads a set of tokens; a set of nothing else has no rank."""


@dataclass(frozen=True)
class Readout:
    """What rows of logits say about a few tokens.

    Attributes:
        rank: ``[row, role]``, 0-based, in the logits' type; NaN where a set is empty.
        logprob: natural log-probability of the set, ``[row, role]``; NaN where it is empty.
        token_id: best-ranked token of the set, int64 ``[row, role]``; ``NO_TOKEN`` where empty.
        top_ids: most likely tokens, int64 ``[row, place]``, the most likely first.
        top_logprob: their log-probabilities, ``[row, place]``.
    """

    rank: Tensor
    logprob: Tensor
    token_id: Tensor
    top_ids: Tensor
    top_logprob: Tensor


def read_logits(logits: Tensor, tokens: Tensor, *, ties: str = "best", top: int = 5) -> Readout:
    """Rank sets of tokens in rows of logits, and find the most likely tokens.

    A set stands for one answer: one token, or (``prefix_set``) all tokens that may begin it. Its
    rank is that of its best token; its log-probability that of the whole set.

    Args:
        logits: ``[row, vocab]``, fp32 or wider.
        tokens: vocabulary ids ``[row, role, member]``, padded with ``NO_TOKEN``; the ids of a set
            are distinct.
        ties: ``best``, or ``mean``: half of the tied tokens outside the set count as larger.
        top: how many of the most likely tokens; fewer where the vocabulary is smaller.

    Returns:
        The readout.

    Raises:
        InterpError: for an unknown tie rule, or logits that are not finite.
    """
    if ties not in TIES:
        raise unknown("rule for tied ranks", ties, TIES)
    log_total = torch.logsumexp(logits, dim=-1, keepdim=True)
    # A comparison with NaN is false, so a broken model would rank every answer first.
    if not bool(log_total.isfinite().all()):
        raise InterpError(
            "the logits are not finite: expected numbers; a half-precision checkpoint may have "
            "overflowed, so try --dtype float32 or bfloat16"
        )
    present = tokens != NO_TOKEN
    values = logits.gather(1, tokens.clamp(min=0).flatten(1)).view(tokens.shape)
    values = values.masked_fill(~present, -torch.inf)
    best, place = values.max(dim=-1)
    rank = _count(torch.gt, logits, best)
    if ties == "mean":
        inside = (values == best[..., None]).sum(-1)
        rank = rank + (_count(torch.eq, logits, best) - inside) / 2
    empty, nothing = ~present.any(-1), float("nan")
    top_values, top_ids = logits.topk(min(top, logits.shape[1]), dim=-1)
    return Readout(
        rank=rank.masked_fill(empty, nothing),
        logprob=(values.logsumexp(-1) - log_total).masked_fill(empty, nothing),
        token_id=tokens.gather(2, place[..., None]).squeeze(2),
        top_ids=top_ids,
        top_logprob=top_values - log_total,
    )


def _count(compare: Callable[..., Tensor], logits: Tensor, best: Tensor) -> Tensor:
    """Count the tokens of each row that compare true with each set's best: ``[row, role]``."""
    # Comparing into floats and adding them is several times faster on a CPU than adding booleans,
    # and exact: sums of ones are whole numbers far below 2**23, so that halves are exact too. They
    # stay in this type, since not every device has a wider one.
    hits = torch.empty_like(logits)
    columns = [
        compare(logits, best[:, role, None], out=hits).sum(-1) for role in range(best.shape[1])
    ]
    return torch.stack(columns, dim=1)
