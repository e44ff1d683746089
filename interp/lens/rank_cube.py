"""A lens run's ranks as arrays: facts by languages by layers, read from the study without the model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from interp.errors import InterpError
from interp.study import Study

Floats = NDArray[np.float64]


def rank_table(study: Study, run_id: str) -> pd.DataFrame:
    """Read what a lens run ranked, every row.

    Args:
        study: the study.
        run_id: a finished lens run.

    Returns:
        Columns fact_id, lang, role, layer, point (never empty) and rank.

    Raises:
        InterpError: for an unknown run, or one that ranked nothing.
    """
    columns = ["fact_id", "lang", "role", "layer", "point", "rank"]
    table = study.table("lens_ranks", run_id=run_id, columns=columns)
    if table.empty:
        raise _no_ranks(run_id)
    table["point"] = table["point"].fillna("post")  # empty means the same, and groups drop it
    return table


def layer_ranks(study: Study, run_id: str) -> pd.DataFrame:
    """Read the ranks at the layers, without ``mid`` points; quick for millions of rows.

    Args:
        study: the study.
        run_id: a finished lens run.

    Returns:
        Columns fact_id, lang and role (as categories), layer and rank.

    Raises:
        InterpError: for an unknown run, or one that ranked nothing.
    """
    texts = ["fact_id", "lang", "role", "point"]
    table = study.rows(
        "lens_ranks",
        run_id=run_id,
        where={},
        columns=[*texts, "layer", "rank"],
        categories=texts,
    )
    if table.empty:
        raise _no_ranks(run_id)
    post = table["point"].isna() | (table["point"] == "post")
    return table[post].drop(columns="point")


def _no_ranks(run_id: str) -> InterpError:
    return InterpError(f"run {run_id} holds no lens ranks: expected a run of interp lens")


@dataclass(frozen=True)
class RankCube:
    """Ranks of the target and of the English answer, 0-based.

    Attributes:
        fact_ids: the facts, sorted.
        languages: those with an English answer beside the target's, in the run's order.
        target: ``[fact, language, layer]``, points 0 to L; not a number where the run has no such
            item (dropped because its tokens collide).
        english: the same for the English answer.
    """

    fact_ids: tuple[str, ...]
    languages: tuple[str, ...]
    target: Floats
    english: Floats

    @property
    def n_points(self) -> int:
        """Points along the depth, L + 1."""
        return self.target.shape[-1]

    def places(
        self, fact_ids: Sequence[str], languages: Sequence[str]
    ) -> tuple[NDArray[np.intp], ...]:
        """Index the first two axes by facts and languages; each must be there."""
        facts = {fact: place for place, fact in enumerate(self.fact_ids)}
        langs = [self.languages.index(lang) for lang in languages]
        return np.ix_([facts[fact] for fact in fact_ids], langs)

    def select(self, fact_ids: Sequence[str], languages: Sequence[str]) -> RankCube:
        """Keep facts and languages, in the order given; each must be there."""
        at = self.places(fact_ids, languages)
        return RankCube(tuple(fact_ids), tuple(languages), self.target[at], self.english[at])


def rank_cube(study: Study, run_id: str) -> RankCube:
    """Read a lens run's ranks as arrays; ``mid`` points are left out.

    Args:
        study: the study.
        run_id: a finished lens run.

    Returns:
        The cube; without any language where nothing has an English answer.

    Raises:
        InterpError: for an unknown run, or one that ranked nothing.
    """
    table = layer_ranks(study, run_id)
    english = table[table["role"] == "en"]
    # The first fact may lack a language, so that the table's own order is not the run's.
    asked = study.spec(run_id)["arguments"].get("languages", [])
    found = [str(lang) for lang in english["lang"].unique()]
    languages = tuple(sorted(found, key=lambda lang: [*asked, *found].index(lang)))
    facts = tuple(sorted(str(fact) for fact in english["fact_id"].unique()))
    n_points = int(table["layer"].max()) + 1
    arrays = [
        filled(table[table["role"] == role], facts, languages, n_points)
        for role in ("target", "en")
    ]
    return RankCube(facts, languages, arrays[0], arrays[1])


def filled(
    rows: pd.DataFrame, facts: tuple[str, ...], languages: tuple[str, ...], n_points: int
) -> Floats:
    """Lay rows out as an array.

    Args:
        rows: of `layer_ranks`, of one role.
        facts: the first axis.
        languages: the second; rows of others are left out.
        n_points: the length of the third.

    Returns:
        Ranks ``[fact, language, layer]``, not a number where there is no row.
    """
    cube = np.full((len(facts), len(languages), n_points), np.nan)
    fact, lang = _places(rows["fact_id"], facts), _places(rows["lang"], languages)
    known = (fact >= 0) & (lang >= 0)
    layer = rows["layer"].to_numpy()[known]
    cube[fact[known], lang[known], layer] = rows["rank"].to_numpy()[known]
    return cube


def _places(values: pd.Series[Any], known: tuple[str, ...]) -> NDArray[np.intp]:
    """Place of every value (categories) in ``known``, -1 where it is not there."""
    place = pd.Index(known, dtype=object).get_indexer(pd.Index(values.cat.categories, dtype=object))
    found: NDArray[np.intp] = place[values.cat.codes.to_numpy()]
    return found
