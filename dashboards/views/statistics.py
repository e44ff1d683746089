"""Is the change real? Every statistic with interval, noise floor and verdict; D over layers; the table."""

from dataclasses import replace

import pandas as pd
import streamlit as st

from dashboards.faults import say_one_checkpoint
from dashboards.page import Chosen, begin
from dashboards.parts.statistics.ecdf import draw_ecdf
from dashboards.parts.statistics.forest import ask, ask_place, draw_cards, draw_forest
from dashboards.parts.statistics.null import draw_null
from dashboards.parts.statistics.state import say_refused, say_state
from dashboards.parts.statistics.steps import draw_steps
from dashboards.parts.statistics.table import draw_table
from interp.evidence.layer_null import REST
from interp.lape.layer_ecdf import WITHOUT_ENGLISH


def main() -> None:
    """Draw the page."""
    chosen = begin("Statistics")
    if chosen.source.runs()["label"].nunique() == 1:
        say_one_checkpoint(chosen.source)
        return
    if not chosen.others:
        st.info(
            "Choose a checkpoint beside the baseline in the sidebar: there is nothing to compare."
        )
        return
    compared = chosen.compared()
    if compared.empty:
        st.info(
            f"As they are now, {', '.join(chosen.others)} have not been compared with {chosen.base}: no "
            "interval, noise floor or verdict yet."
        )
        state = say_state(chosen)
        _layers_uncompared(chosen, compared)
        say_refused(chosen, state)
        return
    state = say_state(chosen)
    asked = ask(chosen, compared)
    if asked.rows.empty:
        st.info("This statistic has no row for the checkpoints and languages that are chosen.")
    else:
        draw_forest(chosen, asked)
        lang, rest = ask_place(chosen, asked)
        draw_cards(asked, lang, rest)
        if asked.analysis == "lape":
            group = WITHOUT_ENGLISH if asked.statistic == REST else lang
            _layers(chosen, compared, asked.rows, group)
        draw_steps(chosen, asked, lang, rest)
    draw_table(chosen)
    say_refused(chosen, state)


def _layers(chosen: Chosen, compared: pd.DataFrame, rows: pd.DataFrame, lang: str | None) -> None:
    """Draw curves and null of the runs that the rows are about."""
    pairs = rows.drop_duplicates("label")
    base_run = str(pairs["base_run"].iloc[0])
    same = pairs[pairs["base_run"] == base_run]
    if len(same) < len(pairs):
        left = ", ".join(pairs.loc[pairs["base_run"] != base_run, "label"])
        st.info(f"Compared with another run of {chosen.base}, so not drawn beside: {left}.")
    runs = {
        chosen.base: base_run,
        **dict(zip(same["label"], same["label_run"].astype(str), strict=True)),
    }
    about = compared[
        (compared["base_run"] == base_run) & compared["label_run"].isin(set(runs.values()))
    ]
    enough = draw_ecdf(chosen, runs, about, lang)
    draw_null(chosen, runs, about, lang, list(enough))


def _layers_uncompared(chosen: Chosen, nothing: pd.DataFrame) -> None:
    """Draw the curves of runs that have no stored rows: D, without a verdict."""
    # runs made alike, of the base whether it is among the checkpoints shown or not
    runs = replace(chosen, labels=(chosen.base, *chosen.others)).choose_runs("lape")
    if chosen.base in runs and len(runs) > 1:
        draw_ecdf(chosen, runs, nothing, None)


main()
