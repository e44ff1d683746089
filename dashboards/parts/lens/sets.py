"""Many facts on the logit lens page: ribbons of ranks, shares by layer, stored statistics with verdicts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
import streamlit as st

from dashboards.chart import show
from dashboards.controls import choose, choose_view, set_control
from dashboards.faults import say_not_compared, say_one_checkpoint
from dashboards.page import Chosen
from dashboards.parts.lens.choice import Filter
from dashboards.texts import language_name
from interp.evidence.rows import evidence
from interp.figures.lens_sets import language_levels, rank_ribbons, share_lines
from interp.lens.fact_search import ANY
from interp.lens.role_cube import RoleCube
from interp.lens.set_curves import SHARES, rank_curves, share_curves
from interp.plates.transition.levels import MEAN, SUFFIX, level_languages, levels
from interp.plates.transition.words import verdicts_said
from interp.stats.bootstrap import ENOUGH

STATISTICS = {
    "never_crosses": ("share of facts whose target never passes English", True),
    "target_first": ("share of facts whose target is first at the end", True),
    "mean_log_rank": ("mean log10(1 + rank) of the target at the end", False),
    "mean_pivot_share": ("share of facts with English ahead, mean over layers", True),
    "pivot_mass": ("lead of English in orders of magnitude, summed over layers", False),
    "transition_failure": ("share of facts found in English late and not brought over", True),
    "window_layers": ("layers at which English is ahead for most facts", False),
}
"""Stored statistic to the title of its axis, and whether it is a share."""


def show_curves(
    chosen: Chosen, runs: Mapping[str, str], cubes: Mapping[str, RoleCube], lang: str, found: Filter
) -> None:
    """Draw ranks and shares by layer over the facts that match."""
    ranks, shares = [], []
    for label, cube in cubes.items():
        if lang not in cube.languages:
            continue
        facts = cube.among(found.fact_ids)
        ranks.append(rank_curves(cube, lang, facts).assign(label=label))
        shares.append(share_curves(cube, lang, facts).assign(label=label))
    curves = pd.concat(ranks, ignore_index=True)
    curves = curves[curves["role"] != "distractor"]
    if curves.empty:
        st.info(f"None of the facts that match was ranked in {language_name(lang)}.")
        return
    labels = [label for label in cubes if label in set(curves["label"])]
    if without := [label for label in runs if label not in labels]:
        st.info(f"{', '.join(without)} ranked none of these facts in {language_name(lang)}.")
    least = int(curves["n"].min())
    if least < ENOUGH:
        st.warning(f"Only {least} facts: fewer than {ENOUGH} are not enough data for a conclusion.")
    about = chosen.about([runs[label] for label in labels])
    what = f"{language_name(lang)}, {found.words()}"
    scale = choose_view("Scale of median ranks", ("log", "linear"), "l_set_scale")
    show(
        rank_ribbons(
            curves, chosen.marks, title=f"Median rank and quartiles: {what}", log=scale == "log"
        ),
        curves[["label", "role", "layer", "n", "q25", "median", "q75"]],
        "lens_ribbons",
        runs=about,
        takeaway=_ranks_said(curves, labels) + " Ranks in the table are 0-based.",
    )
    counted = pd.concat(shares, ignore_index=True)
    show(
        share_lines(counted, chosen.marks, SHARES, title=f"Shares of facts by layer: {what}"),
        counted[["label", "statistic", "layer", "n", "share", "low", "high"]],
        "lens_shares",
        runs=about,
        takeaway=_shares_said(counted, labels) + " Bands are exact 95 % intervals of each share; "
        "whether checkpoints differ is said by the paired comparison below.",
    )


def show_compared(chosen: Chosen, runs: Mapping[str, str], lang: str, found: Filter) -> None:
    """Draw a stored statistic per language, with the verdict on every difference to the base."""
    _say_why_not(chosen)
    rows = chosen.compared(analysis="lens")
    rows = rows[rows["label_run"].isin(runs.values())]
    if rows.empty:
        return
    suffix = SUFFIX[found.group]
    known = [name for name in STATISTICS if (rows["statistic"] == name + suffix).any()]
    if not known:
        st.info(f"The comparison has no statistics of facts {found.group!r}: nothing says which.")
        return
    name = choose("Statistic", known, "l_statistic")
    words, percent = STATISTICS[name]
    if found.narrowed:
        st.caption(
            "Search, relation and split do not narrow the stored comparison: it is over every fact"
            + (f" {found.group}." if suffix else ".")
        )
    rows = rows[rows["statistic"] == name + suffix]
    rows = rows[rows["lang"].isna() | rows["lang"].isin(chosen.languages)]
    _say_base_levels(rows, chosen.base)
    frame = levels(rows, chosen.base)
    of_group = "" if found.group == ANY else f", facts {found.group}"
    show(
        language_levels(
            frame,
            chosen.marks,
            level_languages(frame),
            title=f"{name}: {', '.join(chosen.others)} against {chosen.base}{of_group}",
            x=words,
            percent=percent,
        ),
        frame,
        "lens_levels",
        runs=chosen.about(list(dict.fromkeys([*rows["base_run"], *rows["label_run"]]))),
        takeaway=verdicts_said(rows, lang=lang),
        on_click=_choose_language,
    )
    st.dataframe(
        evidence(rows.assign(lang=rows["lang"].fillna(MEAN))),
        hide_index=True,
        key="l_evidence",
        alt=f"Differences of {name} to {chosen.base}, with interval, noise floor and verdict",
    )


def _choose_language(point: Sequence[str]) -> None:
    if point[0] != MEAN:
        set_control("lang", point[0])


def _say_base_levels(rows: pd.DataFrame, base: str) -> None:
    """Say whose facts the base's dots are about where its pairs do not rest on the same ones."""
    lang = rows["lang"].fillna(MEAN)
    span = rows["base_value"].groupby(lang).agg(lambda own: own.max() - own.min())
    if (span > 1e-9).any():
        first = rows["label"].iloc[0]
        st.caption(
            f"{base} has another level beside each checkpoint, since other facts are shared: drawn is the "
            f"one beside {first}. The differences and verdicts are of each pair's own facts."
        )


