"""What is stored of the numbers that are shown: intervals, verdicts, and the tokens behind them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pandas as pd

from dashboards.page import Chosen
from dashboards.parts.neurons.shown import Shown

Rows = Mapping[tuple[str, str], Mapping[str, Any]]
"""Label and language to the row of ``comparisons``."""

FEW_TOKENS = 1 / 2
"""Of the most that a language has in the checkpoint: below it a language is marked."""


def few_tokens(one: Shown, lang: str) -> bool:
    """Say whether a language was measured on less than half the tokens of the best measured one."""
    if lang not in one.tokens:
        return False
    return one.tokens[lang] < FEW_TOKENS * max(one.tokens.values())


def stored_rows(
    chosen: Chosen, shown: Sequence[Shown], statistic: str
) -> dict[tuple[str, str], dict[str, Any]]:
    """Return the stored comparisons of the very runs that are shown, by label and language."""
    rows = chosen.compared(analysis="lape", statistic=statistic)
    runs = {one.label: one.run_id for one in shown}
    return {
        (str(row["label"]), str(row["lang"])): {str(name): cell for name, cell in row.items()}
        for row in rows.to_dict("records")
        if row["base_run"] == runs.get(chosen.base)
        and row["label_run"] == runs.get(row["label"])
        and not pd.isna(row["lang"])
    }


def stored_beside(
    rows: Rows,
    one: Shown,
    of_base: Shown | None,
    lang: str,
    number: Callable[[Shown, str], float | None],
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
