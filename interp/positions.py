"""No sequence is longer than the positions that a checkpoint has."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

from interp.errors import InterpError
from interp.model import HookedModel
from interp.model.architectures import text_config
from interp.notices import tell
from interp.options import (
    AblationOptions,
    AttentionOptions,
    LahisOptions,
    LapeOptions,
    SimilarityOptions,
)

Options = TypeVar(
    "Options",
    AblationOptions,
    AttentionOptions,
    LapeOptions,
    LahisOptions,
    SimilarityOptions,
)


def n_positions(model: HookedModel) -> int | None:
    """How many positions a checkpoint has; None where its configuration sets no limit."""
    longest = getattr(text_config(model.model), "max_position_embeddings", None)
    return longest if isinstance(longest, int) else None


def within_positions(options: Options, model: HookedModel, *, asked: bool, what: str) -> Options:
    """Shorten a preset's sequences to what the model has positions for; refuse if asked for more.

    Learned positions end in an index error, and rotary ones go on where nothing was trained.

    Args:
        options: with ``seq_len``.
        model: the checkpoint.
        asked: whether the user, and not the preset, chose ``seq_len``.
        what: what the notice calls sequences of that length, e.g. ``samples of at most``.

    Returns:
        The options, with a ``seq_len`` that fits.

    Raises:
        InterpError: if ``asked`` and too long.
    """
    longest = n_positions(model)
    if longest is None or options.seq_len <= longest:
        return options
    if asked:
        raise InterpError(
            f"{options.analysis} option seq_len is {options.seq_len}: {model.name!r} has {longest} "
            "positions, expected at most that"
        )
    tell(options.analysis, f"{model.name!r} has {longest} positions: {what} {longest} tokens")
    return replace(options, seq_len=longest)
