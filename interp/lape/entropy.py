"""Language activation probability entropy: the arithmetic, on arrays.

Tang et al. 2024 (arXiv 2402.16438). With ``c[k]`` the tokens of language ``k`` on which a neuron is
active and ``n[k]`` the tokens counted, ``p = c / n``, ``p' = p / sum_k p`` and
``H = -sum_k p' ln p'``. A neuron of one language has ``H = 0``, one that fires at the same rate in
all ``K`` languages has ``H = ln K``.

Where the published codes differ: the original sets ``0 ln 0 = 0`` (here exact, through ``xlogy``);
the code released with arXiv 2606.06586 adds 1e-9 to the denominator and inside the logarithm, so
that one firing in two million tokens has ``H = 0.0020`` instead of 0 (``eps=1e-9`` here).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import xlogy

Floats = NDArray[np.float64]
Integers = NDArray[np.integer[Any]]


def activation_probabilities(counts: Integers, tokens: Integers) -> Floats:
    """Divide activations by tokens.

    Args:
        counts: tokens on which each neuron is active, ``[language, layer, neuron]``.
        tokens: tokens counted per language, ``[language]``.

    Returns:
        ``p``, float64 ``[language, layer, neuron]``.

    Raises:
        ValueError: when a language has no token, or a count exceeds its language's tokens.
    """
    if (tokens <= 0).any():
        raise ValueError(f"every language needs at least one token, got {tokens.tolist()}")
    if (counts.max(axis=(1, 2)) > tokens).any():
        raise ValueError("a neuron is active on more tokens than its language has")
    return counts / tokens.astype(np.float64)[:, None, None]


def entropy(p: Floats, *, eps: float | None = None) -> Floats:
    """Compute the entropy of each neuron's activation probability over languages.

    Args:
        p: activation probabilities, ``[language, layer, neuron]``.
        eps: ``None`` for the exact value; a number is added to the sum of probabilities and inside
            the logarithm, as the paper's released code does (then ``H`` may be ``-eps``).

    Returns:
        ``H`` in nats, ``[layer, neuron]``; ``inf`` where a neuron is never active (a dead neuron
        has no distribution over languages, so it must not come first).
    """
    total = p.sum(axis=0)
    dead = total == 0
    if eps is None:
        shares = p / np.where(dead, 1.0, total)
        terms = xlogy(shares, shares)
    else:
        shares = p / (total + eps)
        terms = shares * np.log(shares + eps)
    # `0.0 -` and not unary minus: the entropy of one language is 0.0, not -0.0
    return np.where(dead, np.inf, 0.0 - terms.sum(axis=0))


def probability_cut(p: Floats, quantile: float) -> float:
    """Find the probability that a neuron must exceed in some language to be considered.

    Tang et al.: the ``round(quantile * m)``-th smallest of **all** ``m`` probabilities (of every
    language, layer and neuron together), as ``torch.kthvalue`` counts, without interpolation.

    Args:
        p: activation probabilities, ``[language, layer, neuron]``.
        quantile: e.g. 0.95.

    Returns:
        The cut; it is exceeded strictly.
    """
    place = min(max(round(quantile * p.size), 1), p.size)
    return float(np.partition(p.ravel(), place - 1)[place - 1])
