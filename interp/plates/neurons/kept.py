"""Which language neurons a checkpoint kept, lost and gained against the base."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pandas as pd

from interp.evidence.places import EVERY
from interp.figures.neuron_sets import set_bars
from interp.figures.verdicts import SIGNS
from interp.lape.layer_ecdf import read_selection
from interp.lape.selections import Selections
from interp.plates.neurons.selected import about, need_pair, read_all
from interp.plates.neurons.stored import own_rows
from interp.plates.neurons.words import about_evidence, named
from interp.plates.plate import Lacking, Plate
from interp.plates.view import View
from interp.stats.verdict import BEYOND


def sets(view: View) -> Plate:
    """Draw what became of the base's neurons, per language and of all together.

    A neuron of all together is one of any language: it is kept though its language changes.

    Args:
        view: the study, and what of it is shown.

    Raises:
        Lacking: no LAPE run, none of the base or beside it, or none whose neurons can be matched: lists
            that name them, of checkpoints of one shape that share a language.
    """
    shown = read_all(view)
    runs = {one.label: one.run_id for one in shown}
    others = [label for label in runs if label != view.base]
    need_pair(view, runs)
    rows = own_rows(view, shown, "neuron_jaccard", [*view.languages, None])
    parts, unmatched = [], []
    for label in others:
        pair = _pair(view, runs[view.base], runs[label])
        if pair is None:
            unmatched.append(label)
        else:
            parts.append(set_frame(view, label, *pair, rows))
    if not parts:
        raise Lacking(
            f"neurons of {', '.join(unmatched)} cannot be matched with {view.base}'s in study "
            f"{view.study.path}: expected named neurons of checkpoints of one shape that share a language"
        )
    frame = pd.concat(parts, ignore_index=True)
    labels = list(dict.fromkeys(frame["label"]))
    places = [lang for lang in view.languages if lang in set(frame["place"])] + [EVERY]
    title = f"Language neurons kept, gained and lost against {view.base}: {', '.join(labels)}"
    return Plate(
        name="neuron-sets",
        title=title,
        figure=set_bars(frame, labels, places, title=title),
        frame=frame,
        reading=" ".join(
            [
                _reading(frame),
                about_evidence(view, [one for one in shown if one.label not in unmatched], rows),
                *(
                    f"{label}'s neurons cannot be matched with {view.base}'s."
                    for label in unmatched
                ),
            ]
        ),
        runs=about(view, [one for one in shown if one.label not in unmatched]),
    )


def _pair(view: View, base: str, other: str) -> tuple[Selections, Selections] | None:
    """Read both sides' neurons for the languages that they share; None where they cannot be matched."""
    spoken = [view.study.spec(run)["arguments"]["languages"] for run in (base, other)]
    languages = tuple(lang for lang in spoken[0] if lang in spoken[1])
    if not languages:
        return None
    first, second = (read_selection(view.study, run, languages) for run in (base, other))
    if first is None or second is None:
        return None
    if (first.n_layers, first.d_mlp) != (second.n_layers, second.d_mlp):
        return None
    return first, second


