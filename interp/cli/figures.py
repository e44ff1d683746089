"""``interp figures``: the study's figures as files for a paper."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from interp.cli import options as o

_SIZE = "Print"
_CHOICE = "What is shown"


def command(
    study: o.ReadStudyOption = o.DEFAULT_STUDY,
    formats: Annotated[
        list[str] | None,
        typer.Option(
            "--format",
            "-f",
            help="html (default; needs nothing), svg, pdf or png (these need Chrome and Kaleido); "
            "repeatable, or separated by commas.",
        ),
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder of the figures, made when absent.")] = Path(
        "figures"
    ),
    only: Annotated[
        list[str] | None,
        typer.Option(
            help="Only this figure, by its name or the paper's (Figure 7); repeatable, or separated by "
            "commas. See --list."
        ),
    ] = None,
    listed: Annotated[
        bool, typer.Option("--list", help="Print the figures and stop; needs no study.")
    ] = False,
    base: Annotated[
        str | None,
        typer.Option(
            help="Label that the others are held against; the study's base by default.",
            rich_help_panel=_CHOICE,
        ),
    ] = None,
    labels: Annotated[
        str | None,
        typer.Option(
            help="Labels beside it, separated by commas; all by default.", rich_help_panel=_CHOICE
        ),
    ] = None,
    languages: Annotated[
        str | None,
        typer.Option(
            help="Codes separated by commas; every language of the study by default.",
            rich_help_panel=_CHOICE,
        ),
    ] = None,
    width: Annotated[
        str,
        typer.Option(
            help="single (85 mm), one-and-a-half (130), double (175), or millimetres; of svg, pdf, png.",
            rich_help_panel=_SIZE,
        ),
    ] = "double",
    height: Annotated[
        str | None,
        typer.Option(help="Millimetres; as each figure needs by default.", rich_help_panel=_SIZE),
    ] = None,
    points: Annotated[
        float,
        typer.Option(
            min=4,
            max=20,
            help="Size of ticks and legends in print, in points.",
            rich_help_panel=_SIZE,
        ),
    ] = 7.0,
    dpi: Annotated[
        int, typer.Option(min=72, max=1200, help="Of png.", rich_help_panel=_SIZE)
    ] = 300,
    title: Annotated[
        bool,
        typer.Option(
            "--title/--no-title",
            help="Whether the title is drawn; papers have it in the caption.",
            rich_help_panel=_SIZE,
        ),
    ] = True,
    data: Annotated[
        bool,
        typer.Option("--data/--no-data", help="Write each figure's numbers beside it, as CSV."),
    ] = True,
    fonts: Annotated[
        str,
        typer.Option(
            help="embed: svg and html carry the glyphs they need; names: they only name the fonts.",
            rich_help_panel=_SIZE,
        ),
    ] = "embed",
    strict_fonts: Annotated[
        bool,
        typer.Option(
            "--strict-fonts",
            help="Fail where no installed font has a character.",
            rich_help_panel=_SIZE,
        ),
    ] = False,
    plotly: Annotated[
        str,
        typer.Option(
            help="shared: html pages use one plotly.min.js beside them (4.8 MB once); inline: each "
            "page carries it and can be sent alone."
        ),
    ] = "shared",
) -> None:
    """Write every figure of a study, with its numbers and its caption.

    Each in the form of the paper and in one that shows more; figures.md and captions.json hold a
    paragraph that reads the numbers, and where they come from. What the study lacks is said.

    Example: interp figures --study artifacts/demo --format svg,pdf --width single --no-title
    """
    from interp.cli.print_figures import print_list, print_written
    from interp.errors import InterpError, unknown
    from interp.notices import tell
    from interp.plates import View
    from interp.plates.registry import named
    from interp.printing.folder import FORMATS, Wishes, write_figures
    from interp.printing.sheet import Sheet, read_millimetres, read_width
    from interp.progress import progress_bar

    if listed:
        print_list()
        return
    for option, value, known in (("--fonts", fonts, ("embed", "names")),
                                 ("--plotly", plotly, ("shared", "inline"))):  # fmt: skip
        if value not in known:
            raise unknown(f"{option} value", value, known)
    names = _split(only)
    wishes = Wishes(
        formats=_formats(formats, FORMATS),
        sheet=Sheet(
            width=read_width(width),
            height=None if height is None else read_millimetres(height, "--height"),
            points=points,
            smallest=min(points, Sheet.smallest),
            dpi=dpi,
            titled=title,
        ),
        numbers=data,
        embed=fonts == "embed",
        shared=plotly == "shared",
    )
    view = View.of(
        study,
        base=base,
        labels=_split([labels] if labels else None),
        languages=o.parse_languages(languages),
    )
    with progress_bar("figures", total=len(named(names))) as done:
        written = write_figures(
            view,
            out,
            names=names,
            wishes=wishes,
            done=done,
            tell=lambda line: tell("figures", line),
        )
    print_written(written, out)
    if written.failed:
        raise InterpError(
            f"{', '.join(written.failed)} failed; the other figures are written (the lines above say why)"
        )
    if written.blocked is not None:
        raise InterpError(written.blocked)
    if strict_fonts and written.fonts:
        raise InterpError(f"--strict-fonts: {written.fonts[0]}")


def _split(given: list[str] | None) -> list[str] | None:
    """Split ``a,b`` and repeated options into names; None for none."""
    names = [name.strip() for one in given or () for name in one.split(",") if name.strip()]
    return list(dict.fromkeys(names)) or None


def _formats(given: list[str] | None, known: tuple[str, ...]) -> tuple[str, ...]:
    from interp.errors import unknown

    found = tuple(name.lower() for name in _split(given) or ("html",))
    for name in found:
        if name not in known:
            raise unknown("format", name, known)
    return found
