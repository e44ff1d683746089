"""The batched mask gradient against finite differences, one sample at a time, and theory."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch

from interp.batches import pad
from interp.lahis.gradients import mask_gradients
from interp.lahis.scores import head_score
from interp.model import HookedModel
from tests.reference import lahis as reference
from tests.tiny import FAMILIES, FAST_FAMILIES, byte_tokenizer, tiny_hooked, tiny_model

SAMPLES = (
    [5, 17, 40, 9, 77, 120, 3, 99, 14, 65, 210],
    [9, 8, 7, 200],
    [60, 61, 62, 63, 64],
    [40, 41],
)
ALL = [
    *FAST_FAMILIES,
    *(pytest.param(f, marks=pytest.mark.slow) for f in FAMILIES if f not in FAST_FAMILIES),
]


# Finite differences need a smooth loss: no clipping of queries and keys, no ReLU.
SMOOTH = {"olmo": {"clip_qkv": None}, "opt": {"activation_function": "gelu"}}


def ones(model):
    return torch.ones(model.shape.n_layers, model.shape.n_heads)


def assert_equal(found, expected):
    """Within 1e-4, relative to each sample's own largest gradient."""
    scale = np.abs(expected).max(axis=(1, 2), keepdims=True)
    assert scale.min() > 1e-3
    assert (np.abs(found - expected) / scale).max() < 1e-4


@pytest.mark.parametrize("family", ALL)
def test_a_padded_batch_equals_one_sample_at_a_time(family):
    model = tiny_hooked(family)
    gradients, _ = mask_gradients(model, *pad(SAMPLES), ones(model))
    expected = reference.gradients(model.model, SAMPLES, *ones(model).shape)
    assert_equal(gradients.numpy(), expected)
    np.testing.assert_allclose(
        head_score(gradients.numpy()), reference.score(expected), rtol=1e-3, atol=1e-3
    )


@pytest.mark.parametrize("family", ALL)
def test_equals_central_differences_in_double_precision(family):
    hf_model, tokenizer = tiny_model(family, **SMOOTH.get(family, {}))
    model = HookedModel.from_model(hf_model.double(), tokenizer)
    gradients, _ = mask_gradients(model, torch.tensor([SAMPLES[0]]), None, ones(model).double())
    expected = reference.central_differences(model.model, SAMPLES[0], *ones(model).shape)
    scale = np.abs(expected).max()
    assert scale > 1e-3
    np.testing.assert_allclose(gradients[0].numpy(), expected, rtol=0, atol=1e-4 * scale)


def test_the_gradient_is_taken_where_the_mask_is():
    hf_model, tokenizer = tiny_model("qwen2")
    model = HookedModel.from_model(hf_model.double(), tokenizer)
    mask = torch.rand(3, 4, dtype=torch.float64) + 0.5
    found, _ = mask_gradients(model, torch.tensor([SAMPLES[0]]), None, mask)
    at = mask.clone().requires_grad_(True)
    reference.masked_loss(model.model, torch.tensor(SAMPLES[0]), at).backward()
    np.testing.assert_allclose(found[0].numpy(), at.grad.numpy(), rtol=1e-9, atol=1e-12)


def test_losses_are_the_models_own():
    model = tiny_hooked("gemma2")  # soft-capped logits
    _, losses = mask_gradients(model, *pad(SAMPLES), ones(model))
    for sample, loss in zip(SAMPLES, losses.tolist(), strict=True):
        ids = torch.tensor([sample])
        assert loss == pytest.approx(model.model(ids, labels=ids).loss.item(), rel=1e-5)


@pytest.mark.parametrize("chunk_elements", [1, 264 * 3, 264 * 1000])
def test_the_size_of_the_chunks_changes_nothing(chunk_elements):
    model = tiny_hooked("olmo2")
    whole, losses = mask_gradients(model, *pad(SAMPLES), ones(model))
    parts, same = mask_gradients(model, *pad(SAMPLES), ones(model), chunk_elements=chunk_elements)
    assert_equal(parts.numpy(), whole.numpy())
    torch.testing.assert_close(losses, same)


