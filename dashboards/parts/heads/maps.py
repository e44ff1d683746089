"""Maps of the scores: small ones of every language and checkpoint, and one to click."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from dashboards.chart import show
from dashboards.parts.heads.choice import HeadsChoice
from dashboards.parts.heads.listed import choose_head, list_heads
from interp.figures.heads import head_map, head_multiples
from interp.lahis.listed import top_frame
from interp.lahis.maps import UNITS, HeadMaps, score_frame, viewed
from interp.lahis.top_frames import top_of
from interp.plates.heads.scores import leading_text


def draw(choice: HeadsChoice) -> None:
    """Draw the part of the page."""
    source, unit = choice.chosen.source, UNITS[choice.view]
    frame = source.derive(score_frame, choice.runs, choice.languages, choice.view)
    reverse = choice.view == "rank"
    show(
        head_multiples(
            frame,
            list(choice.maps),
            choice.languages,
            title=f"Heads of {', '.join(choice.maps)}: {unit}",
            unit=unit,
            own_scale=choice.own_scale,
            reverse=reverse,
        ),
        frame,
        "h_multiples",
        runs=choice.about(choice.runs),
        takeaway=leading_text(frame, reverse),
    )
    maps = choice.maps[choice.label]
    own = frame[(frame["label"] == choice.label) & (frame["lang"] == choice.lang)]
    top = top_of(maps, choice.fraction).get(choice.lang, [])
    show(
        head_map(
            own,
            title=f"{choice.label}, {choice.lang}: {unit}",
            unit=unit,
            chosen=(choice.layer, choice.head),
            rings=top,
            ring_name=f"top {choice.percent} ({len(top)} heads)",
            reverse=reverse,
            hover=None if own.empty else _hover(maps, choice.lang),
        ),
        own,
        "h_map",
        runs=choice.about(((choice.label, maps.run_id),)),
        takeaway=_where_top(choice, maps, top),
        on_click=choose_head,
    )
    _list_top(choice, maps.run_id)


def _list_top(choice: HeadsChoice, run_id: str) -> None:
    """List the language's top heads of the large map."""
    rows = choice.chosen.source.derive(top_frame, run_id, choice.lang, choice.fraction)
    if rows.empty:
        return
    n = len(choice.maps[choice.label].whole)
    st.markdown(
        f"**Top {choice.percent} of heads of {choice.lang} in {choice.label}** (layer.head; a row "
        "chooses its head)"
    )
    shown = rows.dropna(axis="columns", how="all")
    list_heads(
        choice,
        shown,
        "h_top_heads",
        alt=f"Top heads of {choice.lang} in {choice.label}",
        column_config=_columns(n),
    )


def _columns(n_languages: int) -> dict[str, Any]:
    number = st.column_config.NumberColumn
    return {
        "score": number("score", format="%.4g"),
        "ci_low": number("from", format="%.4g", help="95 % bootstrap interval over samples."),
        "ci_high": number("to", format="%.4g", help="95 % bootstrap interval over samples."),
        "share": number("% of the total", format="%.2f", help="Of the language's total score."),
        "top_in": number(
            f"top in, of {n_languages}",
            help="Languages of which it is a top head in this checkpoint.",
        ),
    }


def _hover(maps: HeadMaps, lang: str) -> list[str]:
    """Write score, interval, share and rank of every head, by layer, then head."""
    at = maps.languages.index(lang)
    views = {view: viewed(maps.scores[[at]], view)[0] for view in ("share", "rank")}
    texts = []
    for layer, head in np.ndindex(maps.shape):
        cell = (at, layer, head)
        low, high = maps.low[cell], maps.high[cell]
        ends = "" if np.isnan(low) else f" [{low:.4g}, {high:.4g}]"
        rank = views["rank"][layer, head]
        place = "" if np.isnan(rank) else f"<br>rank {rank:g} of {maps.n_heads_total}"
        share = views["share"][layer, head]
        part = "" if np.isnan(share) else f", {share:.2f} % of the total"
        texts.append(
            f"layer {layer}, head {head}<br>score {maps.scores[cell]:.4g}{ends}{place}{part}"
        )
    return texts


def _where_top(choice: HeadsChoice, maps: HeadMaps, top: Sequence[tuple[int, int]]) -> str:
    if choice.lang not in maps.languages:
        return f"{choice.label} has no head scores in {choice.lang}."
    if not top:
        return "Some scores here are not numbers, so there are no ranks and no top heads."
    scores = maps.scores[maps.languages.index(choice.lang)]
    held = sum(float(scores[one]) for one in top)
    layers = pd.Series([layer for layer, _ in top]).value_counts()
    share = (
        f" hold {100 * held / scores.sum():.0f} % of the total score;" if scores.sum() > 0 else ":"
    )
    return (
        f"The top {choice.percent} ({len(top)} of {maps.n_heads_total} heads){share} "
        f"{layers.iloc[0]} of them lie in layer {layers.index[0]}."
    )
