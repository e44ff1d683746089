"""``--dry-run``: from what a run would do to what is printed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch

from interp.errors import InterpError
from interp.estimates.disk import free_space
from interp.estimates.memory import needed
from interp.estimates.one_layer import Prepare
from interp.estimates.report import Estimate, impossible, lines, room_for_a_block, too_large
from interp.estimates.seconds import seconds
from interp.estimates.sketch import Sketch
from interp.estimates.speed import Speed
from interp.estimates.work import Work


def estimate(
    sketch: Sketch, work: Work, *, prepare: Prepare | None = None, speed: Speed | None = None
) -> Estimate:
    """Estimate time, memory and disk of a run.

    Args:
        sketch: of its checkpoint.
        work: what it does.
        prepare: makes a network trainable, for work with gradients of weights.
        speed: of the device; measured when omitted.

    Returns:
        The estimate; without a time where the device is not at hand, or has no room for a block.
    """
    memory = needed(sketch, work, prepare)
    took = None
    if sketch.device_there and not too_large(sketch, memory) and room_for_a_block(sketch, memory):
        took = seconds(work, speed or Speed(sketch, prepare))
    return Estimate(work, took, memory, free_space(Path(work.where)), torch.get_num_threads())


def say(
    sketch: Sketch, work: Work, notes: Sequence[str] = (), *, prepare: Prepare | None = None
) -> None:
    """Print what a run would take.

    Args:
        sketch: of its checkpoint.
        work: what it does.
        notes: further lines.
        prepare: makes a network trainable.

    Raises:
        InterpError: it certainly does not fit; everything has been printed before.
    """
    found = estimate(sketch, work, prepare=prepare)
    print("\n".join(lines(sketch, found, notes)))
    if why := impossible(sketch, found):
        raise InterpError(f"it does not fit: {why}")