def test_parameters_get_no_gradient_and_keep_their_flags():
    hf_model, tokenizer = tiny_model("olmo2")
    hf_model.lm_head.weight.requires_grad_(False)
    before = copy.deepcopy(hf_model.state_dict())
    model = HookedModel.from_model(hf_model, tokenizer)
    flags = {name: p.requires_grad for name, p in hf_model.named_parameters()}
    mask_gradients(model, *pad(SAMPLES), ones(model))
    assert {name: p.requires_grad for name, p in hf_model.named_parameters()} == flags
    assert not flags["lm_head.weight"] and flags["model.norm.weight"]
    assert all(p.grad is None for p in hf_model.parameters())
    for name, value in hf_model.state_dict().items():
        assert torch.equal(value, before[name])


def test_flags_come_back_after_an_error():
    hf_model, tokenizer = tiny_model("olmo2")
    model = HookedModel.from_model(hf_model, tokenizer)
    with pytest.raises(Exception, match="head mask"):
        mask_gradients(model, *pad(SAMPLES), torch.ones(2, 4))
    assert all(p.requires_grad for p in hf_model.parameters())


def test_olmo2_gradients_sum_to_zero_in_every_layer():
    # OLMo-2 normalises after the output projection, so scaling all heads of a layer together
    # changes nothing once the norm's epsilon is gone.
    model = tiny_hooked("olmo2", rms_norm_eps=1e-30)
    gradients, _ = mask_gradients(model, *pad(SAMPLES), ones(model))
    size = gradients.abs().sum(-1)
    assert size.min() > 1e-4
    assert (gradients.sum(-1).abs() / size).max() < 1e-4
    # A family that normalises before attention has no such law.
    other, _ = mask_gradients(tiny_hooked("qwen2"), *pad(SAMPLES), ones(model))
    assert (other.sum(-1).abs() / other.abs().sum(-1)).max() > 0.1


def test_a_head_whose_output_is_not_read_has_no_gradient():
    hf_model, tokenizer = tiny_model("qwen2")
    with torch.no_grad():
        hf_model.model.layers[1].self_attn.o_proj.weight[:, 8:16] = 0  # head 1 of layer 1
    model = HookedModel.from_model(hf_model, tokenizer)
    gradients, _ = mask_gradients(model, *pad(SAMPLES), ones(model))
    silent = gradients[:, 1, 1].clone()
    gradients[:, 1, 1] = 1
    assert torch.count_nonzero(silent) == 0
    # The last layer's heads cannot matter to a sample's last token, which predicts nothing, but
    # every other head of a sample of several tokens does.
    assert gradients[0].abs().min() > 0


def test_a_future_token_changes_no_earlier_loss():
    # The published patch loses the causal mask; here what follows the second token is irrelevant
    # to the loss of predicting it.
    model = tiny_hooked("olmo2")
    two, _ = mask_gradients(model, torch.tensor([[40, 41]]), None, ones(model))
    longer = torch.tensor([[40, 41, 99, 100]])
    hidden_only = torch.tensor([[1, 1, 0, 0]])
    cut, _ = mask_gradients(model, longer, hidden_only, ones(model))
    assert_equal(cut.numpy(), two.numpy())


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["transformer_lens", "nnsight"])
@pytest.mark.parametrize("family", ["olmo2", "qwen2", "gpt2"])
def test_every_engine_gives_the_same_gradients(family, engine):
    hf_model, _ = tiny_model(family)
    native = HookedModel.from_model(hf_model, byte_tokenizer())
    other = HookedModel.from_model(hf_model, byte_tokenizer(), engine=engine)
    expected, _ = mask_gradients(native, *pad(SAMPLES), ones(native))
    found, _ = mask_gradients(other, *pad(SAMPLES), ones(other))
    assert_equal(found.numpy(), expected.numpy())
