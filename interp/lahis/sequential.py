"""The learned head mask of the sources: one sample at a time, AdamW after each.

This is how arXiv 2606.06586 and Linuxin-xxx/LAHIS compute their scores, kept as an option because
it has consequences that the frozen mask does not: the scores depend on the order and the number of
samples; the score multiplies by the mask, so it goes negative where an entry has been pushed below
zero (after 1,000 noisy samples about a third have); and no interval can be had by resampling,
since every sample's gradient was taken at another mask.

In bf16 the mask's steps are uneven (spacing 0.0078 above 1 and 0.0039 below), and a bf16 sum of a
thousand samples loses most of them (ten added a thousand times gives 4096).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from interp.lahis.scores import SCALE

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16}


@dataclass
class LearnedMask:
    """A mask, its optimizer and the sums of one language so far.

    Attributes:
        mask: ``[layer, head]``, starting at 1.
        optimizer: AdamW over the mask with PyTorch's defaults (weight decay 0.01).
        importance: sum of ``1000 * |g| * m`` over samples, ``[layer, head]``.
        negative: number of samples with ``g * m < 0``, int64 ``[layer, head]``.
        n_samples: samples seen.
    """

    mask: torch.nn.Parameter
    optimizer: torch.optim.AdamW
    importance: Tensor
    negative: Tensor
    n_samples: int = 0

    @classmethod
    def start(
        cls,
        n_layers: int,
        n_heads: int,
        *,
        lr: float,
        mask_dtype: str = "float32",
        accumulate_dtype: str = "float32",
        device: torch.device | str = "cpu",
    ) -> LearnedMask:
        """Begin a language with a mask of ones.

        Args:
            n_layers: layers.
            n_heads: query heads per layer.
            lr: learning rate.
            mask_dtype: ``float32`` or ``bfloat16``.
            accumulate_dtype: type of the sum, ``float32`` or ``bfloat16``.
            device: where the mask lives.

        Returns:
            The state before the first sample.
        """
        shape = (n_layers, n_heads)
        mask = torch.nn.Parameter(torch.ones(shape, dtype=DTYPES[mask_dtype], device=device))
        return cls(
            mask,
            torch.optim.AdamW([mask], lr=lr),
            torch.zeros(shape, dtype=DTYPES[accumulate_dtype], device=device),
            torch.zeros(shape, dtype=torch.int64, device=device),
        )

    def update(self, gradient: Tensor) -> None:
        """Count one sample, then move the mask.

        Args:
            gradient: of the sample's loss at the present mask, ``[layer, head]``.
        """
        self.mask.grad = gradient.to(self.mask.dtype)
        with torch.no_grad():
            # The sources' order of operations, in the mask's own type: it matters in bf16.
            self.importance += self.mask.grad.abs() * self.mask * SCALE
            self.negative += self.mask.grad * self.mask < 0
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        self.n_samples += 1

    def score(self) -> NDArray[np.float64]:
        """Give the scores, float64 ``[layer, head]``; negative where the mask has been."""
        # The mean is taken in the sum's own type, as the sources do.
        mean = (self.importance / self.n_samples).double().cpu().numpy()
        return mean * (self.negative.double().cpu().numpy() / self.n_samples)

    def to_arrays(self) -> dict[str, np.ndarray]:
        """Give everything a killed run needs to go on; bf16 is stored exactly, as fp32."""
        moments = self.optimizer.state.get(self.mask, {})
        zeros = torch.zeros_like(self.mask)
        parts = {
            "mask": self.mask.detach(),
            "exp_avg": moments.get("exp_avg", zeros),
            "exp_avg_sq": moments.get("exp_avg_sq", zeros),
            "importance": self.importance,
        }
        arrays = {name: part.detach().float().cpu().numpy() for name, part in parts.items()}
        arrays["negative"] = self.negative.cpu().numpy()
        arrays["n_samples"] = np.array(self.n_samples)
        return arrays

    def restore(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Take up the state that ``to_arrays`` gave, in place."""
        self.n_samples = int(arrays["n_samples"])

        def like(target: Tensor, name: str) -> Tensor:
            return torch.from_numpy(np.asarray(arrays[name])).to(target)

        with torch.no_grad():
            self.mask.copy_(like(self.mask, "mask"))
            self.importance.copy_(like(self.importance, "importance"))
            self.negative.copy_(like(self.negative, "negative"))
        if self.n_samples:
            self.optimizer.state[self.mask] = {
                "step": torch.tensor(float(self.n_samples)),
                "exp_avg": like(self.mask, "exp_avg"),
                "exp_avg_sq": like(self.mask, "exp_avg_sq"),
            }
