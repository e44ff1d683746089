"""``interp show``: what a study holds."""

from __future__ import annotations

from typing import Annotated

import typer

from interp.cli import options as o


def command(
    study: o.StudyOption = o.DEFAULT_STUDY,
    run: Annotated[
        str | None, typer.Option(help="Print the summary of one run, by its run_id.")
    ] = None,
) -> None:
    """List the runs of a study, or print one of them again."""
    from interp.cli.summaries import print_run
    from interp.cli.tables import print_frame
    from interp.study import load_study, study_summary

    opened = load_study(study)
    if run is not None:
        print_run(opened, run)
        return
    print_frame(study_summary(opened), f"Study {opened.path}")
