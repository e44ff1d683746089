"""``python -m analysis_notebooks``: execute the notebooks, two at a time; or check the committed ones."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import nbformat

from analysis_notebooks.machinery.compare import first_difference, is_lacking
from analysis_notebooks.machinery.execute import FOLDER, NotebookFailed, execute, sources
from analysis_notebooks.machinery.offline import own_network
from analysis_notebooks.machinery.pictures import reduce_pictures

RUNS_A_MODEL = ("07_",)
"""Their numbers are those of the machine: compared is what they do, not what comes out."""

OUTSIDE_DATA = ("06_",)
"""They read what no clone holds; where it is absent they say so, and only their source is compared."""

MOST_BYTES = 2_500_000
"""Of a committed notebook: a code host shows larger ones badly or not at all."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Execute notebooks.

    Returns:
        0; 1 where one fails, is too large, or (with ``--check``) is not what is committed.
    """
    asked = _parser().parse_args(arguments)
    try:
        chosen = sources(asked.names)
    except NotebookFailed as failure:
        print(failure, file=sys.stderr)
        return 1
    parameters = {"pictures": asked.pictures}
    if not own_network():
        print("No network of their own to be had here: Python is kept from it, Chrome is not.")
    begun = time.monotonic()
    with ThreadPoolExecutor(asked.jobs) as pool:
        said = list(pool.map(lambda source: _one(source, parameters, asked), chosen))
    failed = [line for line in said if line is not None]
    for line in failed:
        print(line, file=sys.stderr)
    print(
        f"{len(chosen) - len(failed)} of {len(chosen)} notebooks in {time.monotonic() - begun:.0f} s"
    )
    return 1 if failed else 0


def _one(source: Path, parameters: dict[str, str], asked: argparse.Namespace) -> str | None:
    """Execute one notebook and write or compare it; return what is wrong, in one line."""
    begun = time.monotonic()
    try:
        # a notebook that makes a study of its own does not write into the one that is looked at
        own = asked.study is not None and not source.name.startswith(RUNS_A_MODEL)
        put_in = {**parameters, "study": str(asked.study.resolve())} if own else parameters
        made = execute(source, put_in, keep_parameters=own)
    except NotebookFailed as failure:
        return str(failure)
    seconds = time.monotonic() - begun
    committed = source.with_suffix(".ipynb")
    if asked.check:
        only_source = _only_source(source, made)
        note = ", source only" if only_source else ""
        print(f"{source.stem}: {seconds:.0f} s{note}", flush=True)
        return first_difference(made, committed, only_source=only_source)
    folder = source.parent if asked.out is None else asked.out
    folder.mkdir(parents=True, exist_ok=True)
    written = folder / committed.name
    text = nbformat.writes(reduce_pictures(made)) + "\n"
    written.write_text(text, encoding="utf-8")
    print(f"{source.stem}: {seconds:.0f} s, {len(text.encode()) / 1e6:.2f} MB", flush=True)
    return _unfit(written, text) if folder == FOLDER else None


def _only_source(source: Path, made: Any) -> bool:
    if source.name.startswith(RUNS_A_MODEL):
        return True
    return source.name.startswith(OUTSIDE_DATA) and any(map(is_lacking, made.cells))


def _unfit(written: Path, text: str) -> str | None:
    """Say why a file is not to be committed."""
    if len(text.encode()) > MOST_BYTES:
        return f"{written.stem}: {len(text.encode()) / 1e6:.1f} MB, at most {MOST_BYTES / 1e6} MB"
    if str(FOLDER.parent) in text:
        return f"{written.stem}: names {FOLDER.parent}, which is only here"
    return None


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m analysis_notebooks", description=__doc__)
    parser.add_argument("names", nargs="*", help="beginnings of names, e.g. 05; all by default")
    parser.add_argument("--study", type=Path, help="your own; that of the parameters by default")
    parser.add_argument("--out", type=Path, help="where the .ipynb go; beside the .py by default")
    parser.add_argument("--check", action="store_true", help="compare with the committed ones only")
    parser.add_argument(
        "--pictures",
        default="png",
        choices=("png", "interactive"),
        help="png: as a code host shows",
    )
    parser.add_argument("--jobs", type=int, default=2, help="notebooks at a time")
    return parser
