"""What changed between two checkpoints on the same facts; pure.

Both answered the same facts, so the comparison is paired: a fact that is drawn is drawn for both,
in every language. Facts that only one of the two has are left out and counted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from interp.errors import InterpError
from interp.evals.accuracy import average_note
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

COLUMNS = (
    "lang", "facts", "before", "after", "delta", "ci_low", "ci_high", "gained", "lost", "note",
)  # fmt: skip


def flip_table(
    before: pd.DataFrame,
    after: pd.DataFrame,
    language_sets: Mapping[str, Sequence[str]] | None = None,
    *,
    draws: int = DRAWS,
    seed: int = 0,
) -> pd.DataFrame:
    """Compare two checkpoints language by language.

    Args:
        before: facts by languages, 1, 0 or empty (`interp.evals.answers.wide`), e.g. of the base.
        after: the same of the other checkpoint.
        language_sets: name to languages; their row is the mean over those that have 20 facts
            (or, where none has, any), and its note names the others.
        draws: of the bootstrap.
        seed: of the bootstrap.

    Returns:
        Rows of ``COLUMNS`` per language, then per set: accuracies, their difference with its
        paired 95 % interval, facts ``gained`` (wrong before, correct after) and ``lost`` (sums
        over languages in the row of a set).

    Raises:
        InterpError: the two share no fact or no language.
    """
    facts = before.index.intersection(after.index, sort=False)
    languages = [lang for lang in before.columns if lang in after.columns]
    if not len(facts) or not languages:
        raise InterpError(
            f"the two checkpoints share {len(facts)} facts and {len(languages)} languages "
            f"({', '.join(before.columns)} against {', '.join(after.columns)}): expected the same "
            "facts; run both on one fact set"
        )
    old, new = (frame.loc[facts, languages].to_numpy(float) for frame in (before, after))
    there = ~(np.isnan(old) | np.isnan(new))
    pair = np.stack([np.where(there, old, 0.0), np.where(there, new, 0.0)], axis=1)
    estimate, drawn = ratio_draws(pair, np.stack([there, there], axis=1), draws=draws, seed=seed)
    delta, drawn_delta = estimate[1] - estimate[0], drawn[:, 1] - drawn[:, 0]
    found = widen_constant(percentile_interval(delta, drawn_delta, there.sum(0)), -1, 1)
    gained, lost = (there & (new > old)).sum(0), (there & (new < old)).sum(0)
    missing = _missing(before, after, facts)
    rows = [
        _row(str(lang), estimate[:, at], found, (at,), int(gained[at]), int(lost[at]), missing)
        for at, lang in enumerate(languages)
    ]
    for title, codes in (language_sets or {}).items():
        places = [languages.index(code) for code in codes if code in languages]
        if not places:
            continue
        kept = worth_averaging(there[:, places].sum(0))
        used = [place for place, one in zip(places, kept, strict=True) if one]
        over = percentile_interval(
            mean_of_known(delta[used]),
            mean_of_known(drawn_delta[:, used]),
            there[:, used].any(-1).sum(),
        )
        means = mean_of_known(estimate[:, used])
        sums = int(gained[used].sum()), int(lost[used].sum())
        rows.append(_row(title, means, widen_constant(over, -1, 1), (), *sums, missing))
        left = [code for code in codes if code not in [languages[place] for place in used]]
        notes = average_note(left, over), missing
        rows[-1]["note"] = "; ".join(filter(None, notes))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _missing(before: pd.DataFrame, after: pd.DataFrame, facts: pd.Index) -> str:
    only = len(before) - len(facts), len(after) - len(facts)
    apart = [lang for lang in before.columns.symmetric_difference(after.columns)]
    notes = [f"{only[0]} facts only before, {only[1]} only after"] if any(only) else []
    notes += [f"{' '.join(map(str, apart))} answered by one of the two only"] if apart else []
    return "; ".join(notes)


def _row(
    lang: str,
    means: np.ndarray,
    found: Interval,
    at: tuple[int, ...],
    gained: int,
    lost: int,
    missing: str,
) -> dict[str, object]:
    n = int(found.n[at])
    few = "" if n >= ENOUGH else f"not enough data: fewer than {ENOUGH} facts"
    return {
        "lang": lang,
        "facts": n,
        "before": float(means[0]),
        "after": float(means[1]),
        "delta": float(found.estimate[at]),
        "ci_low": float(found.low[at]),
        "ci_high": float(found.high[at]),
        "gained": gained,
        "lost": lost,
        "note": "; ".join(text for text in (few, missing) if text),
    }
