"""A table whose rows choose what they stand for; the chosen one's row is ticked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, TypeVar

import pandas as pd
import streamlit as st

T = TypeVar("T")


def pick_row(
    table: pd.DataFrame,
    things: Sequence[T],
    key: str,
    *,
    chosen: T | None,
    on_pick: Callable[[T], None],
    alt: str,
    height: int | None = None,
    column_config: dict[str, Any] | None = None,
) -> None:
    """Show a table; choosing a row, with the mouse or the keyboard, chooses what it is about.

    Args:
        table: as it is shown.
        things: what each row stands for.
        key: of the widget, unique on the page.
        chosen: what is chosen now, by whichever way; its row is ticked if it has one.
        on_pick: receives what was picked; sets the bound widgets that say the same.
        alt: what the table is, for screen readers.
        height: in pixels; Streamlit's own where omitted.
        column_config: as of ``st.dataframe``.
    """
    ticked = [at for at, one in enumerate(things) if one == chosen][:1]
    # A tick stays where it is when something else is chosen elsewhere or the rows are others, and a click
    # on a ticked row takes the tick away instead of choosing. A table that ticks what is not chosen is
    # therefore replaced by a new one; after a click on a row the tick is right and the table stays.
    turns = f"{key} turn"
    turn = st.session_state.setdefault(turns, 0)
    held = st.session_state.get(f"{key}_{turn}")
    if held is not None and list(held["selection"]["rows"]) != ticked:
        turn = st.session_state[turns] = turn + 1
    own = f"{key}_{turn}"
    st.dataframe(
        table,
        hide_index=True,
        height="auto" if height is None else height,
        key=own,
        on_select=partial(_picked, own, list(things), on_pick),
        selection_mode="single-row",
        selection_default={"selection": {"rows": ticked, "columns": [], "cells": []}},
        column_config=column_config,
        alt=alt,
    )


def _picked(key: str, things: Sequence[T], on_pick: Callable[[T], None]) -> None:
    rows: Sequence[int] = st.session_state[key]["selection"]["rows"]
    if rows and rows[0] < len(things):
        on_pick(things[rows[0]])
