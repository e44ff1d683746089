"""What two languages' top heads have in common."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from dashboards.chart import show
from dashboards.controls import choose, set_control
from dashboards.parts.heads.choice import HeadsChoice
from dashboards.parts.heads.evidence import say_cut, stored_table
from dashboards.parts.heads.listed import list_heads
from interp.figures.head_sets import overlap_maps
from interp.figures.verdicts import evidence_text
from interp.lahis.listed import shared_frame
from interp.lahis.top_frames import chance_overlap, overlap_change, overlap_frame
from interp.plates.heads.overlap import change_text, overlap_text
from interp.plates.heads.words import in_percent
from interp.stats.verdict import BEYOND


def draw(choice: HeadsChoice) -> None:
    """Draw the part of the page."""
    if len(choice.languages) < 2:
        st.info("An overlap needs two languages: choose a second one in the sidebar.")
        return
    source = choice.chosen.source
    rest = [lang for lang in choice.languages if lang != choice.lang]
    other = choose("Second language", rest, "h_other", help="A click on a cell sets both.")
    pair = (choice.lang, other)
    frame = source.derive(overlap_frame, choice.runs, choice.languages, choice.fraction)
    show(
        overlap_maps(
            frame,
            list(choice.maps),
            choice.languages,
            title=f"Top {choice.percent} of heads shared by two languages: {', '.join(choice.maps)}",
            unit="% shared",
            chosen=pair,
        ),
        frame,
        "h_overlap",
        runs=choice.about(choice.runs),
        takeaway=overlap_text(frame, _chances(choice)),
        on_click=_choose_pair,
    )
    _change(choice, frame, pair)
    _shared(choice, pair)


def _change(choice: HeadsChoice, frame: pd.DataFrame, pair: tuple[str, str]) -> None:
    """The change against the base, where it is shown, and the stored verdicts."""
    base = choice.chosen.base
    if base not in choice.maps or len(choice.maps) < 2:
        return
    change = overlap_change(frame, base)
    change = change[change["lang"] != change["other_lang"]]
    labels = [label for label in choice.maps if label != base]
    if change.empty:
        st.info(f"{', '.join(labels)} and {base} share no two of the languages chosen.")
        return
    stored = pd.concat([in_percent(choice.stored(label, "overlap")) for label in labels])
    beyond = stored[stored["verdict"] == BEYOND]
    show(
        overlap_maps(
            change,
            labels,
            choice.languages,
            title=f"Top {choice.percent} of heads shared: {', '.join(labels)} minus {base}",
            unit="points",
            diverging=True,
            chosen=pair,
            beyond=beyond,
        ),
        change,
        "h_overlap_change",
        runs=choice.about(choice.runs),
        takeaway=change_text(change),
        on_click=_choose_pair,
    )
    say_cut(choice)
    means = pd.concat([in_percent(choice.stored(label, "mean_overlap")) for label in labels])
    either = {frozenset(pair)}
    own = stored[
        [frozenset(two) in either for two in zip(stored["lang"], stored["other_lang"], strict=True)]
    ]
    lines = [
        *(_line(row, base, "mean over all pairs") for row in means.to_dict("records")),
        *(_line(row, base, " and ".join(pair)) for row in own.to_dict("records")),
    ]
    if lines:
        st.markdown("\n".join(lines))
    stored_table(choice, pd.concat([means, stored]), "overlap, percent of the top heads")


def _line(row: dict[Hashable, Any], base: str, what: str) -> str:
    said = evidence_text(row)
    return f"- {row['label']} minus {base}, {what}, points: {said}"


def _shared(choice: HeadsChoice, pair: tuple[str, str]) -> None:
    """List the heads that the chosen pair shares, checkpoint by checkpoint."""
    st.markdown(
        f"**Top heads that {pair[0]} and {pair[1]} share** (layer.head, rank in each; a row chooses its head)"
    )
    for column, (label, run_id) in zip(st.columns(len(choice.runs)), choice.runs, strict=True):
        rows = choice.chosen.source.derive(shared_frame, run_id, *pair, choice.fraction)
        with column:
            k = choice.n_top(label)
            st.markdown(f"{label}: {len(rows)} of {k}" if len(rows) else f"{label}: none of {k}")
            if len(rows):
                list_heads(
                    choice,
                    rows,
                    f"h_shared_{label}",
                    alt=f"Top heads that {pair[0]} and {pair[1]} share in {label}",
                )


def _choose_pair(cell: Sequence[Any]) -> None:
    label, lang, other = (str(one) for one in cell)
    if label:
        set_control("h_label", label)
    set_control("lang", lang)
    if other != lang:
        set_control("h_other", other)


def _chances(choice: HeadsChoice) -> dict[str, float]:
    """Percent that random sets share, by checkpoint."""
    return {
        label: chance_overlap(choice.n_top(label), maps.n_heads_total)
        for label, maps in choice.maps.items()
    }
