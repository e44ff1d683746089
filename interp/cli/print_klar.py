"""Prints what an evaluation by free generation found."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from interp.cli.tables import console, print_frame

if TYPE_CHECKING:
    from interp.study import Study


def print_klar(study: Study, run_id: str, sets_file: Path | None = None) -> None:
    """Print accuracies, failure modes and averages of a run.

    Args:
        study: the study.
        run_id: a finished run of ``interp eval klar``.
        sets_file: YAML file with further language sets.
    """
    from interp.data.language_sets import read_language_sets
    from interp.evals.klar_summary import summarise

    found = summarise(study, run_id, None if sets_file is None else read_language_sets(sets_file))
    languages = found["languages"]
    copied = 100 * languages["answer_in_demos"].sum() / max(languages["facts"].sum(), 1)
    print_frame(
        _languages(languages),
        f"Free generation: {run_id}",
        caption="brackets: 95 % over facts; the true answer stands in a demonstration of "
        f"{copied:.1f} % of the questions",
    )
    print_frame(_modes(found["failure_modes"]), "How answers fail, % of answers")
    console().print(
        "leak*: English answer given, % of the facts whose English form is another; "
        "same as English: % of facts whose forms coincide\n"
    )
    print_frame(_accuracies(found["language_sets"], "lang"), "Mean over language sets, %")
    pooled = found["relations"]
    pooled = pooled[pooled["lang"] == "all languages"]
    print_frame(_accuracies(pooled, "group"), "By relation, mean over languages, %")
    kinds = found["answer_kinds"]
    kinds = kinds[kinds["lang"] == "all languages"]
    print_frame(_accuracies(kinds, "group"), "By kind of answer, mean over languages, %")


def _languages(frame: pd.DataFrame) -> pd.DataFrame:
    """One column per rule, with its interval; columns that say nothing are left out."""
    shown = frame[["lang", "facts"]].copy()
    for rule in ("lenient", "strict"):
        shown[f"{rule} %"] = _with_interval(frame, rule, f"{rule}_low", f"{rule}_high")
    for name in ("missing", "few_demos", "shortened"):
        if frame[name].any():
            shown[name.replace("_", " ")] = frame[name]
    return shown.assign(note=frame["note"]) if frame["note"].any() else shown


def _modes(frame: pd.DataFrame) -> pd.DataFrame:
    """Languages by modes."""
    from interp.evals.failure_modes import LEAK, MODES
    from interp.evals.failure_table import LEAKABLE, SAME

    titles = {mode: mode.replace("_", " ") for mode in (*MODES, SAME)}
    frame = frame.assign(column=frame["mode"].map(titles))
    frame.loc[(frame["mode"] == LEAK) & (frame["of"] == LEAKABLE), "column"] = "leak*"
    order = [*(titles[mode] for mode in MODES), "leak*", titles[SAME]]
    wide = frame.pivot(index="lang", columns="column", values="share")
    wide = (100 * wide.loc[frame["lang"].unique(), order]).round(1)
    return wide.rename_axis(columns=None).reset_index()


def _accuracies(frame: pd.DataFrame, name: str) -> pd.DataFrame:
    shown = frame[[name, "facts"]].rename(columns={"lang": "languages", "group": "facts of"})
    shown["accuracy %"] = _with_interval(frame, "accuracy", "ci_low", "ci_high")
    return shown.assign(note=frame["note"]) if frame["note"].any() else shown


def _with_interval(frame: pd.DataFrame, value: str, low: str, high: str) -> list[str]:
    return [
        "–" if pd.isna(middle)
        else f"{100 * middle:.1f}"
        if pd.isna(least)
        else f"{100 * middle:.1f} [{100 * least:.1f}, {100 * most:.1f}]"
        for middle, least, most in zip(frame[value], frame[low], frame[high], strict=True)
    ]  # fmt: skip
