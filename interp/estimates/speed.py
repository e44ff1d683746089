"""How fast this device runs this network: one block of it, measured for a second or two.

A table of devices could not know the number type, the attention kernel, the number of threads, what
else is running, nor that a small network is bound by memory and by Python. So one block of the
checkpoint's own code is built with random weights and timed on batches of the run's own shapes; what
a batch of another size takes is read off a straight line through them (a constant per block, and
seconds per operation).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from interp.estimates.one_layer import Prepare, block_of, build, go_through
from interp.estimates.sketch import Sketch
from interp.estimates.work import Kind, Logits, Shape, layer_flops

Clock = Callable[[], float]

BUDGET = 0.6
"""Seconds spent on one shape, roughly."""

_LOGITS = 2**22
"""Logits computed in a trial; the whole vocabulary is scaled from them."""


@dataclass(frozen=True)
class Line:
    """Seconds as a straight line of operations: ``constant + slope * flops``.

    Attributes:
        constant: seconds.
        slope: seconds per operation.
    """

    constant: float
    slope: float

    def __call__(self, flops: float) -> float:
        """Seconds of so many operations."""
        return self.constant + self.slope * flops

    @classmethod
    def through(cls, flops: Sequence[float], seconds: Sequence[float]) -> Line:
        """Fit to what was measured; neither part is ever below zero."""
        x, y = np.asarray(flops, float), np.asarray(seconds, float)
        if len(x) > 1 and np.ptp(x) > 0.05 * x.max():
            # Relative distances count: a small batch as much as a large one.
            weight = 1 / y
            design = np.stack([np.ones_like(x), x], 1) * weight[:, None]
            (constant, slope), *_ = np.linalg.lstsq(design, y * weight, rcond=None)
            if slope <= 0:  # as quick for many operations as for few
                return cls(float(y.mean()), 0.0)
            if constant >= 0:
                return cls(float(constant), float(slope))
        return cls(0.0, float((y / x).mean()))


@dataclass
class Speed:
    """Times one checkpoint's parts on its device; nothing is measured twice.

    Attributes:
        sketch: of the checkpoint.
        prepare: makes the network trainable, for gradients of weights.
        clock: what counts seconds.
        seconds: spent on measuring so far.
    """

    sketch: Sketch
    prepare: Prepare | None = None
    clock: Clock = time.perf_counter
    seconds: float = 0.0
    _networks: dict[bool, Any] = field(default_factory=dict)

    def block(self, shapes: Sequence[Shape], kind: Kind, *, masked: bool = False) -> Line:
        """Seconds of one block as a line of its operations, by a few of the shapes."""
        began = time.perf_counter()
        network = self._network(kind)
        flops, seconds, rate = [], [], 0.0
        for shape in spread([self._flops(s) for s in shapes], shapes):
            trial = _affordable(shape, self._flops, rate)
            took = self._time(network, trial, kind, masked)
            flops.append(self._flops(trial))
            seconds.append(took)
            rate = flops[-1] / took
        self.seconds += time.perf_counter() - began
        return Line.through(flops, seconds)

    def logits(self, work: Logits) -> float:
        """Seconds of one row of logits: final norm and unembedding in fp32, and its reading."""
        began = time.perf_counter()
        shape, device = self.sketch.shape, self.sketch.device
        vocabulary = min(shape.d_vocab, 32_768)
        rows = max(1, min(work.rows, work.at_once, _LOGITS // vocabulary))
        weight = torch.randn(vocabulary, shape.d_model, device=device)
        hidden = torch.randn(rows, shape.d_model, device=device)

        def once() -> None:
            with torch.set_grad_enabled(work.backward):
                value = hidden.clone().requires_grad_(work.backward)
                read = work.read(torch.nn.functional.linear(value, weight))
                if work.backward:
                    torch.autograd.grad(read, value)

        took = self._repeat(once)
        self.seconds += time.perf_counter() - began
        return took / rows * shape.d_vocab / vocabulary

    def _flops(self, shape: Shape) -> float:
        sizes = self.sketch.shape
        return layer_flops(self.sketch.matrix_parameters(), sizes.n_heads * sizes.d_head, shape)

    def _network(self, kind: Kind) -> Any:
        trained = kind == "weights"
        if trained not in self._networks:
            prepare = self.prepare if trained else None
            self._networks[trained] = build(self.sketch, 1, self.sketch.device, prepare)
        return self._networks[trained]

    def _time(self, network: Any, shape: Shape, kind: Kind, masked: bool) -> float:
        """Seconds of the block alone: the whole, less what surrounds it in the forward pass."""
        marks: list[float] = []

        def mark(*_: Any) -> None:
            self._wait()
            marks.append(self.clock())

        block = block_of(self.sketch, network)
        hooks = [block.register_forward_pre_hook(mark), block.register_forward_hook(mark)]
        try:
            around: list[float] = []

            def once() -> None:
                started = self.clock()
                go_through(self.sketch, network, shape, kind, masked=masked)
                self._wait()
                # Between the marks lies the forward pass, behind the last the backward pass. With
                # gradient checkpointing the block is entered again; first and last mark enclose it.
                ended = self.clock() if kind != "forward" else marks[-1]
                around.append(ended - marks[-2 if kind == "forward" else 0])
                assert started <= ended
                marks.clear()

            self._repeat(once)
        finally:
            for hook in hooks:
                hook.remove()
        return float(np.median(around[1:] or around))

    def _repeat(self, once: Callable[[], None]) -> float:
        """Run a few times: the median of what it takes, the first left out where there are more."""
        took: list[float] = []
        while len(took) < 2 or (sum(took) < BUDGET and len(took) < 30):
            started = self.clock()
            once()
            self._wait()
            took.append(max(self.clock() - started, 1e-7))
            if len(took) == 1 and took[0] > 2 * BUDGET:
                break
        return float(np.median(took[1:] or took))

    def _wait(self) -> None:
        if self.sketch.device.type == "cuda":
            torch.cuda.synchronize(self.sketch.device)


def spread(flops: Sequence[float], shapes: Sequence[Shape]) -> list[Shape]:
    """Choose up to three shapes: a small, the middle one by operations, the largest; in order."""
    order = sorted(range(len(shapes)), key=lambda at: flops[at])
    half = np.cumsum([flops[at] for at in order])
    middle = int(np.searchsorted(half, half[-1] / 2))
    chosen = [shapes[order[at]] for at in (0, middle, len(order) - 1)]
    return list(dict.fromkeys(chosen))


def _affordable(shape: Shape, flops: Callable[[Shape], float], rate: float) -> Shape:
    """Take rows away, then tokens, until a trial takes no longer than it may."""
    rows, width = shape
    allowed = rate * BUDGET if rate else 2e10
    if flops(shape) > allowed:
        rows = max(1, int(rows * allowed / flops(shape)))
    while rows == 1 and width > 32 and flops((1, width)) > allowed:
        width //= 2
    return rows, width
