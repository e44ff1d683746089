"""Which units form a block, and how many tokens of each language it keeps."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from interp.data.canonical import seeded_number
from interp.data.corpus import Unit
from interp.errors import InterpError


def assign(
    units: Sequence[Unit], n_blocks: int, assignment: str = "contiguous", seed: int = 0
) -> list[list[Unit]]:
    """Group units into blocks whose numbers of units differ by at most one.

    Args:
        units: the units, in the corpus' order.
        n_blocks: most blocks; there are never more than units.
        assignment: ``contiguous`` keeps neighbours together, so that a resampled block carries
            the dependence between neighbouring units with it; ``random`` shuffles first.
        seed: of the shuffle.

    Returns:
        The units of each block; none is empty.
    """
    ordered = list(units)
    if assignment == "random":
        ordered.sort(key=lambda unit: (seeded_number(seed, "block", unit.unit_id), unit.unit_id))
    count = min(n_blocks, len(ordered))
    edges = [len(ordered) * block // count for block in range(count + 1)]
    return [ordered[start:stop] for start, stop in itertools.pairwise(edges)]


def allocate(
    sizes: npt.NDArray[np.int64], budget: str | int, languages: Sequence[str]
) -> npt.NDArray[np.int64]:
    """Decide how many tokens each block keeps of each language.

    Args:
        sizes: available tokens ``[block, language]``.
        budget: ``min``, ``all`` or a total per language.
        languages: names for the error, in the order of the columns.

    Returns:
        Kept tokens ``[block, language]``; unless ``budget`` is ``all``, equal along language,
        and for a number summing to it in every language.

    Raises:
        InterpError: the number is larger than what all languages share.
    """
    sizes = np.asarray(sizes, dtype=np.int64)
    if budget == "all":
        return sizes.copy()
    smallest = sizes.min(axis=1)
    if isinstance(budget, int):
        total = int(smallest.sum())
        if budget > total:
            scarce = languages[int(sizes.sum(axis=0).argmin())]
            raise InterpError(
                f"budget {budget} tokens per language: all of {', '.join(languages)} have only "
                f"{total} in common ({scarce} has least); use a smaller number or budget 'min'"
            )
        smallest = _proportional(smallest, budget)
    return np.repeat(smallest[:, None], sizes.shape[1], axis=1)


def _proportional(available: npt.NDArray[np.int64], total: int) -> npt.NDArray[np.int64]:
    """Share ``total`` out in proportion, whole tokens, largest remainders first."""
    exact = available * total  # integers: no rounding before the division
    share = exact // available.sum()
    rest = exact % available.sum()
    # Ties go to the earlier block, so the result does not depend on the sorting algorithm.
    for block in np.lexsort((np.arange(len(rest)), -rest))[: total - int(share.sum())]:
        share[block] += 1
    return np.asarray(share, dtype=np.int64)
