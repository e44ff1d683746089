"""Head scores as maps, and what they look like raw, as shares and as ranks; read without the model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from interp.errors import InterpError, unknown
from interp.lahis.replicates import count_below, divide
from interp.options import LahisOptions
from interp.study import Study

Floats = NDArray[np.float64]

VIEWS = ("raw", "share", "rank")
"""The score, its percent of the language's total, its place among all heads (1 scores highest)."""

UNITS = {"raw": "score", "share": "% of the language's total", "rank": "rank (1 scores highest)"}

DELTA_UNITS = {
    "raw": "score, difference",
    "share": "percentage points of the language's total",
    "rank": "places gained",
}


@dataclass(frozen=True)
class HeadMaps:
    """The scores of one run.

    Attributes:
        run_id: the run.
        languages: in the run's order.
        scores: ``[language, layer, head]``; not a number where the run has no row.
        low: lower ends of the 95 % bootstrap intervals, like ``scores``; not a number where the run
            has none (imported, or a learned mask).
        high: upper ends.
        n_samples: samples behind each language's scores; 0 where that is not known.
        options: the rule for top and general heads that the run was asked for.
    """

    run_id: str
    languages: tuple[str, ...]
    scores: Floats
    low: Floats
    high: Floats
    n_samples: tuple[int, ...]
    options: LahisOptions

    @property
    def shape(self) -> tuple[int, int]:
        """Layers and heads per layer."""
        return int(self.scores.shape[1]), int(self.scores.shape[2])

    @property
    def n_heads_total(self) -> int:
        """Layers times heads."""
        return self.shape[0] * self.shape[1]

    @property
    def whole(self) -> tuple[str, ...]:
        """The languages whose scores are all numbers: only those have ranks and top heads."""
        finite = np.isfinite(self.scores)
        return tuple(lang for at, lang in enumerate(self.languages) if finite[at].all())

    def of(self, languages: Sequence[str]) -> list[int]:
        """Return the places of some languages on the first axis."""
        return [self.languages.index(lang) for lang in languages]


def head_maps(study: Study, run_id: str) -> HeadMaps:
    """Read a run's scores with their intervals.

    Args:
        study: the study.
        run_id: a LAHIS run, or imported matrices.

    Raises:
        InterpError: if the run has no head scores.
    """
    table = study.table("head_scores", run_id=run_id)
    if table.empty:
        raise InterpError(f"run {run_id} holds no head scores: expected those of interp lahis")
    languages = tuple(str(lang) for lang in table["lang"].unique())
    place = table["lang"].map({lang: at for at, lang in enumerate(languages)}).to_numpy(int)
    layer, head = table["layer"].to_numpy(int), table["head"].to_numpy(int)
    shape = (len(languages), int(layer.max()) + 1, int(head.max()) + 1)
    score, low, high = (np.full(shape, np.nan) for _ in range(3))
    for array, column in ((score, "score"), (low, "ci_low"), (high, "ci_high")):
        array[place, layer, head] = table[column].to_numpy(float, na_value=np.nan)
    samples = table.groupby("lang")["n_samples"].max()
    return HeadMaps(
        run_id,
        languages,
        score,
        low,
        high,
        tuple(int(samples[lang]) for lang in languages),
        LahisOptions.of_run(study.spec(run_id)["arguments"]),
    )


def viewed(scores: Floats, view: str) -> Floats:
    """Show scores raw, as shares or as ranks.

    Args:
        scores: ``[language, layer, head]``.
        view: one of ``VIEWS``.

    Returns:
        Like ``scores``. Shares are percent of the sum over a language's heads (not a number where
        that is not positive); rank 1 scores highest, ties are averaged. Neither is a number in a
        language with a score that is none.

    Raises:
        InterpError: for an unknown view.
    """
    if view == "raw":
        return scores
    if view == "share":
        whole = np.isfinite(scores).all((1, 2), keepdims=True)
        known = np.where(whole, scores, np.nan)  # infinite over infinite would warn
        return 100 * divide(known, known.sum((1, 2), keepdims=True))
    if view == "rank":
        return scores.shape[1] * scores.shape[2] - _outranked(scores)
    raise unknown("view of head scores", view, VIEWS)


def moved(base: Floats, other: Floats, view: str) -> Floats:
    """Subtract the base's scores from another checkpoint's.

    Args:
        base: ``[language, layer, head]``.
        other: likewise, the same languages.
        view: one of ``VIEWS``; of ``rank`` the places gained, so that in every view what is positive
            has become more important (``delta_raw``, ``delta_share`` (times 100) and ``delta_rank``
            of the comparison).

    Raises:
        InterpError: where the two differ in layers or heads, or for an unknown view.
    """
    if base.shape[1:] != other.shape[1:]:
        raise InterpError(
            f"{base.shape[1]} layers of {base.shape[2]} heads and {other.shape[1]} of "
            f"{other.shape[2]}: a head has no counterpart, so there is no difference head by head"
        )
    sign = -1 if view == "rank" else 1
    return sign * (viewed(other, view) - viewed(base, view))


