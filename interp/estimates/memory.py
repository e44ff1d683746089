"""What a run holds at its peak: weights, activations, logits, and what it adds up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]
import torch

from interp.estimates.live_bytes import LiveBytes
from interp.estimates.one_layer import Prepare, build, go_through, without_content
from interp.estimates.sketch import Sketch
from interp.estimates.work import Kind, Pass, Shape, Work


@dataclass(frozen=True)
class Memory:
    """Bytes by what they are, largest parts first.

    Attributes:
        device: on the model's device; empty where that is main memory.
        main: in main memory.
        device_total: what the device has; None where it is not there.
        device_free: what of it is free.
        main_total: what this machine has.
        main_free: what of it is free.
    """

    device: Mapping[str, int]
    main: Mapping[str, int]
    device_total: int | None
    device_free: int | None
    main_total: int
    main_free: int


def needed(sketch: Sketch, work: Work, prepare: Prepare | None = None) -> Memory:
    """Add up what a run needs.

    Args:
        sketch: of the checkpoint.
        work: what is done with it.
        prepare: makes a network trainable, for work with gradients of weights.

    Returns:
        Bytes, and what there is.
    """
    model = {
        "weights": sketch.weight_bytes,
        "activations": activations(sketch, work, prepare),
        "logits": max((_logit_bytes(sketch, one) for one in work.logits), default=0),
        **work.on_device,
    }
    process = {"Python and its libraries": _resident(), **work.held}
    total, free = main_memory()
    if sketch.device.type == "cpu":
        return Memory({}, {**process, **model}, None, None, total, free)
    there, unused = _of_device(sketch)
    return Memory(model, process, there, unused, total, free)


def activations(sketch: Sketch, work: Work, prepare: Prepare | None = None) -> int:
    """Bytes of a pass's largest batch: every pass is looked at, the largest counts."""
    found = {_one_pass(sketch, one, prepare) for one in work.passes if one.shapes}
    return max(found, default=0)


def _one_pass(sketch: Sketch, one: Pass, prepare: Prepare | None) -> int:
    """Of a stack of blocks: what one needs, and what every further one keeps."""
    first = peak_bytes(sketch, 1, one.largest, one.kind, masked=one.masked, prepare=prepare)
    cache = 0
    if one.steps:
        rows, width = one.largest
        shape, size = sketch.shape, sketch.dtype.itemsize
        pair = 2 * shape.n_kv_heads * shape.d_head * size
        cache = shape.n_layers * rows * one.continuations * (width + one.steps) * pair
    if one.kind == "forward":
        return first + cache
    second = peak_bytes(sketch, 2, one.largest, one.kind, masked=one.masked, prepare=prepare)
    whole = first + ((one.blocks or sketch.shape.n_layers) - 1) * max(0, second - first)
    rows, width = one.largest
    return round(whole * max(1.0, one.together / (rows * width))) + cache


def peak_bytes(
    sketch: Sketch,
    n_layers: int,
    shape: Shape,
    kind: Kind,
    *,
    masked: bool = False,
    prepare: Prepare | None = None,
) -> int:
    """Go through a batch on tensors without content, and count what is alive at once.

    Args:
        sketch: of the checkpoint.
        n_layers: blocks to go through.
        shape: of the batch.
        kind: what is differentiated.
        masked: whether rows bring masks of their own.
        prepare: makes the network trainable.

    Returns:
        Bytes beside the weights.
    """
    from torch._subclasses.fake_tensor import FakeTensorMode

    network = build(sketch, n_layers, torch.device("meta"), prepare)
    with FakeTensorMode(), LiveBytes(without_content(network)) as counter:
        go_through(sketch, network, shape, kind, masked=masked)
    return counter.peak


def _logit_bytes(sketch: Sketch, one: Any) -> int:
    held = min(one.at_once, one.rows) * sketch.shape.d_vocab * 4 * one.copies
    return int(held)


def main_memory() -> tuple[int, int]:
    """Bytes of main memory, and how many are free; limits of a container count."""
    found = psutil.virtual_memory()
    total, free = int(found.total), int(found.available)
    limit, used = _control_group()
    if limit is not None and limit < total:
        return limit, max(0, min(free, limit - used))
    return total, free


def _control_group() -> tuple[int | None, int]:
    folder = Path("/sys/fs/cgroup")
    try:
        limit = (folder / "memory.max").read_text(encoding="ascii").strip()
        used = int((folder / "memory.current").read_text(encoding="ascii"))
        held = (folder / "memory.stat").read_text(encoding="ascii").splitlines()
    except (OSError, ValueError):
        return None, 0
    cached = sum(int(line.split()[1]) for line in held if line.startswith("inactive_file "))
    return (None if limit == "max" else int(limit)), used - cached


def _resident() -> int:
    """Bytes that this process holds now: the libraries and the data, which a run holds as well."""
    return int(psutil.Process().memory_info().rss)


def _of_device(sketch: Sketch) -> tuple[int | None, int | None]:
    if sketch.device.type != "cuda" or not sketch.device_there:
        return None, None
    if sketch.spec.device_map is not None:
        each = [torch.cuda.mem_get_info(i) for i in range(torch.cuda.device_count())]
        return sum(total for _, total in each), sum(free for free, _ in each)
    free, total = torch.cuda.mem_get_info(sketch.device)
    return total, free
