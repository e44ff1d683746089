"""Which top heads a checkpoint keeps, loses and gains."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from dashboards.chart import show
from dashboards.controls import set_control
from dashboards.parts.heads.choice import HeadsChoice
from dashboards.parts.heads.deltas import ready
from dashboards.parts.heads.evidence import say_cut, stored_table
from dashboards.parts.heads.listed import list_heads
from interp.figures.head_sets import changed_heads, jaccard_dots
from interp.lahis.listed import changed_frame
from interp.lahis.top_frames import change_frame
from interp.plates.heads.changes import alike_text, kept_text


def draw(choice: HeadsChoice) -> None:
    """Draw the part of the page."""
    if not ready(choice):
        return
    assert choice.base is not None
    base = choice.chosen.base
    labels = [label for label, _ in choice.others]
    frame = choice.chosen.source.derive(
        change_frame, choice.base.run_id, choice.others, choice.languages, choice.fraction
    )
    runs = choice.about(choice.base_run, choice.others)
    show(
        changed_heads(
            frame,
            labels,
            choice.languages,
            title=f"Top {choice.percent} of heads against {base}: {', '.join(labels)}",
        ),
        frame,
        "h_changes",
        runs=runs,
        takeaway=kept_text(frame),
        on_click=_choose_bar,
    )
    show(
        jaccard_dots(
            frame,
            choice.languages,
            title=f"Likeness of the top {choice.percent} of heads to {base}'s: {', '.join(labels)}",
            marks=choice.chosen.marks,
        ),
        frame[["label", "lang", "jaccard", "chance"]],
        "h_jaccard",
        runs=runs,
        takeaway=alike_text(frame),
    )
    say_cut(choice)
    names = ("heads_kept", "score_rank_correlation")
    stored = pd.concat([choice.stored(label, name) for name in names for label in labels])
    stored_table(choice, stored, "share of top heads kept, rank correlation of all heads")
    _list_changes(choice)


def _list_changes(choice: HeadsChoice) -> None:
    """List the heads of the chosen language that came, went and stayed."""
    assert choice.base is not None
    runs = dict(choice.others)
    label = choice.label if choice.label in runs else next(iter(runs))
    found = choice.chosen.source.derive(
        changed_frame, choice.base.run_id, runs[label], choice.lang, choice.fraction
    )
    base = choice.chosen.base
    st.markdown(
        f"**{choice.lang}, {label} against {base}** (layer.head, rank in each; a row chooses its head)"
    )
    if found.empty:
        st.info(f"{label} or {base} has no top heads in {choice.lang}.")
        return
    for column, change in zip(st.columns(3), ("gained", "lost", "stable"), strict=True):
        own = found[found["change"] == change]
        with column:
            st.markdown(f"{change}: {len(own) or 'none'}")
            if len(own):
                list_heads(
                    choice,
                    own.drop(columns="change").rename(
                        columns={"in base": f"in {base}", "after": f"in {label}"}
                    ),
                    f"h_{change}",
                    alt=f"Top heads of {choice.lang} that are {change} in {label}",
                )


def _choose_bar(cell: Sequence[Any]) -> None:
    set_control("h_label", str(cell[0]))
    set_control("lang", str(cell[1]))
