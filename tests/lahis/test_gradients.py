"""The batched mask gradient against two independent computations."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from interp.lahis.gradients import mask_gradients
from interp.lahis.scores import head_score
from tests.reference import lahis as reference
from tests.tiny import tiny_hooked

SAMPLES = ([5, 17, 40, 9, 77, 120, 3], [9, 8, 7, 200], [60, 61, 62, 63, 64])


def batch():
    width = max(map(len, SAMPLES))
    ids = torch.zeros(len(SAMPLES), width, dtype=torch.long)
    mask = torch.zeros_like(ids)
    for row, sample in enumerate(SAMPLES):
        ids[row, : len(sample)] = torch.tensor(sample)
        mask[row, : len(sample)] = 1
    return ids, mask


@pytest.mark.parametrize("family", ["olmo2", "qwen2", "gpt2", "gemma2", "opt"])
def test_batched_equals_one_sample_at_a_time(family):
    model = tiny_hooked(family)
    ids, mask = batch()
    gradients, _ = mask_gradients(model, ids, mask, torch.ones(3, 4))
    expected = reference.gradients(model.model, SAMPLES, 3, 4)
    np.testing.assert_allclose(gradients.numpy(), expected, rtol=1e-4, atol=1e-6)
    assert np.abs(expected).max() > 1e-4
    np.testing.assert_allclose(
        head_score(gradients.numpy()), reference.score(expected), rtol=1e-3, atol=1e-3
    )


def test_equals_central_differences_in_double_precision():
    # GPT-2's LayerNorm stays in double precision; an RMS norm would fall back to single.
    model = tiny_hooked("gpt2")
    double = model.model.double()
    expected = reference.central_differences(double, SAMPLES[0], 3, 4)
    model.model.float()
    gradients, _ = mask_gradients(model, torch.tensor([SAMPLES[0]]), None, torch.ones(3, 4))
    np.testing.assert_allclose(gradients[0].numpy(), expected, rtol=1e-3, atol=1e-6)


def test_parameters_get_no_gradient_and_keep_their_flag():
    model = tiny_hooked("olmo2")
    flags = [parameter.requires_grad for parameter in model.model.parameters()]
    ids, mask = batch()
    mask_gradients(model, ids, mask, torch.ones(3, 4))
    assert [parameter.requires_grad for parameter in model.model.parameters()] == flags
    assert all(parameter.grad is None for parameter in model.model.parameters())
