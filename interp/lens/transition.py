"""How answers pass from English into a language, by layer and group of facts; read from a study.

Definitions are in `interp.lens.pivot`. Every interval is a 95 % percentile bootstrap over facts, with
the same draws for all languages, groups and checkpoints. Rows of ``all languages`` average over the
languages beside English: within each draw of facts, the means (and the curves, layer by layer) are
averaged, and windows and medians are then those of the averaged curve.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from interp.lens.fact_masks import grouped_cube
from interp.lens.resampling import CURVES, SCALARS, difference, fact_values, resample
from interp.lens.run_pairs import shared_cubes
from interp.lens.transition_frames import (
    long_frame,
    notes_of,
    trajectories_frame,
    windows_frame,
)
from interp.stats.bootstrap import DRAWS, draw_counts
from interp.study import Study


def transition(
    study: Study, run_id: str, *, by: str = "stated", draws: int = DRAWS, seed: int = 0
) -> dict[str, pd.DataFrame]:
    """Lay out the English-pivot statistics of a run.

    Args:
        study: the study.
        run_id: a finished lens run.
        by: how facts are grouped: ``stated``, ``relation``, ``split``, ``answer_kind`` or ``all``.
        draws: number of resamples.
        seed: of the draws.

    Returns:
        ``statistics`` (columns lang, group, statistic of ``SCALARS``, value, ci_low, ci_high, n, note),
        ``curves`` (the same with a column layer, statistics of ``CURVES``), ``windows`` (lang,
        group, window, longest, n, note: layers as text such as ``2-4 6``) and ``trajectories``
        (lang, group, role, layer, quantile, value, ci_low, ci_high, n, note: 0-based ranks). Shares are
        between 0 and 1; a median crossover that is not reached is infinite. ``n`` is the number of
        facts. ``note`` is empty, ``no facts``, ``not enough data`` (fewer than ``ENOUGH``) or says
        which languages an average leaves out.

    Raises:
        InterpError: for a run without English answers, or a grouping that does not fit its facts.
    """
    grouped = grouped_cube(study, run_id, by)
    cube, values = grouped.cube, fact_values(grouped.cube)
    there = ~np.isnan(values).any(-1)
    counts = draw_counts(len(cube.fact_ids), draws, seed)
    parts: dict[str, list[pd.DataFrame]] = {}
    for group, mask in grouped.masks.items():
        found = resample(values, mask, counts)
        notes = notes_of(cube.languages, found)
        about = group, cube.languages, notes
        for part, names in (("statistics", SCALARS), ("curves", CURVES)):
            ends = {name: found.interval(name) for name in names}
            frame = long_frame(*about, {"value": found.estimate}, ends)
            parts.setdefault(part, []).append(frame)
        parts.setdefault("windows", []).append(windows_frame(*about, found))
        parts.setdefault("trajectories", []).append(
            trajectories_frame(group, cube, mask & there, notes)
        )
    return {part: pd.concat(frames, ignore_index=True) for part, frames in parts.items()}


def paired(
    study: Study, run_a: str, run_b: str, *, by: str = "stated", draws: int = DRAWS, seed: int = 0
) -> dict[str, pd.DataFrame]:
    """Compare two checkpoints on the facts and languages that both ranked.

    Args:
        study: the study.
        run_a: a finished lens run, the base.
        run_b: another on the same fact set.
        by: how facts are grouped.
        draws: number of resamples, the same facts for both.
        seed: of the draws.

    Returns:
        ``statistics`` and ``curves`` as in `transition`, with columns value_a, value_b and
        difference (b minus a) in place of value; ci_low and ci_high are the difference's. A median that
        neither checkpoint reaches has no difference; where that happens in a draw, there is no
        interval.

    Raises:
        InterpError: as `transition`, and for runs on other facts, with another measure or depth.
    """
    grouped, other = shared_cubes(study, run_a, run_b, by)
    values = fact_values(grouped.cube), fact_values(other)
    both = ~(np.isnan(values[0]) | np.isnan(values[1])).any(-1)
    counts = draw_counts(len(other.fact_ids), draws, seed)
    parts: dict[str, list[pd.DataFrame]] = {}
    for group, mask in grouped.masks.items():
        a, b = (resample(mine, mask & both, counts) for mine in values)
        about = group, other.languages, notes_of(other.languages, a)
        for part, names in (("statistics", SCALARS), ("curves", CURVES)):
            ends = {name: difference(a, b, name) for name in names}
            columns = {
                "value_a": a.estimate,
                "value_b": b.estimate,
                "difference": {name: end.estimate for name, end in ends.items()},
            }
            parts.setdefault(part, []).append(long_frame(*about, columns, ends))
    return {part: pd.concat(frames, ignore_index=True) for part, frames in parts.items()}
