"""Prints what an evaluation by free generation found."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from interp.cli.against import other_run
from interp.cli.print_mcq import print_flips
from interp.cli.tables import console, print_frame, with_interval, write_frames

if TYPE_CHECKING:
    from interp.data.language_sets import Split
    from interp.study import Study


def print_klar(
    study: Study,
    run_id: str,
    *,
    against: str | None = None,
    sets: Mapping[str, Split] | None = None,
    out: Path | None = None,
) -> None:
    """Print accuracies, failure modes and averages of a run, and what changed against another.

    Args:
        study: the study.
        run_id: a finished run of ``interp eval klar``.
        against: label of the checkpoint to compare with; see `interp.cli.against.other_run`.
        sets: further language sets.
        out: folder for the tables as CSV.
    """
    from interp.evals.klar_summary import compare_runs, flipped, summarise

    found = summarise(study, run_id, sets)
    languages = found["languages"]
    caption = "brackets: 95 % over facts"
    if languages["answer_in_demos"].notna().any():  # imported answers come without their prompts
        copied = 100 * languages["answer_in_demos"].sum() / max(languages["facts"].sum(), 1)
        caption += f"; the true answer stands in a demonstration of {copied:.1f} % of the questions"
    print_frame(
        _languages(languages),
        f"Free generation: {run_id}",
        caption=caption,
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
    for by, title in (("stated", "By what the language's training text states"),
                      ("split", "By split")):  # fmt: skip
        if by in found:
            shown = _accuracies(found[by], "lang")
            shown.insert(0, "group", found[by]["group"])
            print_frame(shown, f"{title}, %")
    other = other_run(study, run_id, against)
    if other is not None:
        found["flips"] = compare_runs(study, other, run_id, sets)
        found["flipped answers"] = flipped(study, other, run_id)
        print_flips(found["flips"], f"Against {other}")
    if out is not None:
        write_frames(found, out)


def _languages(frame: pd.DataFrame) -> pd.DataFrame:
    """One column per rule, with its interval; columns that say nothing are left out."""
    shown = frame[["lang", "facts"]].copy()
    for rule in ("lenient", "strict"):
        shown[f"{rule} %"] = with_interval(frame[rule], frame[f"{rule}_low"], frame[f"{rule}_high"])
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
    shown["accuracy %"] = with_interval(frame["accuracy"], frame["ci_low"], frame["ci_high"])
    return shown.assign(note=frame["note"]) if frame["note"].any() else shown
