"""``interp dashboard``: look at a study in the browser."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def command(
    study: Annotated[
        Path | None,
        typer.Option(help="Folder of the study; the demo study of the clone by default."),
    ] = None,
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="0 takes the first free one from 8501.")
    ] = 0,
    browser: Annotated[
        bool, typer.Option("--browser/--no-browser", help="Whether the browser is opened.")
    ] = True,
) -> None:
    """Show a study in the browser: heads, neurons, facts and statistics across checkpoints.

    Reads artifacts only, needs no model and no network, and listens to this machine alone (127.0.0.1);
    from a remote machine: ssh -L 8501:127.0.0.1:8501 HOST. Control-C ends it.

    Example: interp dashboard --study artifacts/mine
    """
    from interp.cli.serve import serve

    raise typer.Exit(serve(study, port, open_browser=browser))
