"""What is stored of the numbers that are shown: intervals, verdicts, and the tokens behind them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import pandas as pd

from interp.plates.neurons.selected import Selection

Rows = Mapping[tuple[str, str], Mapping[str, Any]]
"""Label and language to the row of ``comparisons``."""


class Comparing(Protocol):
    """A study that is looked at: a `interp.plates.View`, or what a page's sidebar says."""

    @property
    def base(self) -> str:
        """Label of the checkpoint that the others are held against."""

    def compared(self, **where: str) -> pd.DataFrame:
        """Return the stored comparisons of the checkpoints shown with the base."""


def own_rows(
    chosen: Comparing,
    shown: Sequence[Selection],
    statistic: str,
    languages: Sequence[str | None] | None = None,
) -> pd.DataFrame:
    """Return the stored comparisons of the very runs that are shown.

    Args:
        chosen: where they are stored.
        shown: the checkpoints.
        statistic: of LAPE, e.g. ``neurons``.
        languages: only theirs, None standing for all together; every row where omitted.
    """
    rows = chosen.compared(analysis="lape", statistic=statistic)
    runs = {one.label: one.run_id for one in shown}
    mine = rows["label_run"] == rows["label"].map(runs)
    rows = rows[(rows["base_run"] == runs.get(chosen.base, "")) & mine]
    if languages is None:
        return rows
    pooled = rows["lang"].isna() & (None in languages)
    return rows[pooled | rows["lang"].isin([lang for lang in languages if lang is not None])]


def stored_rows(
    chosen: Comparing, shown: Sequence[Selection], statistic: str
) -> dict[tuple[str, str], dict[str, Any]]:
    """Return the stored comparisons of the very runs that are shown, by label and language."""
    return {
        (str(row["label"]), str(row["lang"])): {str(name): cell for name, cell in row.items()}
        for row in own_rows(chosen, shown, statistic).to_dict("records")
        if not pd.isna(row["lang"])
    }


def stored_beside(
    rows: Rows,
    one: Selection,
    of_base: Selection | None,
    lang: str,
    number: Callable[[Any, str], float | None],
) -> dict[str, Any]:
    """Return what is stored of a number, if the stored comparison is of the very number shown.

    Args:
        rows: stored comparisons of one statistic.
        one: the checkpoint.
        of_base: the base, if it is shown.
        lang: the language.
        number: the statistic of a checkpoint and a language, as it is shown.

    Returns:
        The row, and ``own_low`` and ``own_high``: the interval of the checkpoint's own number. Nothing
        where thresholds differ from the runs', or either side's number does (e.g. selected anew from
        fewer languages, to be comparable).
    """
    if of_base is None or not (one.stored and of_base.stored):
        return {}
    if one.label == of_base.label:
        side, found = "base", [row for (_, code), row in rows.items() if code == lang]
    else:
        side, found = "label", [rows[one.label, lang]] if (one.label, lang) in rows else []
    sides = (("base_value", of_base), (f"{side}_value", one))
    for row in found:
        if all(_same(row[name], number(each, lang)) for name, each in sides):
            return {**row, "own_low": row[f"{side}_low"], "own_high": row[f"{side}_high"]}
    return {}


def _same(stored: float, shown: float | None) -> bool:
    return pd.isna(stored) or (shown is not None and math.isclose(stored, shown))
