"""Random sets of the same size, and of the same size in every layer. Pure, seeded.

Both are drawn from the heads or neurons outside the language's own set. A random set says what
ablating that many does wherever they are; a layer-matched one also has the layers right, which
matters because early layers hurt every language. The source publishes a random set of its own but
no layer-matched one. Every set has its own seed, hashed from the run's seed, the language, the kind
and the draw, so that asking for more draws or languages changes none of the others.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import numpy as np

from interp.causal.sets import AblationSet, Place

KINDS = ("random", "layer-matched")


def control_sets(
    own: AblationSet, n_layers: int, width: int, *, n_controls: int, seed: int
) -> list[AblationSet]:
    """Draw the controls of one language's set.

    Args:
        own: the language's heads or neurons.
        n_layers: layers of the model.
        width: heads, or neurons, of a layer.
        n_controls: draws of each kind.
        seed: the run's seed.

    Returns:
        ``n_controls`` random and as many layer-matched sets. Where fewer are left outside the set
        than are needed (in the model, or in a layer), the control has all that are left and counts
        the rest in ``missing``.
    """
    draws = {"random": _random, "layer-matched": _layer_matched}
    made = []
    for kind, draw_from in draws.items():
        for draw in range(n_controls):
            rng = np.random.default_rng(_number(seed, own, kind, draw))
            places = draw_from(own.places, n_layers, width, rng)
            missing = len(own.places) - len(places)
            made.append(AblationSet(own.lang, kind, draw, places, missing))
    return made


def _random(
    own: tuple[Place, ...], n_layers: int, width: int, rng: np.random.Generator
) -> tuple[Place, ...]:
    """Draw as many as ``own`` has from everything outside it."""
    taken = [layer * width + index for layer, index in own]
    left = np.delete(np.arange(n_layers * width), taken)
    drawn = rng.permutation(left)[: len(own)]
    return tuple(sorted(divmod(int(number), width) for number in drawn))


def _layer_matched(
    own: tuple[Place, ...], n_layers: int, width: int, rng: np.random.Generator
) -> tuple[Place, ...]:
    """Draw as many as ``own`` has in each layer from the rest of that layer."""
    drawn: list[Place] = []
    for layer in range(n_layers):
        taken = [index for at, index in own if at == layer]
        left = np.delete(np.arange(width), taken)
        drawn.extend((layer, int(index)) for index in rng.permutation(left)[: len(taken)])
    return tuple(sorted(drawn))


def short_of(sets: Iterable[AblationSet]) -> list[str]:
    """Say which controls are smaller than the set they control for, one line per language."""
    worst: dict[tuple[str, str], AblationSet] = {}
    for one in sets:
        if one.missing:
            worst.setdefault((one.lang, one.kind), one)
    return [
        f"{kind} control of {lang}: only {len(one.places)} of {len(one.places) + one.missing} are "
        f"left outside its own set{' in those layers' if kind == 'layer-matched' else ''}"
        for (lang, kind), one in worst.items()
    ]


def _number(seed: int, own: AblationSet, kind: str, draw: int) -> int:
    name = "\x1f".join((str(seed), "ablation", own.kind, own.lang, kind, str(draw)))
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big")
