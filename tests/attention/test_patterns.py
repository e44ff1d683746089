"""Patterns of every family against what the unmodified model computes with them."""

from __future__ import annotations

import copy
from functools import cache
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from interp.attention.measures import check_pattern
from interp.attention.patterns import PatternReader, implementation
from interp.errors import InterpError
from interp.model import HookedModel
from interp.model.sites import head_out
from tests.attention.values import values
from tests.tiny import FAMILIES, tiny_hooked, tiny_model

each_family = pytest.mark.parametrize("family", [*FAMILIES, "gemma3"])
POS, LENGTHS = 20, (20, 13)
EVERY = [(layer, head) for layer in range(3) for head in range(4)]
HALF = 2e-3
"""What rounding patterns to fp16 (2^-11 each) may change in a mix of values of size 4."""


@cache
def hooked(family: str) -> HookedModel:
    return tiny_hooked(family)


def some_ids() -> tuple[Tensor, Tensor]:
    ids = torch.randint(3, 259, (2, POS), generator=torch.Generator().manual_seed(0))
    mask = (torch.arange(POS) < torch.tensor(LENGTHS)[:, None]).long()
    return torch.where(mask.bool(), ids, 0), mask


@cache
def patterns(family: str) -> Tensor:
    """``[layer, batch, head, query, key]``, fp32."""
    found = PatternReader(hooked(family), EVERY).read(*some_ids())
    assert list(found) == EVERY and all(one.dtype == torch.float16 for one in found.values())
    every = [torch.stack([found[layer, head] for head in range(4)], 1) for layer in range(3)]
    return torch.stack(every).float()


@each_family
def test_patterns_mix_the_values_into_what_sdpa_puts_out(family: str) -> None:
    """``pattern @ V`` is ``hook_z`` of the model as it was loaded, heads and samples in place."""
    model, (ids, mask) = hooked(family), some_ids()
    mixed_of = values(model, ids, mask)
    sites = [head_out(layer) for layer in range(3)]
    with torch.no_grad():
        z = model.capture(ids, mask, sites=sites)
    for layer, value in enumerate(mixed_of):
        mixed = torch.einsum("bhqk,bkhd->bqhd", patterns(family)[layer], value)
        for row, length in enumerate(LENGTHS):
            close(mixed[row, :length], z[sites[layer]][row, :length], HALF)


@each_family
def test_rows_sum_to_one_and_nothing_is_seen_that_must_not_be(family: str) -> None:
    config = hooked(family).model.config.get_text_config()
    kinds = getattr(config, "layer_types", None)
    window = getattr(config, "sliding_window", None)
    behind = torch.arange(POS)[:, None] - torch.arange(POS)
    for layer in range(3):
        slides = window is not None and (kinds is None or kinds[layer] == "sliding_attention")
        assert not slides or window == 8
        hidden = (behind < 0) | (behind >= window) if slides else behind < 0
        for row, length in enumerate(LENGTHS):
            own = patterns(family)[layer, row, :, :length, :length]
            close(own.sum(-1), torch.ones(4, length), 1e-3)
            assert (own[:, hidden[:length, :length]] == 0).all()
            # … and everything else is: no wider mask than the family's
            assert (own[:, ~hidden[:length, :length]] > 0).float().mean() > 0.95


def test_which_families_slide_is_as_the_test_above_believes() -> None:
    sliding = {
        family
        for family in FAMILIES
        if getattr(hooked(family).model.config.get_text_config(), "sliding_window", None)
    }
    assert sliding >= {"mistral", "olmo3", "gemma2", "gemma3_text"}


@each_family
def test_eager_heads_put_out_what_sdpa_heads_do(family: str) -> None:
    model, (ids, mask) = hooked(family), some_ids()
    # transformers: SDPA cannot soft-cap, and Bloom is written without it
    expected = "eager" if family in ("gemma2", "bloom") else "sdpa"
    assert implementation(model) == expected
    hf, tokenizer = tiny_model(family)
    hf.set_attn_implementation("eager")
    eager = HookedModel.from_model(hf, tokenizer)
    sites = [head_out(layer) for layer in range(3)]
    with torch.no_grad():
        ours, theirs = (one.capture(ids, mask, sites=sites) for one in (model, eager))
    for site in sites:
        for row, length in enumerate(LENGTHS):
            close(ours[site][row, :length], theirs[site][row, :length], 2e-5)
    found = PatternReader(eager, EVERY).read(ids, mask)
    for layer, head in EVERY:
        for row, length in enumerate(LENGTHS):
            own = found[layer, head][row, :length, :length].float()
            close(own, patterns(family)[layer, row, head, :length, :length], 1e-3)


@each_family
def test_the_users_model_is_left_alone(family: str) -> None:
    hf, tokenizer = tiny_model(family)
    model = HookedModel.from_model(hf, tokenizer)
    (ids, mask), before = some_ids(), copy.deepcopy(hf.config.to_dict())
    state = {name: (id(value), value.clone()) for name, value in hf.named_parameters()}
    with torch.no_grad():
        logits, attention = hf(ids, attention_mask=mask).logits, implementation(model)
        PatternReader(model, EVERY).read(ids, mask)
        assert torch.equal(hf(ids, attention_mask=mask).logits, logits)
    assert implementation(model) == attention and hf.config.to_dict() == before
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in hf.modules())
    for name, value in hf.named_parameters():
        assert id(value) == state[name][0] and torch.equal(value, state[name][1])


def test_parameters_are_shared_not_copied() -> None:
    model = tiny_hooked("olmo2")
    reader = PatternReader(model, [(0, 0)])
    theirs = {value.data_ptr() for value in reader._model.model.parameters()}
    assert reader._model is not model
    assert theirs == {value.data_ptr() for value in model.model.parameters()}


