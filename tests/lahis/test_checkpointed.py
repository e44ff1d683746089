"""Gradients taken block by block: the same bits, in less memory, or a refusal."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from interp.batches import pad
from interp.errors import InterpError
from interp.lahis import checkpointed
from interp.lahis.gradients import check_blocks, mask_gradients
from interp.model import HookedModel
from tests.lahis.test_gradients import SAMPLES
from tests.model.test_families import VARIANTS
from tests.tiny import FAMILIES, FAST_FAMILIES, tiny_hooked, tiny_model

CASES = [
    pytest.param(case, marks=() if case in FAST_FAMILIES else pytest.mark.slow)
    for case in (*FAMILIES, *VARIANTS)
]


def some_mask(model: HookedModel) -> Tensor:
    """Between 0.5 and 1.5, so that a block whose mask is forgotten shows."""
    shape = (model.shape.n_layers, model.shape.n_heads)
    return 0.5 + torch.rand(shape, generator=torch.Generator().manual_seed(2))


def both(model: HookedModel, mask: Tensor) -> tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor]]:
    ids, attention = pad(SAMPLES)
    return (
        mask_gradients(model, ids, attention, mask),
        mask_gradients(model, ids, attention, mask, checkpointing=True),
    )


@pytest.mark.parametrize("case", CASES)
def test_block_by_block_gives_the_same_bits(case: str) -> None:
    family, changes = VARIANTS.get(case, (case, {}))
    model = tiny_hooked(family, **changes)
    (whole, losses), (parts, same) = both(model, some_mask(model))
    assert whole.abs().amax((1, 2)).min() > 1e-3
    assert parts.numpy().tobytes() == whole.numpy().tobytes()
    assert same.numpy().tobytes() == losses.numpy().tobytes()
    check_blocks(model)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float64])
def test_other_types_give_the_same_bits_too(dtype: torch.dtype) -> None:
    hf_model, tokenizer = tiny_model("qwen2")
    model = HookedModel.from_model(hf_model.to(dtype), tokenizer)
    (whole, losses), (parts, same) = both(model, some_mask(model).to(dtype))
    assert whole.dtype == dtype and whole.abs().max() > 1e-3
    assert torch.equal(parts, whole) and torch.equal(same, losses)
    check_blocks(model)


def test_a_batch_of_one_layer_and_one_token() -> None:
    model = tiny_hooked("olmo2", num_hidden_layers=1)
    ids = torch.tensor([[5], [7]])
    gradients, losses = mask_gradients(model, ids, None, some_mask(model), checkpointing=True)
    assert torch.count_nonzero(gradients) == 0 and losses.tolist() == [0, 0]


class Held:
    """Bytes that a graph keeps for its backward pass: how many at the same time, at most."""

    def __init__(self, but: nn.Module) -> None:
        self.now = self.most = 0
        self._weights = {p.untyped_storage().data_ptr() for p in but.parameters()}

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Count inside the block; what is a weight costs nothing."""
        with torch.autograd.graph.saved_tensors_hooks(self._pack, _unpack):
            yield

    def _pack(self, value: Tensor) -> tuple[Tensor, Any]:
        if value.untyped_storage().data_ptr() in self._weights:
            return value, None
        return value.clone(), _Counted(self, value.numel() * value.element_size())


class _Counted:
    def __init__(self, held: Held, size: int) -> None:
        self._held, self._size = held, size
        held.now += size
        held.most = max(held.most, held.now)

    def __del__(self) -> None:
        self._held.now -= self._size


def _unpack(packed: tuple[Tensor, Any]) -> Tensor:
    return packed[0]


def test_the_graph_of_one_block_is_held_at_a_time() -> None:
    def most(n_layers: int, checkpointing: bool) -> int:
        model = tiny_hooked("olmo2", num_hidden_layers=n_layers)
        ids = torch.arange(3, 131).view(4, 32)
        held = Held(model.model)
        with held.watched():
            mask_gradients(
                model, ids, None, some_mask(model),
                chunk_elements=model.shape.d_vocab * 4, checkpointing=checkpointing,
            )  # fmt: skip
        assert held.now == 0
        return held.most

    # The plain graph grows by a block with every layer; this one is one block's at any depth.
    four, eight = most(4, False), most(8, False)
    one_block = (eight - four) / 4
    assert one_block > 100_000
    assert most(4, True) == most(8, True) < 1.05 * one_block


