"""Logs of trainings: metrics, languages, checks, rewards, and the checkpoint behind every step."""

from __future__ import annotations

from typing import Any

import streamlit as st

from dashboards.controls import choose, choose_some, choose_view, number
from dashboards.faults import say_missing, told
from dashboards.page import Chosen, begin
from dashboards.parts.training import charts
from dashboards.parts.training.logs import Logs, read_logs
from dashboards.parts.training.steps import show_step
from interp.plates.overview.trainings import newest_trainings
from interp.printable import for_spreadsheets
from interp.train_curves import SMOOTHINGS, settings

# Metrics shown at first, as far as a log has them.
FIRST = ("loss", "reward", "accuracy_all", "accuracy", "correct")


MOST_METRICS = 6


def main() -> None:
    """Draw the page."""
    chosen = begin("Training")
    with told():
        _page(chosen)


def _page(chosen: Chosen) -> None:
    runs = _runs(chosen)
    if not runs:
        return
    logs = read_logs(chosen, runs)
    table = logs.logged()
    names = table["metric"].tolist()
    if not names:
        st.info("The logs of these runs are empty.")
        return
    metrics = choose_some(
        "Metrics",
        names,
        "t_metric",
        default=[name for name in FIRST if name in names][:4] or names[:1],
        most=MOST_METRICS,
    )
    how = _how(logs)
    if metrics:
        charts.metrics(logs, metrics, how)
    else:
        st.info("No metric is chosen.")
    with st.expander("Which log holds which metric", icon=":material/list:"):
        st.dataframe(table, hide_index=True, key="t_logged")
    st.header("A step and its checkpoint")
    show_step(logs)
    st.header("Language by language")
    charts.languages(logs, how)
    st.header("Checks on the validation split")
    charts.checks(logs, how)
    st.header("Rollouts and reward")
    charts.reinforced(logs, how)
    st.header("Settings")
    _settings(logs)


def _runs(chosen: Chosen) -> dict[str, str]:
    """Take one training per checkpoint: each is made of other data, unlike the runs of an analysis."""
    found = chosen.runs_of("train")
    newest = newest_trainings(found, list(found["label"].unique()))
    runs = newest_trainings(found, chosen.labels)
    without = [label for label in chosen.labels if label not in newest]
    if not runs:
        say_missing(chosen.source, "train", without)
        if len(newest):
            st.info(f"There are logs of {', '.join(newest)}: choose them under Checkpoints.")
        return {}
    if without:
        st.caption(f"No training log of {', '.join(without)} in this study.")
    twice = found[found["label"].isin(runs)].groupby("label").size()
    if len(several := twice[twice > 1]):
        st.caption(f"Of {', '.join(several.index)} the newest log is shown.")
    return runs


def _how(logs: Logs) -> dict[str, Any]:
    """Choose the axis and the smoothing."""
    columns = st.columns([2, 3, 3])
    with columns[0]:
        axis = choose("Along", logs.axes(), "t_x", help="What the logs hold the numbers for.")
    with columns[1]:
        smoothing = choose_view("Smoothing", list(SMOOTHINGS), "t_smooth")
    with columns[2]:
        width = number(
            "Points smoothed over", 1, 101, "t_width", default=15, help="Logged points of a series."
        )
    if without := logs.without(axis):
        st.caption(f"The log of {', '.join(without)} does not hold {axis}: it is left out.")
    return {"axis": axis, "smoothing": smoothing, "width": int(width)}


def _settings(logs: Logs) -> None:
    table = settings({label: one for label, one in logs.manifests.items() if one})
    if without := [label for label, one in logs.manifests.items() if not one]:
        st.caption(f"{', '.join(without)}: the training left no manifest.")
    if table.empty:
        return
    differing = choose_view("Rows", ["that differ", "all"], "t_rows", default="all")
    shown = table[table["differs"]] if differing == "that differ" else table
    st.dataframe(shown, hide_index=True, key="t_settings", alt="Settings of the trainings")
    st.download_button(
        "Settings (CSV)",
        for_spreadsheets(shown).to_csv(index=False).encode("utf-8"),
        "settings.csv",
        "text/csv",
        key="t_settings_csv",
        on_click="ignore",
        icon=":material/download:",
    )


main()
