"""What is too wide for its panel on a narrow sheet: titles are broken, numbers in cells left out."""

from __future__ import annotations

from textwrap import wrap
from typing import Any

_LETTER, _DIGIT = 0.5, 0.57
"""Width on average, of the letter's size."""

_TIGHT = 1.15
"""How much wider than its cell a number may be guessed to be; margins are only roughly known."""

_BAR = 80
"""Pixels of a colour bar with its numbers."""

_FONT = 12
_MARGIN = 80


def fit(made: dict[str, Any], wide: float) -> int:
    """Make titles of panels and axes, and numbers in cells, fit a layout.

    Numbers that do not fit would be drawn over one another; the CSV beside the figure has them.

    Args:
        made: a figure as JSON; changed.
        wide: of the layout in pixels.

    Returns:
        Lines that titles above the panels gained.
    """
    layout = made["layout"]
    margin = layout.get("margin") or {}
    inside = wide - margin.get("l", _MARGIN) - margin.get("r", _MARGIN)
    bars = any(name.startswith("coloraxis") for name in layout) or any(
        trace.get("type") == "heatmap" and trace.get("showscale", True) for trace in made["data"]
    )
    inside -= _BAR if bars else 0
    for trace in made["data"]:
        if trace.get("type") == "heatmap" and trace.get("texttemplate"):
            _fit_cells(trace, inside * _share(layout, trace.get("xaxis") or "x"))
    for name, axis in layout.items():
        if name.startswith("xaxis"):
            _broken(axis.get("title") or {}, 14, wide)
    panels = {
        _share(layout, name.replace("axis", "")) for name in layout if name.startswith("xaxis")
    }
    gained = 0
    for note in layout.get("annotations") or ():
        if (
            note.get("xref") == "paper"
            and note.get("yanchor") == "bottom"
            and not note.get("showarrow", True)
        ):
            lines = _broken(note, 16, inside * min(panels, default=1.0))
            gained = max(gained, lines if (note.get("y") or 0) > 0.99 else 0)
    return gained


def _share(layout: dict[str, Any], axis: str) -> float:
    """Of the width inside the margins, what the panel of ``x``, ``x2`` … has."""
    first, last = (layout.get(f"xaxis{axis[1:]}") or {}).get("domain") or (0.0, 1.0)
    return float(last - first)


def _broken(said: dict[str, Any], usual: float, wide: float) -> int:
    """Break a text at its spaces where it is wider; returns the lines that it gains."""
    text = str(said.get("text") or "")
    size = (said.get("font") or {}).get("size", usual)
    lines = wrap(text, max(6, int(wide / (size * _LETTER))), break_long_words=False)
    if len(lines) < 2 or "<" in text:  # markup is not counted in letters
        return 0
    said["text"] = "<br>".join(lines)
    return len(lines) - 1


def _fit_cells(trace: dict[str, Any], wide: float) -> None:
    rows = trace.get("text")
    rows = [] if rows is None else [list(row) for row in rows]
    columns = max(map(len, rows), default=0)
    letters = max((len(str(text)) for row in rows for text in row if text is not None), default=0)
    size = (trace.get("textfont") or {}).get("size", _FONT)
    if columns and letters * size * _DIGIT > _TIGHT * wide / columns:
        trace.pop("texttemplate")
