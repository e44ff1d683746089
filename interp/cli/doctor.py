"""``interp doctor``: is everything here?"""

from __future__ import annotations

import typer


def command() -> None:
    """Say what is installed, which device is used, what is missing and how to get it."""
    from interp.cli.tables import print_frame
    from interp.doctor import examine

    rows = examine()
    print_frame(rows, "interp doctor")
    if (rows["status"] == "missing").any():
        raise typer.Exit(1)
