"""Wilson's interval of a share; pure."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

Floats = NDArray[np.float64]


def wilson(hits: NDArray[Any], n: NDArray[Any], level: float = 0.95) -> tuple[Floats, Floats]:
    """Compute Wilson's interval of a share.

    It takes the ``n`` trials as independent. Tokens of one text are not, so that the interval of a
    neuron's firing probability is too narrow rather than too wide.

    Args:
        hits: of ``n``.
        n: trials, at least 1.
        level: e.g. 0.95.

    Returns:
        Lower and upper ends, within [0, 1].
    """
    z = float(ndtri(0.5 + level / 2))
    share = hits / n
    middle = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    # at the ends the formula is exact and rounding is not
    low = np.where(np.asarray(hits) == 0, 0.0, middle - half)
    high = np.where(np.asarray(hits) == n, 1.0, middle + half)
    return low, high
