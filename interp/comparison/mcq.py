"""Statistics of two runs of option scores: accuracy, and consistency across languages.

* ``accuracy``: share of facts whose true option scores best, under the runs' own normalisation; per
  language, averaged, and as averages of the groups of facts;
* ``total_consistency``: share of facts right in every language;
* ``rankc_mean`` and ``agreement``: means over all pairs of languages of RankC and of *the same option
  chosen* (`interp.evals.consistency`), where options denote the same things in every language.

The last three are over the facts that both runs have in every language that both have. Facts that
were gained and lost are counts and not differences: `interp.evals.flips` has them.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from interp.comparison.fact_cells import aligned, unmatched, with_sets
from interp.comparison.facts import Part, built, grouped, plain
from interp.comparison.family import (
    Built,
    NotComparable,
    RunPair,
    differing_models,
    differing_options,
    shared_languages,
)
from interp.evals import consistency
from interp.evals.answers import wide
from interp.evals.mcq_summary import McqAnswers, read_answers
from interp.study import Study

Floats = NDArray[np.float64]

MEASURES = ("normalisation", "prompt_form", "bos")
"""Options that decide what an answer is."""


def build(study: Study, pair: RunPair) -> Built:
    """Build the statistics of two runs of option scores on the facts that both answered.

    Args:
        study: the study.
        pair: the runs.

    Returns:
        A paired comparison over facts; see `interp.comparison.facts` for the names. Facts of
        different fact sets are the same where question and options are.

    Raises:
        NotComparable: for other options, and no fact or language in common.
        InterpError: for scores that are no numbers.
    """
    differing_options(pair, MEASURES)
    old, new = (read_answers(study, run_id) for run_id in (pair.base_run, pair.label_run))
    notes = differing_models(pair)
    if pair.base_spec["data_hash"] != pair.label_spec["data_hash"]:
        old, new = _same_questions(old, new), _same_questions(new, old)
        notes.append("different fact sets: facts with the same question and options in both")
    base, model = old.correct, new.correct
    languages, left = shared_languages(list(base.columns), list(model.columns))
    facts, *correct = aligned(base, model, languages)
    notes += left + unmatched(languages, *(~np.isnan(side) for side in correct))
    whole = _accuracy(languages, *correct)
    parts = [whole, *grouped(whole, old.facts, facts)]
    if len(languages) > 1:
        parts += _across(old, new, facts, languages, correct, notes)
    return built(parts, notes)


def _same_questions(mine: McqAnswers, other: McqAnswers) -> McqAnswers:
    """Keep of ``mine`` the answers to what the other was asked, too."""
    keys = ["fact_id", "lang", "question", "answer_index", "options"]
    first, second = (
        one.facts[keys].assign(options=one.facts["options"].map(tuple)) for one in (mine, other)
    )
    shared = pd.MultiIndex.from_frame(first.merge(second, on=keys)[["fact_id", "lang"]])
    asked = pd.MultiIndex.from_frame(mine.predictions[["fact_id", "lang"]])
    kept = mine.predictions[asked.isin(shared)]
    if kept.empty:
        raise NotComparable(
            "the runs were asked other facts (none with the same question and options): run interp "
            "eval mcq with the same --facts"
        )
    return McqAnswers(kept, mine.facts, mine.normalisation, mine.aligned)


def _accuracy(languages: Sequence[str], base: Floats, model: Floats) -> Part:
    return Part(
        tuple(languages), base[..., None], model[..., None], plain("accuracy"), with_sets(languages),
        shares=("accuracy",),
    )  # fmt: skip


def _across(
    old: McqAnswers,
    new: McqAnswers,
    facts: Sequence[str],
    languages: Sequence[str],
    correct: Sequence[Floats],
    notes: list[str],
) -> list[Part]:
    """Statistics of facts across all languages; adds to the notes what is left out."""
    whole = np.asarray(~np.isnan(np.stack(correct)).any((0, 2)))
    if short := int((~whole).sum()):
        notes.append(f"consistency across languages without {short} facts that a language lacks")
    kept = [fact for fact, there in zip(facts, whole, strict=True) if there]
    if not kept:
        return []
    names = ["total_consistency"]
    columns = [[consistency.total_consistency(side[whole])] for side in correct]
    if old.aligned and new.aligned:
        names += ["rankc_mean", "agreement"]
        for mine, answers in zip(columns, (old, new), strict=True):
            ranks = wide(answers.predictions, "ranks").loc[kept, list(languages)]
            mine += _pair_means(np.array(ranks.to_numpy().tolist()))
    else:
        notes.append(
            "no RankC or agreement: nobody knows that an option is the same thing in every language"
        )
    base, model = (_of_facts(whole, mine) for mine in columns)
    every = ("every language",)
    averages = {"": every}
    return [Part(every, base, model, plain(*names), averages, each=False, shares=names)]


def _of_facts(whole: NDArray[np.bool_], columns: Sequence[Floats]) -> Floats:
    """Columns of the facts that are whole, ``[fact, 1, column]``; not a number for the others."""
    found = np.full((len(whole), 1, len(columns)), np.nan)
    found[whole, 0] = np.stack(columns, axis=-1)
    return found


def _pair_means(ranks: NDArray[np.int64]) -> list[Floats]:
    """RankC and agreement of each fact, averaged over the pairs of languages, ``[fact]`` each.

    Every fact is there in every language, so that the mean over facts of these is the mean over
    pairs of the pairs' means.
    """
    above = np.triu_indices(ranks.shape[1], 1)
    found = (consistency.rankc(ranks), consistency.agreement(ranks[..., 0]))
    return [one[:, above[0], above[1]].mean(1) for one in found]
