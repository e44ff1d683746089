"""Accuracy by language, group of facts and group of languages, with intervals over facts; pure.

All columns of one call share their resamples: a fact that is drawn is drawn in every language,
group and checkpoint.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from interp.stats.bootstrap import (
    DRAWS,
    ENOUGH,
    Interval,
    mean_of_known,
    percentile_interval,
    ratio_draws,
    widen_constant,
    worth_averaging,
)

COLUMNS = ("group", "lang", "facts", "accuracy", "ci_low", "ci_high", "note")


def accuracy_table(
    correct: pd.DataFrame,
    groups: pd.DataFrame,
    language_sets: Mapping[str, Sequence[str]] | None = None,
    *,
    draws: int = DRAWS,
    seed: int = 0,
) -> pd.DataFrame:
    """Average over facts.

    Args:
        correct: facts by languages, 1, 0 or empty (`interp.evals.answers.wide`).
        groups: columns fact_id, lang, group (`interp.data.fact_groups`).
        language_sets: name to languages; their row is the mean of the accuracies of those that
            have 20 facts (or, where none has, any), and its note names the others.
        draws: of the bootstrap.
        seed: of the bootstrap.

    Returns:
        Rows of ``COLUMNS`` per group and language, then per group and language set; ``note`` says
        where fewer than 20 facts stand behind a row. A language or set without any fact in a group
        has a row with 0 facts and no value.
    """
    names = list(dict.fromkeys(groups["group"]))
    languages = [str(lang) for lang in correct.columns]
    parts = [within(correct, groups[groups["group"] == name]) for name in names]
    stacked = np.stack([part.to_numpy(float) for part in parts], axis=1)
    there = ~np.isnan(stacked)
    estimate, drawn = ratio_draws(np.where(there, stacked, 0.0), there, draws=draws, seed=seed)
    found = widen_constant(percentile_interval(estimate, drawn, there.sum(0)), 0, 1)
    rows = [
        _row(name, lang, found, (at, place))
        for at, name in enumerate(names)
        for place, lang in enumerate(languages)
    ]
    for title, codes in (language_sets or {}).items():
        places = [languages.index(code) for code in codes if code in languages]
        if not places:
            continue
        for at, name in enumerate(names):
            n = there[:, at, places].sum(0)
            used = [place for place, kept in zip(places, worth_averaging(n), strict=True) if kept]
            over = percentile_interval(
                mean_of_known(estimate[at, used]),
                mean_of_known(drawn[:, at, used]),
                there[:, at, used].any(-1).sum(),
            )
            rows.append(_row(name, title, widen_constant(over, 0, 1), ()))
            rows[-1]["note"] = average_note([languages[p] for p in places if p not in used], over)
    return pd.DataFrame(rows, columns=list(COLUMNS))


def within(correct: pd.DataFrame, group: pd.DataFrame) -> pd.DataFrame:
    """Empty the cells that are not in a group.

    Args:
        correct: facts by languages.
        group: columns fact_id, lang: the members.

    Returns:
        The same table, empty where a fact in a language is no member.
    """
    index = pd.MultiIndex.from_frame(group[["fact_id", "lang"]])
    grid = pd.MultiIndex.from_product([correct.index, correct.columns])
    return correct.where(np.asarray(grid.isin(index)).reshape(correct.shape))


def average_note(left_out: Sequence[str], over: Interval) -> str:
    """Say what an average over languages rests on.

    Args:
        left_out: languages of the set that it leaves out, because they have too few facts.
        over: the average.
    """
    notes = [] if int(over.n) >= ENOUGH else [f"not enough data: fewer than {ENOUGH} facts"]
    if left_out and int(over.n):
        notes.append(f"without {' '.join(left_out)} (fewer than {ENOUGH} facts)")
    return "; ".join(notes)


def _row(group: str, lang: str, found: Interval, at: tuple[int, ...]) -> dict[str, object]:
    n = int(found.n[at])
    return {
        "group": group,
        "lang": lang,
        "facts": n,
        "accuracy": float(found.estimate[at]),
        "ci_low": float(found.low[at]),
        "ci_high": float(found.high[at]),
        "note": "" if n >= ENOUGH else f"not enough data: fewer than {ENOUGH} facts",
    }
