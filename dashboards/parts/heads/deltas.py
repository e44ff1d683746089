"""Maps of the differences from the base, with the verdict on every head."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from dashboards.chart import show
from dashboards.faults import say_not_compared, say_one_checkpoint
from dashboards.parts.heads.choice import HeadsChoice
from dashboards.parts.heads.listed import choose_head, list_heads
from interp.evidence.rows import evidence
from interp.figures.heads import head_map, head_multiples
from interp.figures.verdicts import evidence_text
from interp.lahis.maps import DELTA_UNITS, delta_frame, scale_frame
from interp.plates.heads.deltas import scale_text
from interp.plates.heads.words import in_percent
from interp.stats.verdict import BEYOND


def draw(choice: HeadsChoice) -> None:
    """Draw the part of the page."""
    if not ready(choice):
        return
    assert choice.base is not None
    source, base, view = choice.chosen.source, choice.chosen.base, choice.view
    others = [label for label, _ in choice.others]
    frame = source.derive(delta_frame, choice.base.run_id, choice.others, choice.languages, view)
    if frame.empty:
        st.info(f"{', '.join(others)} and {base} share none of the languages chosen.")
        return
    _say_scale(choice)
    stored = pd.concat([in_view(choice.stored(label, f"delta_{view}"), view) for label in others])
    beyond = stored[(stored["verdict"] == BEYOND) & stored["lang"].isin(choice.languages)]
    unit = DELTA_UNITS[view]
    show(
        head_multiples(
            frame,
            others,
            choice.languages,
            title=f"Heads of {', '.join(others)} minus {base}: {unit}",
            unit=unit,
            own_scale=choice.own_scale,
            diverging=True,
            beyond=beyond,
        ),
        frame,
        "h_deltas",
        runs=choice.about(choice.base_run, choice.others),
        takeaway=_how_many(choice, frame, stored, beyond),
    )
    if stored.empty:
        say_not_compared(source, base)
    label = choice.label if choice.label in others else others[0]
    own = frame[(frame["label"] == label) & (frame["lang"] == choice.lang)]
    rows = stored[(stored["label"] == label) & (stored["lang"] == choice.lang)]
    marked = rows[rows["verdict"] == BEYOND]
    texts = _evidence_of(rows)
    show(
        head_map(
            own,
            title=f"{label} minus {base}, {choice.lang}: {unit}",
            unit=unit,
            chosen=(choice.layer, choice.head),
            dots=list(zip(marked["layer"].astype(int), marked["head"].astype(int), strict=True)),
            diverging=True,
            hover=[
                f"layer {layer}, head {head}<br>"
                + texts.get((layer, head), f"{value:+.4g} (not compared)")
                for layer, head, value in zip(own["layer"], own["head"], own["value"], strict=True)
            ],
        ),
        own,
        "h_delta",
        runs=choice.about(choice.base_run, tuple(one for one in choice.others if one[0] == label)),
        takeaway=_largest(label, choice.lang, own, rows),
        on_click=choose_head,
    )
    if len(marked):
        st.markdown(
            f"Heads whose difference is beyond noise ({label}, {choice.lang}, {unit}; a row chooses its "
            "head):"
        )
        places = {"layer": marked["layer"].to_numpy(), "index": marked["head"].to_numpy()}
        list_heads(
            choice,
            evidence(marked).assign(**places),
            "h_beyond",
            alt=f"Heads of {choice.lang} whose difference in {label} is beyond noise",
        )


def ready(choice: HeadsChoice) -> bool:
    """Say why nothing can be held against the base, where that is so.

    Returns:
        Whether some checkpoint can.
    """
    base = choice.chosen.base
    if choice.base is None:
        st.info(f"No LAHIS run of {base} like those shown: a difference needs the baseline's.")
        return False
    for label, shape in choice.other_shapes.items():
        st.warning(
            f"{label} has {shape[0]} layers of {shape[1]} heads, {base} {choice.base.shape[0]} of "
            f"{choice.base.shape[1]}: a head has no counterpart, so heads are not subtracted. Overlap "
            "and layers of each checkpoint can still be read side by side."
        )
    for reason in choice.chosen.not_comparable("lahis")["reason"]:
        st.warning(f"Not compared: {reason}")
    if choice.others:
        return True
    if not choice.other_shapes:
        if choice.chosen.runs_of("lahis")["label"].nunique() == 1:
            say_one_checkpoint(choice.chosen.source)
        else:
            st.info("Choose a second checkpoint in the sidebar: a difference needs one.")
    return False


def in_view(rows: pd.DataFrame, view: str) -> pd.DataFrame:
    """Put rows of ``delta_<view>`` in the page's unit: shares in percent."""
    return in_percent(rows) if view == "share" else rows


def _say_scale(choice: HeadsChoice) -> None:
    """Say in one line how much of a raw difference is scale."""
    assert choice.base is not None
    found = choice.chosen.source.derive(
        scale_frame, choice.base.run_id, choice.others, choice.languages
    )
    if not found.empty:
        st.markdown(
            f"{scale_text(found, choice.chosen.base)} Where totals differ, read *share* or *rank*."
        )


def _evidence_of(rows: pd.DataFrame) -> dict[tuple[int, int], str]:
    return {
        (int(row["layer"]), int(row["head"])): evidence_text(row) for row in rows.to_dict("records")
    }


def _how_many(
    choice: HeadsChoice, frame: pd.DataFrame, stored: pd.DataFrame, beyond: pd.DataFrame
) -> str:
    if stored.empty:
        known = frame["value"].dropna()
        if known.empty:
            return "No difference is a number in this view."
        return f"Differences run from {known.min():.3g} to {known.max():.3g}; not compared yet."
    shown = stored[stored["lang"].isin(choice.languages)]
    parts = [
        f"{label}: {int((beyond['label'] == label).sum())} of {len(own)}"
        for label, own in shown.groupby("label", sort=False)
    ]
    return f"Beyond noise, adjusted by the largest entry of each map: {'; '.join(parts)} heads."


def _largest(label: str, lang: str, own: pd.DataFrame, rows: pd.DataFrame) -> str:
    known = own.dropna(subset="value")
    if known.empty:
        return f"{label} and the base have no difference in {lang} that is a number."
    row = known.iloc[int(known["value"].abs().to_numpy().argmax())]
    layer, head = int(row["layer"]), int(row["head"])
    text = _evidence_of(rows).get((layer, head), f"{row['value']:+.3g}, not compared")
    return f"The largest difference is head {layer}.{head}'s: {text}."
