"""What a run of option scores says, read back from the study without the model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from interp.data.fact_groups import fact_groups
from interp.data.language_sets import Split, named_sets
from interp.errors import InterpError
from interp.evals.accuracy import accuracy_table, within
from interp.evals.answers import parallel, wide
from interp.evals.choices import LENGTHS, chosen, normalised, ranking
from interp.evals.consistency_tables import (
    Answered,
    histogram_table,
    overall_table,
    pair_table,
)
from interp.evals.flips import flip_table
from interp.stats.bootstrap import DRAWS
from interp.study import Study

GROUPINGS = ("all", "stated", "relation", "split")


@dataclass(frozen=True)
class McqAnswers:
    """The answers of one run under one normalisation.

    Attributes:
        predictions: rows of the table, with ``answer_index``, and with ``correct`` and ``ranks``
            under the normalisation.
        facts: the table ``facts`` of the run's fact set.
        normalisation: what scores were divided by.
        aligned: whether an option denotes the same thing in every language, in all facts.
    """

    predictions: pd.DataFrame
    facts: pd.DataFrame
    normalisation: str
    aligned: bool

    @property
    def correct(self) -> pd.DataFrame:
        """Facts by languages, 1, 0 or empty."""
        return wide(self.predictions).astype(float)


def read_answers(study: Study, run_id: str, *, normalisation: str | None = None) -> McqAnswers:
    """Read a run and decide its answers.

    Args:
        study: the study.
        run_id: a finished run of the analysis ``mcq``.
        normalisation: a key of `interp.evals.choices.LENGTHS`; the run's own when omitted.

    Returns:
        The answers.

    Raises:
        InterpError: an unknown run or normalisation, a run of another analysis.
    """
    spec = study.spec(run_id, "mcq")
    rule = normalisation or spec["arguments"]["normalisation"]
    rows = study.table("predictions", run_id=run_id)
    facts = study.facts(spec["data_hash"])
    scores = normalised(rows, rule)
    answers = facts.set_index(["fact_id", "lang"])["answer_index"]
    wanted = answers.loc[pd.MultiIndex.from_frame(rows[["fact_id", "lang"]])].to_numpy()
    ranks = ranking(scores)
    rows = rows.assign(
        answer_index=wanted, chosen=ranks[:, 0], correct=ranks[:, 0] == wanted, ranks=list(ranks)
    )
    return McqAnswers(rows, facts, rule, bool(study.notes(run_id).get("options_aligned")))


def answered(answers: McqAnswers) -> tuple[Answered, str]:
    """Keep the facts that are there in every language.

    Returns:
        The answers as arrays, and one sentence on what was left out (empty where nothing was).
    """
    table = answers.correct
    kept = parallel(table)
    facts, languages = list(kept.fact_ids), list(kept.languages)
    ranks = None
    if answers.aligned:
        each = wide(answers.predictions, "ranks").loc[facts, languages]
        ranks = np.array(each.to_numpy().tolist())
    correct = table.loc[facts, languages].to_numpy(bool)
    return Answered(kept.languages, correct, ranks), kept.note


def summarise(
    study: Study,
    run_id: str,
    *,
    normalisation: str | None = None,
    sets: Mapping[str, Split] | None = None,
    draws: int = DRAWS,
    seed: int = 0,
) -> dict[str, pd.DataFrame]:
    """Lay out what a run found.

    Args:
        study: the study.
        run_id: a finished run of option scores.
        normalisation: decides again under this one, without the model.
        sets: further splits of the languages (`interp.data.language_sets`).
        draws: of every bootstrap.
        seed: of every bootstrap.

    Returns:
        ``all``, ``stated``, ``relation``, ``split``: accuracy by group, language and set of
        languages (a grouping without groups, e.g. facts of which nobody knows whether a text
        states them, is absent); ``normalisations``: accuracy per language under all four;
        with two languages or more ``overall``, ``histogram`` and ``pairs`` (consistency). All with
        95 % intervals over facts.
    """
    answers = read_answers(study, run_id, normalisation=normalisation)
    correct = answers.correct
    named = named_sets(correct.columns, sets)
    found = {}
    for by in GROUPINGS:
        groups = fact_groups(answers.facts, by)
        if not groups.empty:
            found[by] = accuracy_table(correct, groups, named, draws=draws, seed=seed)
    found["normalisations"] = _normalisations(answers.predictions)
    if len(correct.columns) > 1:
        both, note = answered(answers)
        found["overall"] = overall_table(both, draws=draws, seed=seed)
        if note:
            found["overall"]["note"] = [
                "; ".join(filter(None, (text, note))) for text in found["overall"]["note"]
            ]
        found["histogram"] = histogram_table(both, draws=draws, seed=seed)
        found["pairs"] = pair_table(both, draws=draws, seed=seed)
    return found


def compare(
    study: Study,
    before: str,
    after: str,
    *,
    by: str = "all",
    normalisation: str | None = None,
    sets: Mapping[str, Split] | None = None,
    draws: int = DRAWS,
    seed: int = 0,
) -> pd.DataFrame:
    """Compare two checkpoints fact by fact.

    Args:
        study: the study.
        before: run of the one, e.g. the base.
        after: run of the other.
        by: a grouping of facts, see `interp.data.fact_groups`.
        normalisation: decides again under this one; each run's own when omitted.
        sets: further splits of the languages.
        draws: of the bootstrap.
        seed: of the bootstrap.

    Returns:
        `interp.evals.flips.flip_table` per group, with a column ``group`` in front.

    Raises:
        InterpError: runs that share no facts, or that decided by different normalisations.
    """
    old = read_answers(study, before, normalisation=normalisation)
    new = read_answers(study, after, normalisation=normalisation)
    if old.normalisation != new.normalisation:
        raise InterpError(
            f"{before} decided by {old.normalisation}, {after} by {new.normalisation}: expected "
            "one normalisation for both (it can be chosen now, e.g. byte)"
        )
    asked = [study.spec(run_id)["arguments"] for run_id in (before, after)]
    for name in ("prompt_form", "bos"):
        if asked[0][name] != asked[1][name]:
            raise InterpError(
                f"runs {before} and {after} differ in {name} ({asked[0][name]} and "
                f"{asked[1][name]}): expected the same options, so that only the checkpoint differs"
            )
    groups = fact_groups(old.facts, by)
    frames = []
    for name in dict.fromkeys(groups["group"]):
        members = groups[groups["group"] == name]
        first, second = (within(one.correct, members) for one in (old, new))
        named = named_sets(first.columns, sets)
        table = flip_table(first, second, named, draws=draws, seed=seed)
        table.insert(0, "group", name)
        frames.append(table)
    if not frames:
        raise InterpError(
            f"no fact of {before} has a group under {by!r}: expected another grouping"
        )
    return pd.concat(frames, ignore_index=True)


def _normalisations(rows: pd.DataFrame) -> pd.DataFrame:
    columns = {
        rule: wide(rows.assign(correct=chosen(normalised(rows, rule)) == rows["answer_index"]))
        .astype(float)
        .mean()
        for rule in LENGTHS
    }
    table = pd.DataFrame(columns)
    table.loc["mean"] = table.mean()
    return table.rename_axis("lang").reset_index()
