"""Copies of a batch to the device."""

from __future__ import annotations

import pytest
import torch

from interp.model.transfer import to_device, waits
from tests.tiny import tiny_hooked

IDS = torch.arange(12).view(3, 4)


def test_on_the_cpu_nothing_is_copied() -> None:
    assert to_device(IDS, torch.device("cpu")) is IDS


@pytest.mark.parametrize(
    ("device", "expected"), [("cpu", False), ("cuda", True), ("cuda:1", True), ("meta", False)]
)
def test_only_copies_to_cuda_go_through_pinned_memory(device: str, expected: bool) -> None:
    assert waits(IDS, torch.device(device)) is expected
    assert not waits(IDS.to("meta"), torch.device(device))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="this torch sees no GPU")
def test_a_batch_arrives_whole_on_a_gpu_that_is_busy() -> None:
    device = torch.device("cuda")
    busy = torch.randn(4096, 4096, device=device)
    sent = []
    for step in range(50):  # pinned blocks must not be used again before they were read
        busy = busy @ busy.softmax(-1)
        sent.append(to_device(IDS + step, device))
    for step, value in enumerate(sent):
        assert torch.equal(value.cpu(), IDS + step)


def test_a_model_takes_ids_and_mask_of_any_whole_number_type() -> None:
    model = tiny_hooked("olmo2")
    mask = torch.ones_like(IDS)
    with torch.inference_mode():
        assert torch.equal(model.run(IDS + 3, mask), model.run(IDS + 3))