def set_frame(
    view: View, label: str, base: Selections, other: Selections, rows: pd.DataFrame
) -> pd.DataFrame:
    """Count what became of the base's neurons.

    Args:
        view: whose languages are shown.
        label: of the other checkpoint.
        base: the base's neurons.
        other: the other's, among the same neurons and languages.
        rows: stored comparisons of ``neuron_jaccard``; taken over where they are of the very index.

    Returns:
        Columns ``label``, ``place``, ``kept``, ``gained``, ``lost``, ``union``, ``jaccard`` (not a
        number for two empty sets), ``chance`` (what two random sets of these sizes have, about),
        ``low``, ``high``, ``floor``, ``verdict`` and ``said``.
    """
    shared = base.shared(other)[0]
    before, after = (one.groups.sum(axis=0) for one in (base, other))
    n_neurons = base.n_layers * base.d_mlp
    stored: dict[str, Mapping[Any, Any]] = {
        EVERY if pd.isna(row["lang"]) else str(row["lang"]): row
        for row in rows[rows["label"] == label].to_dict("records")
    }
    places = [*((lang, at) for at, lang in enumerate(base.languages) if lang in view.languages)]
    found = []
    for place, at in [*places, (EVERY, len(base.languages))]:
        kept, old, new = int(shared[at]), int(before[at]), int(after[at])
        union = old + new - kept
        jaccard = kept / union if union else math.nan
        row = stored.get(place, {})
        same = bool(row) and _same(row["value"], jaccard)
        low, high, floor = (
            float(row[name]) if same else math.nan for name in ("ci_low", "ci_high", "noise_floor")
        )
        verdict = str(row["verdict"]) if same else ""
        sign = f", {SIGNS[verdict]} {verdict}" if verdict in SIGNS else ""
        said = f"Jaccard {jaccard:.3f}" if union else "no neuron on either side"
        found.append(
            {
                "label": label, "place": place, "kept": kept, "gained": new - kept,
                "lost": old - kept, "union": union, "jaccard": jaccard,
                "chance": chance_jaccard(old, new, n_neurons), "low": low, "high": high,
                "floor": floor, "verdict": verdict,
                "said": f"{label}, {place}: kept {kept:,}, gained {new - kept:,}, lost {old - kept:,}: "
                f"{said}{sign}",
            }
        )  # fmt: skip
    return pd.DataFrame(found)


def chance_jaccard(first: int, second: int, n: int) -> float:
    """Return about what Jaccard index two random sets have: that of the number they share on average.

    Args:
        first: neurons of the one set.
        second: of the other.
        n: neurons that there are.
    """
    shared = first * second / n
    union = first + second - shared
    return shared / union if union else math.nan


def _same(stored: float, shown: float) -> bool:
    return math.isclose(stored, shown) or (math.isnan(stored) and math.isnan(shown))


def _reading(frame: pd.DataFrame) -> str:
    """Say how much is kept of all together, least and most by language, and what chance gives."""
    parts, beyond = [], []
    for label, own in frame.groupby("label", sort=False):
        every = own[own["place"] == EVERY].iloc[0]
        if not every["union"]:
            parts.append(f"{label}: no neuron on either side")
            continue
        ends = "" if math.isnan(every["low"]) else f" [{every['low']:.3f}, {every['high']:.3f}]"
        floor = (
            ""
            if math.isnan(every["floor"])
            else f" (the base measured twice: {every['floor']:.3f}{_sign(every['verdict'])})"
        )
        parts.append(
            f"{label} kept {every['kept']:,}, gained {every['gained']:,} and lost {every['lost']:,}, "
            f"Jaccard {every['jaccard']:.3f}{ends}{floor}{_least(own)}"
        )
        mine = own.loc[(own["verdict"] == BEYOND) & (own["place"] != EVERY), "place"].tolist()
        if mine:
            beyond.append(f"{label} {named(mine, 6)}")
    chance = frame.loc[frame["place"] == EVERY, "chance"].dropna()
    said = f"{'; '.join(parts)}."
    if len(chance):
        said += f" Two random sets of these sizes would have about {chance.max():.3f}."
    if beyond:
        said += f" Beyond noise by language: {'; '.join(beyond)}."
    return said


def _sign(verdict: str) -> str:
    return f", {SIGNS[verdict]} {verdict}" if verdict in SIGNS else ""


def _least(own: pd.DataFrame) -> str:
    """Name the language that kept least."""
    known = own[(own["place"] != EVERY) & (own["union"] > 0)]
    if len(known) < 2:
        return ""
    row = known.iloc[int(known["jaccard"].to_numpy().argmin())]
    return f", least {row['place']} {row['jaccard']:.3f} ({row['kept']:,} of {row['union']:,})"
