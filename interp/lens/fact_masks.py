"""Which facts of a lens run are in which group, language by language."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from interp.data.fact_groups import ENGLISH_ONLY, GROUPINGS, STATED, fact_groups
from interp.errors import InterpError
from interp.lens.rank_cube import RankCube, rank_cube
from interp.study import Study

Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class GroupedCube:
    """A run's ranks and the groups of its facts.

    Attributes:
        cube: the ranks.
        masks: group to ``[fact, language]``: which facts are in it. A group may be empty.
    """

    cube: RankCube
    masks: dict[str, Bools]

    def select(self, fact_ids: Sequence[str], languages: Sequence[str]) -> GroupedCube:
        """Keep facts and languages, in the order given; each must be there."""
        at = self.cube.places(fact_ids, languages)
        masks = {group: mask[at] for group, mask in self.masks.items()}
        return GroupedCube(self.cube.select(fact_ids, languages), masks)


def grouped_cube(study: Study, run_id: str, by: str) -> GroupedCube:
    """Read a run's ranks and group its facts.

    Args:
        study: the study.
        run_id: a finished lens run.
        by: a grouping of `interp.data.fact_groups`.

    Returns:
        The cube and its groups: under ``stated`` always both; otherwise those that occur in the
        fact set, in its order.

    Raises:
        InterpError: for a run without English answers beside others, an unknown grouping, or a
            grouping that these facts say nothing about.
    """
    cube = rank_cube(study, run_id)
    if not cube.languages:
        raise InterpError(
            f"run {run_id} has no English answer to compare with: expected prompts in another "
            "language over facts that have an English text; run interp lens with --languages "
            "en and others"
        )
    return GroupedCube(cube, _masks(study, run_id, cube, by))


def _masks(study: Study, run_id: str, cube: RankCube, by: str) -> dict[str, Bools]:
    groups = fact_groups(study.facts(study.spec(run_id)["data_hash"]), by)
    groups = groups[groups["lang"].isin(cube.languages)]
    if groups.empty:
        others = ", ".join(name for name in GROUPINGS if name != by)
        raise InterpError(
            f"the facts of run {run_id} say nothing about {by!r} in {', '.join(cube.languages)}: "
            f"expected another grouping, one of {others}"
        )
    names = (STATED, ENGLISH_ONLY) if by == "stated" else tuple(groups["group"].unique())
    facts = {fact: place for place, fact in enumerate(cube.fact_ids)}
    langs = {lang: place for place, lang in enumerate(cube.languages)}
    ranked = groups[groups["fact_id"].isin(facts)]
    masks = {str(name): np.zeros((len(facts), len(langs)), bool) for name in names}
    for name, rows in ranked.groupby("group"):
        masks[str(name)][rows["fact_id"].map(facts), rows["lang"].map(langs)] = True
    return masks