def _say_why_not(chosen: Chosen) -> None:
    every = chosen.source.runs()["label"].nunique()
    refused = chosen.not_comparable("lens")
    for label, reason in zip(refused["label"], refused["reason"], strict=True):
        st.warning(f"{label} and {chosen.base} cannot be compared: {reason}")
    if every == 1:
        say_one_checkpoint(chosen.source)
    elif not chosen.others:
        st.info("One checkpoint is chosen: choose a second one in the sidebar to compare.")
    elif refused.empty and chosen.compared(analysis="lens").empty:
        say_not_compared(chosen.source, chosen.base)


def _ranks_said(curves: pd.DataFrame, labels: list[str]) -> str:
    parts = []
    for label in labels:
        own = curves[curves["label"] == label]
        last = own[own["layer"] == own["layer"].max()].set_index("role")["median"]
        english = f", of English at {last['en'] + 1:,g}" if "en" in last else ""
        parts.append(
            f"{label} ends with the target at a median rank of {last['target'] + 1:,g}{english}"
        )
    return "; ".join(parts) + "."


def _shares_said(counted: pd.DataFrame, labels: list[str]) -> str:
    parts = []
    for label in labels:
        own = counted[(counted["label"] == label) & (counted["statistic"] == SHARES[0])]
        last = own[own["layer"] == own["layer"].max()].iloc[0]
        parts.append(
            f"{label}: target first at the end for {last['share']:.1%} "
            f"[{last['low']:.1%}, {last['high']:.1%}] of {last['n']:,} facts"
        )
    return "; ".join(parts) + "."
