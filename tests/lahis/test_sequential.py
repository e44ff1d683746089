"""The learned mask against the sources' loop written a second time."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from interp.lahis.gradients import mask_gradients
from interp.lahis.sequential import LearnedMask
from tests.reference import lahis as reference
from tests.tiny import tiny_hooked

RNG = np.random.default_rng(0)
SAMPLES = [RNG.integers(3, 250, size=RNG.integers(4, 20)).tolist() for _ in range(12)]
TYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16}


def learn(model, samples, state=None, **options):
    state = state or LearnedMask.start(3, 4, lr=options.pop("lr", 1e-2), **options)
    for sample in samples:
        gradient, _ = mask_gradients(model, torch.tensor([sample]), None, state.mask.detach())
        state.update(gradient[0])
    return state


@pytest.mark.parametrize("family", ["olmo2", "qwen2", "gpt2"])
def test_fp32_equals_the_reference(family):
    model = tiny_hooked(family)
    state = learn(model, SAMPLES)
    score, mask = reference.learned_mask_score(model.model, SAMPLES, 3, 4)
    np.testing.assert_allclose(state.mask.detach().numpy(), mask, rtol=1e-4)
    np.testing.assert_allclose(state.score(), score, rtol=1e-4)
    assert np.abs(mask - 1).max() > 0.05


@pytest.mark.parametrize("sums", ["float32", "bfloat16"])
@pytest.mark.parametrize("mask_dtype", ["float32", "bfloat16"])
def test_bf16_equals_the_reference(mask_dtype, sums):
    model = tiny_hooked("qwen2")
    state = learn(model, SAMPLES, mask_dtype=mask_dtype, accumulate_dtype=sums)
    score, mask = reference.learned_mask_score(
        model.model, SAMPLES, 3, 4, mask_dtype=TYPES[mask_dtype], sum_dtype=TYPES[sums]
    )
    assert state.mask.dtype == TYPES[mask_dtype] and state.importance.dtype == TYPES[sums]
    # A last bit of bf16 may fall either way where the two computations differ in the seventh digit.
    np.testing.assert_allclose(state.mask.detach().float().numpy(), mask, atol=0.008)
    np.testing.assert_allclose(state.score(), score, rtol=0.02)


def adamw_by_hand(gradients, lr=1e-2):
    """AdamW as its paper writes it, with PyTorch's defaults: the score and the mask of each entry."""
    mask, first, second, size, negative = (np.zeros(gradients[0].shape) for _ in range(5))
    mask += 1
    for t, g in enumerate(gradients, 1):
        size += 1000 * np.abs(g) * mask
        negative += g * mask < 0
        first = 0.9 * first + 0.1 * g
        second = 0.999 * second + 0.001 * g**2
        step = (first / (1 - 0.9**t)) / (np.sqrt(second / (1 - 0.999**t)) + 1e-8)
        mask = mask - lr * 0.01 * mask - lr * step
    return size / len(gradients) * negative / len(gradients), mask


def test_the_update_is_adamw_with_pytorchs_defaults():
    gradients = np.random.default_rng(0).normal(size=(400, 3, 4))
    state = LearnedMask.start(3, 4, lr=1e-2)
    for gradient in gradients:
        state.update(torch.tensor(gradient, dtype=torch.float32))
    score, mask = adamw_by_hand(gradients)
    assert (mask < 0.8).any() and (mask > 1.05).any()
    np.testing.assert_allclose(state.mask.detach().numpy(), mask, atol=1e-4)
    np.testing.assert_allclose(state.score(), score, rtol=1e-4)


def test_first_steps_in_bf16_are_uneven():
    state = LearnedMask.start(1, 2, lr=1e-2, mask_dtype="bfloat16")
    state.update(torch.tensor([[-1.0, 1.0]]))
    assert state.mask.tolist() == [[1.0078125, 0.98828125]]


def test_the_score_multiplies_by_the_mask_and_counts_its_sign():
    state = LearnedMask.start(1, 2, lr=1e-2)
    with torch.no_grad():
        state.mask.copy_(torch.tensor([[-2.0, 1.0]]))
    state.update(torch.tensor([[3.0, -0.5]]))
    np.testing.assert_allclose(state.score(), [[-6000, 500]])


def test_the_first_sample_is_scored_at_a_mask_of_ones():
    model = tiny_hooked("qwen2")
    gradients = reference.gradients(model.model, SAMPLES[:1], 3, 4)
    np.testing.assert_allclose(
        learn(model, SAMPLES[:1]).score(), reference.score(gradients), rtol=1e-3, atol=1e-3
    )


def test_scores_depend_on_the_order_of_the_samples():
    model = tiny_hooked("qwen2")
    assert not np.allclose(learn(model, SAMPLES).score(), learn(model, SAMPLES[::-1]).score())


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
@pytest.mark.parametrize("stop", [0, 1, 7])
def test_a_restored_state_goes_on_bit_for_bit(dtype, stop):
    model = tiny_hooked("qwen2")
    options = {"mask_dtype": dtype, "accumulate_dtype": dtype}
    whole = learn(model, SAMPLES, **options)
    saved = learn(model, SAMPLES[:stop], **options).to_arrays()
    state = LearnedMask.start(3, 4, lr=1e-2, **options)
    state.restore(saved)
    assert state.n_samples == stop
    rest = learn(model, SAMPLES[stop:], state)
    assert np.array_equal(rest.score(), whole.score())
    assert torch.equal(rest.mask, whole.mask)
