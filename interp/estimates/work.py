"""What a run does, in numbers: batches, passes, logits, and what it keeps.

An analysis describes itself with the batches that it would compute; everything else (seconds, bytes
of activations) follows from them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from interp.batches import BatchPlan

Shape = tuple[int, int]
"""Rows and width of a batch, padding included."""

Kind = Literal["forward", "inputs", "weights"]
"""A forward pass alone; with gradients of activations, not of weights; with those of weights."""


@dataclass(frozen=True)
class Pass:
    """One way through some batches.

    Attributes:
        name: what it is for, e.g. ``counts``.
        shapes: rows and width of every batch.
        tokens: real tokens in them.
        repeats: how often all of them are computed.
        kind: whether gradients are taken.
        steps: tokens generated one by one behind each batch, at most.
        continuations: of each row, that grow together.
        masked: whether attention takes a mask of its own for every row, ``[row, 1, width, width]``.
        together: tokens, padding included, whose activations are held at once; 0 for those of the
            largest batch. Several forwards may wait for one backward.
        blocks: whose activations are held at once for gradients; 0 for all of them.
        least: share of the work that is done in any case, where its amount depends on answers.
    """

    name: str
    shapes: tuple[Shape, ...]
    tokens: int
    repeats: int = 1
    kind: Kind = "forward"
    steps: int = 0
    continuations: int = 1
    masked: bool = False
    together: int = 0
    blocks: int = 0
    least: float = 1.0

    @property
    def padded_tokens(self) -> int:
        """Tokens computed in one go, padding included."""
        return sum(rows * width for rows, width in self.shapes)

    @property
    def largest(self) -> Shape:
        """The batch with the most tokens; of those the widest."""
        return max(self.shapes, key=lambda shape: (shape[0] * shape[1], shape[1]))

    @classmethod
    def over(cls, name: str, plan: BatchPlan, **more: Any) -> Pass:
        """Describe one pass over planned batches."""
        return cls(name, shapes_of(plan), sum(plan.lengths), **more)


@dataclass(frozen=True)
class Logits:
    """Rows of logits that are computed and read.

    Attributes:
        rows: how many, over the whole run.
        at_once: held at a time.
        read: what is done with some of them, ``[row, d_vocab]``; they carry gradients where
            ``backward`` is set.
        backward: whether the gradient of what ``read`` returns is taken.
        copies: numbers of fp32 held per logit while it is read.
    """

    rows: int
    at_once: int
    read: Callable[[Any], Any]
    backward: bool = False
    copies: int = 3


@dataclass(frozen=True)
class Work:
    """Everything a run does and leaves.

    Attributes:
        command: as it is typed, e.g. ``interp lape``.
        passes: through the model.
        tokens: real tokens by language, once through the text.
        logits: rows of logits.
        held: bytes in main memory beside weights and activations, by what they are.
        on_device: bytes on the model's device beside weights and activations, likewise.
        files: bytes of what is left, by what it is.
        meanwhile: bytes on disk while the run lasts, likewise.
        counted: further lines in words, e.g. numbers of facts.
        where: the folder that is written to.
        sampled: what share of the data the tokens were counted on; 1 for all.
    """

    command: str
    passes: tuple[Pass, ...]
    tokens: Mapping[str, int]
    logits: tuple[Logits, ...] = ()
    held: Mapping[str, int] = field(default_factory=dict)
    on_device: Mapping[str, int] = field(default_factory=dict)
    files: Mapping[str, int] = field(default_factory=dict)
    meanwhile: Mapping[str, int] = field(default_factory=dict)
    counted: tuple[str, ...] = ()
    where: str = ""
    sampled: float = 1.0

    @property
    def total_tokens(self) -> int:
        """Real tokens once through the text."""
        return sum(self.tokens.values())


def shapes_of(plan: BatchPlan) -> tuple[Shape, ...]:
    """Rows and width of every batch of a plan."""
    return tuple((len(batch), max(plan.lengths[i] for i in batch)) for batch in plan.batches)


def counted_by(languages: Iterable[str], lengths: Sequence[int]) -> dict[str, int]:
    """Add lengths up by language, in order of appearance."""
    found: dict[str, int] = {}
    for lang, length in zip(languages, lengths, strict=True):
        found[lang] = found.get(lang, 0) + int(length)
    return found


def layer_flops(matrix_parameters: int, attention_width: int, shape: Shape) -> float:
    """Floating-point operations of one block's forward pass.

    Args:
        matrix_parameters: of the block's matrices; two operations per token each.
        attention_width: heads times their width; scores and their sums take four operations per
            pair of tokens (twice what a causal kernel needs, which some are).
        shape: of the batch.
    """
    rows, width = shape
    return 2.0 * matrix_parameters * rows * width + 4.0 * attention_width * rows * width**2
