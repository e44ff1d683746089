"""Do facts that a language's text never stated pass through English more than those it did?

A claim of the language-transition account: known in English only, a fact is found in English and has
to be brought over. Two groups *separate* where their 95 % intervals do not overlap, which asks for
more than a difference whose own interval excludes 0; that interval is given beside it. The groups hold
different facts (of other relations, with other answers), so what separates them need not be the
statement.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from interp.data.fact_groups import ENGLISH_ONLY, STATED
from interp.lens.fact_masks import grouped_cube
from interp.lens.resampling import difference, fact_values, resample
from interp.lens.transition_frames import (
    ALL_LANGUAGES,
    NO_FACTS,
    TOO_FEW,
    axes_frame,
    layer_text,
)
from interp.stats.bootstrap import DRAWS, ENOUGH, draw_counts
from interp.study import Study

STATISTICS = ("pivot_share", "mean_pivot_share", "transition_failure")
SEPARATE, OVERLAP = "separate", "overlap"
_WORDS = {"mean_pivot_share": "mean pivot share", "transition_failure": "transition failure"}


def separation(
    study: Study, run_id: str, *, draws: int = DRAWS, seed: int = 0
) -> tuple[pd.DataFrame, str]:
    """Compare *English only* with *stated in language*.

    Args:
        study: the study.
        run_id: a finished lens run.
        draws: number of resamples.
        seed: of the draws.

    Returns:
        A frame with columns lang, statistic (of ``STATISTICS``), layer (missing except for the pivot
        share), stated and english_only each with ``_low``, ``_high`` and ``n_``, difference (English
        only minus stated) with ``_low`` and ``_high``, and verdict: ``separate``, ``overlap``,
        ``not enough data`` or ``no facts``. The average over languages takes those in which both
        groups have ``ENOUGH`` facts. And one sentence that says what separates.

    Raises:
        InterpError: for a run without English answers, or facts that do not say what is stated.
    """
    grouped = grouped_cube(study, run_id, "stated")
    values = fact_values(grouped.cube)
    there = ~np.isnan(values).any(-1)
    counts = draw_counts(len(grouped.cube.fact_ids), draws, seed)
    masks = [grouped.masks[group] & there for group in (STATED, ENGLISH_ONLY)]
    averaged = np.all([mask.sum(0) >= ENOUGH for mask in masks], axis=0)
    stated, only = (resample(values, mask, counts, averaged) for mask in masks)
    frames = []
    for statistic in STATISTICS:
        ends = {"stated": stated.interval(statistic), "english_only": only.interval(statistic)}
        ends["difference"] = difference(stated, only, statistic)
        frame = axes_frame(grouped.cube.languages, ends["difference"].estimate.shape)
        frame.insert(1, "statistic", statistic)
        for name, end in ends.items():
            frame[name] = end.estimate.ravel()
            frame[f"{name}_low"], frame[f"{name}_high"] = end.low.ravel(), end.high.ravel()
        for name in ("stated", "english_only"):
            frame[f"n_{name}"] = ends[name].n.ravel()
        frames.append(frame)
    table = pd.concat(frames, ignore_index=True).astype({"layer": "Int64"})
    table["verdict"] = _verdicts(table)
    return table, sentence(table)


def _verdicts(table: pd.DataFrame) -> NDArray[np.object_]:
    fewest = table[["n_stated", "n_english_only"]].min(axis=1)
    apart = (table["stated_high"] < table["english_only_low"]) | (
        table["english_only_high"] < table["stated_low"]
    )
    none = (fewest == 0) & (table["lang"] != ALL_LANGUAGES)  # of those: no language has enough
    cases = [(none, NO_FACTS), (fewest < ENOUGH, TOO_FEW), (apart, SEPARATE)]
    verdicts = np.full(len(table), OVERLAP, object)
    for holds, verdict in reversed(cases):
        verdicts[holds.to_numpy()] = verdict
    return verdicts


def sentence(table: pd.DataFrame) -> str:
    """Say over all languages and language by language what separates and what does not.

    Args:
        table: of `separation`.

    Returns:
        One sentence.
    """
    whole, single = (table[(table["lang"] == ALL_LANGUAGES) == wanted] for wanted in (True, False))
    overall, by_language = [], []
    for name, word in _WORDS.items():
        overall.append(_overall(whole[whole["statistic"] == name].iloc[0], word))
        rows = single[single["statistic"] == name]
        found = rows.loc[rows["verdict"] == SEPARATE, "lang"].tolist()
        known = int(rows["verdict"].isin([SEPARATE, OVERLAP]).sum())
        by_language.append(f"{word} in {' '.join(found) or 'none'} ({len(found)} of {known})")
    layers = whole[whole["statistic"] == "pivot_share"]
    apart = layer_text(layers.loc[layers["verdict"] == SEPARATE, "layer"])
    return (
        f"{ENGLISH_ONLY} against {STATED}, by intervals of 95 % that do not overlap: over all "
        f"languages {', '.join(overall)} and pivot share separates at layers {apart} of 0 to "
        f"{layers['layer'].max()}; by language, these separate: {', '.join(by_language)}."
    )


def _overall(row: pd.Series[Any], word: str) -> str:
    if row["verdict"] not in (SEPARATE, OVERLAP):
        return f"{word} has {row['verdict']}"
    only, stated = (
        f"{100 * row[name]:.1f} % [{100 * row[f'{name}_low']:.1f}, {100 * row[f'{name}_high']:.1f}]"
        for name in ("english_only", "stated")
    )
    says = "separates" if row["verdict"] == SEPARATE else "does not separate"
    return f"{word} {says} ({only} against {stated})"
