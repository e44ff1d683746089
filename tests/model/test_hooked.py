"""What HookedModel promises whatever the family."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch

from interp.errors import InterpError
from interp.model import HookedModel
from interp.model.provenance import state_hash
from interp.model.sites import FINAL
from tests.tiny import byte_tokenizer, tiny_hooked, tiny_model


@pytest.fixture(scope="module")
def qwen() -> HookedModel:
    return tiny_hooked("qwen2")


def some_ids(batch: int = 2, pos: int = 9) -> torch.Tensor:
    return torch.randint(3, 259, (batch, pos), generator=torch.Generator().manual_seed(1))


def hook_count(model: torch.nn.Module) -> int:
    return sum(
        len(module._forward_hooks) + len(module._forward_pre_hooks) + len(module._backward_hooks)
        for module in model.modules()
    )


def test_the_model_is_left_as_it_was() -> None:
    raw, tokenizer = tiny_model("gemma2")
    before = (state_hash(raw), raw.config.to_dict(), hook_count(raw))
    flags = [parameter.requires_grad for parameter in raw.parameters()]
    forwards = [type(module).forward for module in raw.modules()]
    model = HookedModel.from_model(raw, tokenizer)
    with model.head_mask(torch.zeros(3, 4)), model.ablate(neurons=[(0, 1)]):
        model.capture(some_ids(), sites=["blocks.0.hook_resid_mid", FINAL])
    model.run(some_ids(), edit={"blocks.1.hook_resid_mid": lambda v: v * 2})
    model.unembed(torch.randn(2, 32))
    assert (state_hash(raw), raw.config.to_dict(), hook_count(raw)) == before
    assert [parameter.requires_grad for parameter in raw.parameters()] == flags
    assert [type(module).forward for module in raw.modules()] == forwards
    assert model.model is raw
    assert not any(parameter.grad is not None for parameter in raw.parameters())


def test_hooks_are_gone_after_an_exception(qwen: HookedModel) -> None:
    def fails(value: torch.Tensor) -> None:
        raise ZeroDivisionError

    plain = qwen.run(some_ids())
    with pytest.raises(ZeroDivisionError):
        qwen.run(some_ids(), observe={"blocks.1.mlp.hook_post": fails})
    with pytest.raises(ZeroDivisionError), qwen.head_mask(torch.zeros(3, 4)):
        qwen.run(some_ids(), observe={"hook_embed": fails})
    assert hook_count(qwen.model) == 0
    assert torch.equal(qwen.run(some_ids()), plain)


def test_an_unknown_site_is_refused_before_anything_is_registered(qwen: HookedModel) -> None:
    good = "blocks.0.attn.hook_z"
    for bad, words in {
        "blocks.0.attn.hook_q": "expected one of hook_embed",
        "blocks.3.attn.hook_z": "layer 3, expected 0 to 2",
        "blocks.x.attn.hook_z": "unknown site",
        "": "unknown site",
    }.items():
        with pytest.raises(InterpError, match=words):
            qwen.capture(some_ids(), sites=[good, bad])
        with pytest.raises(InterpError, match=words), qwen.observing({good: print, bad: print}):
            pass
    assert hook_count(qwen.model) == 0
    with pytest.raises(InterpError, match="in parallel"):
        tiny_hooked("phi").capture(some_ids(), sites=["blocks.0.hook_resid_mid"])
    with pytest.raises(InterpError, match="not gated"):
        tiny_hooked("gpt2").capture(some_ids(), sites=["blocks.0.mlp.hook_pre_linear"])


def test_a_site_that_is_never_reached_is_an_error() -> None:
    # Tensor-parallel Bloom slices the projection's weight and never calls the module.
    raw, tokenizer = tiny_model("bloom", pretraining_tp=2, slow_but_exact=True)
    with pytest.raises(InterpError, match=r"not reached.*slow_but_exact"):
        HookedModel.from_model(raw, tokenizer)


# RMSNorm computes in fp32 whatever it is given, so there a step must be large against fp32 noise.
@pytest.mark.parametrize(
    ("family", "step", "rtol"),
    [("gpt2", 1e-5, 1e-6), ("opt", 1e-5, 1e-6), ("olmo2", 3e-3, 3e-3), ("qwen2", 3e-3, 3e-3)],
)
def test_the_mask_gradient_equals_finite_differences(family: str, step: float, rtol: float) -> None:
    raw, tokenizer = tiny_model(family)
    model = HookedModel.from_model(raw.double(), tokenizer)
    generator = torch.Generator().manual_seed(3)
    start = 0.5 + torch.rand(3, 4, dtype=torch.float64, generator=generator)
    ids = some_ids()

    def loss(mask: torch.Tensor) -> torch.Tensor:
        logits = model.run(ids, edit=model.head_mask_edits(mask))
        return torch.nn.functional.cross_entropy(logits[:, :-1].flatten(0, 1), ids[:, 1:].flatten())

    mask = start.clone().requires_grad_(True)
    (gradient,) = torch.autograd.grad(loss(mask), mask)
    with torch.no_grad():
        for layer, head in [(0, 0), (1, 3), (2, 1)]:
            nudge = torch.zeros_like(start)
            nudge[layer, head] = step
            slope = (loss(start + nudge) - loss(start - nudge)) / (2 * step)
            torch.testing.assert_close(gradient[layer, head], slope, rtol=rtol, atol=1e-3 * rtol)
    assert gradient.abs().min() > 0


def test_mask_rows_act_on_their_own_sequence_and_gradients_stay_apart(qwen: HookedModel) -> None:
    ids = some_ids()
    rows = torch.ones(2, 3, 4)
    rows[1, 2, 3] = 0.0
    logits = qwen.run(ids, edit=qwen.head_mask_edits(rows))
    assert torch.equal(logits[0], qwen.run(ids)[0])
    alone = qwen.run(ids[1:], edit=qwen.head_mask_edits(rows[1]))
    torch.testing.assert_close(logits[1], alone[0], atol=1e-5, rtol=1e-5)
    grad_rows = rows.clone().requires_grad_(True)
    out = qwen.run(ids, edit=qwen.head_mask_edits(grad_rows))
    (gradient,) = torch.autograd.grad(out[0].square().sum(), grad_rows)
    assert gradient[0].abs().sum() > 0 and gradient[1].abs().sum() == 0


def test_masks_are_checked_at_the_door(qwen: HookedModel) -> None:
    for shape in [(4, 3), (3,), (2, 2, 3, 4), (3, 5)]:
        with pytest.raises(InterpError, match=r"head mask of shape .*expected \[layer, head\]"):
            qwen.head_mask_edits(torch.ones(shape))
    with pytest.raises(InterpError, match="expected floating point"):
        qwen.head_mask_edits(torch.ones(3, 4, dtype=torch.long))
    with pytest.raises(InterpError, match="5 rows for a batch of 2"):
        qwen.run(some_ids(), edit=qwen.head_mask_edits(torch.ones(5, 3, 4)))


def test_ablation_by_zero_and_by_value(qwen: HookedModel) -> None:
    ids = some_ids()
    sites = ["blocks.1.attn.hook_z", "blocks.1.mlp.hook_post"]
    plain = qwen.capture(ids, sites=sites)
    means = {
        "attn.hook_z": torch.randn(3, 4, 8),
        "mlp.hook_post": torch.randn(3, 48),
    }
    for values in (None, means):
        with qwen.ablate(heads=[(1, 3), (1, 0)], neurons=[(1, 7)], values=values):
            got = qwen.capture(ids, sites=sites)
        z, post = got[sites[0]], got[sites[1]]
        for head in (0, 3):
            expected = torch.zeros(8) if values is None else means["attn.hook_z"][1, head]
            assert torch.equal(z[:, :, head], expected.expand(2, 9, 8))
        assert torch.equal(z[:, :, 1:3], plain[sites[0]][:, :, 1:3])
        value = 0.0 if values is None else float(means["mlp.hook_post"][1, 7])
        assert torch.equal(post[..., 7], torch.full((2, 9), value))
    with pytest.raises(InterpError, match=r"head \(3, 0\) is out of range"), qwen.ablate([(3, 0)]):
        pass
    with pytest.raises(InterpError, match=r"neuron 0 to 47"), qwen.ablate(neurons=[(0, 48)]):
        pass
    bad: list[tuple[dict[str, Any], str]] = [
        ({"hook_q": torch.zeros(1)}, "unknown ablation values"),
        ({"attn.hook_z": torch.zeros(3, 4)}, r"expected \(3, 4, 8\)"),
    ]
    for values, words in bad:
        with pytest.raises(InterpError, match=words), qwen.ablate([(0, 0)], values=values):
            pass


def test_ablating_a_neuron_is_zeroing_its_column(qwen: HookedModel) -> None:
    changed = copy.deepcopy(qwen.model)
    with torch.no_grad():
        changed.model.layers[2].mlp.down_proj.weight[:, 5] = 0.0
        expected = changed(some_ids()).logits
        with qwen.ablate(neurons=[(2, 5)]):
            got = qwen.model(some_ids()).logits
    torch.testing.assert_close(got, expected, atol=1e-5, rtol=1e-5)


def test_an_observer_sees_the_edited_value_and_blocks_nest(qwen: HookedModel) -> None:
    ids, site, seen = some_ids(), "blocks.0.attn.hook_z", []
    plain = qwen.capture(ids, sites=[site])[site]
    qwen.run(ids, observe={site: seen.append}, edit={site: lambda v: v * 2})
    assert torch.equal(seen.pop(), plain * 2)
    with qwen.head_mask(torch.full((3, 4), 3.0)), qwen.observing({site: seen.append}):
        qwen.model(ids)
    torch.testing.assert_close(seen.pop(), plain * 3)


def test_an_editor_must_keep_shape_and_type(qwen: HookedModel) -> None:
    with pytest.raises(InterpError, match=r"editor at 'hook_embed' returned \(2, 9\)"):
        qwen.run(some_ids(), edit={"hook_embed": lambda v: v[..., 0]})
    with pytest.raises(InterpError, match="float64"):
        qwen.run(some_ids(), edit={"hook_embed": lambda v: v.double()})


def test_unembedding_does_not_fire_the_observers_that_captured_its_input(qwen: HookedModel) -> None:
    seen: list[torch.Tensor] = []
    with qwen.observing({FINAL: seen.append}):
        qwen.model(some_ids())
        qwen.unembed(seen[0])
    assert len(seen) == 1


def test_unembedding_is_fp32_whatever_the_weights_are() -> None:
    raw, tokenizer = tiny_model("llama")
    model = HookedModel.from_model(raw.bfloat16(), tokenizer)
    last = model.capture(some_ids(), sites=[FINAL])[FINAL]
    assert last.dtype == torch.bfloat16
    got = model.unembed(last)
    assert got.dtype == torch.float32
    x = last.double()
    x = x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + raw.config.rms_norm_eps)
    exact = (x * raw.model.norm.weight.double()) @ raw.lm_head.weight.double().T
    assert (got - exact).abs().max() < 1e-4
    assert (model.run(some_ids()) - exact).abs().max() > 1e-3  # what bf16 would have given
    assert raw.lm_head.weight.dtype == torch.bfloat16


def test_unembedding_in_chunks_equals_unembedding_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    raw, tokenizer = tiny_model("phi")  # its unembedding has a bias
    model = HookedModel.from_model(raw.bfloat16(), tokenizer)
    resid = torch.randn(4, 32).bfloat16().requires_grad_(True)
    whole = model.unembed(resid)
    (slope,) = torch.autograd.grad(whole.square().sum(), resid)
    monkeypatch.setattr("interp.model.unembed.CAST_ELEMENTS", 32 * 10)
    parts = model.unembed(resid)
    (slope_parts,) = torch.autograd.grad(parts.square().sum(), resid)
    torch.testing.assert_close(parts, whole)
    torch.testing.assert_close(slope_parts, slope)
    with pytest.raises(InterpError, match=r"expected \[\.\.\., 32\]"):
        model.unembed(torch.zeros(2, 31))


def test_a_half_precision_mask_of_ones_changes_nothing() -> None:
    raw, tokenizer = tiny_model("olmo2")
    model = HookedModel.from_model(raw.bfloat16(), tokenizer)
    plain = model.run(some_ids())
    with model.head_mask(torch.ones(2, 3, 4, dtype=torch.float32)):
        assert torch.equal(model.run(some_ids()), plain)


def test_batches_are_checked_at_the_door(qwen: HookedModel) -> None:
    ids = some_ids()
    left = torch.tensor([[0, 1, 1], [1, 1, 1]])
    with pytest.raises(InterpError, match="padding on the left"):
        qwen.run(ids[:, :3], left)
    with pytest.raises(InterpError, match="attention mask of shape"):
        qwen.run(ids, left)
    with pytest.raises(InterpError, match=r"expected \[batch, pos\]"):
        qwen.run(ids[0])
    with pytest.raises(InterpError, match="token id 264: the model embeds 264"):
        qwen.run(torch.tensor([[3, 264]]))
    with pytest.raises(InterpError, match="unknown output 'hidden'"):
        qwen.run(ids, output="hidden")  # type: ignore[arg-type]


def test_a_model_in_training_mode_is_refused() -> None:
    raw, tokenizer = tiny_model("olmo2")
    with pytest.raises(InterpError, match=r"call model\.eval"):
        HookedModel.from_model(raw.train(), tokenizer)


def test_a_tokenizer_of_another_checkpoint_is_refused() -> None:
    raw, _ = tiny_model("olmo2", vocab_size=200)
    with pytest.raises(InterpError, match="has 259 tokens but the model embeds 200"):
        HookedModel.from_model(raw, byte_tokenizer())
    extended = copy.deepcopy(byte_tokenizer())
    extended.add_special_tokens({"additional_special_tokens": [f"<image{i}>" for i in range(9)]})
    assert len(extended) > 264
    HookedModel.from_model(tiny_model("olmo2")[0], extended)  # as Gemma 3 ships it
    extended.add_tokens(["<think>"])
    with pytest.raises(InterpError, match="belongs to another checkpoint"):
        HookedModel.from_model(tiny_model("olmo2")[0], extended)


def test_engines_are_named_and_contexts_need_the_native_one(qwen: HookedModel) -> None:
    raw, tokenizer = tiny_model("olmo2")
    with pytest.raises(InterpError, match="unknown engine 'pyvene': expected one of native"):
        HookedModel.from_model(raw, tokenizer, engine="pyvene")
    with pytest.raises(InterpError, match=r"unknown architecture 'olmo2'.*like: llama"):
        HookedModel.from_model(raw, tokenizer, architectures={})


def test_provenance_is_json_and_follows_the_weights() -> None:
    import json

    first = tiny_hooked("olmo2", seed=0).provenance
    assert json.loads(json.dumps(first)) == first
    assert first["engine"] == "native" and first["dtype"] == "float32"
    assert first["n_parameters"] == 43424 and first["self_check"] == "passed"
    assert tiny_hooked("olmo2", seed=0).provenance["weights_hash"] == first["weights_hash"]
    assert tiny_hooked("olmo2", seed=1).provenance["weights_hash"] != first["weights_hash"]
    with_bos = HookedModel.from_model(tiny_model("olmo2")[0], byte_tokenizer(add_bos=True))
    assert with_bos.provenance["tokenizer_hash"] != first["tokenizer_hash"]
