"""Facts answered correctly with and without heads or neurons ablated. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from interp.causal.controls import KINDS
from interp.causal.sets import AblationSet
from interp.evals.choices import chosen
from interp.evals.option_items import OptionItem
from interp.stats.bootstrap import DRAWS, mean_interval, widen_constant


@dataclass(frozen=True)
class Answers:
    """Whether facts were answered correctly.

    Attributes:
        sets: what was ablated; the first is ``intact``.
        languages: in which the facts were asked.
        fact_ids: the facts.
        correct: 0 or 1, ``[set, language, fact]``.
    """

    sets: tuple[AblationSet, ...]
    languages: tuple[str, ...]
    fact_ids: tuple[str, ...]
    correct: NDArray[np.uint8]


def answers(
    sets: Sequence[AblationSet], items: Sequence[OptionItem], scores: NDArray[np.float64]
) -> Answers:
    """Choose the best option per byte, as ``interp eval`` does by default.

    Args:
        sets: what was ablated.
        items: fact by fact, and within a fact language by language.
        scores: sums of log-probabilities ``[set, item, option]``.

    Returns:
        What was answered correctly.
    """
    languages = tuple(dict.fromkeys(item.lang for item in items))
    fact_ids = tuple(dict.fromkeys(item.fact_id for item in items))
    n_bytes = np.array([item.n_bytes for item in items], float)
    correct = chosen(scores / n_bytes) == np.array([item.answer_index for item in items])
    by_fact = correct.reshape(len(sets), len(fact_ids), len(languages))
    return Answers(tuple(sets), languages, fact_ids, by_fact.transpose(0, 2, 1).astype(np.uint8))


def accuracy_frame(found: Answers, *, draws: int = DRAWS, seed: int = 0) -> pd.DataFrame:
    """Change of the share of correct answers, paired by fact.

    Args:
        found: the answers.
        draws: resamples of facts, the same for all sets and languages.
        seed: of the resamples.

    Returns:
        Columns ``source_lang``, ``lang``, ``kind``, ``draw`` (empty: the language's own set, or
        the mean over the draws of a control), ``delta_accuracy``, ``accuracy_low``,
        ``accuracy_high``, ``n_facts``.
    """
    change = found.correct[1:].astype(float) - found.correct[:1]
    labels = [(one.lang, one.kind, one.draw) for one in found.sets[1:]]
    groups: dict[tuple[str, str], list[int]] = {}
    for row, (lang, kind, _) in enumerate(labels):
        if kind in KINDS:
            groups.setdefault((lang, kind), []).append(row)
    means = [change[rows].mean(0) for rows in groups.values()]
    labels += [(lang, kind, None) for lang, kind in groups]
    values = np.concatenate([change, np.array(means).reshape(-1, *change.shape[1:])])
    interval = mean_interval(np.moveaxis(values, -1, 0), draws=draws, seed=seed)
    interval = widen_constant(interval, -1.0, 1.0)
    frame = pd.DataFrame(
        [
            {"source_lang": source, "lang": lang, "kind": kind, "draw": draw}
            for source, kind, draw in labels
            for lang in found.languages
        ]
    )
    frame["draw"] = frame["draw"].astype("Int64")
    return frame.assign(
        delta_accuracy=interval.estimate.ravel(),
        accuracy_low=interval.low.ravel(),
        accuracy_high=interval.high.ravel(),
        n_facts=len(found.fact_ids),
    )
