"""GRPO as methods.md 4.1 states it, straight on: the oracle of `training.grpo`.

One sequence at a time, no padding, no mask; a loop over rollouts, languages and tokens. Only
`reference_rollouts` is batched, because it is also the benchmark's baseline: what a competent
person writes by hand, with each prompt read once for its G completions.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import torch

Completions = Sequence[Sequence[Sequence[int]]]
"""Token ids ``[rollout][language]``."""


def reference_advantages(rewards: Sequence[float]) -> list[float]:
    """A_g = (R_g - mean) / (population sd + 1e-6)."""
    mean = sum(rewards) / len(rewards)
    sd = (sum((r - mean) ** 2 for r in rewards) / len(rewards)) ** 0.5
    return [(r - mean) / (sd + 1e-6) for r in rewards]


def mean_logprob(model, prompt: Sequence[int], completion: Sequence[int]) -> torch.Tensor:
    """mean_t log pi(y_t) at temperature 1, over the completion's own tokens."""
    ids = torch.tensor([[*prompt, *completion]], device=model.device)
    logits = model(input_ids=ids).logits[0].float()
    total = torch.zeros((), device=model.device)
    for i, token in enumerate(completion):
        total = total + torch.log_softmax(logits[len(prompt) - 1 + i], -1)[token]
    return total / len(completion)


def reference_loss(
    model, prompts: Sequence[Sequence[int]], completions: Completions, rewards: Sequence[float]
) -> torch.Tensor:
    """(1 / GL) sum_g sum_l -A_g * mean_t log pi(y_t), for one fact."""
    advantages = reference_advantages(rewards)
    n_rollouts, n_languages = len(completions), len(prompts)
    total = torch.zeros((), device=model.device)
    for g in range(n_rollouts):
        for lang in range(n_languages):
            logprob = mean_logprob(model, prompts[lang], completions[g][lang])
            total = total - advantages[g] * logprob
    return total / (n_rollouts * n_languages)


def reference_gradients(model, facts: Sequence[tuple]) -> tuple[float, dict[str, torch.Tensor]]:
    """Mean loss over facts (prompts, completions, rewards) and its gradients by name."""
    model.zero_grad()
    loss = sum(reference_loss(model, *fact) for fact in facts) / len(facts)
    loss.backward()
    loss = loss.detach()
    grads = {n: p.grad.clone() for n, p in model.named_parameters() if p.grad is not None}
    model.zero_grad()
    return float(loss), grads


@torch.no_grad()
def reference_rollouts(
    model, prompts: Sequence[Sequence[int]], n: int, longest: int, end: int, pad: int
) -> list[list[list[int]]]:
    """Sample n completions of every prompt at temperature 1, prompts read once.

    Returns:
        Token ids ``[prompt][completion]``, up to and including the end token.
    """
    width = max(map(len, prompts))
    ids = torch.tensor([[pad] * (width - len(p)) + list(p) for p in prompts], device=model.device)
    mask = torch.tensor([[0] * (width - len(p)) + [1] * len(p) for p in prompts]).to(ids.device)
    position = (mask.cumsum(-1) - 1).clamp(min=0)
    out = model(input_ids=ids, attention_mask=mask, position_ids=position, use_cache=True)
    cache = out.past_key_values
    cache.batch_repeat_interleave(n)
    mask, position = mask.repeat_interleave(n, 0), position[:, -1:].repeat_interleave(n, 0)
    logits = out.logits[:, -1].repeat_interleave(n, 0)
    drawn: list[torch.Tensor] = []
    ended = torch.zeros(len(prompts) * n, dtype=torch.bool, device=model.device)
    for _ in range(longest):
        token = torch.multinomial(torch.softmax(logits.float(), -1), 1)
        drawn.append(token)
        ended |= token[:, 0] == end
        if ended.all():
            break
        mask = torch.cat([mask, torch.ones_like(token)], 1)
        position = position + 1
        out = model(
            input_ids=token, attention_mask=mask, position_ids=position,
            past_key_values=cache, use_cache=True,
        )  # fmt: skip
        logits = out.logits[:, -1]
    rows = torch.cat(drawn, 1).tolist()
    cut = [row[: row.index(end) + 1] if end in row else row for row in rows]
    return [cut[i : i + n] for i in range(0, len(cut), n)]


def padded_loss(
    model, prompts: Sequence[Sequence[int]], completions: Completions, rewards: Sequence[float],
    pad: int,
) -> torch.Tensor:  # fmt: skip
    """`reference_loss` with all rows of a fact in one padded forward, as one writes it for speed."""
    rows = [(p, c) for row in completions for p, c in zip(prompts, row, strict=True)]
    weights = [a for a in reference_advantages(rewards) for _ in prompts]
    width = max(len(p) + len(c) for p, c in rows)
    ids = torch.full((len(rows), width), pad)
    mask = torch.zeros(len(rows), width, dtype=torch.long)
    scored = torch.zeros(len(rows), width, dtype=torch.bool)
    for i, (p, c) in enumerate(rows):
        ids[i, : len(p) + len(c)] = torch.tensor([*p, *c])
        mask[i, : len(p) + len(c)] = 1
        scored[i, len(p) : len(p) + len(c)] = True
    ids, mask, scored = (one.to(model.device) for one in (ids, mask, scored))
    logits = model(input_ids=ids, attention_mask=mask).logits[:, :-1].float()
    logprob = torch.log_softmax(logits, -1).gather(-1, ids[:, 1:, None])[..., 0]
    kept = scored[:, 1:]
    mean = (logprob * kept).sum(-1) / kept.sum(-1)
    return -(torch.tensor(weights, device=mean.device) * mean).mean()


def reference_step(
    model, optimizer, prompts, n: int, longest: int, end: int, pad: int,
    reward: Callable[[Completions], Sequence[float]],
) -> float:  # fmt: skip
    """One update on one fact: roll out, reward, loss, step; returns the seconds it took."""
    began = time.perf_counter()
    drawn = reference_rollouts(model, prompts, n, longest, end, pad)
    completions = [[of_prompt[g] for of_prompt in drawn] for g in range(n)]
    padded_loss(model, prompts, completions, reward(completions), pad).backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    optimizer.zero_grad()
    return time.perf_counter() - began
