"""How far the layers of each language's neurons lie apart, with all the evidence: D, language by language."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pandas as pd

from interp.evidence.places import EVERY
from interp.figures.neuron_points import evidence_dots
from interp.figures.verdicts import SIGNS
from interp.lape.layer_ecdf import WITHOUT_ENGLISH, Gap, LayerCounts
from interp.plates.neurons.curve_words import fewest, gaps_of, stored_row
from interp.plates.neurons.curves import layer_counts, others_of, stored_distances
from interp.plates.neurons.selected import need_pair, read_all
from interp.plates.neurons.words import about_evidence, named
from interp.plates.plate import Plate
from interp.plates.view import View
from interp.stats.verdict import BEYOND, MIN_NEURONS


def distances(view: View) -> Plate:
    """Draw D of every language against the base, with interval, noise floor and verdict.

    Args:
        view: the study, and what of it is shown.

    Raises:
        Lacking: no LAPE run, none of the base or beside it, or runs that share no language.
    """
    counts = layer_counts(view)
    others = others_of(counts, view.base)
    need_pair(view, list(counts.counts))
    shown = read_all(view)
    rows = stored_distances(view, shown)
    languages = [lang for lang in view.languages if lang in counts.languages]
    groups: list[str | None] = [*languages, None]
    if "en" in counts.languages and len(counts.languages) > 1:
        groups.append(WITHOUT_ENGLISH)
    frame = distance_frame(counts, view.base, others, groups, rows)
    title = f"D of the layers of neurons against {view.base}: {', '.join(others)}"
    return Plate(
        name="neuron-distances",
        title=title,
        figure=evidence_dots(
            frame, [place_of(lang) for lang in groups], view.marks, title=title, kind="distance",
            x="D: the largest distance between two cumulative shares over layers",
        ),
        frame=frame,
        reading=f"{_distances(frame, view.base)} {about_evidence(view, shown, rows)}",
        runs=view.about([run for _, run in view.runs("lape")]),
    )  # fmt: skip


def place_of(lang: str | None) -> str:
    """Name a group as a row of a chart."""
    return EVERY if lang is None else lang


def distance_frame(
    counts: LayerCounts,
    base: str,
    others: Sequence[str],
    groups: Sequence[str | None],
    rows: pd.DataFrame,
) -> pd.DataFrame:
    """Lay out D of some groups of neurons.

    Args:
        counts: neurons per layer.
        base: label of the base.
        others: labels of the others.
        groups: languages, None for all together, all but English.
        rows: stored comparisons of these runs; taken over where they are of the very D that is shown.

    Returns:
        Columns ``place``, ``label``, ``value`` (D), ``signed`` (positive: the checkpoint's neurons lie
        earlier), ``layer`` (0-based), ``fewest`` (neurons of the side that has fewer), ``low``,
        ``high``, ``floor``, ``verdict`` and ``said``.
    """
    found = []
    for lang in groups:
        gaps = gaps_of(counts, base, others, lang)
        for label in others:
            gap, row = gaps.get(label), stored_row(rows, label, lang)
            same = (
                gap is not None
                and row is not None
                and math.isclose(row["value"], gap.value, abs_tol=1e-9)
            )
            low, high, floor = (
                float(row[name]) if same and row is not None else math.nan
                for name in ("ci_low", "ci_high", "noise_floor")
            )
            value = math.nan if gap is None else gap.value
            verdict = str(row["verdict"]) if same and row is not None else ""
            found.append(
                {
                    "place": place_of(lang), "label": label, "value": value,
                    "signed": math.nan if gap is None else gap.signed,
                    "layer": None if gap is None else gap.layer,
                    "fewest": fewest(counts, base, label, lang),
                    "low": low, "high": high, "floor": floor, "verdict": verdict,
                    "said": f"{label}, {place_of(lang)}: " + _one(gap, label, verdict),
                }
            )  # fmt: skip
    return pd.DataFrame(found)


def _one(gap: Gap | None, label: str, verdict: str) -> str:
    if gap is None:
        return "no D, one of the two has no neuron"
    side = f" ({label}'s lie {'earlier' if gap.signed > 0 else 'later'})" if gap.signed else ""
    sign = f", {SIGNS[verdict]} {verdict}" if verdict in SIGNS else ""
    return f"D {gap.value:.4f} at layer {gap.layer}{side}{sign}"


def _distances(frame: pd.DataFrame, base: str) -> str:
    """Name the largest D among languages with neurons enough, and count those with too few."""
    languages = frame[~frame["place"].isin([EVERY, WITHOUT_ENGLISH])]
    parts = []
    for label, mine in languages.groupby("label", sort=False):
        own = mine[mine["fewest"] >= MIN_NEURONS]
        if own.empty:
            parts.append(f"{label}: no language has {MIN_NEURONS} neurons on both sides")
            continue
        row = own.iloc[int(own["value"].to_numpy().argmax())]
        earlier, later = int((own["signed"] > 0).sum()), int((own["signed"] < 0).sum())
        said = f"{label}: {earlier} earlier and {later} later than {base}"
        if row["value"]:
            said += f", farthest {row['place']} ({row['said'].split(': ', 1)[1]})"
        beyond = own.loc[own["verdict"] == BEYOND, "place"].tolist()
        if beyond:
            said += f", beyond noise {named(beyond, 6)}"
        parts.append(said)
    few = [
        lang
        for lang, own in languages.groupby("place", sort=False)
        if (own["fewest"] < MIN_NEURONS).all()
    ]
    said = (
        f"Of the languages with at least {MIN_NEURONS} neurons on both sides – {'; '.join(parts)}."
    )
    if few:
        said += f" With fewer, D is large by chance: {named([str(one) for one in few], 12)}."
    return said
