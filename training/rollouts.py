"""How a GRPO stage draws its rollouts."""

from __future__ import annotations

from interp.model.generation import Sampling
from training.configs import GrpoConfig


def sampling_of(config: GrpoConfig) -> Sampling:
    """How a stage's rollouts are drawn.

    Raises:
        InterpError: a value outside its range.
    """
    return Sampling(
        temperature=config.temperature,
        top_p=config.top_p,
        repetition_penalty=config.repetition_penalty,
        no_repeat_ngram=config.no_repeat_ngram,
        max_new_tokens=config.max_completion_tokens,
    )