def totals(maps: HeadMaps, languages: Sequence[str]) -> Floats:
    """Sum the scores of each language, ``[language]``."""
    return np.asarray(maps.scores[maps.of(languages)].sum((1, 2)))


def score_frame(
    study: Study, runs: tuple[tuple[str, str], ...], languages: tuple[str, ...], view: str
) -> pd.DataFrame:
    """Lay the maps of several checkpoints out.

    Args:
        study: the study.
        runs: label and run_id of each.
        languages: which; one that a run lacks has no rows there.
        view: one of ``VIEWS``.

    Returns:
        Columns ``label``, ``lang``, ``layer``, ``head``, ``value``.
    """
    frames = []
    for label, run_id in runs:
        maps = head_maps(study, run_id)
        own = [lang for lang in languages if lang in maps.languages]
        frames.append(_laid_out(label, own, viewed(maps.scores[maps.of(own)], view)))
    return pd.concat(frames, ignore_index=True)


def delta_frame(
    study: Study,
    base_run: str,
    runs: tuple[tuple[str, str], ...],
    languages: tuple[str, ...],
    view: str,
) -> pd.DataFrame:
    """Lay out the differences of several checkpoints from the base.

    Args:
        study: the study.
        base_run: run of the base.
        runs: label and run_id of the others.
        languages: which; those that one of the two lacks have no rows.
        view: one of ``VIEWS``.

    Returns:
        Columns ``label``, ``lang``, ``layer``, ``head``, ``value``.

    Raises:
        InterpError: where a checkpoint has other layers or heads than the base.
    """
    base = head_maps(study, base_run)
    frames = []
    for label, run_id in runs:
        maps = head_maps(study, run_id)
        own = [lang for lang in languages if lang in maps.languages and lang in base.languages]
        values = moved(base.scores[base.of(own)], maps.scores[maps.of(own)], view)
        frames.append(_laid_out(label, own, values))
    return pd.concat(frames, ignore_index=True)


def scale_frame(
    study: Study, base_run: str, runs: tuple[tuple[str, str], ...], languages: tuple[str, ...]
) -> pd.DataFrame:
    """Say how much of a raw difference is scale.

    Args:
        study: the study.
        base_run: run of the base.
        runs: label and run_id of the others, of the base's shape.
        languages: which; those that one of the two lacks have no rows.

    Returns:
        Per label and language: ``ratio`` of the total scores (checkpoint over base; not a number
        where the base's is not positive), ``fell_raw`` and ``fell_share``: percent of the heads
        whose score, and whose share of the total, is lower than the base's (not a number where a
        score is none).
    """
    base = head_maps(study, base_run)
    rows = []
    for label, run_id in runs:
        maps = head_maps(study, run_id)
        own = [lang for lang in languages if lang in maps.languages and lang in base.languages]
        pair = base.scores[base.of(own)], maps.scores[maps.of(own)]
        ratios = divide(totals(maps, own), totals(base, own))
        fell = {view: _share_below_zero(moved(*pair, view)) for view in ("raw", "share")}
        rows += [
            {
                "label": label,
                "lang": lang,
                "ratio": float(ratios[at]),
                "fell_raw": float(fell["raw"][at]),
                "fell_share": float(fell["share"][at]),
            }
            for at, lang in enumerate(own)
        ]
    return pd.DataFrame(rows, columns=["label", "lang", "ratio", "fell_raw", "fell_share"])


def _share_below_zero(differences: Floats) -> Floats:
    known = np.isfinite(differences).all((1, 2))
    return np.where(known, 100 * (differences < 0).mean((1, 2)), np.nan)


def _outranked(scores: Floats) -> Floats:
    """How many heads of its language a head outranks, the equal ones half."""
    flat = scores.reshape(len(scores), scores.shape[1] * scores.shape[2])
    known = np.isfinite(flat).all(1)
    below = np.full(flat.shape, np.nan)
    below[known] = count_below(flat[known])
    return below.reshape(scores.shape)


def _laid_out(label: str, languages: Sequence[str], values: Floats) -> pd.DataFrame:
    place, layer, head = np.indices(values.shape).reshape(3, -1)
    return pd.DataFrame(
        {
            "label": label,
            "lang": np.array(languages, dtype=object)[place],
            "layer": layer,
            "head": head,
            "value": values.ravel(),
        }
    )
