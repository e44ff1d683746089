"""Frames as tables of a page: cells as text, numbers aligned, long ones cut."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from markupsafe import Markup, escape

from interp.report.words import html_lang, is_foreign, language_tag

MOST_ROWS = 200
MOST_CELLS = 2_400
"""Of one table of numbers: 200 rows of 12 columns; a wider one shows fewer rows."""

LONGEST = 300
"""Characters of a cell."""

_TEXTS = frozenset(
    {"text", "question", "answer", "subject", "token", "word", "pred", "prediction", "target"}
)
"""Columns that hold words of the row's language, whatever their script."""


@dataclass(frozen=True)
class Table:
    """A table as it is shown.

    Attributes:
        columns: names, and whether the column holds numbers.
        rows: cells as HTML, ready attributes included.
        total: rows that there are.
    """

    columns: tuple[tuple[str, bool], ...]
    rows: tuple[Markup, ...]
    total: int

    @property
    def is_cut(self) -> bool:
        """Whether there are more rows than are shown."""
        return len(self.rows) < self.total


def table_of(frame: pd.DataFrame, *, whole: bool = False) -> Table:
    """Lay out a frame.

    Args:
        frame: the numbers; its index is not shown.
        whole: show every row.

    Returns:
        The table, of at most ``MOST_ROWS`` rows and about ``MOST_CELLS`` cells.
    """
    names = [str(name) for name in frame.columns]
    most = len(frame) if whole else min(MOST_ROWS, max(20, MOST_CELLS // max(1, len(names))))
    shown = frame.head(most)
    numeric = [_is_numeric(shown.iloc[:, at]) for at in range(len(names))]
    langs: Iterable[Any] = shown["lang"] if "lang" in frame.columns else [None] * len(shown)
    values = zip(*(shown.iloc[:, at].tolist() for at in range(len(names))), strict=True)
    rows = [
        Markup("").join(
            _cell(value, names[at], numeric[at], lang, first=at == 0)
            for at, value in enumerate(row)
        )
        for row, lang in zip(values, langs, strict=True)
    ]
    return Table(tuple(zip(names, numeric, strict=True)), tuple(rows), len(frame))


def _is_numeric(column: pd.Series) -> bool:
    return pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)


def _cell(value: Any, name: str, numeric: bool, lang: Any, *, first: bool) -> Markup:
    text = cell_text(value)
    attributes = Markup("")
    if numeric:
        attributes = Markup(' class="n"')
    elif is_foreign(text):
        attributes = Markup(' lang="{}" dir="auto"').format(language_tag(text, lang))
    elif name in _TEXTS and html_lang(lang):
        attributes = Markup(' lang="{}"').format(lang)
    if first:
        return Markup('<th scope="row"{}>{}</th>').format(attributes, escape(text))
    return Markup("<td{}>{}</td>").format(attributes, escape(text))


def cell_text(value: Any) -> str:
    """Write one value: four significant digits, ``–`` for nothing, a list as its elements."""
    if isinstance(value, str):
        text = value
    elif isinstance(value, bool | np.bool_):
        text = "yes" if value else "no"
    elif isinstance(value, list | tuple | set | frozenset | np.ndarray):
        text = ", ".join(cell_text(one) for one in value)
    elif value is None or pd.isna(value):
        text = "–"
    elif isinstance(value, float | np.floating):
        text = f"{value:.4g}"
    else:
        text = str(value)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
