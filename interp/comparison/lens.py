"""Statistics of two lens runs: how answers pass from English, and whether they come first at the end.

Definitions of the English-pivot statistics are in `interp.lens.pivot` and `interp.lens.resampling`.
Beside them, of every language that was asked, English included:

* ``target_first``: share of facts whose target token has rank 0 at the last point (tied with others it
  has rank 0 under ties ``best``, more under ``mean``);
* ``mean_log_rank``: mean of log10(1 + rank) of the target token at the last point.

The median crossover is no statistic here: where fewer than half of the facts cross it is not reached,
and a difference of two that are not reached is none. ``never_crosses`` says what there is to say.
Between checkpoints of different depth only what needs no common layer is compared:
``mean_pivot_share`` is then the share of each one's own points, and ``transition_failure`` looks at the
last third of each one's own layers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from interp.comparison.fact_cells import (
    ENGLISH,
    aligned,
    beside_english,
    group_masks,
    read_facts,
    unmatched,
)
from interp.comparison.facts import Part, built, plain
from interp.comparison.family import (
    Built,
    NotComparable,
    RunPair,
    differing_models,
    differing_options,
    shared_languages,
)
from interp.data.languages import in_table_order
from interp.lens.rank_cube import RankCube, rank_cube, rank_table
from interp.lens.resampling import SHARES, fact_values, statistics_of
from interp.lens.run_pairs import MEASURES
from interp.study import Study

Floats = NDArray[np.float64]

PIVOT = ("mean_pivot_share", "window_layers", "never_crosses", "pivot_mass", "transition_failure")
"""English-pivot statistics of checkpoints of one depth."""

ANY_DEPTH = ("mean_pivot_share", "never_crosses", "transition_failure")
"""Those of checkpoints of different depths."""

FINAL = ("target_first", "mean_log_rank")
"""What the last point says of the target alone."""


@dataclass(frozen=True)
class _Ranks:
    """What one run ranked.

    Attributes:
        cube: target and English along the layers.
        last: rank of the target at the last point, facts by languages.
    """

    cube: RankCube
    last: pd.DataFrame


def build(study: Study, pair: RunPair) -> Built:
    """Build the statistics of two lens runs on the facts that both ranked.

    Args:
        study: the study.
        pair: the runs.

    Returns:
        A paired comparison over facts; see `interp.comparison.facts` for the names. Groups by what
        the training text states are there where the facts say so.

    Raises:
        NotComparable: for other facts, another measure, no language in common, or ranks that are no
            numbers.
        InterpError: for a run that ranked nothing.
    """
    differing_options(pair, MEASURES)
    old, new = pair.base_spec["data_hash"], pair.label_spec["data_hash"]
    if old != new:
        raise NotComparable(
            f"the runs ranked other facts (fact sets {old[:12]} and {new[:12]}): run interp lens with "
            "the same --facts"
        )
    one, two = _read(study, pair.base_run), _read(study, pair.label_run)
    languages, notes = shared_languages(list(one.last.columns), list(two.last.columns))
    facts, *last = aligned(one.last, two.last, languages)
    notes += unmatched(languages, *(~np.isnan(side) for side in last))
    parts = [_final_part(languages, *last)]
    if both := [lang for lang in one.cube.languages if lang in two.cube.languages]:
        parts.append(_pivot_part(facts, both, one.cube, two.cube))
    beside = [lang for lang in languages if lang != ENGLISH]  # English texts state everything
    places = [languages.index(lang) for lang in beside]
    grouped = [_final_part(beside, *(side[:, places] for side in last)), *parts[1:]]
    for group, mask in group_masks(read_facts(study, old), "stated", facts, beside).items():
        for part in grouped:
            member = mask[:, [beside.index(lang) for lang in part.languages]]
            parts.append(part.only(group, member))
    depths = one.cube.n_points, two.cube.n_points
    said = [*notes, *_notes(pair, *depths)]
    return built(parts, said, exchangeable=depths[0] == depths[1])


def _read(study: Study, run_id: str) -> _Ranks:
    table = rank_table(study, run_id)
    if unknown := int((~np.isfinite(table["rank"].to_numpy(float))).sum()):
        raise NotComparable(
            f"{unknown} of {len(table)} ranks of run {run_id} are no numbers: expected 0 or more; run "
            "interp lens again (did the checkpoint overflow?)"
        )
    end = table[(table["point"] == "post") & (table["layer"] == table["layer"].max())]
    last = end[end["role"] == "target"].pivot(index="fact_id", columns="lang", values="rank")
    return _Ranks(rank_cube(study, run_id), last[list(in_table_order(last.columns))])


def _final_part(languages: Sequence[str], base: Floats, model: Floats) -> Part:
    first, second = (_final_values(side) for side in (base, model))
    averages = beside_english(languages)
    return Part(tuple(languages), first, second, plain(*FINAL), averages, shares=("target_first",))


def _final_values(ranks: Floats) -> Floats:
    """Ranks ``[fact, language]`` to columns ``FINAL``."""
    first = np.where(np.isnan(ranks), np.nan, ranks == 0)
    return np.stack([first, np.log10(1 + ranks)], axis=-1)


def _pivot_part(
    facts: Sequence[str], languages: Sequence[str], base: RankCube, model: RankCube
) -> Part:
    same = base.n_points == model.n_points
    first, second = (_pivot_values(facts, languages, cube, same) for cube in (base, model))
    levels = _of_one_depth if same else plain(*ANY_DEPTH)
    averages = beside_english(languages)
    return Part(tuple(languages), first, second, levels, averages, shares=SHARES)


def _of_one_depth(means: Floats) -> dict[str, Floats]:
    found = statistics_of(means)
    return {name: found[name] for name in PIVOT}


def _pivot_values(
    facts: Sequence[str], languages: Sequence[str], cube: RankCube, same_depth: bool
) -> Floats:
    """Lay the columns of a run out over the facts of both, ``[fact, language, column]``."""
    values = fact_values(cube) if same_depth else _at_any_depth(fact_values(cube))
    whole = np.full((len(facts), len(languages), values.shape[-1]), np.nan)
    known = pd.Index(facts).get_indexer(pd.Index(cube.fact_ids))
    whole[known] = values[:, [cube.languages.index(lang) for lang in languages]]
    return whole


def _at_any_depth(values: Floats) -> Floats:
    """Columns of `fact_values` to columns ``ANY_DEPTH``."""
    n_points = (values.shape[-1] - 2) // 2
    share = values[..., :n_points].mean(-1)
    return np.stack([share, values[..., 2 * n_points - 1], values[..., -1]], axis=-1)


def _notes(pair: RunPair, base_points: int, model_points: int) -> list[str]:
    notes = differing_models(pair)
    words = [
        (spec["model"].get("shape") or {}).get("d_vocab")
        for spec in (pair.base_spec, pair.label_spec)
    ]
    if None not in words and words[0] != words[1]:
        notes.append(f"ranks are among {words[0]} and {words[1]} tokens")
    if base_points != model_points:
        notes.append(
            f"{base_points - 1} and {model_points - 1} layers: only what needs no common layer is "
            "compared, shares of layers at relative depth"
        )
    return notes
