"""``interp show``: what a study holds."""

from __future__ import annotations

from typing import Annotated

import typer

from interp.cli import options as o


def command(
    study: o.ReadStudyOption = o.DEFAULT_STUDY,
    run: Annotated[
        str | None, typer.Option(help="Print the summary of one run, by its run_id.")
    ] = None,
) -> None:
    """List the runs of a study, or print one of them again."""
    from interp.cli.summaries import print_run
    from interp.cli.tables import console, print_frame
    from interp.study import load_study, study_summary

    opened = load_study(study)
    if run is not None:
        print_run(opened, run)
        return
    summary = study_summary(opened)
    if summary.empty:
        console().print(
            f"Study {opened.path} has no runs yet: interp lens, lahis and lape add some"
        )
        return
    print_frame(
        summary.assign(date=summary["date"].str[:16]),
        f"Study {opened.path}",
        whole=("run_id", "status"),
    )
    if (summary["status"] == "unfinished").any():
        console().print("unfinished: interrupted or still going; its command goes on with it")
