"""The only cache: a study's frames and what is derived from them, kept until the study changes.

What is cached is shared by all pages and sessions and is never copied, so that three checkpoints of a
7B model fit in memory: **never change a frame or an array that comes from here**; derive a new one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pandas as pd
import streamlit as st

from interp.study import Study, load_study

T = TypeVar("T")

_ENTRIES = 96
"""Derived objects kept: about what seven pages with a few settings each need."""

_WATCHED = (
    "study.json",
    "comparisons.parquet",
    "pending.json",
    "runs/*/run.json",
    "facts/*.parquet",
)


def stamp(path: str | Path) -> str:
    """Fingerprint a study's state by names, sizes and times of the files that say what it holds.

    Args:
        path: its folder.

    Returns:
        A hash that changes when a run is finished, removed or renamed, or comparisons are written.
    """
    digest = hashlib.sha256()
    folder = Path(path)
    for pattern in _WATCHED:
        for file in sorted(folder.glob(pattern)):
            try:
                about = file.stat()
            except OSError:  # gone between listing and looking: the next rerun sees it
                continue
            digest.update(f"{file}|{about.st_mtime_ns}|{about.st_size}\n".encode())
    return digest.hexdigest()


@dataclass(frozen=True)
class Source:
    """A study as the pages see it: read only, everything cached.

    Attributes:
        path: its folder.
        state: its ``stamp`` when this rerun began.
        name: its name.
    """

    path: str
    state: str
    name: str

    def study(self) -> Study:
        """Return the study, open for reading."""
        return _open(self.path, self.state)

    def runs(self, *, unfinished: bool = False) -> pd.DataFrame:
        """Return the table ``runs``; current ones and superseded ones."""
        return self.derive(Study.runs, unfinished=unfinished)

    def table(
        self, name: str, run_id: str | None = None, columns: Sequence[str] | None = None
    ) -> pd.DataFrame:
        """Read one table of one run, or of all current runs.

        Args:
            name: a table of the schema.
            run_id: only this run.
            columns: only these columns: name them where the table is large.
        """
        chosen = None if columns is None else tuple(columns)
        return self.derive(Study.table, name, run_id=run_id, columns=chosen)

    def rows(
        self,
        name: str,
        run_id: str,
        where: Mapping[str, Any],
        columns: Sequence[str] | None = None,
    ) -> pd.DataFrame:
        """Read a part of one run's large table: see ``interp.study.Study.rows``.

        Args:
            name: a table that runs write.
            run_id: the run.
            where: by column one value or a sequence of them.
            columns: only these columns.
        """
        asked = tuple(
            (column, wanted if _is_single(wanted) else tuple(wanted))
            for column, wanted in sorted(where.items())
        )
        chosen = None if columns is None else tuple(columns)
        return self.derive(_rows, name, run_id, asked, chosen)

    def derive(self, function: Callable[..., T], /, *args: Any, **kwargs: Any) -> T:
        """Return ``function(study, *args, **kwargs)``, computed once per state of the study.

        Args:
            function: a reader of the study, e.g. ``interp.lens.summary.trajectories``.
            *args: hashable.
            **kwargs: hashable.

        Raises:
            InterpError: what the function raises; nothing is cached then.
        """
        key = (function.__module__, function.__qualname__, args, tuple(sorted(kwargs.items())))
        found: T = _derived(self.path, self.state, key, function, args, kwargs)
        return found


def _is_single(wanted: Any) -> bool:
    return isinstance(wanted, str) or not isinstance(wanted, Iterable)


def _rows(
    study: Study,
    name: str,
    run_id: str,
    where: tuple[tuple[str, Any], ...],
    columns: tuple[str, ...] | None,
) -> pd.DataFrame:
    return study.rows(name, run_id=run_id, where=dict(where), columns=columns)


def open_source(path: str | Path) -> Source:
    """Open a study for the pages.

    Raises:
        InterpError: if it is no study, or of a newer schema.
    """
    text, state = str(path), stamp(path)
    return Source(text, state, _open(text, state).name)


@st.cache_resource(max_entries=4, show_spinner=False)
def _open(path: str, state: str) -> Study:
    return load_study(path)


@st.cache_resource(max_entries=_ENTRIES, show_spinner="Reading the study …")
def _derived(
    path: str,
    state: str,
    key: tuple[Any, ...],
    _function: Callable[..., Any],
    _args: tuple[Any, ...],
    _kwargs: dict[str, Any],
) -> Any:
    return _function(_open(path, state), *_args, **_kwargs)
