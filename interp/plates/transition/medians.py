"""The layer by which half of a language's facts have passed English for good (Kaplan-Meier median)."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from interp.errors import InterpError
from interp.figures.lens_languages import NOT_REACHED, crossover_medians
from interp.lens.resampling import MEDIAN
from interp.lens.transition import paired, transition
from interp.plates.plate import Plate
from interp.plates.transition.source import Lens, lens_of
from interp.plates.transition.words import counted, few_said, warned
from interp.plates.view import View
from interp.plates.words import listed
from interp.stats.bootstrap import ENOUGH


def median_crossover(view: View) -> Plate:
    """Draw the median crossover per language and checkpoint with its interval.

    A fact crosses at the smallest layer from which its target's rank is at most the English answer's to the
    end; one that never does counts as later than every layer, so that a median may be *not reached*. It is
    no stored statistic (two that are not reached have no difference): differences have a paired interval
    over facts, but neither noise floor nor verdict.

    Args:
        view: the study, and what of it is shown.

    Raises:
        Lacking: no lens run with English answers.
    """
    lens = lens_of(view)
    frame = _medians(view, lens)
    labels = list(dict.fromkeys(frame["label"]))
    title = f"Layer by which half of the facts have passed English for good: {', '.join(labels)}"
    said = [f"Half of the facts have passed English for good: {_span(frame)}."]
    said += [_changes(view, lens, label) for label in labels if label != lens.base]
    if len(labels) > 1:
        said.append(
            "Medians are whole layers; these are 95 % intervals over facts, not corrected for the number of "
            "languages and without a noise floor, so that no verdict is given."
        )
    else:
        said.append(f"{labels[0]} is the only checkpoint: there is nothing to compare.")
    languages = [lang for lang in lens.languages if lang in set(frame["lang"])]
    return Plate(
        name="median-crossover",
        title=title,
        figure=crossover_medians(frame, view.marks, languages, title=title),
        frame=frame,
        reading=" ".join(said)
        + few_said(frame.loc[frame["n"] < ENOUGH, "lang"])
        + warned(lens, labels),
        runs=view.about([lens.runs[label] for label in labels]),
    )


def _medians(view: View, lens: Lens) -> pd.DataFrame:
    frames = []
    for label in lens.runs:
        if not any(label in lens.labels(lang) for lang in lens.languages):
            continue
        table = transition(view.study, lens.runs[label], by="all")["statistics"]
        own = table[(table["statistic"] == MEDIAN) & table["lang"].isin(lens.languages)]
        own = own[own["n"] > 0].rename(columns={"ci_low": "low", "ci_high": "high"})
        frames.append(own.assign(label=label, last=lens.cubes[label].n_points - 1))
    frame = pd.concat(frames, ignore_index=True)
    return frame[["lang", "label", "value", "low", "high", "n", "last"]]


def _span(frame: pd.DataFrame) -> str:
    parts = []
    for label, own in frame.groupby("label", sort=False):
        first, last = own["value"].min(), own["value"].max()
        at = [own.loc[own["value"] == end, "lang"].tolist() for end in (first, last)]
        if first == last:
            where = f"by layer {first:g} in" if math.isfinite(first) else f"{NOT_REACHED} in"
            text = f"in {label} {where} {_every(len(own))}"
        else:
            end = f"{NOT_REACHED} at all" if math.isinf(last) else f"by layer {last:g}"
            text = f"in {label} by layer {first:g} in {listed(at[0])}, {end} in {listed(at[1])}"
        parts.append(f"{text} (of {own['last'].iloc[0]} layers)")
    return "; ".join(parts)


def _every(n: int) -> str:
    return "the only language" if n == 1 else f"all {counted(n, 'language')}"


def _changes(view: View, lens: Lens, label: str) -> str:
    """Say in which languages the paired interval of the difference leaves out 0."""
    try:
        table = paired(view.study, lens.runs[lens.base], lens.runs[label], by="all")["statistics"]
    except InterpError as error:
        return f"{label} cannot be held against {lens.base}: {error}."
    own = table[(table["statistic"] == MEDIAN) & table["lang"].isin(lens.languages)]
    known = own[own["ci_low"].notna() & (own["n"] >= ENOUGH)]
    apart = known[(known["ci_low"] > 0) | (known["ci_high"] < 0)]
    said = [
        f"{row.lang} {row.difference:+g} [{row.ci_low:g}, {row.ci_high:g}]"
        for row in apart.itertuples()
    ]
    if known.empty:
        return f"From {lens.base} to {label} no language has {ENOUGH} facts and a difference with an interval."
    where = f" ({', '.join(said)})" if said else ""
    text = (
        f"From {lens.base} to {label} the paired interval of the difference leaves out 0 in {len(apart)} of "
        f"{counted(len(known), 'language')}{where}"
    )
    if without := int(np.count_nonzero(own["n"] > 0)) - len(known):
        text += f"; {counted(without, 'language')} without a difference or with fewer than {ENOUGH} facts"
    return f"{text}."
