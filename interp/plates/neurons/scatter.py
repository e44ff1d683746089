"""Every neuron by how often it fires and how specific it is."""

from __future__ import annotations

import numpy as np
import pandas as pd

from interp.errors import unknown
from interp.figures.neuron_map import entropy_scatter
from interp.lape.activity import read_activity
from interp.lape.listed import read_listed
from interp.lape.live import Chosen, Ranked, choose_neurons, rank, scatter_frame
from interp.options import LapeOptions
from interp.plates.neurons.words import named
from interp.plates.plate import Plate
from interp.plates.view import View

MOST = 1500
"""Unselected neurons drawn: more cover each other, and a page holds all that is drawn."""

_DIGITS = 4


def entropy_map(
    view: View, *, label: str | None = None, lang: str | None = None, log_x: bool = False
) -> Plate:
    """Draw entropy against the highest firing probability, a point per neuron of one checkpoint.

    Of the neurons that were not selected some are drawn, evenly picked.

    Args:
        view: the study, and what of it is shown.
        label: of the checkpoint; the first that counted activations where omitted.
        lang: the language whose neurons stand out; the one with most of them where omitted.
        log_x: whether the probability is on a logarithmic axis.

    Raises:
        Lacking: no LAPE run that counted activations.
        InterpError: an unknown label or language.
    """
    runs = dict(view.runs("lape"))
    counted = _counted(view, runs)
    if label is not None and label not in {*runs, *counted}:
        raise unknown("label", label, list(runs))
    if not counted or (label is not None and label not in counted):
        who = label or ", ".join(runs)
        raise view.lacking("lape", f"no activations of {who}, only lists of neurons,")
    at = label or next(iter(counted))
    activity = read_activity(view.study, counted[at])
    options = LapeOptions.of_run(view.study.spec(counted[at])["arguments"])
    ranked = rank(activity, options)
    chosen = choose_neurons(activity, ranked, options)
    if lang is not None and lang not in activity.languages:
        raise unknown("language", lang, activity.languages)
    own = lang or activity.languages[int(chosen.assigned.sum(axis=0).argmax())]
    frame = scatter_frame(activity, ranked, chosen, most=MOST)
    frame = frame.assign(**{name: _rounded(frame[name]) for name in ("entropy", "peak")})
    title = f"Entropy and highest firing probability of every neuron: {at}"
    return Plate(
        name="neuron-map",
        title=title,
        figure=entropy_scatter(frame, own, title=title, log_x=log_x),
        frame=frame,
        reading=f"{about_map(ranked, chosen, frame)}{_specific(ranked, chosen)}",
        runs=view.about([counted[at]]),
    )


def about_map(ranked: Ranked, chosen: Chosen, frame: pd.DataFrame) -> str:
    """Say which neurons are drawn, and how many are not.

    Args:
        ranked: entropies under the filter.
        chosen: what the thresholds select.
        frame: `interp.lape.live.scatter_frame`.
    """
    n, selected = ranked.entropy.size, len(chosen.layers)
    others = n - ranked.n_dead - ranked.n_filtered - selected
    drawn = int((~frame["selected"]).sum())
    part = f"all {others:,}" if drawn == others else f"{drawn:,} of {others:,}, evenly picked,"
    first = f"{selected:,} of {n:,} neurons {'is' if selected == 1 else 'are'} selected, drawn with {part} of "
    if not selected:
        first = f"None of {n:,} neurons is selected; drawn are {part} of "
    text = (
        f"{first}those that could have been; not drawn are {ranked.n_filtered:,} that the filter removed and "
        f"{ranked.n_dead:,} dead ones."
    )
    if selected < chosen.n_wanted:
        text += f" The top fraction asks for {chosen.n_wanted:,}: no more can be had."
    return text


def _counted(view: View, runs: dict[str, str]) -> dict[str, str]:
    """Choose each checkpoint's run that counted activations: of those shown together, else the newest."""
    every = view.study.runs()
    every = every[(every["analysis"] == "lape") & (every["status"] == "current")]
    every = every.sort_values("finished_at", ascending=False, kind="stable")
    found = {}
    for label in view.labels:
        own = every.loc[every["label"] == label, "run_id"].tolist()
        for run in dict.fromkeys([*([runs[label]] if label in runs else []), *own]):
            if read_listed(view.study, run) is None and _has_activity(view, run):
                found[label] = run
                break
    return found


def _has_activity(view: View, run_id: str) -> bool:
    record = next(one for one in view.study.records() if one.run_id == run_id)
    return "neuron_probs.parquet" in record.data["files"]


def _rounded(values: pd.Series) -> pd.Series:
    """Keep four digits: no eye sees more, and a page holds every point as text."""
    numbers = values.to_numpy(float)
    with np.errstate(divide="ignore"):
        power = np.where(numbers > 0, np.floor(np.log10(numbers)), 0)
    scale = 10.0 ** (_DIGITS - 1 - power)
    return pd.Series(np.round(numbers * scale) / scale, values.index)


def _specific(ranked: Ranked, chosen: Chosen) -> str:
    """Say how far the selected ones lie from the rest and how often they fire."""
    if not len(chosen.layers):
        return ""
    if len(chosen.languages) < 2:
        return " With one language every entropy is 0, so that no neuron is specific to it."
    rest = ranked.entropy[np.isfinite(ranked.entropy)]
    peak = ranked.peak[chosen.layers, chosen.neurons]
    most = chosen.assigned.sum(axis=0)
    whose = [one for one, n in zip(chosen.languages, most, strict=True) if n == most.max()]
    return (
        f" The median entropy is {np.median(chosen.entropy):.3f} nats of the selected and "
        f"{np.median(rest):.3f} of all that could be; log {len(chosen.languages)} = "
        f"{np.log(len(chosen.languages)):.3f} would be firing alike in all languages. Selected ones fire "
        f"on {peak.min():.1%} to {peak.max():.1%} of the tokens of the language in which they fire most; "
        f"most are of {named(whose)} ({int(most.max()):,})."
    )
