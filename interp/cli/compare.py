"""``interp compare``: what differs between the base and the other checkpoints, and is it real?"""

from __future__ import annotations

from typing import Annotated

import typer

from interp.cli import options as o


def command(
    study: o.ReadStudyOption = o.DEFAULT_STUDY,
    base: Annotated[
        str | None,
        typer.Option(help="Label of the base; by default the one whose stage is base."),
    ] = None,
    label: Annotated[
        list[str] | None,
        typer.Option(help="A checkpoint to compare; repeat it for several. All by default."),
    ] = None,
    analysis: Annotated[
        list[str] | None,
        typer.Option(
            help="lape, lahis, lens, mcq, klar or similarity; repeatable. All by default."
        ),
    ] = None,
    trajectory: Annotated[
        str | None,
        typer.Option(help="Follow one training over labels like grpo-step-400: give grpo."),
    ] = None,
    draws: Annotated[int, typer.Option(min=100, help="Bootstrap replicates.")] = 1000,
    permutations: Annotated[
        int, typer.Option(min=99, help="Relabellings for the permutation p.")
    ] = 1999,
    splits: Annotated[int, typer.Option(min=20, help="Half splits for the noise floor.")] = 200,
    seed: o.SeedOption = 0,
    every: Annotated[
        bool, typer.Option("--every", help="Print the values of every language and layer, too.")
    ] = False,
    again: Annotated[
        bool,
        typer.Option("--again", help="Compute again what the study holds already."),
    ] = False,
    out: o.OutOption = None,
) -> None:
    """Compare checkpoints: every statistic with its interval, noise floor, p and verdict.

    Reads the runs of a study; loads no model. The result is kept in the study, where a pair of runs
    that has been compared is not compared again.

    Example: interp compare --study artifacts/demo --base base
    """
    from interp.cli.print_comparison import print_comparison, print_trajectory
    from interp.cli.tables import check_out, write_frames
    from interp.comparison import compare
    from interp.comparison.trajectory import steps_of, trajectories
    from interp.errors import InterpError
    from interp.stats.contrast import Settings
    from interp.study import Study, load_study

    check_out(out)
    reader = load_study(study)  # a folder that is none is refused before one is made of it
    if trajectory is not None:
        if label:
            raise InterpError("--trajectory names the labels by itself: expected no --label")
        label = steps_of(reader.runs()["label"], trajectory)
    opened = Study.open(study)
    rows = compare(
        opened,
        base,
        labels=label,
        analyses=analysis,
        settings=Settings(draws, permutations, splits, seed),
        again=again,
    )
    if trajectory is not None:
        rows = trajectories(rows)
        print_trajectory(opened, rows)
    else:
        print_comparison(opened, rows, every=every)
    if out is not None:
        write_frames({"comparisons" if trajectory is None else "trajectory": rows}, out)
