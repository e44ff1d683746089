"""Pooled vectors on disk for as long as a run lasts.

Retrieval compares every unit with every other, so all vectors of a layer are needed at once, while
the model yields all layers of a few texts at once. 500 units in 12 languages of a 7B model (33
points of 4096 numbers) are 3.2 GB in fp32: too much to hold, or to write anew whenever progress is
saved. They go to one file in the run's folder, written row by row and read layer by layer, and the
run's progress only says how many batches are in it.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from interp.study.atomic import write_error

NAME = "pooled.scratch"


class PooledFile:
    """Vectors float32 ``[point, unit, language, d_model]`` in one file.

    Args:
        folder: of the run.
        shape: the four sizes.
        keep: go on with the file that is there, if it has the right size.

    Attributes:
        kept: whether it did.

    Raises:
        InterpError: if the file cannot be written.
    """

    def __init__(self, folder: Path, shape: tuple[int, int, int, int], *, keep: bool) -> None:
        self.path, self._shape = folder / NAME, shape
        size = 4 * int(np.prod(shape, dtype=np.int64))
        self.kept = keep and self.path.is_file() and self.path.stat().st_size == size
        try:
            # unbuffered: what was written survives a kill of this process
            self._file = open(self.path, "r+b" if self.kept else "w+b", buffering=0)  # noqa: SIM115
            self._file.truncate(size)
        except OSError as error:
            raise write_error(self.path, error) from error

    def put(
        self, units: Sequence[int], languages: Sequence[int], vectors: NDArray[np.float32]
    ) -> None:
        """Write the vectors of some texts, and have them on disk before returning.

        Args:
            units: place of each text's unit.
            languages: place of its language.
            vectors: ``[point, text, d_model]``.

        Raises:
            InterpError: if the disk is full.
        """
        _, n_units, n_languages, width = self._shape
        rows = np.ascontiguousarray(vectors, dtype="<f4")
        try:
            for point, texts in enumerate(rows):
                for unit, language, row in zip(units, languages, texts, strict=True):
                    place = (point * n_units + unit) * n_languages + language
                    self._file.seek(4 * width * place)
                    _write_all(self._file, row.tobytes())
            os.fsync(self._file.fileno())  # before the progress that counts on them
        except OSError as error:
            raise write_error(self.path, error) from error

    def layer(self, point: int) -> NDArray[np.float32]:
        """Read one point, ``[unit, language, d_model]``."""
        count = int(np.prod(self._shape[1:], dtype=np.int64))
        found = np.fromfile(self.path, "<f4", count, offset=4 * count * point)
        return found.reshape(self._shape[1:])

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close; what was written stays for a rerun, until ``discard``."""
        self._file.close()


def discard(folder: Path) -> None:
    """Remove a run's file, if it is there."""
    (folder / NAME).unlink(missing_ok=True)


def _write_all(file: Any, data: bytes) -> None:
    """Write everything: an unbuffered write may take less than it was given."""
    left = memoryview(data)
    while left:
        left = left[file.write(left) :]
