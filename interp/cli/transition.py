"""``interp transition``: how do answers pass from English into a language, layer by layer?"""

from __future__ import annotations

from typing import Annotated

import typer

from interp.cli import options as o


def command(
    study: o.ReadStudyOption = o.DEFAULT_STUDY,
    label: Annotated[
        list[str] | None,
        typer.Option(
            help="A checkpoint; repeat it for several, the one to compare with first. All by "
            "default, the base first.",
        ),
    ] = None,
    by: Annotated[
        str,
        typer.Option(
            help="Groups of facts: stated (in the language's training text, or in English only), "
            "relation, split, answer_kind or all.",
        ),
    ] = "stated",
    fact: Annotated[
        str | None, typer.Option(help="Show one fact instead: ranks and likeliest tokens by layer.")
    ] = None,
    languages: Annotated[
        str | None,
        typer.Option(
            help="Codes separated by commas. With --fact, what is shown; else, print these "
            "languages' ranks by layer, too.",
        ),
    ] = None,
    preset: Annotated[str, typer.Option(help="Preset of the lens runs.")] = "default",
    data: Annotated[
        str | None,
        typer.Option(
            help="First characters of a fact set's hash, where the study has runs on several."
        ),
    ] = None,
    draws: Annotated[int, typer.Option(min=100, help="Resamples of the facts.")] = 2000,
    seed: o.SeedOption = 0,
    out: o.OutOption = None,
) -> None:
    """Language transition: does English come first, how long, and is it left in the end?

    Reads the lens runs of a study; loads no model.

    Example: interp transition --study artifacts/mine --by relation --out tables
    """
    from interp.cli.print_transition import print_fact, print_transition
    from interp.cli.tables import check_out, write_frames
    from interp.data.fact_groups import GROUPINGS
    from interp.errors import unknown
    from interp.lens.chosen_runs import lens_runs
    from interp.study import load_study

    check_out(out)
    codes = o.parse_languages(languages)
    if by not in GROUPINGS:
        raise unknown("grouping of facts", by, GROUPINGS)
    opened = load_study(study)
    runs = lens_runs(opened, label, preset=preset, data=data)
    if fact is not None:
        frames = print_fact(opened, runs, fact, codes)
    else:
        frames = print_transition(opened, runs, by=by, languages=codes, draws=draws, seed=seed)
    if out is not None:
        write_frames(frames, out)
