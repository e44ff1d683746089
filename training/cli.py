"""``interp train``: the commands that make checkpoints. Heavy imports inside the functions."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="Train checkpoints.", no_args_is_help=True)


@app.callback()
def train() -> None:
    """Train checkpoints."""


@app.command()
def base(
    out: Annotated[Path, typer.Option(help="Checkpoint folder: new, empty, or the same run.")],
    preset: Annotated[str, typer.Option(help="quick (minutes) or full (as shipped).")] = "quick",
    seed: Annotated[int, typer.Option(help="Weights, documents and their order.")] = 0,
    steps: Annotated[int | None, typer.Option(help="Another number of steps.")] = None,
    threads: Annotated[int | None, typer.Option(help="CPU threads; default: torch's.")] = None,
    overwrite: Annotated[bool, typer.Option(help="Replace another run in --out.")] = False,
) -> None:
    """Train the base organism on the embedded facts; goes on where a killed run stopped."""
    from training.organism.command import run_base

    run_base(out, preset=preset, seed=seed, steps=steps, threads=threads, overwrite=overwrite)
