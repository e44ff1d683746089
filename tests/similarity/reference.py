"""Similarity in loops over texts and plain Python numbers: the oracle of ``interp.similarity``.

One text at a time through the Hugging Face model, no padding, no batches, no matrix products.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import torch

Vector = list[float]


def residual_means(model, ids: Sequence[int], n_special: int) -> list[Vector]:
    """Mean residual stream of a text at the embeddings and after every block.

    ``hidden_states`` of transformers ends with the final norm's output, so the last block's own
    output is taken from a hook.
    """
    last = []
    body = model.get_decoder() if hasattr(model, "get_decoder") else model.base_model
    layers = body.layers if hasattr(body, "layers") else body.h
    handle = layers[-1].register_forward_hook(
        lambda _module, _args, out: last.append(out[0] if isinstance(out, tuple) else out)
    )
    try:
        with torch.no_grad():
            states = model(input_ids=torch.tensor([list(ids)]), output_hidden_states=True)
    finally:
        handle.remove()
    points = [*states.hidden_states[:-1], last[0]]
    return [point[0, n_special:].double().sum(0).div(len(ids) - n_special).tolist()
            for point in points]  # fmt: skip


def cosine(a: Vector, b: Vector) -> float:
    dot = sum(x * y for x, y in zip(a, b, strict=True))
    return dot / math.sqrt(sum(x * x for x in a) * sum(y * y for y in b))


def scores(
    vectors: Mapping[str, Sequence[Vector]], centre: str = "none"
) -> dict[tuple[str, str, int], tuple[float, float, float]]:
    """(language, other, unit) -> cosine, mean cosine with other units, retrieval (no ties)."""
    moved = {lang: [list(vector) for vector in units] for lang, units in vectors.items()}
    if centre == "language":
        for lang, units in vectors.items():
            mean = [sum(column) / len(units) for column in zip(*units, strict=True)]
            moved[lang] = [[x - m for x, m in zip(vector, mean, strict=True)] for vector in units]
    found = {}
    for lang, asking in moved.items():
        for other, candidates in moved.items():
            if lang == other:
                continue
            for unit, vector in enumerate(asking):
                all_of_them = [cosine(vector, candidate) for candidate in candidates]
                own = all_of_them[unit]
                rest = all_of_them[:unit] + all_of_them[unit + 1 :]
                found[lang, other, unit] = (own, sum(rest) / len(rest), float(own > max(rest)))
    return found
