"""``interp claims``: does the study give what the paper claims?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from interp.cli import options as o

if TYPE_CHECKING:
    from interp.claims import Claim
    from interp.study import Study


def command(
    study: o.ReadStudyOption = o.DEFAULT_STUDY,
    claims: Annotated[
        list[Path] | None,
        typer.Option(
            help="YAML file of claims of one's own, beside the paper's; repeatable.",
        ),
    ] = None,
    paper: Annotated[
        bool, typer.Option("--paper/--no-paper", help="Whether the paper's claims are checked.")
    ] = True,
    set_: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="ROLE=LABEL",
            help="Which label plays a role (base, cpt, sft, grpo, cpt-sft, cpt-grpo); by default "
            "the one called so, or the one of this stage. Repeatable.",
        ),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(
            help="Which model the base is, where its runs do not name it (a folder, a file), e.g. "
            "OLMo-2-1124-7B; refused where they name another."
        ),
    ] = None,
    only: Annotated[
        list[str] | None,
        typer.Option(help="Only claims with this in id, analysis or model; repeatable."),
    ] = None,
    stored: Annotated[
        bool,
        typer.Option(
            "--stored", help="Use what interp compare has kept, and compute no comparison."
        ),
    ] = False,
    listed: Annotated[
        bool, typer.Option("--list", help="Print the claims and stop; needs no study.")
    ] = False,
    out: o.OutOption = None,
) -> None:
    """Hold the paper's claims, and one's own, against a study: reported, reproduced, verdict.

    Numbers come from the study's comparisons, which are made first where they lack. Claims about
    another model than the study's are not judged.

    Example: interp claims --study artifacts/mine --set grpo=grpo-step-400
    """
    from interp.claims import check_claims
    from interp.claims.roles import read_choices
    from interp.cli.print_claims import print_claims, print_list
    from interp.cli.tables import check_out, write_frames

    check_out(out)
    chosen = _chosen(claims or [], paper, only or [])
    if listed:
        print_list(chosen)
        return
    roles = read_choices(set_ or [])
    frame = check_claims(_open(study), chosen, chosen=roles, model=model, compute=not stored)
    print_claims(frame)
    if out is not None:
        write_frames({"claims": frame}, out)


def _chosen(files: list[Path], paper: bool, only: list[str]) -> list[Claim]:
    from interp.claims.read import PACKAGED, read_claims
    from interp.errors import InterpError

    if not files and not paper:
        raise InterpError("--no-paper without --claims: expected a file of claims")
    found = read_claims([*([PACKAGED] if paper else []), *files])
    if not only:
        return found
    kept = [
        one
        for one in found
        if any(word.lower() in f"{one.id} {one.analysis} {one.model}".lower() for word in only)
    ]
    if not kept:
        raise InterpError(
            f"--only {' '.join(only)}: no claim has it in id, analysis or model; interp claims "
            "--list prints them"
        )
    return kept


def _open(path: Path) -> Study:
    """Open for writing, to keep what is computed, or for reading where that is not possible."""
    from interp.cli.tables import console
    from interp.errors import InterpError
    from interp.study import Study, load_study

    found = load_study(path)
    try:
        return Study.open(path)
    except InterpError as error:
        console().print(f"comparisons are not kept: {error}", markup=False)
        return found