@pytest.mark.parametrize("family", ["gpt2", "llama"])
def test_patterns_equal_the_formula_written_out(family: str) -> None:
    """Queries and keys of the first block from its weights, softmax in plain loops."""
    model, (ids, _) = hooked(family), some_ids()
    with torch.no_grad():
        stream = model.capture(ids, sites=["hook_embed"])["hook_embed"]
        query, key = (_gpt2 if family == "gpt2" else _llama)(model.model, stream)
    found = PatternReader(model, EVERY).read(ids, None)
    for head in range(4):
        for row in range(2):
            for at in range(POS):
                scores = key[row, : at + 1, head] @ query[row, at, head] / 8**0.5
                expected = torch.zeros(POS)
                expected[: at + 1] = (scores - scores.max()).exp()
                expected /= expected.sum()
                close(found[0, head][row, at].float(), expected, 1e-3)


def _gpt2(hf: Any, stream: Tensor) -> tuple[Tensor, Tensor]:
    block = hf.transformer.h[0]
    qkv = block.ln_1(stream) @ block.attn.c_attn.weight + block.attn.c_attn.bias
    return qkv[..., :32].unflatten(-1, (4, 8)), qkv[..., 32:64].unflatten(-1, (4, 8))


def _llama(hf: Any, stream: Tensor) -> tuple[Tensor, Tensor]:
    """Rotary embeddings as rotations of complex numbers; each key serves two queries."""
    block = hf.model.layers[0]
    x = block.input_layernorm(stream)
    q = (x @ block.self_attn.q_proj.weight.T).unflatten(-1, (4, 8))
    k = (x @ block.self_attn.k_proj.weight.T).unflatten(-1, (2, 8)).repeat_interleave(2, dim=2)
    turns = torch.arange(POS)[:, None] * 10000.0 ** (-torch.arange(4) / 4)
    turn = torch.polar(torch.ones_like(turns), turns)[:, None]

    def rotated(v: Tensor) -> Tensor:
        number = torch.complex(v[..., :4].contiguous(), v[..., 4:].contiguous()) * turn
        return torch.cat([number.real, number.imag], -1)

    return rotated(q), rotated(k)


def test_only_the_chosen_heads_are_kept_in_any_order() -> None:
    model, (ids, mask) = hooked("olmo2"), some_ids()
    found = PatternReader(model, [(2, 3), (0, 1), (2, 0)]).read(ids, mask)
    assert set(found) == {(2, 3), (0, 1), (2, 0)}
    for (layer, head), one in found.items():
        assert one.device.type == "cpu" and tuple(one.shape) == (2, POS, POS)
        assert torch.equal(one.float(), patterns("olmo2")[layer, :, head])


def test_half_precision_gives_patterns_too() -> None:
    hf, tokenizer = tiny_model("qwen2")
    model = HookedModel.from_model(hf.to(torch.bfloat16), tokenizer)
    found = PatternReader(model, EVERY).read(*some_ids())
    for (layer, head), one in found.items():
        check_pattern(one[0].numpy(), "bf16")
        apart = (one[0].float() - patterns("qwen2")[layer, 0, head]).abs().mean()
        assert apart < 0.02


@pytest.mark.parametrize("engine", ["transformer_lens", "nnsight"])
def test_another_engine_is_refused_in_one_line(engine: str) -> None:
    pytest.importorskip(engine)
    model = tiny_hooked("olmo2", engine=engine)
    with pytest.raises(InterpError, match=f"engine '{engine}' gives no attention patterns") as said:
        PatternReader(model, [(0, 0)])
    assert "\n" not in str(said.value)


def _refused(hf: Any, tokenizer: Any, match: str) -> None:
    model = HookedModel.from_model(hf, tokenizer, name="odd", self_check=False)
    with pytest.raises(InterpError, match=match) as said:
        PatternReader(model, [(1, 0)])
    assert "\n" not in str(said.value)


class _Wrapped(nn.Module):
    """An attention module with something done to what it returns."""

    def __init__(self, inner: nn.Module, change: Any) -> None:
        super().__init__()
        self.inner, self.change = inner, change
        self.o_proj = inner.o_proj

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        out, weights = self.inner(*args, **kwargs)
        return self.change(out, weights)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda out, w: (out, None), r"'odd' of type 'llama' gives no .*layer 1 \(_Wrapped\)"),
        (lambda out, w: (out, None if w is None else w[:, :2]), "returns none"),
        (lambda out, w: (out, None if w is None else w * 0.9), "does not sum to 1"),
        (lambda out, w: (out, None if w is None else w.flip(-1)), "looks at later tokens"),
        (lambda out, w: (out, None if w is None else w * torch.nan), "not finite"),
        (lambda out, w: (out if w is None else out + 1, w), "computes something else with eager"),
    ],
)
def test_a_model_without_true_patterns_is_refused_at_the_door(change: Any, message: str) -> None:
    hf, tokenizer = tiny_model("llama")
    layer: Any = hf.model.layers[1]
    layer.self_attn = _Wrapped(layer.self_attn, change)
    _refused(hf, tokenizer, message)


def test_a_model_that_cannot_be_eager_is_refused() -> None:
    hf, tokenizer = tiny_model("llama")

    def fail(self: Any, name: str) -> None:
        raise ValueError("no\neager here.")

    type(hf).set_attn_implementation, before = fail, type(hf).set_attn_implementation  # type: ignore
    try:
        _refused(hf, tokenizer, "cannot run eager attention.*no eager here")
    finally:
        type(hf).set_attn_implementation = before  # type: ignore[method-assign]


def close(got: Tensor, expected: Tensor, tolerance: float) -> None:
    torch.testing.assert_close(got, expected, atol=tolerance, rtol=tolerance)
