"""Prints a run of option scores: accuracy, consistency, and what changed against another run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from interp.cli.against import other_run
from interp.cli.tables import console, print_frame, with_interval, write_frames

if TYPE_CHECKING:
    from interp.data.language_sets import Split
    from interp.study import Study

_BRACKETS = "brackets: 95 % over facts, the same resamples in every row; of: number of facts"


def print_mcq(
    study: Study,
    run_id: str,
    *,
    against: str | None = None,
    sets: Mapping[str, Split] | None = None,
    out: Path | None = None,
) -> None:
    """Print the summary of a run.

    Args:
        study: the study.
        run_id: a finished run of option scores.
        against: label of the checkpoint to compare with; see `interp.cli.against.other_run`.
        sets: further groups of languages.
        out: folder for the tables as CSV.
    """
    from interp.evals.mcq_summary import compare, summarise

    found = summarise(study, run_id, sets=sets)
    frame = _accuracy(found)
    title = f"Accuracy of option scores: {run_id}"
    print_frame(frame, title, caption=_BRACKETS, whole=list(frame.columns))
    for name in ("all", "stated"):
        for note in sorted(set(found.get(name, pd.DataFrame({"note": []}))["note"]) - {""}):
            rows = found[name][found[name]["note"] == note]
            where = ", ".join(f"{row.lang} ({row.group})" for row in rows.itertuples())
            console().print(f"{note}: {where}")
    if "overall" in found:
        _print_consistency(found)
    other = other_run(study, run_id, against)
    if other is not None:
        for by in ("all", "stated") if "stated" in found else ("all",):
            found[f"flips {by}"] = compare(study, other, run_id, by=by, sets=sets)
            print_flips(found[f"flips {by}"], f"Against {other}")
    if out is not None:
        write_frames(found, out)


def print_flips(table: pd.DataFrame, title: str) -> None:
    """Print what changed between two checkpoints, fact by fact.

    Args:
        table: of `interp.evals.flips.flip_table`, with a column ``group`` or without.
        title: what it compares.
    """
    shown = pd.DataFrame(
        {
            **({"group": table["group"]} if "group" in table else {}),
            "lang": table["lang"],
            "facts": table["facts"],
            "before %": (100 * table["before"]).round(1),
            "after %": (100 * table["after"]).round(1),
            "change, points": with_interval(
                table["delta"], table["ci_low"], table["ci_high"], signed=True
            ),
            "wrong → right": table["gained"],
            "right → wrong": table["lost"],
        }
    )
    notes = "; ".join(sorted(set(table["note"]) - {""}))
    caption = "paired: the same facts for both; brackets: 95 % over facts"
    print_frame(
        shown, title, caption=f"{caption}; {notes}" if notes else caption,
        whole=("group", "lang", "change, points"),
    )  # fmt: skip


def _accuracy(found: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    every = found["all"]
    shown = pd.DataFrame({"lang": every["lang"], "all %": _of(every)})
    stated = found.get("stated", pd.DataFrame({"group": []}))
    for group in dict.fromkeys(stated["group"]):
        part = stated[stated["group"] == group].set_index("lang").loc[every["lang"]]
        shown[f"{group} %"] = _of(part)
    return shown


def _of(part: pd.DataFrame) -> list[str]:
    shares = with_interval(part["accuracy"], part["ci_low"], part["ci_high"])
    return [
        f"{share} of {n}" if n else share for share, n in zip(shares, part["facts"], strict=True)
    ]


def _print_consistency(found: Mapping[str, pd.DataFrame]) -> None:
    overall = found["overall"]
    shown = pd.DataFrame(
        {
            "statistic": overall["statistic"],
            "facts": overall["facts"],
            "%": with_interval(overall["value"], overall["ci_low"], overall["ci_high"]),
            "chance %": (100 * overall["chance"]).round(2),
            "floor %": (100 * overall["floor"]).round(2),
            "note": overall["note"],
        }
    )
    caption = (
        "total consistency: correct in every language (chance: if languages erred independently); "
        "the others: mean over pairs of languages"
    )
    print_frame(shown, "Consistency across languages", caption=caption)
    histogram = found["histogram"]
    counts = histogram[["languages_correct", "facts", "if_independent"]].round(1)
    counts = counts.T.reset_index()
    counts.columns = ["languages correct", *histogram["languages_correct"].astype(str)]
    print_frame(counts.iloc[1:], "Facts by the number of languages in which they are correct")
    pairs = found["pairs"]
    for statistic, title in (("rankc", "RankC"), ("clc", "CLC")):
        part = pairs[pairs["statistic"] == statistic]
        if not part.empty:
            print_frame(_matrix(part), f"{title} of two languages, %")


def _matrix(pairs: pd.DataFrame) -> pd.DataFrame:
    codes = list(dict.fromkeys([*pairs["lang"], *pairs["other_lang"]]))
    both = pd.concat([pairs, pairs.rename(columns={"lang": "other_lang", "other_lang": "lang"})])
    wide = both.pivot(index="lang", columns="other_lang", values="value").loc[codes, codes]
    wide.columns.name = None
    return (100 * wide).round(1).reset_index()
