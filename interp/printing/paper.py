"""A figure as it is printed: white ground, dark ink, letters that can be read, nothing for the mouse."""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import wrap
from typing import Any

import plotly.graph_objects as go
import plotly.io as pio

from interp.figures.layout import inked
from interp.printing.fitting import fit
from interp.printing.sheet import Sheet

HEIGHT = 450
"""Pixels of a figure that does not say."""

_LETTER, _LINE = 9.5, 22
"""Pixels of a title's letter and line, on average and at most."""

_WITHOUT_TITLE = {True: 36, False: 14}
"""Pixels above the panels once the title is gone: with titles of panels, and without."""


def as_printed(figure: go.Figure, families: tuple[str, ...]) -> dict[str, Any]:
    """Return a figure on white with its fonts, as JSON; the figure stays as it is.

    Args:
        figure: as it is shown.
        families: fonts in order.
    """
    made: dict[str, Any] = inked(go.Figure(figure), "light").to_plotly_json()
    layout = made["layout"]
    layout["template"] = pio.templates["plotly_white"].to_plotly_json()
    layout["paper_bgcolor"] = layout["plot_bgcolor"] = "white"
    layout.setdefault("font", {})["family"] = ", ".join([*families, "sans-serif"])
    for number, trace in enumerate(made["data"]):
        trace["uid"] = f"t{number}"  # plotly's own are drawn by lot
    return made


def still(made: dict[str, Any]) -> dict[str, Any]:
    """Take away what only a mouse can use: cells to be clicked, menus, sliders.

    Args:
        made: from `as_printed`; changed.
    """
    layout = made["layout"]
    for name in ("updatemenus", "sliders"):
        layout.pop(name, None)
    for name, axis in layout.items():
        if name.startswith("xaxis"):
            axis.pop("rangeslider", None)
            axis.pop("rangeselector", None)
    drawn = {_panel(trace) for trace in made["data"] if not _invisible(trace)}
    made["data"] = [
        trace for trace in made["data"] if not (_invisible(trace) and _panel(trace) in drawn)
    ]
    return made


def _panel(trace: dict[str, Any]) -> tuple[str, str]:
    return trace.get("xaxis") or "x", trace.get("yaxis") or "y"


def _invisible(trace: dict[str, Any]) -> bool:
    marker = trace.get("marker") or {}
    return trace.get("mode") == "markers" and _is_zero(marker.get("opacity"))


def _is_zero(value: Any) -> bool:
    return isinstance(value, int | float) and value == 0


def laid_out(made: dict[str, Any], sheet: Sheet) -> tuple[float, float]:
    """Lay a figure out for its place: no letter too small, the title only where it is wanted.

    Args:
        made: from `as_printed`; changed.
        sheet: the place.

    Returns:
        Width and height of the layout in pixels.
    """
    layout = made["layout"]
    high = sheet.high(layout.get("height") or HEIGHT)
    for font in _fonts({"data": made["data"], "layout": layout}):
        font["size"] = max(font["size"], sheet.smallest_font)
    if not sheet.titled and layout.pop("title", None) is not None:
        margin = layout.setdefault("margin", {})
        before = margin.get("t", 100)
        panels = any(_is_above(note) for note in layout.get("annotations") or ())
        margin["t"] = min(before, _WITHOUT_TITLE[panels])
        if sheet.height is None:
            high -= before - margin["t"]
    above = fit(made, sheet.wide)
    if above:
        margin = layout.setdefault("margin", {})
        margin["t"] = margin.get("t", 100) + above * _LINE
    more = (_broken(layout, sheet.wide) + above) * _LINE
    if sheet.height is None:
        high += more
    layout["width"], layout["height"] = sheet.wide, high
    return sheet.wide, high


def _is_above(note: dict[str, Any]) -> bool:
    """Whether a text stands at the top of a panel, outside of it."""
    return str(note.get("yref")) == "paper" or str(note.get("yref")).endswith(" domain")


def _broken(layout: dict[str, Any], wide: float) -> int:
    """Break a title that is wider than the figure at its spaces; returns the lines that it gains."""
    title = layout.get("title") or {}
    lines = wrap(title.get("text") or "", max(20, int(wide / _LETTER)), break_long_words=False)
    if len(lines) < 2 or "<" in title["text"]:  # markup is not counted in letters
        return 0
    gained = len(lines) - 1
    title.update(text="<br>".join(lines), y=1, yref="container", yanchor="top", automargin=False)
    title["pad"] = {"t": _LINE}  # plotly hangs it by its first baseline
    margin = layout.setdefault("margin", {})
    margin["t"] = margin.get("t", 100) + gained * _LINE
    return gained


def _fonts(value: Any) -> Iterator[dict[str, Any]]:
    """Go through a figure; every font that says its size as one number."""
    if isinstance(value, dict):
        for name, below in value.items():
            if name.endswith("font") and isinstance(below, dict):
                if isinstance(below.get("size"), int | float):
                    yield below
            elif name != "template":
                yield from _fonts(below)
    elif isinstance(value, list | tuple):
        for below in value:
            yield from _fonts(below)
