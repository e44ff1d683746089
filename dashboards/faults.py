"""What a page says where it has nothing to show: why, and the exact command that mends it."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
import streamlit as st

from dashboards.data import Source
from interp.comparison.rows import EVERYTHING
from interp.errors import InterpError
from interp.plates import commands
from interp.plates.choice import of_current_runs
from interp.study import TABLES, Study
from interp.study.door import MANIFEST, NewerSchemaError
from interp.study.pending import PENDING, command_line
from interp.study.records import damaged_records


class Stopped(Exception):
    """The page has said why it shows nothing more.

    Not ``st.stop``, after which Streamlit lets nothing be written into the session: the next page would
    not know which study was chosen.
    """


def command(text: str) -> None:
    """Show a command that can be copied."""
    st.code(text, language="bash")


def explain_unopened(path: str, error: InterpError) -> None:
    """Say why a folder cannot be shown as a study, and what makes one."""
    st.error(str(error), icon=":material/error:")
    if isinstance(error, NewerSchemaError):
        st.write("A newer version of interp wrote this study. Update, and open it again:")
        command("pip install --upgrade interp")
    elif not (Path(path).expanduser() / MANIFEST).exists():
        st.write("Make a study here with the demo, or with an analysis of your own checkpoint:")
        place = shlex.quote(path)
        command(
            f"interp demo --study {place}\n"
            f"interp lape --model CHECKPOINT --label base --stage base --study {place}"
        )


@contextmanager
def told() -> Iterator[None]:
    """Show an ``InterpError`` of this part of the page as one line; the rest of the page goes on."""
    try:
        yield
    except InterpError as error:
        st.error(str(error), icon=":material/error:")


def say_empty(source: Source) -> None:
    """Say that a study has no finished run yet, and which runs are under way."""
    st.info(f"Study {source.path} has no finished run yet. Analyse a checkpoint:")
    place = shlex.quote(source.path)
    command(f"interp lape --model CHECKPOINT --label base --stage base --study {place}")
    if (Path(source.path) / PENDING).exists():
        st.warning("A change of this study was interrupted: repeat its command to complete it.")
    say_unfinished(source)


def say_unfinished(source: Source) -> None:
    """List the runs that were interrupted or are still going."""
    runs = source.runs(unfinished=True)
    runs = runs[runs["status"] == "unfinished"]
    if runs.empty:
        return
    st.warning(
        f"{len(runs)} of the runs here are not finished (interrupted, or still going): "
        f"{', '.join(runs['run_id'])}. The command that began a run goes on with it; "
        "a page shows it when it is finished."
    )


def say_missing(source: Source, analysis: str, labels: Sequence[str]) -> None:
    """Say that an analysis is not there for some checkpoints, with the commands that add it.

    Args:
        source: the study.
        analysis: e.g. ``lahis``.
        labels: the checkpoints without it.
    """
    st.info(f"No {analysis} run of {', '.join(labels)} in this study. To add it:")
    command("\n".join(command_of(source, analysis, label) for label in labels))


def say_not_compared(source: Source, base: str | None = None) -> None:
    """Say that differences have no verdict yet, and how to get one.

    Args:
        source: the study.
        base: label of the checkpoint that they would be from.
    """
    st.info("The checkpoints have not been compared: no interval, noise floor or verdict yet.")
    command(compare_command(source, base))


def compare_command(source: Source, base: str | None = None) -> str:
    """Return the command that compares a study's checkpoints with a base.

    Args:
        source: the study.
        base: its label; where omitted, the one that the command finds by itself, by its stage.
    """
    return commands.compare_command(source.path, source.runs(), base)


def stored_comparisons(source: Source) -> pd.DataFrame:
    """Return the table ``comparisons``; no row where its file is damaged, which is said once."""
    try:
        return source.table("comparisons")
    except InterpError:
        return pd.DataFrame(columns=list(TABLES["comparisons"].names))


def say_damaged_runs(source: Source) -> None:
    """Name the runs whose record cannot be read, and what to do; the others are shown."""
    for run_id, why in source.derive(_damaged_runs):
        st.error(
            f"Run {run_id} is passed over, an earlier run may stand in its place: {why}. To move it "
            "to the study's trash:",
            icon=":material/error:",
        )
        command(command_line(Path(source.path), "remove", "--run", run_id, "--yes"))


def _damaged_runs(study: Study) -> tuple[tuple[str, str], ...]:
    return tuple((run_id, str(why)) for run_id, why in damaged_records(study.path).items())


def say_damaged_comparisons(source: Source) -> None:
    """Say that the comparisons cannot be read, and how they are made again."""
    try:
        source.table("comparisons")
    except InterpError as error:
        st.error(str(error), icon=":material/error:")
        place = shlex.quote(source.path)
        command(
            f"rm {shlex.quote(str(Path(source.path) / 'comparisons.parquet'))}\n"
            f"interp compare --study {place}"
        )


def say_replaced(source: Source) -> None:
    """Say that stored comparisons rest on runs that newer ones have replaced."""
    rows = stored_comparisons(source)
    rows = rows[rows["statistic"] != EVERYTHING]
    old = rows[~of_current_runs(rows, source.runs())]
    if old.empty:
        return
    pairs = old[["label", "base", "analysis"]].drop_duplicates()
    named = [f"{label} with {base} ({analysis})" for label, base, analysis in pairs.to_numpy()]
    st.warning(
        f"Not shown: the stored comparisons of {', '.join(named)} rest on runs that were replaced or "
        "removed since. Compare again:"
    )
    bases = dict.fromkeys(old["base"])
    command("\n".join(compare_command(source, str(base)) for base in bases))


def say_one_checkpoint(source: Source) -> None:
    """Say that a comparison needs a second checkpoint."""
    st.info("This study holds one checkpoint: a difference needs a second one. Analyse it, then:")
    place = shlex.quote(source.path)
    command(
        f"interp lape --model CHECKPOINT --label NAME --stage grpo --study {place}\n"
        f"interp compare --study {place}"
    )


def command_of(source: Source, analysis: str, label: str, *more: str) -> str:
    """Write the command that adds an analysis of one checkpoint, with the model its runs name.

    Args:
        source: the study.
        analysis: e.g. ``attention``.
        label: of the checkpoint.
        *more: further options, e.g. ``--heads 3.5``.
    """
    return commands.analysis_command(source.path, source.runs(), analysis, label, *more)
