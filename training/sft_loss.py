"""Eq 3 of arXiv 2606.06586: cross-entropy on the answer, and agreement between languages."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from interp.errors import unknown

DIRECTIONS = ("lang_to_mean", "mean_to_lang")


@dataclass(frozen=True)
class SftLoss:
    """The loss of each fact and its two parts, nats ``[fact]``; the total carries gradients."""

    total: torch.Tensor
    cross_entropy: torch.Tensor
    kl: torch.Tensor


def sft_loss(
    scores: torch.Tensor,
    answer: torch.Tensor,
    *,
    consistency: float = 0.5,
    direction: str = "lang_to_mean",
) -> SftLoss:
    """Compute Eq 3.

    ``-mean_l log p_l(answer) + lambda * mean_l KL``, where p_l is the softmax over the options'
    scores in language l and m = sg(mean_l p_l) their mean, which takes no gradient. The KL is
    KL(p_l || m), as Eq 3 is printed, or KL(m || p_l), what the release computes: both are zero
    at agreement, but the first draws each language to one of the mean's peaks, the second makes
    it cover them all.

    Args:
        scores: ``[fact, language, option]``, float: an option's length-normalised log-likelihood,
            or a letter's logit. Options are aligned: the same place is the same answer in every
            language.
        answer: place of the true option, ``[fact]``.
        consistency: lambda; 0 is plain cross-entropy.
        direction: ``lang_to_mean`` or ``mean_to_lang``.

    Returns:
        The loss per fact.

    Raises:
        InterpError: unknown direction.
    """
    if direction not in DIRECTIONS:
        raise unknown("kl_direction", direction, DIRECTIONS)
    log_p = torch.log_softmax(scores.float(), dim=-1)
    place = answer[:, None, None].expand(-1, scores.shape[1], 1)
    cross_entropy = -log_p.gather(-1, place).squeeze(-1).mean(-1)
    # The mean in log space: options that are improbable everywhere keep a finite logarithm.
    languages = torch.tensor(float(scores.shape[1]), device=scores.device)
    log_m = (torch.logsumexp(log_p, dim=1, keepdim=True) - languages.log()).detach()
    if direction == "lang_to_mean":
        kl = (log_p.exp() * (log_p - log_m)).sum(-1).mean(-1)
    else:
        kl = (log_m.exp() * (log_m - log_p)).sum(-1).mean(-1)
    total = cross_entropy + consistency * kl if consistency else cross_entropy
    return SftLoss(total, cross_entropy.detach(), kl.detach())
