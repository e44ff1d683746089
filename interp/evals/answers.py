"""Predictions as tables of facts by languages; pure.

Statistics across languages need the same facts in all of them. A prediction file may lack some:
`parallel` keeps what is there everywhere and says what it left out, language by language.
"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from interp.data.languages import in_table_order
from interp.errors import InterpError


def wide(predictions: pd.DataFrame, column: str = "correct") -> pd.DataFrame:
    """Lay one column out as facts by languages.

    Args:
        predictions: rows of the table ``predictions`` of one run and benchmark.
        column: what to lay out.

    Returns:
        One row per fact (in order of appearance), one column per language (in table order), empty
        where a fact is absent in a language.

    Raises:
        InterpError: a fact stands twice in a language (several runs or benchmarks in one frame).
    """
    if predictions.empty:
        raise InterpError("there are no predictions: expected at least one answered fact")
    twice = predictions.duplicated(["fact_id", "lang"])
    if twice.any():
        row = predictions[twice].iloc[0]
        raise InterpError(
            f"fact {row['fact_id']!r} is answered twice in {row['lang']}: expected the predictions "
            "of one run and one benchmark"
        )
    table = predictions.pivot(index="fact_id", columns="lang", values=column)
    order = predictions["fact_id"].drop_duplicates()
    return table.loc[order, list(in_table_order(table.columns))]


@dataclass(frozen=True)
class Parallel:
    """Facts that are there in every language.

    Attributes:
        fact_ids: the facts.
        languages: the languages.
        missing: language to the number of facts that it lacks and another has.
        left_out: facts that are not in every language.
    """

    fact_ids: tuple[str, ...]
    languages: tuple[str, ...]
    missing: dict[str, int]
    left_out: int

    @property
    def note(self) -> str:
        """One sentence on what was left out; empty where nothing was."""
        if not self.left_out:
            return ""
        lacking = ", ".join(f"{lang} {n}" for lang, n in self.missing.items() if n)
        return (
            f"{self.left_out} facts are not there in every language (missing: {lacking}): "
            f"statistics across languages are over the other {len(self.fact_ids)}"
        )


def parallel(table: pd.DataFrame) -> Parallel:
    """Find the facts that every language has.

    Args:
        table: from `wide`.

    Returns:
        The facts and what is missing where.

    Raises:
        InterpError: no fact is there in every language.
    """
    absent = table.isna()
    whole = ~absent.any(axis=1)
    missing = {str(lang): int(count) for lang, count in absent.sum().items()}
    if not whole.any():
        worst = max(missing, key=lambda lang: missing[lang])
        raise InterpError(
            f"no fact is there in all of {', '.join(missing)}: {worst} lacks {missing[worst]} of "
            f"{len(table)}; choose fewer languages"
        )
    return Parallel(tuple(table.index[whole]), tuple(table.columns), missing, int((~whole).sum()))
