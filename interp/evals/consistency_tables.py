"""Consistency across languages as tables with intervals over facts; pure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from interp.errors import InterpError
from interp.evals import consistency as c
from interp.stats.bootstrap import (
    DRAWS,
    ENOUGH,
    Interval,
    mean_interval,
    mean_of_known,
    percentile_interval,
    ratio_draws,
    widen_constant,
)

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Answered:
    """What a checkpoint answered to the same facts in every language.

    Attributes:
        languages: the languages, at least two.
        correct: bool ``[fact, language]``.
        ranks: places of options, best first, ``[fact, language, rank]``; None where the answers
            are free text or the options are not aligned across languages, so that rankings cannot
            be compared.
    """

    languages: tuple[str, ...]
    correct: NDArray[np.bool_]
    ranks: NDArray[np.int64] | None = None

    def __post_init__(self) -> None:
        """Refuse a single language."""
        if len(self.languages) < 2:
            raise InterpError(
                f"consistency across languages needs two, there is only {self.languages[0]}"
            )

    def parts(self) -> dict[str, tuple[Floats, Floats]]:
        """Numerator and denominator per fact of every pairwise statistic."""
        found = {"clc": c.clc(self.correct), "given": c.given(self.correct)}
        if self.ranks is not None:
            for name, values in (
                ("rankc", c.rankc(self.ranks)),
                ("agreement", c.agreement(self.ranks[..., 0])),
            ):
                found[name] = (values, np.ones_like(values))
        return found


def overall_table(answered: Answered, *, draws: int = DRAWS, seed: int = 0) -> pd.DataFrame:
    """Summarise consistency in one row per statistic.

    Args:
        answered: the answers.
        draws: of the bootstrap.
        seed: of the bootstrap.

    Returns:
        Columns statistic, facts, value, ci_low, ci_high, chance, floor, note. Pairwise statistics
        are means over pairs of languages. ``chance`` of total consistency is what its languages'
        accuracies would give if they erred independently, that of RankC and agreement what random
        rankings give.
    """
    n = len(answered.correct)
    per_fact = c.total_consistency(answered.correct)
    total = widen_constant(mean_interval(per_fact, draws=draws, seed=seed), 0, 1)
    independent = float(c.independent_histogram(answered.correct)[-1]) / n
    rows = [_row("total consistency", total, n, chance=independent)]
    above = np.triu_indices(len(answered.languages), 1)
    for name, (top, bottom) in answered.parts().items():
        if name == "given":  # not symmetric, and about English: see the table of pairs
            continue
        estimate, drawn = ratio_draws(
            top[:, above[0], above[1]], bottom[:, above[0], above[1]], draws=draws, seed=seed
        )
        limits = _limits(name, answered)
        found = percentile_interval(mean_of_known(estimate), mean_of_known(drawn), n)
        found = widen_constant(found, limits.get("floor", 0.0), 1)
        rows.append(_row(name, found, n, **limits))
    return pd.DataFrame(rows)


def pair_table(answered: Answered, *, draws: int = DRAWS, seed: int = 0) -> pd.DataFrame:
    """Compare every two languages.

    Args:
        answered: the answers.
        draws: of the bootstrap.
        seed: of the bootstrap.

    Returns:
        Columns lang, other_lang, statistic (rankc, agreement, clc, given), value, ci_low, ci_high,
        facts (that carry it). ``given``, the share of the facts correct in ``lang`` that are
        correct in ``other_lang``, too, has both orders; the others have one.
    """
    frames = []
    size = len(answered.languages)
    for name, (top, bottom) in answered.parts().items():
        one, other = (
            np.nonzero(~np.eye(size, dtype=bool)) if name == "given" else np.triu_indices(size, 1)
        )
        top, bottom = top[:, one, other], bottom[:, one, other]
        estimate, drawn = ratio_draws(top, bottom, draws=draws, seed=seed)
        n = (bottom > 0).sum(0)
        found = widen_constant(percentile_interval(estimate, drawn, n), 0, 1)
        codes = np.array(answered.languages, object)
        frames.append(
            pd.DataFrame(
                {
                    "lang": codes[one],
                    "other_lang": codes[other],
                    "statistic": name,
                    "value": found.estimate,
                    "ci_low": found.low,
                    "ci_high": found.high,
                    "facts": n,
                }
            )
        )
    return pd.concat(frames, ignore_index=True)


def histogram_table(answered: Answered, *, draws: int = DRAWS, seed: int = 0) -> pd.DataFrame:
    """Count facts by the number of languages in which they are correct, 0 to L.

    Args:
        answered: the answers.
        draws: of the bootstrap.
        seed: of the bootstrap.

    Returns:
        Columns languages_correct, facts, share, ci_low, ci_high, if_independent (expected facts if
        languages erred independently at their own rates).
    """
    n_languages = len(answered.languages)
    number = answered.correct.sum(1)
    each = (number[:, None] == np.arange(n_languages + 1)).astype(float)
    found = widen_constant(mean_interval(each, draws=draws, seed=seed), 0, 1)
    return pd.DataFrame(
        {
            "languages_correct": np.arange(n_languages + 1),
            "facts": c.histogram(answered.correct),
            "share": found.estimate,
            "ci_low": found.low,
            "ci_high": found.high,
            "if_independent": c.independent_histogram(answered.correct),
        }
    )


def _limits(name: str, answered: Answered) -> dict[str, float]:
    if answered.ranks is None or name == "clc":
        return {}
    n_options = answered.ranks.shape[-1]
    if name == "agreement":
        return {"chance": 1 / n_options, "floor": 0.0}
    return {"chance": c.rankc_chance(n_options), "floor": c.rankc_floor(n_options)}


def _row(
    name: str, found: Interval, n: int, chance: float = np.nan, floor: float = np.nan
) -> dict[str, object]:
    return {
        "statistic": name,
        "facts": n,
        "value": float(found.estimate),
        "ci_low": float(found.low),
        "ci_high": float(found.high),
        "chance": chance,
        "floor": floor,
        "note": "" if n >= ENOUGH else f"not enough data: fewer than {ENOUGH} facts",
    }
