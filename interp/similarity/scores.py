"""How close translations lie: cosine, the cosine of anything else, and retrieval.

For a language (whose units ask) and another language (whose units answer), per asking unit:

* ``cosine``: with its translation;
* ``cosine_other``: the mean with all other units of the other language. Residual streams are
  anisotropic: a few directions are shared by all texts, so any two texts may have a cosine of 0.9.
  What translations have in common is the *difference* of the two;
* ``retrieval``: 1 if its nearest neighbour among **all** units of the other language is its
  translation, 0 if another unit is nearer. A unit tied with m - 1 others gets 1/m, so that a
  collapsed representation, in which everything is tied, scores chance: 1 / number of units.

Candidates come from the whole corpus and not from the block of the asking unit: 128 units in 64
blocks would leave two candidates and a chance of 50 %. Blocks only group the asking units, so the
mean over a block is the thing to resample (the candidates stay as they are).
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

TIE = 1e-5
"""Distances between unit vectors that differ by no more are tied: rounding of a forward pass in
fp32 moves a unit vector that far. The distance, not the cosine, because the same rounding changes
a cosine less and less the nearer two vectors are."""


@dataclass(frozen=True)
class Scores:
    """Scores of one layer, ``[unit or block, language, other language]``; the diagonal is 0.

    Attributes:
        cosine: with the translation.
        cosine_other: mean with the other language's other units.
        retrieval: whether the translation is nearest; shares where there are ties.
    """

    cosine: Floats
    cosine_other: Floats
    retrieval: Floats


METRICS = tuple(field.name for field in fields(Scores))


def unit_scores(vectors: NDArray[Any], *, centre: str = "none") -> Scores:
    """Score every unit in every pair of languages, in both directions.

    Args:
        vectors: pooled vectors ``[unit, language, d_model]`` of one layer; at least two units.
        centre: ``none``, or ``language`` to subtract each language's mean over all units first.

    Returns:
        Scores ``[unit, language, other language]``.
    """
    n_units, n_languages, _ = vectors.shape
    if n_units < 2:
        raise ValueError(f"{n_units} units: a translation needs other units to be compared with")
    # [language, unit, d_model]
    towards = [directions(vectors[:, place], centre=centre) for place in range(n_languages)]
    found = Scores(*(np.zeros((n_units, n_languages, n_languages)) for _ in METRICS))
    for one, two in itertools.combinations(range(n_languages), 2):
        cosines = towards[one] @ towards[two].T
        for asking, answering, matrix in ((one, two, cosines), (two, one, cosines.T)):
            own = matrix.diagonal()
            found.cosine[:, asking, answering] = own
            found.cosine_other[:, asking, answering] = (matrix.sum(1) - own) / (n_units - 1)
            found.retrieval[:, asking, answering] = retrieved(matrix)
    return found


def directions(vectors: NDArray[Any], *, centre: str = "none") -> Floats:
    """Scale vectors to length 1, in double precision.

    Args:
        vectors: ``[unit, d_model]`` of one language.
        centre: ``none`` or ``language``, see ``unit_scores``.

    Returns:
        ``[unit, d_model]``. A vector of zeros has no direction and stays zero (its cosines are 0);
        so does one of which centring leaves only rounding.
    """
    given = np.asarray(vectors, np.float64)
    moved = given - given.mean(0) if centre == "language" else given
    length = np.linalg.norm(moved, axis=-1, keepdims=True)
    rounding = np.finfo(np.float32).eps * np.linalg.norm(given, axis=-1, keepdims=True)
    real = length > (rounding if centre == "language" else 0)
    return np.divide(moved, length, out=np.zeros_like(moved), where=real)


def retrieved(cosines: Floats) -> Floats:
    """Tell for every asking unit whether its translation is its nearest neighbour.

    Args:
        cosines: ``[asking unit, candidate]``; the translation of unit ``i`` is candidate ``i``.

    Returns:
        ``[asking unit]``: 0, 1, or 1/m where m candidates, the translation among them, are tied.
    """
    distance = np.sqrt(np.clip(2 - 2 * cosines, 0, None))
    beyond = distance - distance.diagonal()[:, None]
    tied = (np.abs(beyond) <= TIE).sum(1)
    return np.where((beyond < -TIE).any(1), 0.0, 1 / tied)


def block_means(scores: Scores, blocks: NDArray[np.int64], n_blocks: int) -> Scores:
    """Average the asking units of every block.

    Args:
        scores: of units.
        blocks: block of every unit, ``[unit]``.
        n_blocks: number of blocks.

    Returns:
        Scores ``[block, language, other language]``; zero for a block without units.
    """
    member = (blocks == np.arange(n_blocks)[:, None]).astype(np.float64)
    share = member / np.maximum(member.sum(1, keepdims=True), 1)
    return Scores(*(np.tensordot(share, getattr(scores, name), axes=1) for name in METRICS))
