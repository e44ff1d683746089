"""Many facts of a language through the layers: ribbons of ranks, by what the language's text states."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from interp.data.fact_groups import ENGLISH_ONLY, STATED
from interp.errors import InterpError
from interp.figures.lens_groups import group_ribbons
from interp.lens.separation import SEPARATE, separation
from interp.lens.set_curves import rank_curves
from interp.plates.plate import Plate
from interp.plates.transition.choice import stated_facts
from interp.plates.transition.pairs import example_languages
from interp.plates.transition.source import Lens, both_ranked, lens_of, name_of
from interp.plates.transition.words import (
    counted,
    percent,
    warned,
)
from interp.plates.view import View
from interp.stats.bootstrap import ENOUGH

EVERY_FACT = "all facts"


def median_ranks(view: View, *, lang: str | None = None) -> Plate:
    """Draw median ranks with quartiles by layer, facts that the language's text states above those it does not.

    Args:
        view: the study, and what of it is shown.
        lang: the language; the first one of the paper's Figure 3 by default.

    Raises:
        Lacking: no lens run with English answers.
        InterpError: a language without them.
    """
    lens = lens_of(view)
    lang = lens.check(lang or example_languages(lens)[0])
    groups = _groups(view, lens, lang)
    frame = _curves(lens, lang, groups)
    if frame.empty:  # nothing is known of the facts that were ranked
        groups = {EVERY_FACT: None}
        frame = _curves(lens, lang, groups)
    frame = frame[frame["role"] != "distractor"].reset_index(drop=True)
    title = f"Median rank and quartiles by layer, {name_of(lang)}: {', '.join(lens.labels(lang))}"
    return Plate(
        name="median-ranks",
        title=title,
        figure=group_ribbons(frame, list(groups), view.marks, title=title),
        frame=frame[["group", "label", "role", "layer", "n", "q25", "median", "q75"]],
        reading=f"{_ends(frame, lang)} {_groups_said(view, lens, lang)}"
        + warned(lens, lens.labels(lang)),
        runs=view.about([lens.runs[label] for label in lens.labels(lang)]),
    )


def _curves(lens: Lens, lang: str, groups: Mapping[str, list[str] | None]) -> pd.DataFrame:
    frames = []
    for label in lens.labels(lang):
        cube = lens.cubes[label]
        both = both_ranked(cube, lang)
        for group, facts in groups.items():
            member = both if facts is None else both & cube.among(facts)
            if member.any():
                frames.append(rank_curves(cube, lang, member).assign(group=group, label=label))
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()


def _groups(view: View, lens: Lens, lang: str) -> dict[str, list[str] | None]:
    """Group facts by what the language's text states; all in one where the study does not know that."""
    data = lens.specs[lens.labels(lang)[0]]["data_hash"]
    try:
        group = view.once(stated_facts, data, lang)["group"].dropna()
    except InterpError:  # the fact set is not in the study
        return {EVERY_FACT: None}
    known = {
        name: [str(fact) for fact in group.index[group == name]] for name in (STATED, ENGLISH_ONLY)
    }
    return {name: facts for name, facts in known.items() if facts} or {EVERY_FACT: None}


def _ends(frame: pd.DataFrame, lang: str) -> str:
    """Say where the medians stand at the last layer."""
    parts = []
    for group, mine in frame.groupby("group", sort=False):
        said = []
        for label, own in mine.groupby("label", sort=False):
            last = own[own["layer"] == own["layer"].max()].set_index("role")
            said.append(
                f"{label} {last.at['target', 'median'] + 1:,.4g} (English "
                f"{last.at['en', 'median'] + 1:,.4g})"
            )
        n = sorted(set(mine["n"]))
        facts = counted(n[0]) if len(n) == 1 else f"{n[0]:,} to {n[-1]:,} facts"
        few = f", fewer than {ENOUGH}" if n[0] < ENOUGH else ""
        where = {STATED: " that its training text states", ENGLISH_ONLY: " known in English only"}
        parts.append(f"over {facts}{where.get(str(group), '')}{few}: {', '.join(said)}")
    return f"Median rank of the {name_of(lang)} answer at the last layer, {'; '.join(parts)}."


def _groups_said(view: View, lens: Lens, lang: str) -> str:
    """Say whether the two groups of facts pass through English differently, with the interval of the difference."""
    label = lens.base if lens.base in lens.labels(lang) else lens.labels(lang)[0]
    try:
        table, _ = separation(view.study, lens.runs[label])
    except InterpError:
        return "The study does not know what this language's text states, so that the facts are not split."
    own = table[(table["lang"] == lang) & table["layer"].isna()]
    for column, known in (
        ("n_stated", "that the training text states"),
        ("n_english_only", "known in English only"),
    ):
        if own.empty or not own[column].max():
            return f"{label} ranked no {name_of(lang)} fact {known}, which others could be held against."
    said = [
        _separated(own[own["statistic"] == name].iloc[0], words)
        for name, words in (
            ("mean_pivot_share", "English is ahead over layers and facts"),
            ("transition_failure", "the transition fails"),
        )
    ]
    return (
        f"In {label} {'; '.join(said)}. The groups hold different facts, so that what sets them apart need "
        "not be the statement."
    )


def _separated(row: pd.Series[Any], words: str) -> str:
    fewest = min(row["n_stated"], row["n_english_only"])
    only = percent(*(float(row[f"english_only{end}"]) for end in ("", "_low", "_high")))
    stated = percent(*(float(row[f"stated{end}"]) for end in ("", "_low", "_high")))
    if fewest < ENOUGH:
        verdict = "not enough data"
    else:
        verdict = "intervals apart" if row["verdict"] == SEPARATE else "intervals overlap"
    low, high = (100 * float(row[f"difference_{end}"]) for end in ("low", "high"))
    return (
        f"{words} in {only} of those known in English only against {stated} (difference "
        f"{100 * float(row['difference']):+.1f} [{low:.1f}, {high:.1f}] points: {verdict})"
    )
