"""All that is known of the chosen head."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from dashboards.chart import show
from dashboards.parts.heads.choice import HeadsChoice
from dashboards.parts.heads.deltas import in_view
from interp.figures.one_head import head_scores
from interp.figures.verdicts import evidence_text
from interp.lahis.maps import DELTA_UNITS, VIEWS
from interp.lahis.one_head import generality, head_frame


def draw(choice: HeadsChoice) -> None:
    """Draw the chosen head's scores, rank, share, generality and stored differences."""
    layer, head = choice.layer, choice.head
    st.header(f"Head {layer}.{head}", divider="gray")
    st.caption(f"Layer {layer}, head {head}, both counted from 0.")
    there = tuple(
        (label, maps.run_id)
        for label, maps in choice.maps.items()
        if layer < maps.shape[0] and head < maps.shape[1]
    )
    for label, maps in choice.maps.items():
        if label not in dict(there):
            st.info(f"{label} has {maps.shape[0]} layers of {maps.shape[1]} heads: not this one.")
    if not there:
        return
    source = choice.chosen.source
    frame = source.derive(head_frame, there, choice.languages, layer, head, choice.fraction)
    _cards(choice, frame)
    found = source.derive(generality, there, layer, head, choice.fraction)
    texts = [_general(row, choice.percent) for row in found.to_dict("records")]  # type: ignore[arg-type]
    st.markdown("\n".join(f"- {text}" for text in texts))
    show(
        head_scores(
            frame,
            choice.languages,
            title=f"Head {layer}.{head}: LAHIS score in {', '.join(label for label, _ in there)}",
            marks=choice.chosen.marks,
        ),
        frame,
        "h_everywhere",
        runs=choice.about(there),
        takeaway=_where_highest(frame),
    )
    if frame["ci_low"].isna().all():
        st.caption("These runs store no intervals: imported matrices, or a learned mask.")
    _differences(choice)


def _cards(choice: HeadsChoice, frame: pd.DataFrame) -> None:
    own = frame[frame["lang"] == choice.lang]
    if own.empty:
        return
    for column, row in zip(st.columns(len(own)), own.to_dict("records"), strict=True):
        ranked = not np.isnan(row["rank"])
        column.metric(
            f"{row['label']}: rank in {choice.lang}",
            f"{row['rank']:g} of {row['of']}" if ranked else "–",
            border=True,
        )
        share = "" if np.isnan(row["share"]) else f", {row['share']:.2f} % of the total"
        column.caption(f"Score {row['score']:.4g}{share}")


def _general(row: dict[str, object], percent: str) -> str:
    text = (
        f"{row['label']}: in the top {percent} of {row['top_in']} of {row['languages']} languages"
    )
    if not row["needed"]:
        return f"{text} (whether a head is general takes three languages)."
    kind = "a general head" if row["general"] else "not a general head"
    return f"{text}: {kind} (one needs {row['needed']})."


def _where_highest(frame: pd.DataFrame) -> str:
    known = frame.dropna(subset="score")
    if known.empty:
        return "No score of this head is a number."
    best = known.iloc[int(known["score"].to_numpy().argmax())]
    top = int(known["top"].sum())
    return (
        f"Its score is highest in {best['lang']} of {best['label']} ({best['score']:.3g}); it is a "
        f"top head in {top} of {len(known)} languages and checkpoints shown."
    )


def _differences(choice: HeadsChoice) -> None:
    """Write what the stored comparison says of this head in the chosen language."""
    lines = []
    for label, _ in choice.others:
        for view in VIEWS:
            rows = in_view(choice.stored(label, f"delta_{view}"), view)
            keep = (rows["lang"] == choice.lang) & (rows["layer"] == choice.layer)
            for row in rows[keep & (rows["head"] == choice.head)].to_dict("records"):
                lines.append(
                    f"- {label} minus {choice.chosen.base}, {choice.lang}, {DELTA_UNITS[view]}: "
                    f"{evidence_text(row)}"
                )
    if lines:
        st.markdown("\n".join(lines))
