"""Compare the checkpoints of a study with its base, and keep the result in its table ``comparisons``."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

import pandas as pd

from interp.comparison.family import RunPair
from interp.comparison.pairs import Unpaired, find_base, find_labels, run_pairs
from interp.comparison.rows import EVERYTHING, refusal_row, result_rows
from interp.errors import InterpError, unknown
from interp.progress import progress_bar
from interp.stats.contrast import Settings, contrast, n_replicates
from interp.study import TABLES, Study
from interp.study.provenance import comparison_hash

_KEY = ["base", "label", "analysis"]
"""Rows of one of these replace each other."""


def compare(
    study: Study,
    base: str | None = None,
    *,
    labels: Sequence[str] | None = None,
    analyses: Sequence[str] | None = None,
    settings: Settings | None = None,
    again: bool = False,
) -> pd.DataFrame:
    """Hold every checkpoint against the base, statistic by statistic.

    What is compared is written to the study after every label and analysis, so that an interrupted call
    goes on where it was: a pair whose runs, settings and code are those of the stored rows is not
    computed again.

    Args:
        study: the study; where it was opened for reading, nothing is written.
        base: label of the base; by default the only one whose stage is ``base``.
        labels: the others; all by default.
        analyses: keys of `interp.comparison.families.FAMILIES`; all by default.
        settings: how much is drawn.
        again: compute what is stored, too.

    Returns:
        The rows of ``comparisons`` asked for (see ``interp.study.schema``).

    Raises:
        InterpError: for a label or analysis that is not there, and a study of one label. Two runs
            that cannot be compared, or of which one is damaged, raise nothing: one row says why.
    """
    from interp.comparison.families import FAMILIES

    for name in analyses or ():
        if name not in FAMILIES:
            raise unknown("analysis to compare", name, FAMILIES)
    settings = settings or Settings()
    root = find_base(study, base)
    others = find_labels(study, root, labels)
    stored = study.table("comparisons")
    found = []
    for label in dict.fromkeys(others):
        pairs = run_pairs(study, root, label, list(dict.fromkeys(analyses or FAMILIES)))
        for _, own in groupby(pairs, key=lambda pair: pair.analysis):
            rows, is_new = _compared(study, list(own), settings, stored, again)
            found.append(rows)
            if is_new and study.writable:
                _refuse_gone(study, rows)
                study.write_comparisons(rows, replace=_KEY)
    if not found:
        raise InterpError(
            f"study {study.path}: {root} and {', '.join(others)} have no run of "
            f"{', '.join(analyses or FAMILIES)}: run an analysis for each of them first"
        )
    # In the order of the schema, whether the first rows were computed now or are the stored ones.
    return pd.concat(found, ignore_index=True)[list(TABLES["comparisons"].names)]


def _refuse_gone(study: Study, rows: pd.DataFrame) -> None:
    """Refuse to keep rows about runs that were renamed or removed while they were compared."""
    there = {record.run_id for record in study.records()} | {""}
    gone = sorted({*rows["base_run"], *rows["label_run"]} - there)
    if gone:
        raise InterpError(
            f"{', '.join(gone)} was renamed or removed while it was compared: run interp compare again"
        )


def _compared(
    study: Study,
    pairs: Sequence[RunPair | Unpaired],
    settings: Settings,
    stored: pd.DataFrame,
    again: bool,
) -> tuple[pd.DataFrame, bool]:
    """Return the rows of one label and analysis, and whether any of them was computed now."""
    kept = [None if again else _stored(stored, pair, settings) for pair in pairs]
    parts = [
        _compute(study, pair, settings) if rows is None else rows
        for pair, rows in zip(pairs, kept, strict=True)
    ]
    return pd.concat(parts, ignore_index=True), any(rows is None for rows in kept)


def _stored(
    stored: pd.DataFrame, pair: RunPair | Unpaired, settings: Settings
) -> pd.DataFrame | None:
    """Return the rows of a pair where they are what would be computed now."""
    if isinstance(pair, Unpaired) or stored.empty:
        return None
    rows = stored[stored["statistic"] != EVERYTHING]  # what was refused may have been mended
    wanted = {
        "base_run": pair.base_run,
        "label_run": pair.label_run,
        "seed": settings.seed,
        "code_hash": comparison_hash(),
    }
    for name, value in wanted.items():
        rows = rows[rows[name] == value]
    drawn = rows["unit"] != "lists"
    fits = not rows.empty and (rows.loc[drawn, "method"] == str(settings)).all()
    if not fits:
        return None
    whole = {name: rows[name].astype("Int64") for name in ("layer", "head", "behind")}
    return rows.assign(**whole).reset_index(drop=True)


def _compute(study: Study, pair: RunPair | Unpaired, settings: Settings) -> pd.DataFrame:
    from interp.comparison.families import FAMILIES

    if isinstance(pair, Unpaired):
        return refusal_row(study.name, pair, pair.reason, settings)
    try:
        built = FAMILIES[pair.analysis](study, pair)
    except InterpError as error:  # other measures, or a damaged run: the other pairs still count
        return refusal_row(study.name, pair, str(error), settings)
    if built.result is not None:
        return result_rows(study.name, pair, built, built.result, settings)
    assert built.pair is not None
    title = f"compare {pair.analysis} {pair.label}"
    with progress_bar(title, total=n_replicates(built.pair, settings)) as advance:
        result = contrast(built.pair, settings, advance)
    return result_rows(study.name, pair, built, result, settings)
