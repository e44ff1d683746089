"""Several checkpoints' answers to the same facts as tables with joint intervals over facts; pure.

One draw of facts serves every checkpoint, language and pair of a table, so that a difference has the
interval of a paired comparison.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from interp.evals import consistency as c
from interp.evals.mcnemar import mcnemar
from interp.stats.bootstrap import (
    mean_interval,
    percentile_interval,
    ratio_draws,
    widen_constant,
)
from interp.stats.permutation import holm

Floats = NDArray[np.float64]

DRAWS = 1000
"""As many as the stored comparisons draw; a page that chooses facts has to answer at once."""

_AGAINST_BASE = (
    "shared", "delta", "delta_low", "delta_high", "gained", "lost", "p", "p_adjusted",
)  # fmt: skip

PAIRWISE = ("agreement", "rankc", "clc", "given")
"""Statistics of two languages; the first two need options that denote the same in every language."""


def accuracy_of(
    correct: Mapping[str, Floats],
    base: str,
    languages: Sequence[str],
    *,
    draws: int = DRAWS,
    seed: int = 0,
) -> pd.DataFrame:
    """Compare accuracies language by language.

    Args:
        correct: label to 1, 0 or not a number ``[fact, language]``, the same axes for all.
        base: label that differences are taken against; without it there are none.
        languages: of the second axis.
        draws: of the bootstrap over facts.
        seed: of the draws.

    Returns:
        One row per label and language: ``facts`` answered, ``right``, ``accuracy`` with its 95 %
        interval (``ci_low``, ``ci_high``) and, against the base on the facts that both answered,
        ``shared`` facts, ``delta`` with its paired interval, facts ``gained`` and ``lost``,
        McNemar's ``p`` and ``p_adjusted`` (Holm over the languages of one checkpoint). What there is
        not is empty.
    """
    labels = list(correct)
    cells = np.stack([correct[label] for label in labels], axis=1)
    there = ~np.isnan(cells)
    columns = [np.where(there, cells, 0.0)]
    sizes = [there.astype(float)]
    others = [label for label in labels if label != base] if base in correct else []
    for label in others:
        pair = [labels.index(base), labels.index(label)]
        both = there[:, pair].all(axis=1, keepdims=True)
        columns.append(np.where(both, np.nan_to_num(cells[:, pair]), 0.0))
        sizes.append(np.repeat(both, 2, axis=1).astype(float))
    estimate, drawn = ratio_draws(
        np.concatenate(columns, 1), np.concatenate(sizes, 1), draws=draws, seed=seed
    )
    n = there.sum(0)
    level = widen_constant(
        percentile_interval(estimate[: len(labels)], drawn[:, : len(labels)], n), 0, 1
    )
    frames = []
    for at, label in enumerate(labels):
        frame = pd.DataFrame(
            {
                "label": label,
                "lang": list(languages),
                "facts": n[at],
                "right": np.nansum(cells[:, at], axis=0).astype(int),
                "accuracy": estimate[at],
                "ci_low": level.low[at],
                "ci_high": level.high[at],
            }
        )
        if label in others:
            place = len(labels) + 2 * others.index(label)
            old, new = cells[:, labels.index(base)], cells[:, at]
            shared = (~np.isnan(old) & ~np.isnan(new)).sum(0)
            found = widen_constant(
                percentile_interval(
                    estimate[place + 1] - estimate[place],
                    drawn[:, place + 1] - drawn[:, place],
                    shared,
                ),
                -1,
                1,
            )
            gained, lost = (new > old).sum(0), (new < old).sum(0)
            p = np.where(shared > 0, mcnemar(gained, lost), np.nan)
            frame = frame.assign(
                shared=shared, delta=found.estimate, delta_low=found.low, delta_high=found.high,
                gained=gained, lost=lost, p=p, p_adjusted=holm(p),
            )  # fmt: skip
        frames.append(frame)
    table = pd.concat(frames, ignore_index=True)
    table = table.reindex(columns=list(dict.fromkeys([*table.columns, *_AGAINST_BASE])))
    return table.astype({name: "Int64" for name in ("shared", "gained", "lost")})


def right_in_languages(
    correct: Mapping[str, Floats], *, draws: int = DRAWS, seed: int = 0
) -> pd.DataFrame:
    """Count facts by the number of languages in which they are right, 0 to L.

    Args:
        correct: label to 1, 0 or not a number ``[fact, language]``; only facts that every checkpoint
            answered in every language count.
        draws: of the bootstrap over facts.
        seed: of the draws.

    Returns:
        One row per label and number: ``languages_right``, ``facts``, ``of`` (all that count),
        ``share`` with its interval, and ``if_independent`` (expected facts if languages erred
        independently at their own rates). No rows where no fact counts.
    """
    cells = np.stack(list(correct.values()), axis=1)
    cells = cells[~np.isnan(cells).any(axis=(1, 2))]
    n_languages = cells.shape[2]
    columns = ("label", "languages_right", "facts", "of", "share", "ci_low", "ci_high",
               "if_independent")  # fmt: skip
    if not len(cells):
        return pd.DataFrame(columns=list(columns))
    number = cells.sum(2)
    each = (number[..., None] == np.arange(n_languages + 1)).astype(float)
    found = widen_constant(mean_interval(each, draws=draws, seed=seed), 0, 1)
    frames = [
        pd.DataFrame(
            {
                "label": label,
                "languages_right": np.arange(n_languages + 1),
                "facts": c.histogram(cells[:, at]),
                "of": len(cells),
                "share": found.estimate[at],
                "ci_low": found.low[at],
                "ci_high": found.high[at],
                "if_independent": c.independent_histogram(cells[:, at]),
            }
        )
        for at, label in enumerate(correct)
    ]
    return pd.concat(frames, ignore_index=True)


def pairs_of(
    correct: Mapping[str, Floats],
    ranks: Mapping[str, NDArray[np.int64]] | None,
    base: str,
    languages: Sequence[str],
    statistic: str,
    *,
    draws: int = DRAWS,
    seed: int = 0,
) -> pd.DataFrame:
    """Compare every two languages, checkpoint by checkpoint.

    Args:
        correct: label to 1, 0 or not a number ``[fact, language]``; only facts that every checkpoint
            answered in every language count.
        ranks: label to places of options, best first ``[fact, language, rank]``; needed by
            ``agreement`` and ``rankc``.
        base: label that differences are taken against.
        languages: of the second axis.
        statistic: one of ``PAIRWISE``; see `interp.evals.consistency`.
        draws: of the bootstrap over facts.
        seed: of the draws.

    Returns:
        One row per label and ordered pair of different languages: ``value`` with its interval,
        ``facts`` that carry it, and ``delta`` against the base with its paired interval. The
        symmetric statistics repeat each pair in both orders. No rows where no fact counts.
    """
    whole = ~np.isnan(np.stack(list(correct.values()), axis=1)).any(axis=(1, 2))
    labels, size = list(correct), len(languages)
    columns = ("label", "lang", "other_lang", "statistic", "value", "ci_low", "ci_high", "facts",
               "delta", "delta_low", "delta_high")  # fmt: skip
    if not whole.any() or size < 2:
        return pd.DataFrame(columns=list(columns))
    one, other = (
        np.nonzero(~np.eye(size, dtype=bool)) if statistic == "given" else np.triu_indices(size, 1)
    )
    parts = [
        _per_fact(statistic, correct[label][whole], None if ranks is None else ranks[label][whole])
        for label in labels
    ]
    top = np.stack([part[0][:, one, other] for part in parts], axis=1)
    bottom = np.stack([part[1][:, one, other] for part in parts], axis=1)
    estimate, drawn = ratio_draws(top, bottom, draws=draws, seed=seed)
    n = (bottom > 0).sum(0)
    level = widen_constant(percentile_interval(estimate, drawn, n), 0, 1)
    codes = np.array(languages, object)
    frames = []
    for at, label in enumerate(labels):
        frame = pd.DataFrame(
            {
                "label": label,
                "lang": codes[one],
                "other_lang": codes[other],
                "statistic": statistic,
                "value": estimate[at],
                "ci_low": level.low[at],
                "ci_high": level.high[at],
                "facts": n[at],
                "delta": np.nan,
                "delta_low": np.nan,
                "delta_high": np.nan,
            }
        )
        if base in correct and label != base:
            old = labels.index(base)
            found = widen_constant(
                percentile_interval(
                    estimate[at] - estimate[old],
                    drawn[:, at] - drawn[:, old],
                    np.minimum(n[at], n[old]),
                ),
                -1,
                1,
            )
            frame = frame.assign(delta=found.estimate, delta_low=found.low, delta_high=found.high)
        frames.append(frame)
        if statistic != "given":
            turned = {"lang": "other_lang", "other_lang": "lang"}
            frames.append(frame.rename(columns=turned)[list(columns)])
    return pd.concat(frames, ignore_index=True)


def pair_chance(statistic: str, n_options: int) -> float:
    """Say what random rankings would give; not a number where that depends on the accuracies."""
    if n_options and statistic == "agreement":
        return 1 / n_options
    return c.rankc_chance(n_options) if n_options and statistic == "rankc" else float("nan")


def _per_fact(
    statistic: str, correct: Floats, ranks: NDArray[np.int64] | None
) -> tuple[Floats, Floats]:
    """Numerator and denominator per fact, each ``[fact, language, language]``."""
    if statistic in ("clc", "given"):
        return (c.clc if statistic == "clc" else c.given)(correct)
    if ranks is None:
        raise ValueError(f"{statistic} needs the ranking of options")
    values = c.rankc(ranks) if statistic == "rankc" else c.agreement(ranks[..., 0])
    return values, np.ones_like(values)
