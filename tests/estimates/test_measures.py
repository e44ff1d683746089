"""Operations, bytes and seconds, each against something counted another way."""

from __future__ import annotations

import itertools

import pytest
import torch
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils.flop_counter import FlopCounterMode

from interp.batches import plan_batches
from interp.estimates.live_bytes import LiveBytes
from interp.estimates.memory import activations, main_memory, peak_bytes
from interp.estimates.one_layer import build, go_through
from interp.estimates.seconds import seconds
from interp.estimates.sketch import Sketch
from interp.estimates.speed import Line, Speed, spread
from interp.estimates.work import Pass, Work, layer_flops
from tests.tiny import byte_tokenizer, tiny_config

CPU = torch.device("cpu")


def of(family: str) -> Sketch:
    return Sketch.of_config(tiny_config(family), byte_tokenizer())


@pytest.mark.parametrize("family", ("llama", "qwen2", "gpt2", "mistral", "opt"))
def test_operations_are_those_that_pytorch_counts(family):
    # Eager: PyTorch does not count what its fused kernel for CPUs does.
    config = tiny_config(family, attn_implementation="eager")
    sketch = Sketch.of_config(config, byte_tokenizer())
    counted = []
    for layers in (1, 2):
        network = build(sketch, layers, CPU)
        with FlopCounterMode(display=False) as counter:
            go_through(sketch, network, (2, 16), "forward")
        counted.append(counter.get_total_flops())
    width = sketch.shape.n_heads * sketch.shape.d_head
    assert layer_flops(sketch.matrix_parameters(), width, (2, 16)) == counted[1] - counted[0]


def test_live_bytes_by_hand():
    with FakeTensorMode():
        there = torch.empty(1000)
        with LiveBytes([there]) as counter:
            double = there + there  # 4000 bytes
            view = double[10:].view(-1)  # none
            assert (counter.live, counter.peak) == (4000, 4000)
            wide = double.double()  # 8000 more
            del double
            assert counter.live == 12000  # the view keeps it
            del view
            assert counter.live == 8000
            there.t()  # a parameter's view is not counted
            assert (counter.live, counter.peak) == (8000, 12000)
            del wide
        assert counter.live == 0


@pytest.mark.parametrize("kind", ("inputs", "weights"))
def test_gradients_keep_as_much_of_every_block(kind):
    sketch = of("llama")

    def trained(network):
        return network.requires_grad_(True)

    prepare = trained if kind == "weights" else None
    one, two, three = (
        peak_bytes(sketch, layers, (4, 32), kind, prepare=prepare) for layers in (1, 2, 3)
    )
    assert three - two == pytest.approx(two - one, rel=0.02)
    assert two > one
    plan = Pass("x", ((4, 32), (1, 8)), 136, kind=kind)
    found = activations(sketch, Work("x", (plan,), {}), prepare)
    assert found == pytest.approx(three, rel=0.02)  # the tiny model has three blocks
    held = Pass("x", ((4, 32),), 128, kind=kind, together=3 * 128)
    assert activations(sketch, Work("x", (held,), {}), prepare) == pytest.approx(
        3 * found, rel=0.01
    )


def test_what_autograd_saves_is_below_the_peak():
    sketch, saved = of("llama"), {}

    def pack(tensor):
        saved[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    network = build(sketch, 3, CPU)
    own = {p.untyped_storage().data_ptr() for p in (*network.parameters(), *network.buffers())}
    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        go_through(sketch, network, (4, 32), "inputs")
    kept = sum(size for place, size in saved.items() if place not in own)
    peak = peak_bytes(sketch, 3, (4, 32), "inputs")
    assert kept < peak < 2 * kept


def test_without_gradients_blocks_do_not_add_up():
    sketch = of("llama")
    assert peak_bytes(sketch, 3, (4, 32), "forward") == peak_bytes(sketch, 2, (4, 32), "forward")


def test_a_cache_grows_with_what_is_generated():
    sketch = of("llama")  # 3 layers, 2 heads of keys and values, 8 wide, fp32
    plain = activations(sketch, Work("x", (Pass("x", ((4, 32),), 128),), {}))
    made = Pass("x", ((4, 32),), 128, steps=10, continuations=5)
    cache = 3 * (4 * 5) * (32 + 10) * 2 * 2 * 8 * 4
    assert activations(sketch, Work("x", (made,), {})) == plain + cache


def test_a_line_through_what_was_measured():
    assert Line.through([10, 100, 1000], [3, 12, 102]) == Line(
        pytest.approx(2, rel=1e-6), pytest.approx(0.1, rel=1e-6)
    )
    assert Line.through([50], [5])(100) == pytest.approx(10)
    assert Line.through([10, 20], [4, 2]) == Line(
        3.0, 0.0
    )  # quicker for more: as quick as for less
    falling = Line.through([10, 20], [1, 4])  # a constant below zero is none
    assert falling.constant == 0
    assert falling.slope > 0


def test_shapes_that_are_tried():
    shapes = [(1, 1), (1, 10), (1, 100), (1, 101), (1, 102)]
    assert spread([width for _, width in shapes], shapes) == [(1, 1), (1, 101), (1, 102)]
    assert spread([5, 5], [(1, 5), (1, 5)]) == [(1, 5)]


def test_seconds_by_a_clock_that_counts_looks():
    """A clock that goes on by one whenever it is looked at: a block takes one, whatever its size."""
    sketch = of("llama")
    ticks = itertools.count()
    speed = Speed(sketch, clock=lambda: float(next(ticks)))
    plan = plan_batches([4, 5, 6, 30, 31, 32], batch_size=2)
    text = Pass.over("text", plan, repeats=7)
    found = seconds(Work("x", (text,), {}), speed)
    assert text.shapes == ((2, 32), (2, 30), (2, 5))
    assert found.parts["text"] == pytest.approx(7 * 3 * 3)  # repeats, blocks, batches
    assert found.low < found.total < found.high


def test_generated_tokens_are_counted_one_by_one():
    sketch = of("llama")
    ticks = itertools.count()
    speed = Speed(sketch, clock=lambda: float(next(ticks)))
    asked = Pass("asked", ((2, 8), (3, 8)), 40, steps=5)
    found = seconds(Work("x", (asked,), {}), speed)
    assert found.parts["asked"] == pytest.approx(3 * 2 + 5 * 3 * 2)
    assert found.low < 0.7 * (3 * 2 + 0.25 * 5 * 3 * 2) + 1


def test_main_memory():
    total, free = main_memory()
    assert 0 <= free <= total
    assert total > 2**28
