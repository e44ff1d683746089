"""McNemar's exact test on facts that two checkpoints answered differently; pure.

Under the hypothesis that neither checkpoint is better, a fact that changed sides was gained or lost with
probability 1/2 each: the number of gains among the changed is binomial.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

_EXACT = 1000
"""Changed facts up to which the binomial is summed exactly; above, the normal limit with correction."""


def mcnemar(gained: ArrayLike, lost: ArrayLike) -> NDArray[np.float64]:
    """Test whether gains and losses balance.

    Args:
        gained: facts wrong before and right after ``[test]``.
        lost: facts right before and wrong after ``[test]``.

    Returns:
        Two-sided p ``[test]``; 1 where nothing changed.
    """
    up, down = np.broadcast_arrays(np.asarray(gained, int), np.asarray(lost, int))
    flat = [_two_sided(int(a), int(b)) for a, b in zip(up.ravel(), down.ravel(), strict=True)]
    return np.array(flat, float).reshape(up.shape)


def _two_sided(gained: int, lost: int) -> float:
    changed, less = gained + lost, min(gained, lost)
    if changed == 0 or gained == lost:
        return 1.0
    if changed > _EXACT:
        from math import erfc, sqrt

        return erfc((abs(gained - lost) - 1) / sqrt(changed) / sqrt(2))
    # whole numbers until the last step: nothing is rounded away
    ways = tail = 1
    for k in range(less):
        ways = ways * (changed - k) // (k + 1)  # of k + 1 gains
        tail += ways
    return min(1.0, 2 * tail / 2**changed)
