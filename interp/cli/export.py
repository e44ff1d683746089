"""``interp export``: the suite's data in the forms of other tools."""

from __future__ import annotations

import typer

from interp.cli import export_lm_eval

app = typer.Typer(no_args_is_help=True, help="The suite's data in the forms of other tools.")


@app.callback()
def _group() -> None:
    """Keep one command a group of commands."""


app.command("lm-eval")(export_lm_eval.command)
