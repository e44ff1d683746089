"""``interp demo``: the whole main job on the shipped checkpoint."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from interp.cli import options as o


def command(
    study: o.StudyOption = Path("artifacts/demo"),
    checkpoint: Annotated[
        Path, typer.Option(help="Where the shipped checkpoint is placed.")
    ] = Path("ckpt/base"),
    limit: o.LimitOption = None,
) -> None:
    """Run every analysis on the model organism that comes with the clone, and print the results.

    The organism is a small language model trained on facts from Unicode CLDR: it knows nearly
    all of them in English and far fewer in other languages.
    """
    from interp.cli.session import open_study
    from interp.cli.summaries import print_run
    from interp.cli.tables import console
    from interp.demo import find_shipped, place_checkpoint, run_demo

    out = console()
    started = time.monotonic()
    out.print(place_checkpoint(find_shipped(), checkpoint))
    target = open_study(study)
    runs = run_demo(checkpoint, target, limit=limit)
    for run_id in runs.values():
        print_run(target, run_id)
    out.print(f"\nDone in {time.monotonic() - started:.0f} s. The results are in {study}.")
    out.print("Where to look next:")
    out.print(f"  interp show --study {study}            the runs, and what each was made with")
    out.print(f"  interp lape --model YOUR_CHECKPOINT --label mine --study {study}")
    out.print("                                          your own checkpoint beside it")
    out.print(
        "  interp presets                          the corrected default, and what was published"
    )
