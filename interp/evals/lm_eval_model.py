"""A loaded checkpoint as lm-evaluation-harness sees it."""

from __future__ import annotations

import copy
import sys
from typing import Any

from interp.errors import InterpError
from interp.model import HookedModel

CPU_ROWS = 8
"""Rows of a batch under ``auto`` where the harness does not measure what fits (on a CPU its
measurement takes longer than the evaluation, and as much memory as there is)."""


def harness_model(model: HookedModel, batch_size: str | int) -> Any:
    """Wrap a checkpoint for the harness, which then computes as it always does.

    Two departures from ``lm_eval --model hf``: log-probabilities are taken in float32 whatever the
    dtype (its ``softmax_dtype=float32``), and the tokenizer is a copy, since the harness may add a
    padding token to it.

    Args:
        model: the checkpoint.
        batch_size: rows of a batch; ``auto`` lets the harness measure on a GPU, else `CPU_ROWS`.

    Returns:
        An ``HFLM``, with ``n_tokens`` (of every scored continuation, by its context and text) and
        ``truncated`` (requests whose context was cut on the left).
    """
    from lm_eval.models.huggingface import HFLM

    class Counting(HFLM):
        """Notes the tokens of what it scores."""

        def __init__(self, **arguments: Any) -> None:
            super().__init__(**arguments)
            self.n_tokens: dict[tuple[str, str], int] = {}
            self.truncated = 0

        def loglikelihood(self, requests: Any, disable_tqdm: bool = False) -> Any:
            # In a log file a bar is noise.
            return super().loglikelihood(requests, disable_tqdm or not sys.stderr.isatty())

        def _loglikelihood_tokens(self, requests: Any, *rest: Any, **named: Any) -> Any:
            for texts, context, continuation in requests:
                if len(continuation) > self.max_length:
                    raise InterpError(
                        f"lm-eval: an answer of {len(continuation)} tokens: expected at most the "
                        f"{self.max_length} positions of {model.name!r}"
                    )
                self.truncated += len(context) + len(continuation) > self.max_length + 1
                if texts is not None:
                    self.n_tokens[tuple(texts)] = len(continuation)
            return super()._loglikelihood_tokens(requests, *rest, **named)

    rows = batch_size
    if batch_size == "auto" and model.device.type == "cpu":
        rows = CPU_ROWS
    return Counting(
        pretrained=model.model,
        tokenizer=copy.deepcopy(model.tokenizer),
        backend="causal",
        batch_size=rows,
        softmax_dtype="float32",
    )
