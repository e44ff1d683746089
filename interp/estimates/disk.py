"""What a run writes, in bytes: tables through the study's own writer, tensors by their sizes."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from interp.errors import InterpError
from interp.study import tables

_RECORD, _PER_SEQUENCE = 5_000, 17
"""``run.json``: what does not grow with the data, and what each sequence of the plan takes."""


def record_bytes(n_sequences: int) -> int:
    """Bytes of a run's ``run.json``, which holds the composition of the batches."""
    return _RECORD + _PER_SEQUENCE * n_sequences


def table_bytes(name: str, frame: pd.DataFrame, *, share: float = 1.0) -> int:
    """Bytes of a table as a study would store it.

    Args:
        name: of the table.
        frame: its rows, or the first of them; what only a run can know may be made up, as long as
            it is as varied.
        share: how much of the table the rows are.

    Returns:
        Bytes of the whole file.
    """
    schema = tables.schema_of(name)
    rows = frame
    if schema.place == "run":
        rows = frame.assign(run_id="label-analysis-default-00000000")
    return round(len(tables.table_bytes(tables.to_arrow(schema, rows))) / share)


def array_bytes(shape: tuple[int, ...], dtype: str | type) -> int:
    """Bytes of an array in a safetensors file."""
    return int(np.prod(shape, dtype=np.int64)) * np.dtype(dtype).itemsize


def free_space(folder: Path) -> int:
    """Bytes free where a folder is, or would be made."""
    return shutil.disk_usage(nearest(folder)).free


def nearest(folder: Path) -> Path:
    """The folder itself, or the nearest one above that is there."""
    here = folder.expanduser().absolute()
    while not here.exists() and here != here.parent:
        here = here.parent
    return here


def check_writable(folder: Path, option: str) -> None:
    """Refuse a target that a run could not write to, and make nothing.

    Args:
        folder: the target.
        option: what named it, for the message.

    Raises:
        InterpError: it is a file, or it or the folder above it may not be written to.
    """
    there = nearest(folder)
    if not there.is_dir():
        raise InterpError(f"{option} {folder}: {there} is a file, expected a folder, new or empty")
    if not os.access(there, os.W_OK | os.X_OK):
        raise InterpError(f"{option} {folder}: {there} may not be written to")


def total(files: Mapping[str, int]) -> int:
    """Bytes of all of them."""
    return sum(files.values())
