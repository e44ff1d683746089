"""Two lens runs held against each other: the facts and languages that both ranked."""

from __future__ import annotations

from interp.errors import InterpError
from interp.lens.fact_masks import GroupedCube, grouped_cube
from interp.lens.rank_cube import RankCube, rank_cube
from interp.study import Study

MEASURES = ("prompt_form", "token_rule", "final_norm", "ties", "trailing_space", "bos")
"""Options that decide what a rank is a rank of; runs that differ in one are not comparable."""


def shared_cubes(study: Study, run_a: str, run_b: str, by: str) -> tuple[GroupedCube, RankCube]:
    """Read two runs on the same facts.

    Args:
        study: the study.
        run_a: a finished lens run.
        run_b: another.
        by: how facts are grouped.

    Returns:
        The first run's ranks with its groups, and the second's, both with the shared facts and
        languages in the first's order. A fact may still be absent from one language of one of them.

    Raises:
        InterpError: as `grouped_cube`, and for runs on other facts, with another measure or depth.
    """
    _check_comparable(study, run_a, run_b)
    one = grouped_cube(study, run_a, by)
    two = rank_cube(study, run_b)
    if one.cube.n_points != two.n_points:
        raise InterpError(
            f"runs {run_a} and {run_b} have {one.cube.n_points - 1} and {two.n_points - 1} layers: "
            "expected checkpoints of the same depth"
        )
    known = set(two.fact_ids)
    facts = [fact for fact in one.cube.fact_ids if fact in known]
    languages = [lang for lang in one.cube.languages if lang in two.languages]
    if not languages or not facts:
        raise InterpError(
            f"runs {run_a} and {run_b} share no fact in any language beside English: expected the "
            "same --languages"
        )
    return one.select(facts, languages), two.select(facts, languages)


def _check_comparable(study: Study, run_a: str, run_b: str) -> None:
    a, b = study.spec(run_a), study.spec(run_b)
    if a["data_hash"] != b["data_hash"]:
        raise InterpError(
            f"runs {run_a} and {run_b} ranked other facts (fact sets {a['data_hash'][:12]} and "
            f"{b['data_hash'][:12]}): expected the same; run interp lens with the same --facts"
        )
    for name in MEASURES:
        mine, other = a["arguments"].get(name), b["arguments"].get(name)
        if mine != other:
            raise InterpError(
                f"runs {run_a} and {run_b} differ in {name} ({mine} and {other}): expected the "
                "same measure; run interp lens again with the same options"
            )
