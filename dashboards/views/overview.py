"""What the study holds, what differs beyond noise, and where to look next."""

import pandas as pd
import streamlit as st

from dashboards.chart import show
from dashboards.controls import choose, set_control
from dashboards.faults import (
    command,
    say_not_compared,
    say_one_checkpoint,
    say_replaced,
    say_unfinished,
)
from dashboards.page import Chosen, begin
from interp.evidence.rows import tally
from interp.figures.overview import completeness, verdict_counts
from interp.plates.choice import in_order
from interp.plates.commands import COMMANDS
from interp.plates.overview.grid import analyses_of, holdings, languages_per_run
from interp.plates.overview.verdicts import verdicts_text
from interp.stats.verdict import BEYOND
from interp.study import study_summary

# Analysis to the page that shows it; what is compared is on Statistics, too.
PAGE_OF = {
    "lens": "views/lens.py", "lahis": "views/heads.py", "attention": "views/heads.py",
    "ablation": "views/heads.py", "lape": "views/neurons.py", "mcq": "views/facts.py",
    "klar": "views/facts.py", "train": "views/training.py",
}  # fmt: skip


def main() -> None:
    """Draw the page."""
    chosen = begin("Overview")
    runs = chosen.source.runs()
    current = runs[runs["status"] == "current"]
    compared = chosen.compared()
    _cards(chosen, current, compared)
    say_unfinished(chosen.source)
    say_replaced(chosen.source)
    if runs["label"].nunique() == 1:
        say_one_checkpoint(chosen.source)
    elif not chosen.others:
        st.info(
            "Choose a checkpoint beside the baseline in the sidebar to see what differs from it."
        )
    elif compared.empty:
        say_not_compared(chosen.source, chosen.base)
    else:
        _verdicts(chosen, compared)
    _grid(chosen, current)
    with st.expander("Every run", icon=":material/list:"):
        st.dataframe(chosen.source.derive(study_summary), hide_index=True, key="runs")


def _cards(chosen: Chosen, current: pd.DataFrame, compared: pd.DataFrame) -> None:
    facts = chosen.source.table("facts", columns=["fact_id"])["fact_id"].nunique()
    judged = compared[compared["head"].isna()]
    beyond = int((judged["verdict"] == BEYOND).sum())
    cards = (
        ("Checkpoints", f"{current['label'].nunique()}"),
        ("Languages", f"{len(chosen.languages)}"),
        ("Facts", f"{facts:,}"),
        ("Differences beyond noise", f"{beyond:,} of {len(judged):,}" if len(judged) else "–"),
    )
    for column, (name, value) in zip(st.columns(len(cards)), cards, strict=True):
        column.metric(name, value, border=True)


def _verdicts(chosen: Chosen, compared: pd.DataFrame) -> None:
    judged = compared[compared["head"].isna()]  # the maps' thousands of rows are on Heads
    counted = tally(judged)
    show(
        verdict_counts(counted, title=f"Compared with {chosen.base}: what is beyond noise"),
        counted,
        "verdicts",
        runs=chosen.about(list(compared["label_run"].dropna().unique())),
        takeaway=verdicts_text(judged, chosen.base),
    )
    st.page_link("views/statistics.py", label="The evidence behind every verdict")


def _grid(chosen: Chosen, current: pd.DataFrame) -> None:
    frame = holdings(current, chosen.source.derive(languages_per_run))
    analyses = analyses_of(frame)
    stages = dict(zip(current["label"], current["stage"], strict=True))
    labels = list(dict.fromkeys([*chosen.labels, *in_order(stages)]))
    lacking = [name for name in COMMANDS if name not in set(frame["analysis"])]
    show(
        completeness(
            frame, labels, analyses, title=f"Study {chosen.source.name}: analyses and languages"
        ),
        frame,
        "grid",
        runs=current,
        takeaway="Languages per analysis and checkpoint"
        + (f"; none yet: {', '.join(lacking)}." if lacking else "."),
        on_click=lambda cell: set_control("analysis", cell[0]),
    )
    analysis = choose("Analysis", analyses, "analysis", help="A click on the grid chooses it, too.")
    if analysis in PAGE_OF and analysis in set(frame["analysis"]):
        st.page_link(
            PAGE_OF[analysis], label=f"Look at {analysis}", icon=":material/arrow_forward:"
        )
    elif analysis in COMMANDS and analysis not in set(frame["analysis"]):
        command(f"{COMMANDS[analysis]} --help")


main()
