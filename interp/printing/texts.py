"""Every character that a figure may draw."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

NUMBERS = "0123456789.,−-+%×kMGTmµn e"
"""What plotly writes numbers with, beside what a figure says itself."""

_ALWAYS = {"text", "ticktext", "name", "title", "x", "y", "label", "labels", "prefix", "suffix",
           "texttemplate", "ticksuffix", "tickprefix", "legendgrouptitle"}  # fmt: skip
_HOVER = {"hovertext", "hovertemplate", "customdata"}
_MARKUP = re.compile(r"<[^<>]*>")


def figure_characters(figure: Mapping[str, Any], *, hover: bool = False) -> set[str]:
    """Return the characters of a figure's titles, ticks, legends, notes and cells, without markup.

    Args:
        figure: as ``to_plotly_json`` gives it.
        hover: also of what is shown on hover; of a page, not of a print.
    """
    wanted = _ALWAYS | _HOVER if hover else _ALWAYS
    found = set(NUMBERS)
    for part in ("data", "layout"):
        for text in _texts(figure.get(part, {}), wanted, False):
            found.update(html.unescape(_MARKUP.sub(" ", text)))
    return found - set("\n\r\t")


def _texts(value: Any, wanted: set[str], inside: bool) -> Iterator[str]:
    """Go through a figure; strings count where the way to them has a wanted name."""
    if isinstance(value, str):
        if inside:
            yield value
    elif isinstance(value, Mapping):
        for name, below in value.items():
            if name != "template":
                yield from _texts(below, wanted, name in wanted)
    elif isinstance(value, np.ndarray):
        if value.dtype.kind in "OUS":
            yield from _texts(value.tolist(), wanted, inside)
    elif isinstance(value, list | tuple):
        for below in value:
            yield from _texts(below, wanted, inside)
