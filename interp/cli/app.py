"""Puts the commands together; those of other packages are found through an entry point."""

from __future__ import annotations

from importlib.metadata import entry_points
from typing import Annotated

import typer

from interp.cli import (
    ablate,
    attention,
    claims,
    compare,
    dashboard,
    demo,
    doctor,
    eval,
    export,
    figures,
    import_,
    lahis,
    lape,
    lens,
    presets,
    report,
    show,
    similarity,
    study,
    transition,
    verify,
)


def _version(wanted: bool) -> None:
    if wanted:
        from interp import __version__

        typer.echo(f"interp {__version__}")
        raise typer.Exit


def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """What changed inside a language model when post-training changed its factual recall?

    An analysis takes a checkpoint (hub id, folder or LoRA adapter) and writes to a study.

    Interrupt it whenever you like: the same command goes on where it was.

    Examples:
        interp demo

        interp lens --model ckpt/base --study artifacts/mine

        interp lape --model allenai/OLMo-2-1124-7B --corpus ted:multi_way.jsonl

        interp dashboard --study artifacts/mine
    """


def build() -> typer.Typer:
    """Build the application with every command that is installed."""
    app = typer.Typer(
        name="interp",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode="rich",
    )
    app.callback()(_root)
    analyses = "Analyses (checkpoint → study)"
    app.command("lens", rich_help_panel=analyses)(lens.command)
    app.command("lahis", rich_help_panel=analyses)(lahis.command)
    app.command("lape", rich_help_panel=analyses)(lape.command)
    app.command("attention", rich_help_panel=analyses)(attention.command)
    app.command("ablate", rich_help_panel=analyses)(ablate.command)
    app.command("similarity", rich_help_panel=analyses)(similarity.command)
    app.add_typer(eval.app, name="eval", rich_help_panel=analyses)
    app.command("verify", rich_help_panel="Checkpoints")(verify.command)
    app.command("show", rich_help_panel="Studies")(show.command)
    app.command("dashboard", rich_help_panel="Studies")(dashboard.command)
    app.command("compare", rich_help_panel="Studies")(compare.command)
    app.command("claims", rich_help_panel="Studies")(claims.command)
    app.command("transition", rich_help_panel="Studies")(transition.command)
    app.command("report", rich_help_panel="Studies")(report.command)
    app.command("figures", rich_help_panel="Studies")(figures.command)
    app.add_typer(study.app, name="study", rich_help_panel="Studies")
    app.add_typer(import_.app, name="import", rich_help_panel="Studies")
    app.add_typer(export.app, name="export", rich_help_panel="Studies")
    app.command("demo", rich_help_panel="Start here")(demo.command)
    app.command("doctor", rich_help_panel="Start here")(doctor.command)
    app.command("presets", rich_help_panel="Start here")(presets.command)
    for point in sorted(entry_points(group="interp.commands"), key=lambda point: point.name):
        app.add_typer(point.load(), name=point.name, rich_help_panel="Checkpoints")
    return app
