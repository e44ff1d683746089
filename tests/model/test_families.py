"""Every family of the table: the wrapper agrees with the unwrapped model."""

from __future__ import annotations

import pytest
import torch

from interp.errors import InterpError
from tests.tiny import FAMILIES, tiny_hooked

IDS = torch.tensor([[5, 17, 40, 9, 77, 120, 3]])


@pytest.mark.parametrize("family", FAMILIES)
def test_the_last_residual_gives_the_logits(family):
    model = tiny_hooked(family)
    with torch.no_grad():
        found = model.capture(IDS, sites=["ln_final.hook_in"])
        logits = model.unembed(found["ln_final.hook_in"])
        expected = model.model(IDS).logits
    assert expected.abs().max() > 0.1
    torch.testing.assert_close(logits, expected.float(), atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_mask_of_ones_changes_nothing_and_a_zero_does(family):
    model = tiny_hooked(family)
    ones = torch.ones(model.shape.n_layers, model.shape.n_heads)
    with torch.no_grad():
        plain = model.model(IDS).logits
        with model.head_mask(ones):
            assert torch.equal(model.model(IDS).logits, plain)
        ones[1, 2] = 0
        with model.head_mask(ones):
            assert not torch.equal(model.model(IDS).logits, plain)
        assert torch.equal(model.model(IDS).logits, plain)


@pytest.mark.parametrize("family", FAMILIES)
def test_right_padding_is_invisible(family):
    model = tiny_hooked(family)
    padded = torch.cat([IDS, torch.zeros(1, 4, dtype=torch.long)], dim=1)
    mask = torch.tensor([[1] * 7 + [0] * 4])
    site = "blocks.2.mlp.hook_pre"
    with torch.no_grad():
        alone = model.capture(IDS, sites=[site])[site]
        beside = model.capture(padded, mask, sites=[site])[site][:, :7]
    torch.testing.assert_close(beside, alone, atol=1e-5, rtol=1e-5)


def test_hooks_are_gone_after_an_exception():
    model = tiny_hooked("olmo2")
    with pytest.raises(RuntimeError, match="boom"), model.head_mask(torch.ones(3, 4)):
        raise RuntimeError("boom")
    for module in model.model.modules():
        assert not module._forward_hooks
        assert not module._forward_pre_hooks


def test_an_unknown_site_is_named():
    with pytest.raises(InterpError, match="hook_nothing"):
        tiny_hooked("olmo2").capture(IDS, sites=["blocks.0.hook_nothing"])
