"""``interp demo``: the whole main job on the shipped checkpoints."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from interp.cli import options as o


def command(
    study: o.StudyOption = Path("artifacts/my-demo"),
    checkpoints: Annotated[
        Path, typer.Option(help="Folder in which the shipped checkpoints are placed.")
    ] = Path("ckpt"),
    limit: o.LimitOption = None,
    retrain: Annotated[
        bool,
        typer.Option(
            "--retrain",
            help="Train base, CPT, SFT and GRPO into --checkpoints first (hours on two cores).",
        ),
    ] = False,
    quick: Annotated[
        bool,
        typer.Option("--quick", help="With --retrain: a small base and few updates, in minutes."),
    ] = False,
) -> None:
    """Run every analysis on the model organism that comes with the clone, and compare its stages.

    The organism is a small language model trained on facts from Unicode CLDR: it knows nearly
    all of them in English and far fewer in other languages. SFT and GRPO went on from it. What it
    finds comes with the clone, too: interp dashboard shows artifacts/demo at once.
    """
    from interp.cli.print_demo import print_demo
    from interp.cli.session import open_study
    from interp.cli.summaries import print_run
    from interp.cli.tables import console
    from interp.demo import STAGES, check_causes, find_shipped, place_checkpoint, run_demo
    from interp.demo import retrain as train_again
    from interp.errors import InterpError

    out = console()
    started = time.monotonic()
    if quick and not retrain:
        raise InterpError("--quick says how to train again: expected --retrain with it")
    if retrain:
        train_again(checkpoints, quick=quick)
    else:
        shipped = find_shipped()
        for stage in STAGES:
            out.print(place_checkpoint(shipped / stage, checkpoints / stage))
    target = open_study(study)
    base = STAGES[0]
    runs = {base: run_demo(checkpoints / base, target, limit=limit)}
    for stage in STAGES[1:]:
        runs[stage] = run_demo(
            checkpoints / stage, target, limit=limit, heads_from=runs[base]["lahis"]
        )
    causes = check_causes(checkpoints / base, target, runs[base], limit=limit)
    for analysis in ("lape", "lahis", "lens", "mcq", "attention"):
        print_run(target, runs[base][analysis])
    for run_id in causes.values():
        print_run(target, run_id)
    print_demo(target, runs)
    out.print(f"\nDone in {time.monotonic() - started:.0f} s. The results are in {study}.")
    out.print("Where to look next:")
    out.print(f"  interp dashboard --study {study}")
    out.print("                                          all of it in the browser")
    out.print(f"  interp show --study {study}            the runs, and what each was made with")
    out.print(f"  interp lape --model YOUR_CHECKPOINT --label mine --study {study}")
    out.print("                                          your own checkpoint beside them")
    out.print("  interp train grpo --model ckpt/base --out ckpt/mine")
    out.print(
        "  interp presets                          the corrected default, and what was published"
    )
