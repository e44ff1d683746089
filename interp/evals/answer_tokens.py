"""Greedy generation of one line: it ends where nothing that follows could change the scored line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from interp.errors import unknown
from interp.evals.matching import LINE_RULES
from interp.model.generation import Sampling, sample


def newline_tokens(tokenizer: Any) -> frozenset[int]:
    """Find the tokens with a line feed in them.

    Args:
        tokenizer: a Hugging Face tokenizer.
    """
    texts = tokenizer.batch_decode([[token] for token in range(len(tokenizer))])
    return frozenset(token for token, text in enumerate(texts) if "\n" in text)


def end_tokens(model: Any, tokenizer: Any) -> tuple[int, ...]:
    """Collect the tokens that end a text: the tokenizer's and those of the generation config."""
    config = getattr(model, "generation_config", None)
    named = getattr(config, "eos_token_id", None)
    found = named if isinstance(named, list | tuple) else [named]
    ends = {token for token in (*found, tokenizer.eos_token_id) if token is not None}
    return tuple(sorted(ends))


def greedy_lines(
    model: Any,
    tokenizer: Any,
    prompts: Sequence[Sequence[int]],
    *,
    max_new_tokens: int,
    eos_ids: Sequence[int],
    newline_ids: frozenset[int],
    line: str,
) -> list[list[int]]:
    """Generate until the scored line is complete.

    Args:
        model: see `interp.model.generation.sample`.
        tokenizer: the checkpoint's.
        prompts: token ids of each prompt.
        max_new_tokens: tokens at most.
        eos_ids: tokens that end a text.
        newline_ids: tokens with a line feed in them; none, and nothing ends early.
        line: which line is scored, see `interp.evals.matching.answer_line`. Under ``first`` the
            first line feed ends it; under ``first_non_empty`` the first behind something, so a
            text that begins with line feeds is continued, its prompt then being read again.

    Returns:
        Token ids per prompt, at most ``max_new_tokens``; the ending token is among them.

    Raises:
        InterpError: an unknown line rule.
    """
    if line not in LINE_RULES:
        raise unknown("line rule", line, LINE_RULES)
    ends = frozenset(eos_ids)
    made: list[list[int]] = [[] for _ in prompts]
    going = list(range(len(prompts)))
    while going:
        # Those that begin with line feeds have different numbers of tokens left: the most decides.
        most = max(max_new_tokens - len(made[at]) for at in going)
        drawn = sample(
            model,
            [[*prompts[at], *made[at]] for at in going],
            1,
            Sampling(temperature=0.0, max_new_tokens=most),
            eos_ids=[*ends, *newline_ids],
        )
        for at, [new] in zip(going, drawn, strict=True):
            made[at] = [*made[at], *new][:max_new_tokens]
        going = [
            at
            for at in going
            if len(made[at]) < max_new_tokens
            and made[at][-1] not in ends
            and not _complete(tokenizer.decode(made[at], skip_special_tokens=True), line)
        ]
    return made


def _complete(text: str, line: str) -> bool:
    """Say whether the scored line has ended."""
    ended = text.split("\n")[:-1]
    return bool(ended) if line == "first" else any(one.strip() for one in ended)
