"""A share of facts with its interval: averaged over languages, and as a cell of a table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from interp.evals.accuracy import accuracy_table
from interp.evals.checkpoint_tables import DRAWS
from interp.evals.fact_sheet import Part
from interp.plates.evaluation.answers import Answers, Languages
from interp.plates.evaluation.compared import records

_MEAN = "mean over languages"


def cell(row: Mapping[Any, Any] | pd.Series[Any], sign: str = "", value: str = "accuracy") -> str:
    """Write an accuracy in per cent with its 95 % interval, e.g. ``73.1 [71.0, 75.2]``.

    Args:
        row: accuracy, ci_low and ci_high, shares of facts.
        sign: of the verdict on the difference from the base; empty for none.
        value: name of the share's column.

    Returns:
        ``–`` where there is no value; the value alone where there is no interval.
    """
    if pd.isna(row[value]):
        return "–"
    text = f"{100 * row[value]:.1f}"
    if not pd.isna(row["ci_low"]):
        text += f" [{100 * row['ci_low']:.1f}, {100 * row['ci_high']:.1f}]"
    return f"{text} {sign}".rstrip()


def change(row: Mapping[Any, Any] | pd.Series[Any], sign: int = 1) -> str:
    """Write a difference of shares with its interval, e.g. ``+0.018 [+0.013, +0.023]``.

    Args:
        row: delta, delta_low and delta_high.
        sign: -1 turns it around.
    """
    ends = sorted((sign * row["delta_low"], sign * row["delta_high"]))
    value, low, high = (
        text if float(text) else "0.000"
        for text in (f"{one:+.3f}" for one in (sign * row["delta"], *ends))
    )
    return value if pd.isna(row["delta_low"]) else f"{value} [{low}, {high}]"


def mean_accuracy(answers: Answers, languages: Languages, part: Part) -> dict[str, dict[str, Any]]:
    """Average accuracy over languages, those with 20 facts (or, where none has, any).

    Returns:
        Label to facts, accuracy, ci_low, ci_high and note.
    """
    rows = {}
    for label, values in answers.correct(languages, part).items():
        correct = pd.DataFrame(values, list(answers.facts.fact_ids), list(languages))
        correct.index.name = "fact_id"
        grid = pd.MultiIndex.from_product([correct.index, correct.columns])
        cells = grid.to_frame(index=False).set_axis(["fact_id", "lang"], axis=1)
        table = accuracy_table(
            correct, cells.assign(group="all"), {_MEAN: languages}, draws=DRAWS
        )  # fmt: skip
        (rows[label],) = records(table[table["lang"] == _MEAN])
    return rows
