"""One fact on the logit lens page: ranks of its answers by layer, the likeliest tokens, what is absent."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
import streamlit as st

from dashboards.chart import show
from dashboards.controls import choose, choose_view, set_control, toggle
from dashboards.page import Chosen
from dashboards.texts import language_name, plain
from interp.figures.lens import rank_trajectories, top_token_grid
from interp.figures.tokens import is_bytes, plotly_text, token_label
from interp.lens.absent import why_absent
from interp.lens.role_cube import RoleCube
from interp.plates.transition.part import Part, ranks_said, sharing, tokens_ranked, tokens_said

LOG, LINEAR = "log", "linear"


def say_absent(
    chosen: Chosen,
    runs: Mapping[str, str],
    cubes: Mapping[str, RoleCube],
    data_hash: str,
    fact: str,
    lang: str,
) -> None:
    """Say of every checkpoint that has no ranks of a fact why."""
    for label in runs:
        cube = cubes[label]
        asked = cube.asked(lang)[cube.among([fact])].any()
        if not asked:
            facts = chosen.source.table("facts", columns=["data_hash", "fact_id", "lang", "answer"])
            own = facts[(facts["data_hash"] == data_hash) & (facts["fact_id"] == fact)]
            kept = fact in cube.fact_ids
            why = why_absent(own, fact, lang, cube.languages, kept=kept)
            st.info(f"{plain(f'{label} {why}')}.")


def say_tokens(part: Part, lang: str) -> None:
    """Say what the ranked tokens do not show by themselves."""
    st.caption(plain(tokens_ranked(part)))
    if shared := sharing(part):
        st.warning(
            f"{', '.join(shared)}: target and English answer share their token, so that both lines "
            "show the same rank (the run kept such facts)."
        )
    if lang != "en" and "en" not in set(part.ranks["role"]):
        st.info("The fact has no English answer to compare with: only the target is ranked.")
    if any(map(is_bytes, part.tops["token"])):
        st.caption(
            "Names such as `<E6 97>` are bytes of a character that this token does not complete: "
            f"the tokenizer writes {language_name(lang)} or another script in pieces."
        )


def show_ranks(chosen: Chosen, runs: Mapping[str, str], part: Part, fact: str, lang: str) -> None:
    """Draw the ranks by layer."""
    scale, wrong, mid = st.columns([1, 1, 1], vertical_alignment="bottom")
    with scale:
        kind = choose_view("Scale of ranks", (LOG, LINEAR), "l_scale")
    with wrong:
        with_wrong = toggle("Also a wrong option", "l_wrong")
    ranks = part.ranks
    if (ranks["point"] == "mid").any():
        with mid:
            if not toggle("Also between attention and MLP", "l_mid", default=True):
                ranks = ranks[ranks["point"] != "mid"]
    if not with_wrong:
        ranks = ranks[ranks["role"] != "distractor"]
    frame = ranks.assign(shown_rank=ranks["rank"] + 1)
    frame = frame[
        ["label", "layer", "point", "role", "token", "rank", "shown_rank", "logprob", "n_subtokens"]
    ]
    show(
        rank_trajectories(
            ranks,
            part.tops,
            chosen.marks,
            title=f"Ranks of the answers to {plotly_text(fact)} in {language_name(lang)}",
            log=kind == LOG,
            crossovers=part.crossovers,
        ),
        frame,
        "lens_ranks",
        runs=chosen.about([runs[label] for label in part.labels]),
        takeaway=ranks_said(part),
        on_click=lambda point: set_control("l_layer", point[0]),
    )


def show_tokens(chosen: Chosen, runs: Mapping[str, str], part: Part, fact: str, lang: str) -> None:
    """Draw the likeliest token by layer and, of one layer, the five likeliest."""
    tops = part.tops
    if tops.empty:
        st.info("The runs hold no likeliest tokens (table lens_top) of this fact.")
        return
    grid, listed = st.columns(2)
    with grid:
        show(
            top_token_grid(
                tops,
                part.labels,
                title=f"Likeliest tokens: {plotly_text(fact)}, {lang}",
            ),
            tops[["label", "layer", "point", "place", "token", "probability", "answer"]],
            "lens_tokens",
            runs=chosen.about([runs[label] for label in part.labels]),
            takeaway=tokens_said(part),
            on_click=lambda point: set_control("l_layer", point[0]),
        )
    with listed:
        spots = tops.drop_duplicates("spot").sort_values("depth")["spot"].tolist()
        spot = choose(
            "Layer",
            spots,
            "l_layer",
            default=spots[-1],
            help="A click on a cell or on a point chooses it, too.",
        )
        st.dataframe(
            _five(tops[tops["spot"] == spot], part.labels),
            hide_index=True,
            key="l_five",
            alt=f"Likeliest tokens at layer {spot}",
            column_config={
                "place": st.column_config.NumberColumn("", width=32),
                **{label: st.column_config.TextColumn(width=78) for label in part.labels},
                **{
                    f"{label} p": st.column_config.NumberColumn("p", format="percent", width=64)
                    for label in part.labels
                },
            },
        )
        st.caption(
            "✓ begins the target answer, EN the English one; ␣ is a space and belongs to the token."
        )


def _five(tops: pd.DataFrame, labels: list[str]) -> pd.DataFrame:
    """Lay the likeliest tokens of one layer side by side."""
    columns: dict[str, pd.Series] = {}
    for label in labels:
        own = tops[tops["label"] == label].set_index("place")
        sign = own["answer"].map({"target": " ✓", "en": " EN", "": ""})
        # columns of their own: beside a right-to-left token a number would change its side
        columns[label] = own["token"].map(token_label) + sign
        columns[f"{label} p"] = own["probability"]
    return pd.DataFrame(columns).rename_axis("place").reset_index()
