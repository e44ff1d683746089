"""``interp report``: a study as one HTML file, to send, to read offline, to print."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from interp.cli import options as o


def command(
    study: Annotated[Path, typer.Option(help="Folder of the study.")] = o.DEFAULT_STUDY,
    out: Annotated[
        Path | None,
        typer.Option(
            help="The file; its folder is made when absent. By default STUDY-report.html here. An earlier "
            "report of this name is replaced; any other file is left as it is."
        ),
    ] = None,
    base: Annotated[
        str | None,
        typer.Option(help="Label that the others are held against; the study's base by default."),
    ] = None,
    labels: Annotated[
        str | None,
        typer.Option(
            help="Labels to show beside it, separated by commas; all but steps of a training by default."
        ),
    ] = None,
    languages: Annotated[
        str | None, typer.Option(help="Codes to show, separated by commas; all by default.")
    ] = None,
    title: Annotated[
        str | None, typer.Option(help="Title of the page; the study's name by default.")
    ] = None,
) -> None:
    """Write a study as one HTML page: figures, tables, verdicts, methods, provenance, BibTeX.

    Everything is inside the file: it opens without a network, and prints. Reads artifacts only; what the
    study lacks is named with the command that adds it.

    Example: interp report --study artifacts/mine --out mine.html
    """
    from interp.cli.tables import console
    from interp.errors import InterpError
    from interp.notices import tell
    from interp.plates.view import View
    from interp.report.write import check_file, default_file, write_report

    view = View.of(
        study,
        base=base,
        labels=_names(labels),
        languages=o.parse_languages(languages),
    )
    file = default_file(view) if out is None else out
    check_file(file)
    written = write_report(view, file, title=title, progress="report: figures")
    console().print(f"{file}: {written.size:.1f} MB, opens without a network", markup=False)
    for one in written.failed:
        tell("report", f"{', '.join(one.names)} failed: {one.why}")
    if written.failed:
        names = ", ".join(name for one in written.failed for name in one.names)
        raise InterpError(f"{names} failed; the page is written without (the lines above say why)")


def _names(text: str | None) -> list[str] | None:
    from interp.errors import InterpError

    if text is None:
        return None
    names = [name.strip() for name in text.split(",") if name.strip()]
    if not names:
        raise InterpError("--labels is empty: expected labels separated by commas, e.g. sft,grpo")
    return names
