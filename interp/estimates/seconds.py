"""From what a run does and how fast the device is to how long it takes."""

from __future__ import annotations

from dataclasses import dataclass

from interp.estimates.speed import Speed
from interp.estimates.work import Pass, Work, layer_flops

FASTEST, SLOWEST = 0.7, 1.6
"""The range, as shares of the estimate. Ten runs (five commands, models of 4 and 116 million
parameters) took 0.86 to 1.47 times their estimates in CPU seconds; a machine that others use too
takes longer."""

READING = 5e8
"""Bytes of weights that are read, hashed and placed in a second."""


@dataclass(frozen=True)
class Seconds:
    """How long a run takes.

    Attributes:
        parts: seconds by pass, and of logits and loading.
        low: the lower end.
        high: the upper end.
        measured: seconds that measuring took.
    """

    parts: dict[str, float]
    low: float
    high: float
    measured: float

    @property
    def total(self) -> float:
        """The estimate."""
        return sum(self.parts.values())


def seconds(work: Work, speed: Speed) -> Seconds:
    """Estimate a run's time.

    Args:
        work: what is done.
        speed: of the checkpoint on its device.

    Returns:
        Seconds, from the start of the passes to their end, and reading the weights.
    """
    parts = {"reading the weights": speed.sketch.weight_bytes / READING}
    shortest = 0.0
    for one in work.passes:
        if not one.shapes:
            continue
        whole, generated = _one_pass(one, speed)
        parts[one.name] = parts.get(one.name, 0.0) + whole + generated
        shortest -= (1 - one.least) * whole + 0.75 * generated  # answers that end early
    if work.logits:
        parts["logits"] = sum(one.rows * speed.logits(one) for one in work.logits)
    total = sum(parts.values())
    return Seconds(parts, FASTEST * (total + shortest), SLOWEST * total, speed.seconds)


def _one_pass(one: Pass, speed: Speed) -> tuple[float, float]:
    """Seconds of a pass over its batches, and of the tokens generated behind them, at most."""
    layers = speed.sketch.shape.n_layers
    sizes = speed.sketch.shape

    def operations(shape: tuple[int, int]) -> float:
        width = sizes.n_heads * sizes.d_head
        return layer_flops(speed.sketch.matrix_parameters(), width, shape)

    line = speed.block(one.shapes, one.kind, masked=one.masked)
    whole = layers * sum(line(operations(shape)) for shape in one.shapes)
    generated = 0.0
    if one.steps:
        single = [(rows * one.continuations, 1) for rows, _ in one.shapes]
        step = speed.block(single, "forward")
        generated = one.steps * layers * sum(step(operations(shape)) for shape in single)
    return one.repeats * whole, one.repeats * generated
