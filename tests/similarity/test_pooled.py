"""Pooling: the text's own tokens only, in fp32 or wider."""

from __future__ import annotations

import pytest
import torch

from interp.similarity.pooled import MeanPooler


def test_special_tokens_and_padding_are_never_pooled() -> None:
    value = torch.full((2, 5, 3), torch.nan)
    value[0, 1:4] = torch.tensor([[1.0, 2, 3], [4, 5, 6], [7, 8, 12]])
    value[1, 2:3] = torch.tensor([5.0, 6, 7])
    pooler = MeanPooler([1, 2], [4, 3], 2)
    pooler.observer(1)(2 * value)
    pooler.observer(0)(value)
    found = pooler.result()
    assert found.dtype == torch.float32 and found.shape == (2, 2, 3)
    assert found[0].tolist() == [[4, 5, 7], [5, 6, 7]] and torch.equal(found[1], 2 * found[0])


def test_half_precision_is_summed_in_fp32() -> None:
    """In bf16 a running sum of ones stops at 256."""
    value = torch.ones(1, 1000, 2, dtype=torch.bfloat16)
    value[0, 0] = 256
    pooler = MeanPooler([0], [1000], 1)
    pooler.observer(0)(value)
    assert pooler.result()[0, 0].tolist() == pytest.approx([1.255, 1.255], rel=1e-6)


def test_the_length_of_the_padding_changes_no_bit() -> None:
    text = torch.randn(1, 37, 16, generator=torch.Generator().manual_seed(0))
    short, long = MeanPooler([1], [37], 1), MeanPooler([1, 0], [37, 90], 1)
    short.observer(0)(text)
    long.observer(0)(
        torch.cat([torch.nn.functional.pad(text, (0, 0, 0, 53)), torch.ones(1, 90, 16)])
    )
    assert torch.equal(short.result()[0, 0], long.result()[0, 0])


def test_a_point_that_was_not_observed_is_no_zero() -> None:
    pooler = MeanPooler([0], [1], 2)
    pooler.observer(0)(torch.ones(1, 1, 1))
    with pytest.raises(RuntimeError, match="1 points were not observed"):
        pooler.result()
