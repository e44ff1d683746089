"""From resampled pivot statistics to long frames: one row per language, statistic and layer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from interp.lens import pivot
from interp.lens.rank_cube import RankCube
from interp.lens.rank_quantiles import quantile_interval
from interp.lens.resampling import Resampled
from interp.stats.bootstrap import ENOUGH, Interval

ALL_LANGUAGES = "all languages"
NO_FACTS, TOO_FEW = "no facts", "not enough data"
QUANTILES = (0.1, 0.25, 0.5, 0.75, 0.9)


def notes_of(languages: Sequence[str], found: Resampled) -> list[str]:
    """Say what stands behind each language's rows and, last, behind the average's.

    Args:
        languages: those of ``found``.
        found: the statistics.

    Returns:
        ``no facts``, ``not enough data``, which languages the average leaves out, or nothing.
    """
    notes = [NO_FACTS if n == 0 else TOO_FEW if n < ENOUGH else "" for n in found.n[:-1]]
    left = [lang for lang, used in zip(languages, found.averaged, strict=True) if not used]
    if found.n[-1] == 0:
        return [*notes, TOO_FEW if found.n.any() else NO_FACTS]
    if (found.n[:-1][found.averaged] < ENOUGH).any():
        return [*notes, TOO_FEW]
    return [*notes, f"without {' '.join(left)} (fewer than {ENOUGH} facts)" if left else ""]


def long_frame(
    group: str,
    languages: Sequence[str],
    notes: Sequence[str],
    columns: Mapping[str, Mapping[str, NDArray[np.float64]]],
    ends: Mapping[str, Interval],
) -> pd.DataFrame:
    """Lay statistics out, one after the other.

    Args:
        group: of the facts.
        languages: the average over them comes last.
        notes: from `notes_of`.
        columns: further columns before the interval: name to statistic to ``[language + 1, ...]``.
        ends: statistic to interval ``[language + 1]``, or ``[language + 1, layer]``.

    Returns:
        Columns lang, group, statistic, layer (of curves), the further ones, ci_low, ci_high, n, note.
    """
    frames = []
    for statistic, end in ends.items():
        frame = axes_frame(languages, end.estimate.shape)
        frame.insert(1, "group", group)
        frame.insert(2, "statistic", statistic)
        for name, of in columns.items():
            frame[name] = of[statistic].ravel()
        frame = frame.assign(ci_low=end.low.ravel(), ci_high=end.high.ravel(), n=end.n.ravel())
        frame["note"] = np.repeat(np.array(notes, object), len(frame) // len(notes))
        frames.append(frame)
    return pd.concat(frames, ignore_index=True)


def axes_frame(languages: Sequence[str], shape: tuple[int, ...]) -> pd.DataFrame:
    """Name the cells of an array of values.

    Args:
        languages: the average over them comes last.
        shape: ``[language + 1]`` or ``[language + 1, layer]``.

    Returns:
        One row per cell in the array's order: columns lang and, where there is one, layer.
    """
    names = np.array([*languages, ALL_LANGUAGES], object)
    layers = shape[1:]
    frame = pd.DataFrame({"lang": np.repeat(names, layers or 1)})
    if layers:
        frame["layer"] = np.tile(np.arange(*layers), len(names))
    return frame


def windows_frame(
    group: str, languages: Sequence[str], notes: Sequence[str], found: Resampled
) -> pd.DataFrame:
    """Write the pivot windows as text.

    Args:
        group: of the facts.
        languages: those of ``found``.
        notes: from `notes_of`.
        found: the statistics.

    Returns:
        Columns lang, group, window, longest, n, note; windows as `layer_text` writes them.
    """
    inside = pivot.pivot_window(found.estimate["pivot_share"])
    first, length = pivot.longest_run(inside)
    rows = []
    for place, lang in enumerate([*languages, ALL_LANGUAGES]):
        known = not np.isnan(found.estimate["never_crosses"][place])
        longest = first[place] + np.arange(length[place])
        rows.append(
            {
                "lang": lang,
                "group": group,
                "window": layer_text(np.flatnonzero(inside[place])) if known else None,
                "longest": layer_text(longest) if known else None,
            }
        )
    return pd.DataFrame(rows).assign(n=found.n, note=notes)


def layer_text(layers: ArrayLike) -> str:
    """Write ascending layers as runs: ``2-4 6``, or ``none``."""
    runs: list[list[int]] = []
    for layer in np.asarray(layers, int).tolist():
        if runs and runs[-1][-1] == layer - 1:
            runs[-1] = [runs[-1][0], layer]
        else:
            runs.append([layer])
    return " ".join("-".join(map(str, run)) for run in runs) or "none"


def trajectories_frame(
    group: str, cube: RankCube, there: NDArray[np.bool_], notes: Sequence[str]
) -> pd.DataFrame:
    """Lay out quantiles of the ranks.

    Args:
        group: of the facts.
        cube: the ranks.
        there: which facts count in which language ``[fact, language]``.
        notes: from `notes_of`.

    Returns:
        Columns lang, group, role, layer, quantile, value, ci_low, ci_high (0-based ranks), n, note.
    """
    layer, quantile = np.meshgrid(np.arange(cube.n_points), QUANTILES)
    frames = []
    for place, lang in enumerate(cube.languages):
        for role, ranks in (("target", cube.target), ("en", cube.english)):
            found = quantile_interval(ranks[there[:, place], place], QUANTILES)
            cells = {"lang": lang, "group": group, "role": role, "layer": layer.ravel(),
                     "quantile": quantile.ravel(), "value": found.estimate.ravel(),
                     "ci_low": found.low.ravel(), "ci_high": found.high.ravel(), "n": found.n.ravel(),
                     "note": notes[place]}  # fmt: skip
            frames.append(pd.DataFrame(cells))
    return pd.concat(frames, ignore_index=True)
