"""Prints what a run found, read back from the study."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from interp.cli.tables import console, print_frame
from interp.errors import InterpError, unknown

if TYPE_CHECKING:
    from interp.study import Study

_WIDE = 9
"""Columns that fit a terminal; a wider trajectory is printed as several tables."""


def print_run(study: Study, run_id: str) -> None:
    """Print the summary of a run, whichever analysis it is.

    Raises:
        InterpError: for a run that the study does not hold or that is not finished.
    """
    from interp.cli.print_ablation import print_ablation
    from interp.cli.print_attention import print_attention
    from interp.cli.print_imported import print_imported
    from interp.cli.print_klar import print_klar
    from interp.cli.print_lm_eval import print_lm_eval
    from interp.cli.print_mcq import print_mcq
    from interp.cli.print_similarity import print_similarity

    printers = {
        "lens": print_lens, "lahis": print_lahis, "lape": print_lape, "mcq": print_mcq,
        "klar": print_klar, "ablation": print_ablation, "similarity": print_similarity,
        "lm-eval": print_lm_eval, "train": print_train, "attention": print_attention,
    }  # fmt: skip
    records = {record.run_id: record for record in study.records()}
    if run_id not in records:
        raise unknown("run", run_id, records or ["(the study has no runs)"])
    if not records[run_id].data.get("finished_at"):
        raise InterpError(f"run {run_id} is not finished: run its command again to go on with it")
    analysis = records[run_id].spec["analysis"]
    if analysis not in printers:
        raise unknown("analysis", analysis, printers)
    printers[analysis](study, run_id)
    print_imported(study, run_id)


def print_lens(study: Study, run_id: str) -> None:
    """Print the median rank of the target and of the English answer by layer."""
    from interp.lens.summary import summarise

    found = summarise(study, run_id)
    trajectory = found["trajectory"]
    fixed = [name for name in ("layer", "point") if name in trajectory]
    curves = [name for name in trajectory.columns if name not in fixed]
    for start in range(0, len(curves), _WIDE - len(fixed)):
        part = trajectory[fixed + curves[start : start + _WIDE - len(fixed)]]
        title = "Logit lens: median rank by layer" if start == 0 else "(continued)"
        print_frame(part, title)
    console().print("layer 0 is the embeddings; rank 1 is the model's first choice\n")
    print_frame(_percent(found["languages"], ("target first", "never crosses")), f"Facts: {run_id}")


def print_lahis(study: Study, run_id: str) -> None:
    """Print each language's most important heads."""
    from interp.lahis.summary import summarise

    found = summarise(study, run_id)
    print_frame(found["top_heads"], f"LAHIS: most important heads per language: {run_id}")
    general = " ".join(f"{row.layer}.{row.head}" for row in found["general_heads"].itertuples())
    console().print(
        f"heads that are among the top of (nearly) all languages: {general or 'none'}\n"
    )
    print_frame(found["overlap"].round(1), "Shared top heads of two languages, %")


def print_lape(study: Study, run_id: str) -> None:
    """Print how many neurons belong to each language."""
    from interp.lape.summary import summarise

    for name, frame in summarise(study, run_id).items():
        print_frame(frame, f"LAPE: {name.replace('_', ' ')}: {run_id}")


def print_train(study: Study, run_id: str) -> None:
    """Print a training log: eight moments of it, languages together."""
    log = study.table("train_log", run_id=run_id)
    log = log[log["lang"].isna()]
    if log.empty:
        log = study.table("train_log", run_id=run_id)
    wide = log.pivot_table(index="step", columns="metric", values="value", aggfunc="mean")
    places = sorted({round(i * (len(wide) - 1) / 7) for i in range(8)})
    shown = wide.iloc[places].reset_index()
    for start in range(1, len(shown.columns), _WIDE - 1):
        part = shown.iloc[:, [0, *range(start, min(start + _WIDE - 1, len(shown.columns)))]]
        print_frame(part, f"Training: {run_id}" if start == 1 else "(continued)")


def _percent(frame: pd.DataFrame, columns: tuple[str, ...]) -> pd.DataFrame:
    """Show shares as percent, so that a reader need not guess the unit."""
    shown = frame.copy()
    for name in columns:
        shown[name] = (100 * shown[name]).round(1)
    return shown.rename(columns={name: f"{name} %" for name in columns})
