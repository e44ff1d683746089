"""LAHIS written a second time, straight from its formula: one sample at a time, no batching.

The mask is applied by multiplying the columns of each output projection's *weight* (an output
projection reads its heads side by side, so scaling head h's output equals scaling its columns):
nothing here shares code, hooks or even the place of intervention with ``interp``.
"""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch.func import functional_call

O_PROJ = {
    "gpt2": "transformer.h.{}.attn.c_proj",
    "gpt_neox": "gpt_neox.layers.{}.attention.dense",
    "bloom": "transformer.h.{}.self_attention.dense",
    "opt": "model.decoder.layers.{}.self_attn.out_proj",
    "phi": "model.layers.{}.self_attn.dense",
}
"""model_type -> output projection; the others share one name."""


def masked_loss(model, ids, mask):
    """Mean next-token loss of one unpadded sequence ``ids`` [pos] under ``mask`` [layer, head]."""
    family = model.config.model_type
    path = O_PROJ.get(family, "model.layers.{}.self_attn.o_proj") + ".weight"
    parameters = dict(model.named_parameters())
    replaced = {}
    for layer in range(mask.shape[0]):
        name = path.format(layer)
        weight = parameters[name].detach()
        inputs = weight.shape[0] if family == "gpt2" else weight.shape[1]
        columns = mask[layer].repeat_interleave(inputs // mask.shape[1])
        # GPT-2's Conv1D stores [in, out], every other projection [out, in].
        replaced[name] = weight * (columns[:, None] if family == "gpt2" else columns[None, :])
    logits = functional_call(model, replaced, (ids[None],), {"use_cache": False}).logits[0]
    return F.cross_entropy(logits[:-1].to(mask.dtype), ids[1:])


def gradients(model, sequences, n_layers, n_heads, dtype=torch.float32):
    """Gradient of each sequence's loss at a mask of ones: ``[sample, layer, head]``."""
    rows = []
    for ids in sequences:
        mask = torch.ones(n_layers, n_heads, dtype=dtype, requires_grad=True)
        masked_loss(model, torch.as_tensor(ids), mask).backward()
        rows.append(mask.grad.numpy())
    model.zero_grad(set_to_none=True)
    return np.stack(rows)


def central_differences(model, ids, n_layers, n_entries, step=1e-2, heads_per_entry=1):
    """Derivative of the loss by finite differences: ``[layer, entry]``.

    An entry of the mask scales one head, or ``heads_per_entry`` neighbours (a key-value head's).

    Central differences at two steps, extrapolated (the error of one is 4 times the other's):
    transformers' RMS norms compute in fp32 even in an fp64 model, and a step small enough for plain
    central differences would drown in that rounding.
    """
    out = np.zeros((n_layers, n_entries))
    for layer in range(n_layers):
        for entry in range(n_entries):
            slopes = []
            for size in (step, 2 * step):
                losses = []
                for sign in (1, -1):
                    mask = torch.ones(n_layers, n_entries, dtype=torch.float64)
                    mask[layer, entry] += sign * size
                    with torch.no_grad():
                        heads = mask.repeat_interleave(heads_per_entry, dim=1)
                        losses.append(masked_loss(model, torch.as_tensor(ids), heads).item())
                slopes.append((losses[0] - losses[1]) / (2 * size))
            out[layer, entry] = (4 * slopes[0] - slopes[1]) / 3
    return out


def score(gradient_rows):
    """The frozen score, sample by sample in Python floats: ``[layer, head]``."""
    n, layers, heads = gradient_rows.shape
    out = np.zeros((layers, heads))
    for layer in range(layers):
        for head in range(heads):
            size, negative = 0.0, 0
            for t in range(n):
                g = float(gradient_rows[t, layer, head])
                size += 1000 * abs(g) * 1.0
                negative += g * 1.0 < 0
            out[layer, head] = size / n * (negative / n)
    return out


def learned_mask_score(
    model, sequences, n_layers, n_heads, lr=1e-2, mask_dtype=torch.float32, sum_dtype=torch.float32
):
    """The sources' sequential form: AdamW (PyTorch's defaults) moves the mask after each sample.

    Returns the scores [layer, head] and the mask after the last sample.
    """
    mask = torch.nn.Parameter(torch.ones(n_layers, n_heads, dtype=mask_dtype))
    optimizer = torch.optim.AdamW([mask], lr=lr)
    total = torch.zeros(n_layers, n_heads, dtype=sum_dtype)
    negative = torch.zeros(n_layers, n_heads, dtype=torch.int64)
    for ids in sequences:
        optimizer.zero_grad()
        masked_loss(model, torch.as_tensor(ids), mask.float()).backward()
        total += (mask.grad.abs() * mask * 1000).detach().to(sum_dtype)
        negative += (mask.grad * mask < 0).detach()
        optimizer.step()
    n = len(sequences)
    model.zero_grad(set_to_none=True)
    mean = (total / n).float().numpy()
    return mean * (negative.numpy() / n), mask.detach().float().numpy()
