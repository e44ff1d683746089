"""``interp study``: check, rename, remove, restore, merge and migrate what is kept for months."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from interp.cli import options as o

if TYPE_CHECKING:
    import pandas as pd

    from interp.study.manage import Removed, Selection

app = typer.Typer(
    no_args_is_help=True,
    help="Keep studies in order: check, rename, remove, restore, merge, migrate. No run is lost "
    "silently.",
)

Target = Annotated[Path, typer.Option(help="Folder of the study.")]


@app.command("check")
def check(study: Target = o.DEFAULT_STUDY) -> None:
    """Read every file of a study, and say what is damaged and what to do about it.

    Files are held against the hashes that their runs recorded; nothing is written.

    Example: interp study check --study artifacts/mine
    """
    from interp.cli.tables import console
    from interp.errors import InterpError
    from interp.study.manage import check_study

    found = check_study(study)
    damaged = found[found["problem"] != ""]
    if damaged.empty:
        console().print(f"study {study}: {len(found)} files are what was written", markup=False)
        return
    for row in damaged.itertuples():
        console().print(f"{row.what}: {row.problem}", markup=False, soft_wrap=True)
        console().print(f"  {row.cure}", markup=False, soft_wrap=True)
    whole = found[found["problem"] == ""]
    raise InterpError(
        f"study {study}: {len(damaged)} of {len(found)} files are damaged (the lines above say which, "
        f"and what to do); the other {len(whole)} can be read"
    )


@app.command("rename")
def rename(
    old: Annotated[str | None, typer.Argument(help="The label.")] = None,
    new: Annotated[str | None, typer.Argument(help="The label from now on.")] = None,
    study: Target = o.DEFAULT_STUDY,
    study_name: Annotated[
        str | None, typer.Option(help="Rename the study itself instead; its folder stays.")
    ] = None,
) -> None:
    """Give a checkpoint another label, in all its runs at once.

    A later request under the new label finds the runs; run.json keeps the earlier names.

    Example: interp study rename --study artifacts/mine grpo grpo-step-400
    """
    from interp.cli.tables import console
    from interp.errors import InterpError
    from interp.study.manage import rename_label, rename_study

    if study_name is not None:
        if old is not None:
            raise InterpError(
                f"--study-name {study_name} and label {old} given: expected one of them"
            )
        before = rename_study(study, study_name)
        console().print(f"study {study}: {before} is now {study_name}", markup=False)
        return
    if old is None or new is None:
        raise InterpError(
            "expected the label and its new name, e.g. interp study rename grpo grpo-step-400; or "
            "--study-name NAME for the study itself"
        )
    done = rename_label(study, old, new)
    out = console()
    if done.resumed:
        out.print("completed what had been interrupted")
    for was, now in done.runs.items():
        out.print(f"{was} is now {now}", markup=False, soft_wrap=True)
    if done.stages:
        out.print(
            f"stage stays {', '.join(done.stages)}: a request that is to find these runs says "
            f"--label {new} --stage {done.stages[0]}",
            markup=False,
            soft_wrap=True,
        )


@app.command("remove")
def remove(
    study: Target = o.DEFAULT_STUDY,
    run: Annotated[list[str] | None, typer.Option(help="A run_id; repeat it for several.")] = None,
    label: Annotated[str | None, typer.Option(help="All runs of this label.")] = None,
    superseded: Annotated[
        bool, typer.Option("--superseded", help="All runs that a newer one replaces.")
    ] = False,
    unfinished: Annotated[
        bool, typer.Option("--unfinished", help="All interrupted runs, and their progress.")
    ] = False,
    facts: Annotated[
        bool, typer.Option("--facts", help="Also fact sets that no run uses any more.")
    ] = False,
    purge: Annotated[
        bool, typer.Option("--purge", help="For good; else to the study's trash.")
    ] = False,
    yes: Annotated[
        bool, typer.Option("--yes", help="Do it; without, only list what would go.")
    ] = False,
) -> None:
    """Take runs out of a study, to its trash or for good.

    Without --yes nothing is touched. Comparisons that rest on removed runs are removed, too.

    Example: interp study remove --study artifacts/mine --superseded
    """
    from interp.cli.tables import console, print_frame
    from interp.study.manage import Selection, candidates, remove_runs

    selection = Selection(tuple(run or ()), label, superseded, unfinished)
    if yes:
        _say_removed(study, remove_runs(study, selection, purge=purge, facts=facts))
        return
    from interp.study import load_study
    from interp.study.manage import in_trash, only_in_trash

    trash = in_trash(load_study(study).path)
    rows = candidates(study, selection, dict(zip(trash["run_id"], trash["label"], strict=True)))
    copies = only_in_trash(study, selection, list(rows["run_id"]))
    if rows.empty and (copies.empty or not purge):
        kept = "" if copies.empty else "; --purge deletes what is in the trash"
        console().print(f"no run of study {study} to remove{kept}", markup=False, soft_wrap=True)
        return
    if len(rows):
        _list(study, rows, purge)
    if purge and len(copies):
        print_frame(copies, f"To be deleted from the trash of study {study}", whole=("run_id",))
    more = ("--facts",) if facts else ()
    command = _again(study, selection, (*more, *(("--purge",) if purge else ())))
    console().print(f"nothing was touched; to do it: {command}", markup=False, soft_wrap=True)


@app.command("restore")
def restore(
    run_id: Annotated[
        str | None, typer.Argument(help="The run; without, the trash is listed.")
    ] = None,
    study: Target = o.DEFAULT_STUDY,
) -> None:
    """Bring a removed run back from the trash.

    Its comparisons are computed again by interp compare.
    """
    from interp.cli.tables import console, print_frame
    from interp.study import load_study
    from interp.study.manage import in_trash, restore_run

    if run_id is not None:
        removed = run_id in set(in_trash(load_study(study).path)["run_id"])
        name = restore_run(study, run_id)
        if name == run_id and not removed:
            console().print(
                f"run {run_id} is in the study, and not in its trash: nothing to restore",
                markup=False,
                soft_wrap=True,
            )
            return
        other = "" if name == run_id else f" as {name}, because its name is taken"
        console().print(f"{run_id} is back{other}", markup=False, soft_wrap=True)
        return
    trash = in_trash(load_study(study).path)
    if trash.empty:
        console().print(f"the trash of study {study} is empty", markup=False)
        return
    print_frame(trash, f"Trash of study {study}", whole=("run_id",))


@app.command("merge")
def merge(
    others: Annotated[list[Path], typer.Argument(help="The studies that give; not touched.")],
    study: Annotated[
        Path, typer.Option(help="The study that receives, made when absent.")
    ] = o.DEFAULT_STUDY,
    rename: Annotated[
        list[str] | None,
        typer.Option(help="old=new: label of the others to another one; repeat it for several."),
    ] = None,
) -> None:
    """Copy the finished runs and the facts of other studies into one.

    Example: interp study merge --study artifacts/all artifacts/mine artifacts/yours
    """
    from interp.cli.tables import console, print_frame
    from interp.study.manage import merge_studies

    done = merge_studies(study, others, _labels(rename or ()))
    if done.empty:
        console().print("the other studies have no run", markup=False)
        return
    print_frame(done, f"Into study {study}", whole=("run_id",))
    console().print("comparisons are not copied: interp compare computes them again")


@app.command("migrate")
def migrate(
    study: Target = o.DEFAULT_STUDY,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be done, and write nothing.")
    ] = False,
) -> None:
    """Bring a study of an older schema up to date; its numbers and run_ids stay."""
    from interp.cli.tables import console, print_frame
    from interp.study import SCHEMA_VERSION
    from interp.study.manage import migrate as bring_up_to_date

    done = bring_up_to_date(study, dry_run=dry_run)
    if done.files.empty:
        console().print(f"study {study} is of schema {done.found}: nothing to do", markup=False)
        return
    print_frame(done.files, f"Study {study}: schema {done.found} to {SCHEMA_VERSION}")
    if dry_run:
        console().print("nothing was touched")


def _labels(texts: list[str] | tuple[str, ...]) -> dict[str, str]:
    from interp.errors import InterpError

    labels: dict[str, str] = {}
    for text in texts:
        old, equals, new = text.partition("=")
        if not (old and equals and new) or old in labels:
            raise InterpError(
                f"--rename {text!r}: expected old=new, once for every label, e.g. base=base-other"
            )
        labels[old] = new
    return labels


def _list(study: Path, rows: pd.DataFrame, purge: bool) -> None:
    from interp.cli.tables import console, print_frame

    shown = rows.assign(
        used_by=rows["used_by"].map(" ".join).replace("", None),
        size=[_size(size) for size in rows["bytes"]],
    )
    print_frame(
        shown[["run_id", "status", "rows", "size", "used_by", "comparisons"]],
        f"{'To be deleted' if purge else 'To the trash'} of study {study}",
        caption="used by: runs that name it; comparisons: rows that rest on it and go with it",
        whole=("run_id",),
    )
    console().print(f"{len(rows)} runs, {_size(int(rows['bytes'].sum()))}", markup=False)


def _say_removed(study: Path, done: Removed) -> None:
    from interp.cli.tables import console
    from interp.study.pending import command_line

    out = console()
    for run in done.runs:
        out.print(f"removed {run}", markup=False, soft_wrap=True)
    for run in done.from_trash:
        out.print(f"deleted {run} from the trash", markup=False, soft_wrap=True)
    for stem in done.facts:
        out.print(f"removed facts {stem}", markup=False, soft_wrap=True)
    if done.comparisons:
        out.print(f"removed {done.comparisons} rows of comparisons that rested on what is gone")
    if done.place is not None:
        back = command_line(study, "restore", *done.runs[:1])
        out.print(f"in {done.place}; to bring one back: {back}", markup=False, soft_wrap=True)
    elif not (done.runs or done.facts or done.from_trash):
        out.print(f"study {study}: nothing left to remove", markup=False)


def _again(study: Path, selection: Selection, more: tuple[str, ...]) -> str:
    from interp.study.pending import command_line

    arguments = [part for run in selection.runs for part in ("--run", run)]
    if selection.label is not None:
        arguments += ["--label", selection.label]
    arguments += ["--superseded"] if selection.superseded else []
    arguments += ["--unfinished"] if selection.unfinished else []
    return command_line(study, "remove", *arguments, *more, "--yes")


def _size(n_bytes: int) -> str:
    size = float(n_bytes)
    for unit in ("B", "KiB", "MiB"):
        if size < 1024:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.1f} GiB"
