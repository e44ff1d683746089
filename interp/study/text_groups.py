"""Which row groups of a parquet file hold a text, found once per file.

Ids come in any order, so that their smallest and largest value prune no row group. The dictionaries
of a column say what each group holds, and are a small part of it.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection
from threading import Lock

import pyarrow.parquet as pq

from interp.study.file_state import FileState

Groups = dict[str, frozenset[int]]

_FILES = 64
"""Columns of files remembered: those of a lens run are two, so of some ten runs of three tables."""

_MOST = 100_000
"""Texts remembered of one column: one with more (free text) is no key to a part of a table."""

_FOUND: OrderedDict[tuple[FileState, str], Groups | None] = OrderedDict()
_LOCK = Lock()


def groups_with(
    state: FileState, coded: pq.ParquetFile, column: str, texts: Collection[str]
) -> frozenset[int] | None:
    """Return the row groups that may hold one of some texts.

    Args:
        state: of the file: what was found is remembered for as long as it stays the same.
        coded: the file, open so that this column is read as a dictionary.
        column: a column of texts.
        texts: those wanted.

    Returns:
        Places of row groups, no other of which holds such a row; None where the column has more
        texts than are remembered.
    """
    with _LOCK:
        if (state, column) not in _FOUND:
            _FOUND[state, column] = _read(coded, column)
            while len(_FOUND) > _FILES:
                _FOUND.popitem(last=False)
        _FOUND.move_to_end((state, column))
        found = _FOUND[state, column]
    if found is None:
        return None
    return frozenset().union(*(found.get(text, frozenset()) for text in texts))


def _read(coded: pq.ParquetFile, column: str) -> Groups | None:
    found: dict[str, set[int]] = {}
    for group in range(coded.num_row_groups):
        for chunk in coded.read_row_group(group, columns=[column]).column(0).chunks:
            for text in chunk.dictionary.to_pylist():
                found.setdefault(text, set()).add(group)
        if len(found) > _MOST:
            return None
    shared: dict[frozenset[int], frozenset[int]] = {}  # most texts lie together: one set for them
    return {text: shared.setdefault(key := frozenset(held), key) for text, held in found.items()}
