"""The stored comparisons that bear on the answers shown, and how they are said."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

import pandas as pd

from interp.data.language_sets import named_sets
from interp.figures.verdicts import SIGNS, evidence_text
from interp.plates.view import View

NOT_COMPARED = "not compared: no noise floor and no verdict"


def records(rows: pd.DataFrame) -> list[dict[str, Any]]:
    """Return rows as mappings from column to value."""
    return cast("list[dict[str, Any]]", rows.to_dict("records"))


def of_runs(rows: pd.DataFrame, runs: Mapping[str, str], base: str) -> pd.DataFrame:
    """Keep the comparisons of exactly the runs that are shown.

    Args:
        rows: rows of ``comparisons``.
        runs: label to run_id.
        base: label of the base; without a run nothing is kept.
    """
    keep = rows["base_run"] == runs.get(base)
    return rows[keep & (rows["label_run"] == rows["label"].map(dict(runs)))]


def stored(
    view: View, analysis: str, runs: Mapping[str, str], statistic: str | None = None
) -> pd.DataFrame:
    """Return the stored comparisons of these runs with the base.

    Args:
        view: the study.
        analysis: of the runs.
        runs: label to run_id.
        statistic: its name; all by default.
    """
    where = {"analysis": analysis} | ({} if statistic is None else {"statistic": statistic})
    return of_runs(view.compared(**where), runs, view.base)


def of_languages(rows: pd.DataFrame, every: Sequence[str], codes: Iterable[str]) -> pd.DataFrame:
    """Find the stored averages of accuracy over exactly some languages.

    Args:
        rows: rows of ``comparisons`` of one analysis.
        every: languages that both runs have.
        codes: languages averaged over.

    Returns:
        One row per label at most.
    """
    wanted = set(codes)
    names = {name for name, known in named_sets(every).items() if set(known) == wanted}
    found = {f"accuracy ({name})" for name in names}
    if {lang for lang in every if lang != "en"} == wanted:
        found.add("accuracy")  # without a language: the average beside English
    keep = rows["lang"].isna() & rows["statistic"].isin(found)
    return rows[keep].drop_duplicates("label")


def signs_of(rows: pd.DataFrame) -> tuple[dict[tuple[str, str], str], dict[tuple[str, str], str]]:
    """Give (label, language) to the verdict's sign, and to the evidence in words."""
    signs, said = {}, {}
    for row in records(rows[rows["lang"].notna()]):
        cell = str(row["label"]), str(row["lang"])
        signs[cell], said[cell] = SIGNS[row["verdict"]], evidence_text(row)
    return signs, said


def legend(signs: Iterable[str | None], where: str = "Signs at the right") -> str:
    """Explain the signs that are drawn; empty for none.

    Args:
        signs: as they are drawn.
        where: they stand.
    """
    drawn = set(signs)
    known = [f"{sign} {verdict}" for verdict, sign in SIGNS.items() if sign in drawn]
    return f"{where}: {', '.join(known)}." if known else ""


def across(rows: pd.DataFrame, base: str, what: str) -> str:
    """Say the stored evidence on a statistic across languages, checkpoint by checkpoint.

    Args:
        rows: rows of one statistic without a language.
        base: label of the base.
        what: the statistic in words.

    Returns:
        A sentence; empty for no row.
    """
    parts = [f"{row['label']} {evidence_text(row)}" for row in records(rows)]
    return f"{what}, minus {base}: {'; '.join(parts)}." if parts else ""


def mean_over(every: Sequence[str], shown: Sequence[str]) -> str:
    """Say which languages a stored mean is over: those beside English that the runs have.

    Args:
        every: languages of the runs.
        shown: languages that are drawn; where they are fewer, it is said that the mean is over more.
    """
    whole = {lang for lang in every if lang != "en"} <= set(shown)
    of = f"{'' if whole else 'all '}languages{' beside English' if 'en' in every else ''}"
    return f"mean over {of}{'' if whole else ', not only those shown'}"


def languages_said(codes: Sequence[str]) -> str:
    """Say how many languages, or which one."""
    return f"{len(codes)} languages" if len(codes) != 1 else f"{codes[0]} alone"
