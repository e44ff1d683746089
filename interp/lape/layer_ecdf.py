"""Where along the depth two checkpoints' language neurons lie, read back from a study; no model.

The curves of the paper's Fig 15 are cumulative counts; a distance between checkpoints with different numbers
of neurons is one of *shares*, ``F(l)``: of a checkpoint's neurons, those in layers up to l. D is the largest
gap between two such curves (`interp.stats.ks`), and here it is found again together with the place where it
lies and the height of both curves there, which is what a chart has to mark.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from interp.errors import InterpError
from interp.lape.listed import read_listed
from interp.lape.selections import Floats, Selections, from_rows, groups_of
from interp.stats.ks import layer_cdf
from interp.study import Study

WITHOUT_ENGLISH = "all but en"
"""Stands for a language where all neurons but those of English are meant."""


def group_of(languages: tuple[str, ...], lang: str | None) -> int:
    """Return the place of a group (`interp.lape.selections`): a language, None for all, or all but English."""
    if lang is None or lang == WITHOUT_ENGLISH:
        return len(languages) + (lang is not None)
    return languages.index(lang)


@dataclass(frozen=True)
class LayerCounts:
    """Selected neurons per layer of several runs, for the languages that all were measured for.

    Attributes:
        languages: the shared languages, in the first run's order.
        counts: label to ``[group, layer]``; groups are the languages, then all of them together,
            then all but English (`interp.lape.selections`).
        whole: whether no run was measured for further languages. Where one was, `interp compare`
            selects neurons anew for the shared languages, and its D need not be that of the runs' own.
    """

    languages: tuple[str, ...]
    counts: Mapping[str, Floats]
    whole: bool

    def of(self, label: str, lang: str | None) -> Floats:
        """Return one checkpoint's neurons per layer ``[layer]`` of a group (`group_of`)."""
        row: Floats = self.counts[label][group_of(self.languages, lang)]
        return row

    @property
    def relative(self) -> bool:
        """Whether depths differ, so that layers can only be compared at relative depth."""
        return len({own.shape[-1] for own in self.counts.values()}) > 1


@dataclass(frozen=True)
class Gap:
    """The largest distance between two cumulative curves, and where it lies.

    Attributes:
        value: D.
        signed: the second curve minus the first; positive: its neurons lie earlier.
        layer: 0-based layer of the first checkpoint.
        depth: place on the axis of `ecdf_frame`.
        base_share: height of the first curve there, 0 to 1.
        label_share: height of the second.
    """

    value: float
    signed: float
    layer: int
    depth: float
    base_share: float
    label_share: float


def read_layer_counts(study: Study, runs: tuple[tuple[str, str], ...]) -> LayerCounts:
    """Read the neurons per layer of some LAPE runs; a layer without any is a 0.

    Args:
        study: the study.
        runs: ``(label, run_id)``, the base first.

    Raises:
        InterpError: if the runs share no language.
    """
    spoken = {label: study.spec(run)["arguments"]["languages"] for label, run in runs}
    first, *others = spoken.values()
    languages = tuple(lang for lang in first if all(lang in other for other in others))
    if not languages:
        raise InterpError(
            f"runs {', '.join(run for _, run in runs)} share no language: expected runs of the same "
            "languages, analyse one of them again with --languages"
        )
    return LayerCounts(
        languages=languages,
        counts={label: _grouped(study, run, languages) for label, run in runs},
        whole=all(len(own) == len(languages) for own in spoken.values()),
    )


def read_selection(study: Study, run_id: str, languages: tuple[str, ...]) -> Selections | None:
    """Read which neurons a run selected; None where an import says only how many.

    Args:
        study: the study.
        run_id: a finished LAPE run.
        languages: the languages wanted.
    """
    shape = study.notes(run_id).get("shape") or study.spec(run_id)["model"]["shape"]
    if shape["d_mlp"] is None:
        return None
    rows = study.rows(
        "neurons",
        run_id=run_id,
        where={"selected": True},
        columns=["layer", "neuron", "lang"],
    )
    return from_rows(rows, languages, int(shape["n_layers"]), int(shape["d_mlp"]))


def _grouped(study: Study, run_id: str, languages: tuple[str, ...]) -> Floats:
    """Count a run's neurons per group and layer."""
    listed = read_listed(study, run_id)
    if listed is not None and listed.places is None:
        return groups_of(
            np.array([listed.per_layer[lang] for lang in languages], np.float64), languages
        )
    found = read_selection(study, run_id, languages)
    assert found is not None  # a list of neurons says how many a layer has
    counted: Floats = found.layer_counts()[0]
    return counted


def ecdf_frame(counts: LayerCounts, lang: str | None) -> pd.DataFrame:
    """Lay the curves out.

    Args:
        counts: of the checkpoints.
        lang: of one language; None: of all together; or all but English.

    Returns:
        Columns ``label``, ``layer`` (0-based), ``depth``, ``neurons`` in the layer, ``cumulative`` in
        layers up to it and ``share`` of all (not a number for a checkpoint without neurons), one row
        per checkpoint and layer. ``depth`` is the layer; where checkpoints differ in depth it is the
        relative depth at which the layer ends, ``(layer + 1) / layers``.
    """
    frames = []
    for label in counts.counts:
        own = counts.of(label, lang)
        layer = np.arange(len(own))
        frames.append(
            pd.DataFrame(
                {
                    "label": label,
                    "layer": layer,
                    "depth": (layer + 1) / len(own) if counts.relative else layer.astype(float),
                    "neurons": own.astype(np.int64),
                    "cumulative": np.cumsum(own).astype(np.int64),
                    "share": layer_cdf(own),
                }
            )
        )
    return pd.concat(frames, ignore_index=True)


def largest_gap(base: Floats, label: Floats, *, relative: bool) -> Gap | None:
    """Find D and where it lies, as `interp.stats.ks.layer_distance` defines it.

    Args:
        base: neurons per layer ``[layer]``.
        label: of the other checkpoint, possibly of other depth.
        relative: whether the axis is relative depth; it has to be where depths differ.

    Returns:
        The gap; None where a side has no neurons.
    """
    if not (base.sum() > 0 and label.sum() > 0):
        return None
    n, m = len(base), len(label)
    # every depth at which a curve steps, in units of 1 / (n m), so that equal depths are equal
    steps = np.unique(np.concatenate([np.arange(1, n + 1) * m, np.arange(1, m + 1) * n]))
    first = np.concatenate([[0.0], layer_cdf(base)])[steps // m]
    second = np.concatenate([[0.0], layer_cdf(label)])[steps // n]
    place = int(np.abs(second - first).argmax())
    layer = min(int(steps[place] - 1) // m, n - 1)
    signed = float(second[place] - first[place])
    return Gap(
        value=abs(signed),
        signed=signed,
        layer=layer,
        depth=float(steps[place] / (n * m)) if relative else float(layer),
        base_share=float(first[place]),
        label_share=float(second[place]),
    )


def window_share(own: Floats, first: int, last: int) -> float:
    """Return the share of neurons in layers ``first`` to ``last`` (0-based, both included).

    Args:
        own: neurons per layer ``[layer]``.
        first: first layer of the window.
        last: last layer of the window.
    """
    total = own.sum()
    return float(own[first : last + 1].sum() / total) if total else math.nan
