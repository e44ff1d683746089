"""Prints claims beside what a study gives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import pandas as pd

from interp.claims.judge import NOT_COMPUTED, OTHER_MODEL, VERDICTS
from interp.claims.wording import CAPTION, laid_out
from interp.cli.tables import console, print_frame

if TYPE_CHECKING:
    from interp.claims import Claim


def print_claims(frame: pd.DataFrame) -> None:
    """Print the table of claims: what was held against the study first, what lacks last.

    Args:
        frame: from `interp.claims.check_claims`.
    """
    _print_labels(frame)
    held = frame[~frame["verdict"].isin([OTHER_MODEL, NOT_COMPUTED])]
    several = held.groupby(["analysis", "preset"])["data"].transform("nunique") > 1
    for (analysis, preset, data), part in held.groupby(["analysis", "preset", "data"], sort=False):
        on = f" on {data}" if several[part.index[0]] else ""
        print_frame(
            laid_out(part, "verdict"),
            f"{analysis} ({preset}){on}: claims about {_names(part['model'])}",
            caption=CAPTION,
        )
        _print_notes(part)
    _print_other_models(frame[frame["verdict"] == OTHER_MODEL], alone=held.empty)
    _print_lacking(frame[frame["verdict"] == NOT_COMPUTED])
    counts = frame["verdict"].value_counts()
    said = [f"{counts[verdict]} {verdict}" for verdict in VERDICTS if verdict in counts]
    console().print(f"{_claims(len(frame))}: {', '.join(said)}", markup=False)


def _print_labels(frame: pd.DataFrame) -> None:
    """Say which models the labels are, before any number; a label may be one of several analyses."""
    known = frame.dropna(subset=["base_run"])
    roots = known.loc[known["verdict"] != NOT_COMPUTED, ["of", "base", "study_model"]]
    named = [*zip(roots["base"], roots["study_model"], strict=True)][:1]
    named += zip(known["label"], known["label_model"], strict=True)
    models: dict[str, list[str]] = {}
    for label, model in dict.fromkeys((one, None if pd.isna(two) else two) for one, two in named):
        models.setdefault(label, []).append(model or "not named in its runs")
    for label, names in models.items():
        console().print(f"{label}: {' and '.join(names)}", markup=False)


def _names(values: pd.Series) -> str:
    return ", ".join(dict.fromkeys(str(value) for value in values))


def _print_notes(part: pd.DataFrame) -> None:
    for _, row in part.dropna(subset=["note"]).drop_duplicates(["id", "note"]).iterrows():
        console().print(f"{row['claim']}: {row['note']}", markup=False)


def _print_other_models(part: pd.DataFrame, *, alone: bool) -> None:
    """Show what other models give: numbers only, because they say nothing about the claim."""
    if part.empty:
        return
    for model, rows in part.groupby("model", sort=False):
        reason = rows["reason"].iloc[0]
        if not alone:
            console().print(
                f"{_claims(len(rows))} about {model} not judged: {reason}", markup=False
            )
            continue
        print_frame(
            laid_out(rows),
            f"Claims about {model}, beside a study of another model: no verdict",
            caption=f"{reason}. Numbers of another model neither support nor refute a claim.",
        )


def _print_lacking(part: pd.DataFrame) -> None:
    if part.empty:
        return
    console().print(f"{_claims(len(part))} cannot be computed:", markup=False)
    for reason, rows in part.groupby("reason", sort=False):
        console().print(f"  {_shortened(list(rows['id']))}: {reason}", markup=False)


def _claims(n: int) -> str:
    return "1 claim" if n == 1 else f"{n} claims"


def _shortened(names: Sequence[str], most: int = 6) -> str:
    if len(names) <= most:
        return ", ".join(names)
    return f"{', '.join(names[:most])} and {len(names) - most} more"


def print_list(claims: Sequence[Claim]) -> None:
    """Print claims without a study.

    Args:
        claims: from `interp.claims.read_claims`.
    """
    rows: list[Mapping[str, str]] = [
        {
            "id": one.id,
            "claim": one.text,
            "where": one.source,
            "model": one.model,
            "role": one.role,
            "reported": one.reported_text,
            "statistic": f"{one.analysis} {one.statistic}",
        }
        for one in claims
    ]
    print_frame(pd.DataFrame(rows), f"{len(claims)} claims")