def test_what_enters_each_block_is_given_up_on_the_way() -> None:
    model = tiny_hooked("llama")
    ids, _ = pad(SAMPLES)
    rows = some_mask(model).expand(len(ids), -1, -1).clone().requires_grad_(True)
    passed = checkpointed.forward(model, ids, rows)
    assert len(passed.calls) == 3 and passed.left is None
    assert not passed.hidden.requires_grad
    checkpointed.backward(model, passed, rows, torch.ones_like(passed.hidden))
    assert not passed.calls


@contextmanager
def sharing_blocks(model: HookedModel) -> Iterator[None]:
    """Block 2 adds half of what block 0 gives it past the stream, as shared values would."""
    kept: list[Tensor] = []
    layers = model.model.model.layers
    give = layers[0].mlp.register_forward_hook(lambda _, __, out: kept.append(out))
    take = layers[2].mlp.register_forward_hook(lambda _, __, out: out + 0.5 * kept[-1])
    try:
        yield
    finally:
        give.remove()
        take.remove()


def test_blocks_that_share_more_than_the_stream_are_refused() -> None:
    model = tiny_hooked("olmo2")
    check_blocks(model)
    with (
        sharing_blocks(model),
        pytest.raises(InterpError, match="share more than the residual stream") as caught,
    ):
        check_blocks(model)
    assert "\n" not in str(caught.value) and "tiny-olmo2" in str(caught.value)
    check_blocks(model)


@pytest.mark.parametrize(
    ("path", "where"), [("model.layers.1", "between its blocks"), ("model.norm", "after its last")]
)
def test_what_happens_between_blocks_is_refused(path: str, where: str) -> None:
    model = tiny_hooked("olmo2")
    module = model.model.get_submodule(path)
    handle = module.register_forward_pre_hook(lambda _, args: (args[0] * 2, *args[1:]))
    ids, attention = pad(SAMPLES)
    with pytest.raises(InterpError, match=where):
        mask_gradients(model, ids, attention, some_mask(model), checkpointing=True)
    handle.remove()
    assert no_hooks(model)
    assert torch.equal(*(found for found, _ in both(model, some_mask(model))))


def test_a_block_that_is_skipped_is_refused() -> None:
    model = tiny_hooked("olmo2")
    layers = model.model.model.layers
    config = model.model.config
    config.num_hidden_layers = 2  # the body goes through as many of its blocks
    ids, attention = pad(SAMPLES)
    with pytest.raises(InterpError, match=r"blocks\.2|2 blocks ran"):
        mask_gradients(model, ids, attention, some_mask(model), checkpointing=True)
    config.num_hidden_layers = len(layers)


def no_hooks(model: HookedModel) -> bool:
    return not any(m._forward_hooks or m._forward_pre_hooks for m in model.model.modules())


def test_the_model_is_left_as_it_was() -> None:
    hf_model, tokenizer = tiny_model("olmo2")
    hf_model.lm_head.weight.requires_grad_(False)
    flags = [p.requires_grad for p in hf_model.parameters()]
    model = HookedModel.from_model(hf_model, tokenizer)
    both(model, some_mask(model))
    assert [p.requires_grad for p in hf_model.parameters()] == flags
    assert all(p.grad is None for p in hf_model.parameters())
    assert not hf_model.training and not hf_model.is_gradient_checkpointing and no_hooks(model)


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["transformer_lens", "nnsight"])
def test_other_engines_are_refused(engine: str) -> None:
    model = tiny_hooked("olmo2", engine=engine)
    ids, attention = pad(SAMPLES)
    with pytest.raises(InterpError, match=f"{engine}.*expected engine 'native'"):
        mask_gradients(model, ids, attention, some_mask(model), checkpointing=True)
