"""From a residual state to logits: final norm exactly once, projection, unembedding, soft-cap.

Everything is computed in fp32 (fp64 for an fp64 model) whatever the weights are stored in, so that
ranks near a tie do not depend on bf16's spacing. The model is not touched: parameters are cast for
the length of a call, and the modules' ``forward`` is called without their hooks, so that reading a
residual does not fire the very observers that captured it.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

from interp.errors import InterpError
from interp.model.architectures import Architecture, find_module, text_config

CAST_ELEMENTS = 2**26
"""Unembedding weights cast at a time: 256 MiB in fp32."""


class Unembedding:
    """Turns residual states into logits; made once per model."""

    def __init__(self, model: nn.Module, row: Architecture) -> None:
        """Find the modules.

        Args:
            model: the Hugging Face model.
            row: its architecture, bound to it.
        """
        paths = {"final_norm": row.final_norm, "project_out": row.project_out}
        self._before = [
            _Hookless(find_module(model, path, row, field))
            for field, path in paths.items()
            if path is not None
        ]
        self._head: Any = find_module(model, row.unembed, row, "unembed")
        config = text_config(model)
        self._scale = _number(config, row.logit_scale, 1.0) / _number(
            config, row.logit_divisor, 1.0
        )
        self._cap = _number(config, row.soft_cap, None)

    def __call__(self, resid: torch.Tensor) -> torch.Tensor:
        """Compute logits.

        Args:
            resid: residual states entering the final norm, ``[..., d_model]``.

        Returns:
            Logits ``[..., d_vocab]`` in fp32 (fp64 for fp64 states), on the unembedding's device.

        Raises:
            InterpError: where the weights are offloaded to CPU memory or disk.
        """
        dtype = torch.promote_types(resid.dtype, torch.float32)
        value = resid.to(dtype)
        for module in self._before:
            value = module.cast_call(value)
        logits = self._project(value)
        if self._scale != 1.0:
            logits = logits * self._scale
        if self._cap is not None:
            logits = self._cap * torch.tanh(logits / self._cap)
        return logits

    def _project(self, value: torch.Tensor) -> torch.Tensor:
        head, weight, bias = self._head, self._head.weight, self._head.bias
        _refuse_offloaded(weight)
        if not weight.is_floating_point():  # a quantised unembedding can only be called
            return head.forward(value).to(value.dtype)
        value = value.to(weight.device)
        bias = None if bias is None else bias.to(value.dtype)
        if weight.dtype == value.dtype:
            return F.linear(value, weight, bias)
        rows = max(1, CAST_ELEMENTS // weight.shape[1])
        parts = [F.linear(value, part.to(value.dtype)) for part in weight.split(rows)]
        logits = torch.cat(parts, dim=-1) if len(parts) > 1 else parts[0]
        return logits if bias is None else logits + bias


class _Hookless(nn.Module):
    """Calls a module's ``forward`` with its parameters cast, and without its hooks."""

    def __init__(self, inner: nn.Module | None) -> None:
        super().__init__()
        assert inner is not None
        self.inner = inner

    def forward(self, value: torch.Tensor) -> torch.Tensor:
        return self.inner.forward(value)

    def cast_call(self, value: torch.Tensor) -> torch.Tensor:
        """Apply the module in the value's type: ``[..., d_in]`` to ``[..., d_out]``."""
        parameters = dict(self.named_parameters())
        for parameter in parameters.values():
            _refuse_offloaded(parameter)
            value = value.to(parameter.device)
        if all(parameter.dtype == value.dtype for parameter in parameters.values()):
            return self.forward(value)
        cast = {name: parameter.to(value.dtype) for name, parameter in parameters.items()}
        return torch.func.functional_call(self, cast, (value,))


def _number(config: Any, attribute: str | None, default: Any) -> Any:
    value = None if attribute is None else getattr(config, attribute, None)
    return default if value is None else float(value)


def _refuse_offloaded(parameter: torch.Tensor) -> None:
    if parameter.is_meta:
        raise InterpError(
            "the unembedding is offloaded to CPU memory or disk by device_map: the lens needs it "
            "on a device; choose a smaller dtype, more devices, or device_map='balanced'"
        )
