"""Lists of heads; a row chooses its head."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from dashboards.controls import set_control
from dashboards.parts.heads.choice import HeadsChoice
from dashboards.rows import pick_row


def choose_head(cell: Sequence[Any]) -> None:
    """Choose the head that was clicked: layer, head."""
    set_control("h_layer", int(cell[0]))
    set_control("h_head", int(cell[1]))


def list_heads(
    choice: HeadsChoice,
    rows: pd.DataFrame,
    key: str,
    *,
    alt: str,
    column_config: dict[str, Any] | None = None,
) -> None:
    """Show a list of heads.

    Args:
        choice: the page's choice.
        rows: columns ``layer`` and ``index`` (the head within it), both 0-based and not shown, and what
            is shown of each.
        key: of the widget.
        alt: what the list is.
        column_config: as of ``st.dataframe``.
    """
    pick_row(
        rows.drop(columns=["layer", "index"]),
        list(zip(rows["layer"].astype(int), rows["index"].astype(int), strict=True)),
        key,
        chosen=(choice.layer, choice.head),
        on_pick=choose_head,
        alt=alt,
        column_config=column_config,
    )
