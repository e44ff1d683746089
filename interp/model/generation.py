"""Sampling completions: each prompt is read once, then all its completions grow together.

TRL's own path reads a prompt once per completion. Randomness comes from uniform numbers that are
drawn for each prompt and completion from a seed of its own, so what is sampled does not depend on
how many processes there are, nor on what else is in the batch (up to rounding of the logits).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from transformers import (
    LogitsProcessorList,
    NoRepeatNGramLogitsProcessor,
    RepetitionPenaltyLogitsProcessor,
    TemperatureLogitsWarper,
    TopPLogitsWarper,
)

from interp.errors import InterpError
from interp.model.wrapped import takes_logits_to_keep


@dataclass(frozen=True)
class Sampling:
    """How completions are drawn.

    Attributes:
        temperature: the logits' divisor; 0 takes the most likely token.
        top_p: share of probability that is kept, 1 keeps all.
        repetition_penalty: as in transformers, 1 for none.
        no_repeat_ngram: no n-gram of this size twice, prompt included; 0 for none.
        max_new_tokens: tokens of a completion at most, its end included.
    """

    temperature: float = 0.7
    top_p: float = 0.95
    repetition_penalty: float = 1.0
    no_repeat_ngram: int = 0
    max_new_tokens: int = 48

    def __post_init__(self) -> None:
        """Refuse values outside their ranges."""
        checks = (
            ("temperature", self.temperature >= 0, "a number of at least 0"),
            ("top_p", 0 < self.top_p <= 1, "a number above 0, at most 1"),
            ("repetition_penalty", self.repetition_penalty > 0, "a number above 0"),
            ("no_repeat_ngram", self.no_repeat_ngram >= 0, "a number of at least 0"),
            ("max_new_tokens", self.max_new_tokens >= 1, "a number of at least 1"),
        )
        for name, good, expected in checks:
            if not good:
                raise InterpError(f"{name} is {getattr(self, name)!r}: expected {expected}")

    def processors(self) -> LogitsProcessorList:
        """What is done to the logits, in the order in which transformers does it."""
        chain = LogitsProcessorList()
        if self.repetition_penalty != 1:
            chain.append(RepetitionPenaltyLogitsProcessor(self.repetition_penalty))
        if self.no_repeat_ngram:
            chain.append(NoRepeatNGramLogitsProcessor(self.no_repeat_ngram))
        if self.temperature not in (0, 1):
            chain.append(TemperatureLogitsWarper(self.temperature))
        if self.temperature and self.top_p < 1:
            chain.append(TopPLogitsWarper(self.top_p))
        return chain


@torch.no_grad()
def sample(
    model: Any,
    prompts: Sequence[Sequence[int]],
    n: int,
    sampling: Sampling,
    *,
    eos_ids: Sequence[int],
    seeds: Sequence[Sequence[int]] | None = None,
) -> list[list[list[int]]]:
    """Draw completions.

    Args:
        model: a causal language model, not wrapped for several processes. It is in evaluation
            mode meanwhile, so that dropout does not disturb the policy and gradient checkpointing
            does not throw the cache away; afterwards it is as it was.
        prompts: token ids of each prompt.
        n: completions per prompt.
        sampling: how.
        eos_ids: tokens that end a completion.
        seeds: one seed (a sequence of whole numbers) per prompt; may be left out at
            temperature 0.

    Returns:
        Token ids ``[prompt][completion]``, each up to its first end token, which is included;
        without it where the completion reached its longest.

    Raises:
        InterpError: the model's logits are not numbers.
    """
    training = model.training
    model.eval()
    try:
        return _sample(model, prompts, n, sampling, frozenset(eos_ids), seeds)
    finally:
        model.train(training)


def greedy_answers(
    model: Any,
    tokenizer: Any,
    prompts: Sequence[Sequence[int]],
    *,
    max_new_tokens: int,
    eos_ids: Sequence[int],
    at_once: int = 128,
) -> list[str]:
    """Let a model answer prompts, always by its most likely token.

    Args:
        model: see `sample`.
        tokenizer: decodes the answers.
        prompts: token ids of each prompt.
        max_new_tokens: longest answer.
        eos_ids: tokens that end one.
        at_once: prompts of a batch; those of similar length go together.

    Returns:
        The answers in the order of the prompts, without special tokens.
    """
    how = Sampling(temperature=0.0, max_new_tokens=max_new_tokens)
    order = sorted(range(len(prompts)), key=lambda at: len(prompts[at]))
    tokens: list[list[int]] = [[] for _ in prompts]
    for first in range(0, len(order), at_once):
        places = order[first : first + at_once]
        drawn = sample(model, [prompts[at] for at in places], 1, how, eos_ids=eos_ids)
        for at, one in zip(places, drawn, strict=True):
            tokens[at] = one[0]
    texts: list[str] = tokenizer.batch_decode(tokens, skip_special_tokens=True)
    return texts


def _sample(
    model: Any,
    prompts: Sequence[Sequence[int]],
    n: int,
    sampling: Sampling,
    ends: frozenset[int],
    seeds: Sequence[Sequence[int]] | None,
) -> list[list[list[int]]]:
    device = next(model.parameters()).device
    count, longest = len(prompts), sampling.max_new_tokens
    width = max(len(prompt) for prompt in prompts)
    # The filler on the left is a token the prompt has anyway: a penalty on what was seen then
    # falls on nothing new (with the pad token it would often fall on the end token).
    seen = torch.tensor([[p[0]] * (width - len(p)) + list(p) for p in prompts], device=device)
    mask = torch.tensor([[0] * (width - len(p)) + [1] * len(p) for p in prompts], device=device)
    positions = (mask.cumsum(-1) - 1).clamp_(min=0)
    # Of the prompts only the last logits are read; all of them can need more memory than the rest.
    last = {"logits_to_keep": 1} if takes_logits_to_keep(model) else {}
    out = model(input_ids=seen, attention_mask=mask, position_ids=positions, use_cache=True, **last)
    cache, logits = out.past_key_values, out.logits[:, -1].float().repeat_interleave(n, 0)
    cache.batch_repeat_interleave(n)
    seen, mask = seen.repeat_interleave(n, 0), mask.repeat_interleave(n, 0)
    position = positions[:, -1:].repeat_interleave(n, 0)
    uniform = _uniform(seeds, count, n, longest, sampling).to(device)
    processors = sampling.processors()
    completions: list[list[int]] = [[] for _ in range(count * n)]
    owners = torch.arange(count * n, device=device)
    for step in range(longest):
        if bool(torch.isnan(logits).any()):
            raise InterpError(
                "the checkpoint's logits are not numbers, so nothing can be generated: it may be "
                "damaged or have overflowed in half precision; try --dtype float32"
            )
        token = _choose(processors(seen, logits), uniform[owners, step], sampling.temperature)
        chosen = token.tolist()
        for owner, one in zip(owners.tolist(), chosen, strict=True):
            completions[owner].append(one)
        going = torch.tensor([one not in ends for one in chosen], device=device)
        if step + 1 == longest or not bool(going.any()):
            break
        seen = torch.cat([seen, token[:, None]], 1)
        mask = torch.cat([mask, mask.new_ones(len(mask), 1)], 1)
        position = position + 1
        if 4 * int(going.sum()) <= 3 * len(going):  # what has ended costs as much as what has not
            keep = going.nonzero()[:, 0]
            cache.batch_select_indices(keep)
            seen, mask, position, owners = seen[keep], mask[keep], position[keep], owners[keep]
            going = going[keep]
        logits = (
            model(
                input_ids=seen[:, -1:],
                attention_mask=mask,
                position_ids=position,
                past_key_values=cache,
                use_cache=True,
            )
            .logits[:, -1]
            .float()
        )
    cut = [_up_to_end(completion, ends) for completion in completions]
    return [cut[first : first + n] for first in range(0, count * n, n)]


def _uniform(
    seeds: Sequence[Sequence[int]] | None, count: int, n: int, longest: int, sampling: Sampling
) -> torch.Tensor:
    """Uniform numbers ``[prompt * completion, token]``, float64."""
    if sampling.temperature == 0:
        return torch.zeros(count * n, longest, dtype=torch.float64)
    if seeds is None or len(seeds) != count:
        raise ValueError(f"sampling {count} prompts needs as many seeds")
    drawn = [np.random.default_rng(list(seed)).random((n, longest)) for seed in seeds]
    return torch.from_numpy(np.concatenate(drawn))


def _choose(scores: torch.Tensor, uniform: torch.Tensor, temperature: float) -> torch.Tensor:
    """Take one token per row: the first whose cumulative probability exceeds the number."""
    if temperature == 0:
        return scores.argmax(-1)
    cumulative = torch.softmax(scores, -1, dtype=torch.float64).cumsum(-1)
    # Scaled by the sum, which rounding leaves beside 1: so a number near 1 stays inside.
    wanted = uniform[:, None] * cumulative[:, -1:]
    return torch.searchsorted(cumulative, wanted, right=True).squeeze(1)


def _up_to_end(completion: list[int], ends: frozenset[int]) -> list[int]:
    for place, token in enumerate(completion):
        if token in ends:
            return completion[: place + 1]
    return completion
