"""How token ids and masks reach the device of the model.

A copy from ordinary memory makes the CPU wait until everything queued on the GPU before it is done;
one from pinned memory is queued like the rest, so that the CPU goes on to hook and launch. PyTorch
keeps the pinned copy alive until the GPU has read it.

Nothing is prefetched: a batch of 64 times 1,024 tokens is half a megabyte and a few milliseconds of
padding, beside a forward pass a thousand times as long.
"""

from __future__ import annotations

import torch


def to_device(value: torch.Tensor, device: torch.device) -> torch.Tensor:
    """Copy a tensor to a device, without waiting for it where that can be.

    Args:
        value: token ids, a mask or positions.
        device: where the model reads them.

    Returns:
        The tensor itself where it is there already, else a copy.
    """
    if not waits(value, device):
        return value.to(device)
    pinned = value if value.is_pinned() else value.pin_memory()
    return pinned.to(device, non_blocking=True)


def waits(value: torch.Tensor, device: torch.device) -> bool:
    """Whether a plain copy would wait for the device: one from the CPU to CUDA."""
    return value.device.type == "cpu" and device.type == "cuda"
