"""Cells (fact, language) of two runs laid beside each other, their groups, and what is averaged over."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from interp.data.fact_groups import ENGLISH_ONLY, STATED, fact_groups
from interp.data.language_sets import named_sets
from interp.evals.accuracy import within
from interp.study import Study

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

ENGLISH = "en"

_GROUP_NAMES = {STATED: "stated", ENGLISH_ONLY: "english_only"}


def beside_english(languages: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """The plain average: over the languages beside English; none where there is no other."""
    others = tuple(lang for lang in languages if lang != ENGLISH)
    return {"": others} if others else {}


def with_sets(languages: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """The plain average and those over the named sets that hold other languages."""
    averages = beside_english(languages)
    for title, codes in named_sets(languages).items():
        if codes not in averages.values():
            averages[title] = codes
    return averages


def aligned(
    base: pd.DataFrame, model: pd.DataFrame, languages: Sequence[str]
) -> tuple[list[str], Floats, Floats]:
    """Lay two tables out over the facts of either.

    Args:
        base: facts by languages, numbers or empty.
        model: the same of the model.
        languages: those to keep.

    Returns:
        The facts, sorted (so that exchanging the checkpoints draws the same facts), and both tables
        ``[fact, language]``.
    """
    facts = sorted({*base.index, *model.index})
    first, second = (
        frame.reindex(index=facts, columns=list(languages)).to_numpy(float)
        for frame in (base, model)
    )
    return facts, first, second


def unmatched(languages: Sequence[str], base: Bools, model: Bools) -> list[str]:
    """Count in a note the cells ``[fact, language]`` that only one of the two has."""
    single = (base ^ model).sum(0)
    counts = [f"{lang} {n}" for lang, n in zip(languages, single, strict=True) if n]
    return [f"facts left out, there for one of the two only: {', '.join(counts)}"] if counts else []


def group_masks(
    facts: pd.DataFrame, by: str, fact_ids: Sequence[str], languages: Sequence[str]
) -> dict[str, Bools]:
    """Say which cells are in which group.

    Args:
        facts: the table ``facts`` of the set.
        by: a grouping of `interp.data.fact_groups`.
        fact_ids: facts of the first axis.
        languages: languages of the second.

    Returns:
        Name of the group, as in statistics, to ``[fact, language]``; groups without a cell are absent.
    """
    groups = fact_groups(facts, by)
    groups = groups[groups["lang"].isin(languages) & groups["fact_id"].isin(fact_ids)]
    there = list(dict.fromkeys(groups["group"]))
    grid = pd.DataFrame(1.0, index=list(fact_ids), columns=list(languages))
    return {
        _GROUP_NAMES.get(name, f"{by}_{name}"): np.asarray(
            within(grid, groups[groups["group"] == name]).notna()
        )
        for name in sorted(there, key=lambda one: one == ENGLISH_ONLY)
    }


def read_facts(study: Study, data_hash: str) -> pd.DataFrame:
    """Read what groups a fact set; no rows where the study holds none (a folder of KLAR, an import).

    Args:
        study: the study.
        data_hash: of the fact set.

    Returns:
        Columns data_hash, fact_id, lang, stated, split.
    """
    columns = ["data_hash", "fact_id", "lang", "stated", "split"]
    facts = study.table("facts", columns=columns)
    return facts[facts["data_hash"] == data_hash].reset_index(drop=True)
