"""In which ways answers are wrong, counted per checkpoint and language; pure.

Generated answers have failure modes (`interp.evals.failure_modes`). A chosen option has two readings:
where the true option came in the ranking, and, where options denote the same in every language, what the
checkpoint chose for the same fact in English: a fact known in English and lost in the language is another
failure than one that is wrong everywhere.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from interp.evals.failure_modes import MODES
from interp.stats.wilson import wilson

RIGHT = "right"
ONLY_ENGLISH, AS_ENGLISH, OTHERWISE = (
    "wrong, right in English",
    "the same wrong option as in English",
    "another wrong option than in English",
)
BESIDE_ENGLISH = (RIGHT, ONLY_ENGLISH, AS_ENGLISH, OTHERWISE, "wrong")
"""``wrong`` without more is English itself, and a fact that English lacks."""


def beside_english(
    correct: NDArray[np.float64], chosen: NDArray[np.int64], languages: Sequence[str]
) -> NDArray[np.object_]:
    """Name each answer by what was chosen for the same fact in English.

    Args:
        correct: 1, 0 or not a number ``[fact, language]``.
        chosen: place of the chosen option ``[fact, language]``, -1 for none; options aligned.
        languages: of the second axis.

    Returns:
        One of ``BESIDE_ENGLISH`` per cell, None where there is no answer.
    """
    named = np.where(correct == 1, RIGHT, "wrong").astype(object)
    if "en" in languages:
        place = list(languages).index("en")
        english, choice = correct[:, [place]], chosen[:, [place]]
        wrong = correct == 0
        named[wrong & (english == 1)] = ONLY_ENGLISH
        same = chosen == choice
        named[wrong & (english == 0) & same] = AS_ENGLISH
        named[wrong & (english == 0) & ~same] = OTHERWISE
        named[wrong[:, place], place] = "wrong"
    named[np.isnan(correct)] = None
    return named


def place_of_true(ranks: NDArray[np.int64], answer_index: NDArray[np.int64]) -> NDArray[np.object_]:
    """Name each answer by where the true option came.

    Args:
        ranks: places of options, best first ``[fact, language, rank]``, -1 where no answer.
        answer_index: place of the true option ``[fact, language]``.

    Returns:
        ``true option 1st`` … per cell, None where there is no answer.
    """
    names = np.array([*place_names(ranks.shape[-1]), None], object)
    hit = ranks == answer_index[..., None]
    there = hit.any(-1) & (ranks >= 0).all(-1)
    return np.asarray(names[np.where(there, hit.argmax(-1), len(names) - 1)])


def place_names(n_options: int) -> tuple[str, ...]:
    """Name the places of the true option, the first is right."""
    endings = {1: "st", 2: "nd", 3: "rd"}
    return tuple(f"true option {n}{endings.get(n, 'th')}" for n in range(1, n_options + 1))


def mode_counts(
    modes: Mapping[str, NDArray[np.object_]], languages: Sequence[str], order: Sequence[str]
) -> pd.DataFrame:
    """Count ways per checkpoint and language.

    Args:
        modes: label to one name per cell ``[fact, language]``, None where there is no answer.
        languages: of the second axis.
        order: the names, in the order of the rows; those that never occur are left out.

    Returns:
        Columns label, lang, mode, n, of (answers), share, and its 95 % Wilson interval ci_low, ci_high.
        A language without an answer has no row.
    """
    rows = []
    seen = {name for cells in modes.values() for name in cells.ravel() if name is not None}
    for label, cells in modes.items():
        for place, lang in enumerate(languages):
            column = cells[:, place]
            of = sum(one is not None for one in column)
            for name in order:
                if name in seen and of:
                    n = int((column == name).sum())
                    rows.append(
                        (
                            label,
                            lang,
                            name,
                            n,
                            of,
                            n / of,
                            *map(float, wilson(np.asarray(n), np.asarray(of))),
                        )
                    )
    columns = ["label", "lang", "mode", "n", "of", "share", "ci_low", "ci_high"]
    return pd.DataFrame(rows, columns=columns)


GENERATED = MODES
"""Failure modes of generated answers, in their order."""
