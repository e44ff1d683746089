"""Change of accuracy of groups of facts, one draw of facts for all groups, languages and both checkpoints; pure."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from interp.evals.checkpoint_tables import DRAWS
from interp.stats.bootstrap import (
    mean_of_known,
    percentile_interval,
    ratio_draws,
    widen_constant,
    worth_averaging,
)

Floats = NDArray[np.float64]

ALL = "all"
"""Of the rows that average over languages."""


def gains(
    base: Floats,
    model: Floats,
    groups: Sequence[str],
    languages: Sequence[str],
    *,
    draws: int = DRAWS,
    seed: int = 0,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Take paired differences of accuracy, group by group.

    Args:
        base: 1, 0 or not a number ``[fact, language]``.
        model: the same of the other checkpoint.
        groups: group of each fact.
        languages: of the second axis.
        draws: of the bootstrap over facts.
        seed: of the draws.

    Returns:
        Two tables. One row per group and language, then one of ``lang`` ``all`` per group (the mean over
        the languages with 20 of its facts, or, where none has, with any): ``group``, ``lang``,
        ``facts`` that both answered, ``before``, ``after``, ``delta`` with its paired 95 % interval,
        facts ``gained`` and ``lost``. And one row per two groups and language, and
        for ``all``: ``group`` and ``other``, the ``delta`` of the first minus that of the second, with its
        interval.
    """
    names = list(dict.fromkeys(groups))
    there = ~(np.isnan(base) | np.isnan(model))
    member = np.asarray(groups, object)[:, None] == np.array(names, object)
    inside = there[:, None, :] & member[:, :, None]  # [fact, group, language]
    top = np.stack([np.where(inside, one[:, None, :], 0.0) for one in (base, model)], axis=1)
    bottom = np.repeat(inside[:, None].astype(float), 2, axis=1)
    level, drawn = ratio_draws(top, bottom, draws=draws, seed=seed)
    delta, drawn_delta = level[1] - level[0], drawn[:, 1] - drawn[:, 0]
    n = inside.sum(0)
    each = widen_constant(percentile_interval(delta, drawn_delta, n), -1, 1)
    ups = (inside & (model > base)[:, None, :]).sum(0)
    downs = (inside & (model < base)[:, None, :]).sum(0)
    rows = [
        (name, lang, n[at, place], level[0, at, place], level[1, at, place], delta[at, place],
         each.low[at, place], each.high[at, place], ups[at, place], downs[at, place])
        for at, name in enumerate(names) for place, lang in enumerate(languages)
    ]  # fmt: skip
    means = np.full(len(names), np.nan)
    drawn_means = np.full((len(drawn), len(names)), np.nan)
    for at, name in enumerate(names):
        used = worth_averaging(n[at])
        means[at] = mean_of_known(delta[at, used])
        drawn_means[:, at] = mean_of_known(drawn_delta[:, at, used])
        facts = int(inside[:, at, used].any(-1).sum())
        over = widen_constant(percentile_interval(means[at], drawn_means[:, at], facts), -1, 1)
        before, after = (mean_of_known(level[side, at, used]) for side in (0, 1))
        rows.append(
            (name, ALL, facts, float(before), float(after), means[at], float(over.low),
             float(over.high), ups[at, used].sum(), downs[at, used].sum())
        )  # fmt: skip
    columns = ["group", "lang", "facts", "before", "after", "delta", "delta_low", "delta_high",
               "gained", "lost"]  # fmt: skip
    table = pd.DataFrame(rows, columns=columns).astype({"gained": int, "lost": int, "facts": int})
    means_too = np.concatenate([delta, means[:, None]], 1)
    drawn_too = np.concatenate([drawn_delta, drawn_means[..., None]], 2)
    sizes = np.concatenate([n, inside.any(-1).sum(0)[:, None]], 1)
    return table, _between(names, [*languages, ALL], means_too, drawn_too, sizes)


def _between(
    names: Sequence[str],
    places: Sequence[str],
    delta: Floats,
    drawn: Floats,
    facts: NDArray[np.int64],
) -> pd.DataFrame:
    """Take differences of changes ``[group, place]``, drawn together ``[draw, group, place]``."""
    frames = []
    for one in range(len(names)):
        for other in range(one + 1, len(names)):
            found = percentile_interval(
                delta[one] - delta[other],
                drawn[:, one] - drawn[:, other],
                np.minimum(facts[one], facts[other]),
            )
            about = {"group": names[one], "other": names[other], "lang": list(places)}
            ends = {
                "delta": found.estimate, "delta_low": found.low, "delta_high": found.high,
            }  # fmt: skip
            frames.append(pd.DataFrame(about | ends))
    columns = ["group", "other", "lang", "delta", "delta_low", "delta_high"]
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=columns)
